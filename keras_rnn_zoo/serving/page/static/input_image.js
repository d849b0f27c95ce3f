// A picture, drawn or uploaded.

import { fromBase64, toBase64 } from "./bytes.js";
import { debounced, el, labeled } from "./dom.js";
import { paperOf } from "./paper.js";
import { Sketch } from "./sketch.js";

const PAUSE = 150;
const COLORS = ["black", "red", "green", "blue", "yellow", "purple", "orange"];

export function image(facts, onchange) {
  const { reads } = facts;
  const sketch = new Sketch(reads, debounced(PAUSE, draw));
  const shown = el("img", { class: "uploaded", alt: "The uploaded picture", hidden: true });
  const stage = el("div", { class: "stage" }, sketch.canvas, shown);
  const file = el("input", { type: "file", id: "picture", accept: "image/*", onchange: read });
  const width = el("input", {
    type: "range", min: 2, max: 40, step: 1, id: "pen", oninput: () => { sketch.pen = width.value / 100; },
  });

  async function draw() {
    const blob = await sketch.picture();
    if (!blob) return onchange(null);
    await send(blob);
  }

  async function send(blob) {
    onchange({ base64: toBase64(new Uint8Array(await blob.arrayBuffer())) });
  }

  async function read() {
    const chosen = file.files[0];
    if (!chosen) return;
    sketch.clear();
    display(URL.createObjectURL(chosen), `The picture ${chosen.name}`);
    await send(chosen);
  }

  function display(address, alt) {
    URL.revokeObjectURL(shown.src);
    shown.src = address;
    shown.alt = alt;
    shown.hidden = false;
    sketch.canvas.hidden = true;
  }

  function clear() {
    file.value = "";
    shown.hidden = true;
    sketch.canvas.hidden = false;
    sketch.clear();
    onchange(null);
  }

  function show(value) {
    if (!value) return;
    sketch.clear();
    display(URL.createObjectURL(new Blob([fromBase64(value.base64)])), "The example");
    onchange(value);
  }

  if (facts.example) {
    paperOf(new Blob([fromBase64(facts.example.base64)])).then((paper) => {
      sketch.use(paper);
      width.value = Math.round(100 * sketch.pen);
    });
  }
  width.value = Math.round(100 * sketch.pen);
  const colors = reads.channels > 1 && el("fieldset", { class: "colors" }, el("legend", {}, "Color"),
    COLORS.map((color, index) => el("label", { class: `swatch ${color}`, title: color },
      el("input", {
        type: "radio", name: "color", value: color, checked: index === 1, "aria-label": color,
        onchange: (event) => { sketch.color = event.target.parentElement; },
      }))));
  if (colors) sketch.color = colors.querySelector(".red");
  const element = el("div", {}, stage,
    el("div", { class: "buttons" },
      facts.example && el("button", { type: "button", onclick: () => show(facts.example) }, "Example"),
      el("button", { type: "button", onclick: () => (sketch.undo() ? null : clear()) }, "Undo"),
      el("button", { type: "button", onclick: clear }, "Clear"),
      el("label", { class: "upload" }, "Upload a picture", file)),
    el("div", { class: "tools" }, labeled("Pen", width), colors));
  return { element, show };
}
