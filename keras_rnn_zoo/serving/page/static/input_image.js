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
  const file = el("input", { type: "file", id: "picture", accept: "image/*", onchange: read });
  const width = el("input", {
    type: "range", min: 2, max: 40, step: 1, id: "pen", oninput: () => { sketch.pen = width.value / 100; },
  });

  async function draw() {
    const blob = await sketch.picture();
    if (blob) await send(blob);
  }

  async function send(blob) {
    onchange({ base64: toBase64(new Uint8Array(await blob.arrayBuffer())) });
  }

  async function read() {
    const chosen = file.files[0];
    if (!chosen) return;
    file.value = "";
    await sketch.display(chosen, `The picture ${chosen.name}. Draw here to replace it.`);
    await send(chosen);
  }

  function clear() {
    sketch.clear();
    onchange(null);
  }

  async function show(value) {
    if (!value) return;
    onchange(value);
    const blob = new Blob([fromBase64(value.base64)]);
    const paper = await paperOf(blob).catch(() => null);
    if (sketch.strokes.length) return;
    if (paper) sketch.use(paper);
    width.value = Math.round(100 * sketch.pen);
    await sketch.display(blob, "The example. Draw here to replace it.");
  }

  width.value = Math.round(100 * sketch.pen);
  const colors = reads.channels > 1 && el("fieldset", { class: "colors" }, el("legend", {}, "Color"),
    COLORS.map((color, index) => el("label", { class: `swatch ${color}`, title: color },
      el("input", {
        type: "radio", name: "color", value: color, checked: index === 1, "aria-label": color,
        onchange: (event) => { sketch.color = event.target.parentElement; },
      }))));
  if (colors) sketch.color = colors.querySelector(".red");
  const element = el("div", {},
    el("div", { class: "stage" }, sketch.canvas, el("p", { class: "hint" }, "Draw in the box, or upload a picture.")),
    el("div", { class: "buttons" },
      facts.example && el("button", { type: "button", onclick: () => show(facts.example) }, "Example"),
      el("button", { type: "button", onclick: () => (sketch.undo() ? null : clear()) }, "Undo"),
      el("button", { type: "button", onclick: clear }, "Clear"),
      el("label", { class: "upload" }, "Upload a picture", file)),
    el("div", { class: "tools" }, labeled("Pen", width), colors));
  return { element, show };
}
