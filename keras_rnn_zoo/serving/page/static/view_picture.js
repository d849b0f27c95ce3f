// What the network reads of a picture, and which pixels mattered.

import { picture } from "./bytes.js";
import { css, onThemeChange, scales } from "./color.js";
import { el, vary } from "./dom.js";
import { section } from "./section.js";

function mapOf(matters, unit) {
  const rows = unit === "column" ? matters[0].map((_, row) => matters.map((column) => column[row])) : matters;
  const canvas = el("canvas", { width: rows[0].length, height: rows.length });
  const context = canvas.getContext("2d");
  const most = rows.flat().reduce((highest, value) => Math.max(highest, Math.abs(value)), 1e-9);
  const { diverging } = scales();
  rows.forEach((row, y) => row.forEach((value, x) => {
    context.fillStyle = css(diverging(value / most));
    context.fillRect(x, y, 1, 1);
  }));
  return canvas;
}

export function pictureView() {
  const body = el("div", { class: "pictures" });
  const hint = el("p", { class: "hint" });
  const element = section("What the network sees", "The input at the size that it reads, and how much each pixel mattered.", body, hint);
  let last = null;

  function draw(found, seen) {
    last = [found, seen];
    const read = picture(seen);
    const { importance, timelines } = found;
    const matters = Object.values(importance.parts).find((part) => Array.isArray(part[0]));
    const shown = [[read, `The picture as the network reads it, ${seen.width} by ${seen.height} pixels`, "read"]];
    if (matters) shown.push([mapOf(matters, timelines.input.unit), `Importance of the pixels for ${importance.of}`, "importance"]);
    body.replaceChildren(...shown.map(([canvas, words, caption]) => {
      canvas.classList.add("pixels");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", words);
      return vary(el("figure", {}, canvas, el("figcaption", {}, caption)), { "--ratio": `${canvas.width} / ${canvas.height}` });
    }));
    body.classList.toggle("long", seen.width > 2 * seen.height);
    hint.textContent = `Importance is for ${importance.of} (integrated gradients, error ${(100 * importance.completeness_error).toFixed(2)}%).`;
  }
  onThemeChange(() => last && draw(...last));
  return { element, update: draw };
}
