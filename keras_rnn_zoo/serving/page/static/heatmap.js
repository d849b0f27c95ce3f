// A map of a matrix: a column for each step, a row for each unit, on a canvas.

import { css, scales } from "./color.js";
import { el, short, uid } from "./dom.js";

const MOST_PIXELS = 4096;

/** Returns how values are colored: the scale, and its ends. */
export function rangeOf(rows) {
  let [low, high] = [0, 0];
  for (const row of rows) {
    for (const value of row) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low >= 0 && high <= 1 + 1e-6) return { low: 0, high: 1, rising: true };
  const most = Math.max(-low, high, 1e-6);
  return { low: -most, high: most, rising: false };
}

export class HeatMap {
  /** @param onpick called with the step that was pointed at */
  constructor(onpick) {
    this.canvas = el("canvas", { class: "map", role: "img" });
    this.legend = el("canvas", { class: "ramp", width: 120, height: 10, "aria-hidden": "true" });
    this.ends = [el("span"), el("span")];
    this.key = el("p", { class: "key", id: uid("key") }, this.ends[0], this.legend, this.ends[1]);
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.pick(event, onpick);
    });
    this.canvas.addEventListener("pointermove", (event) => event.buttons && this.pick(event, onpick));
  }

  pick(event, onpick) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    onpick(Math.max(0, Math.min(this.rows.length - 1, Math.floor(share * this.rows.length))));
  }

  /** Draws a matrix, `(steps, units)`, and marks a step. */
  draw(rows, words) {
    this.rows = rows;
    this.range = rangeOf(rows);
    const [steps, units] = [rows.length, rows[0].length];
    const { diverging, rising } = scales();
    const color = this.range.rising ? rising : (value) => diverging(value / this.range.high);
    const every = Math.ceil(steps / MOST_PIXELS);
    const image = new ImageData(Math.ceil(steps / every), units);
    for (let step = 0; step < steps; step += every) {
      for (let unit = 0; unit < units; unit += 1) {
        const place = 4 * (unit * image.width + step / every);
        image.data.set([...color(rows[step][unit]), 255], place);
      }
    }
    Object.assign(this.canvas, { width: image.width, height: units });
    this.canvas.getContext("2d").putImageData(image, 0, 0);
    this.canvas.setAttribute("aria-label", words);
    this.drawLegend(color);
  }

  drawLegend(color) {
    const { low, high } = this.range;
    const context = this.legend.getContext("2d");
    for (let x = 0; x < this.legend.width; x += 1) {
      context.fillStyle = css(color(low + ((high - low) * x) / (this.legend.width - 1)));
      context.fillRect(x, 0, 1, this.legend.height);
    }
    this.ends[0].textContent = short(low);
    this.ends[1].textContent = short(high);
  }
}

/** Draws numbers as bars from a middle line; those above are of the color of high values. */
export function drawBars(canvas, values, marked = -1) {
  const { diverging } = scales();
  const ratio = Math.min(2, devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth * ratio || 600, canvas.clientHeight * ratio || 56];
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const most = values.reduce((highest, value) => Math.max(highest, Math.abs(value)), 1e-9);
  const low = values.some((value) => value < 0);
  const zero = low ? height / 2 : height - 1;
  const room = (low ? height / 2 : height) - 2;
  const wide = width / values.length;
  const gap = wide > 4 ? Math.min(2 * ratio, wide * 0.2) : 0;
  values.forEach((value, step) => {
    const tall = (Math.abs(value) / most) * room;
    context.fillStyle = css(diverging(Math.sign(value) * Math.max(0.35, Math.abs(value) / most)), marked < 0 || marked === step ? 1 : 0.55);
    context.fillRect(step * wide + gap / 2, value < 0 ? zero : zero - tall, Math.max(0.5, wide - gap), tall);
  });
  context.fillStyle = getComputedStyle(canvas).color;
  context.globalAlpha = 0.35;
  context.fillRect(0, zero, width, 1);
}
