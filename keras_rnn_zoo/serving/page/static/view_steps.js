// The hidden state through time: a map, a slider along it, and what the network held and would answer at the step.

import { matrix } from "./bytes.js";
import { onThemeChange } from "./color.js";
import { el, labeled, select, short, uid, vary, visible } from "./dom.js";
import { drawBars, HeatMap } from "./heatmap.js";
import { section } from "./section.js";
import { place, summed } from "./timelines.js";
import { readout } from "./readout.js";
import { words } from "./words.js";

const THUMB = 18;

export function steps() {
  const view = new Steps();
  return { element: view.element, update: (found) => view.update(found) };
}

class Steps {
  constructor() {
    this.layer = 0;
    this.quantity = "h";
    this.step = 0;
    this.atEnd = true;
    this.map = new HeatMap((step) => this.go(step));
    this.marker = el("div", { class: "marker", "aria-hidden": "true" });
    this.slider = el("input", { type: "range", min: 0, id: uid("step"), oninput: () => this.go(Number(this.slider.value)) });
    this.importance = el("canvas", { class: "importance", role: "img" });
    this.explained = el("p", { class: "hint" });
    this.choices = el("div", { class: "choices" });
    this.withoutGates = el("p", { class: "hint", hidden: true },
      "This input is too long to show its gates. Shorten it to see them.");
    this.words = words((step) => this.go(step));
    this.readout = readout();
    this.track = el("div", { class: "track" }, this.importance, el("div", { class: "mapped" }, this.map.canvas, this.marker));
    const title = el("span", { class: "hidden" }, "Step");
    this.element = section("Through time",
      "Each column is a step, each row a unit of the layer. Move the slider, or point at the map.",
      this.choices, this.withoutGates, this.words.element, this.track,
      el("label", { class: "slide" }, title, this.slider), this.map.key, this.explained, this.readout.element);
    new ResizeObserver(() => this.found && this.drawImportance()).observe(this.importance);
    onThemeChange(() => this.found && this.redraw());
  }

  update(found) {
    const before = this.timeline?.labels.length;
    this.found = found;
    this.withoutGates.hidden = !found.without_gates;
    this.layer = Math.min(this.layer, Math.max(0, found.layers.length - 1));
    this.matrices = new Map();
    this.choose();
    const count = this.timeline.labels.length;
    // Whoever looks at the end keeps looking at the end while typing.
    if (this.atEnd || before === undefined) this.step = count - 1;
    this.step = Math.min(this.step, count - 1);
    this.redraw();
  }

  get shownLayer() { return this.found.layers[this.layer]; }

  get timelineName() { return this.shownLayer?.timeline ?? this.found.outputs.timeline; }

  get timeline() { return this.found && this.found.timelines[this.timelineName]; }

  /** Fills the choices of a layer, and of what to show of it. */
  choose() {
    const { layers } = this.found;
    const named = layers.map((layer, index) => [String(index), nameOf(layer)]);
    const layer = this.shownLayer;
    const quantities = layer ? [
      ...Object.keys(layer.states).map((name) => [name, `state ${name}`]),
      ...Object.keys(layer.gates).map((name) => [name + GATE, `gate ${name}`])] : [];
    if (!quantities.some(([name]) => name === this.quantity)) this.quantity = quantities[0]?.[0] ?? "";
    const wanted = JSON.stringify([named, quantities]);
    if (wanted === this.offered) return;
    this.offered = wanted;
    this.choices.replaceChildren(...(layer ? [
      labeled("Layer", select(named, String(this.layer), (value) => { this.layer = Number(value); this.changed(); })),
      labeled("Show", select(quantities, this.quantity, (value) => { this.quantity = value; this.redraw(); })),
    ] : []));
    this.choices.hidden = !layer;
  }

  changed() {
    this.choose();
    this.step = Math.min(this.step, this.timeline.labels.length - 1);
    this.redraw();
  }

  /** Returns a matrix of the layer, `(steps, units)`, decoded once. */
  values(quantity) {
    const key = `${this.layer} ${quantity}`;
    const [name, gate] = quantity.endsWith(GATE) ? [quantity.slice(0, -GATE.length), true] : [quantity, false];
    if (!this.matrices.has(key)) this.matrices.set(key, matrix((gate ? this.shownLayer.gates : this.shownLayer.states)[name]));
    return this.matrices.get(key);
  }

  redraw() {
    const layer = this.shownLayer;
    const count = this.timeline.labels.length;
    this.map.canvas.hidden = this.map.key.hidden = !layer;
    if (layer) {
      const rows = this.values(this.quantity);
      this.map.draw(rows, `Map of ${this.quantity.trim()} of ${nameOf(layer)}: ${count} steps, ${rows[0].length} units`);
      vary(this.map.canvas, { "--tall": `${Math.max(72, Math.min(240, 3 * rows[0].length))}px` });
    }
    this.slider.max = count - 1;
    this.slider.disabled = count < 2;
    // The middle of the thumb stands under the middle of a column.
    const width = `${100 / count}%`;
    vary(this.slider, { "margin-inline": `calc(${width} / 2 - ${THUMB / 2}px)` });
    vary(this.marker, { "--wide": width });
    this.drawImportance();
    this.words.update(this.timeline, this.matters);
    this.go(this.step);
  }

  drawImportance() {
    const { importance, timelines } = this.found;
    this.matters = importance && summed(timelines, importance.timeline, importance.values, this.timelineName);
    this.importance.hidden = this.explained.hidden = !this.matters;
    if (!this.matters) return;
    drawBars(this.importance, this.matters);
    const best = this.matters.indexOf(Math.max(...this.matters));
    this.importance.setAttribute("aria-label", `Importance of each step. The highest: ${place(this.timeline, best)}, ${short(this.matters[best])}`);
    this.explained.textContent = `Bars above the map: how much each step mattered for ${importance.of} (integrated gradients, error ${(100 * importance.completeness_error).toFixed(2)}%).`;
  }

  /** Moves to a step. */
  go(step) {
    const count = this.timeline.labels.length;
    this.step = step;
    this.atEnd = step === count - 1;
    this.slider.value = step;
    const label = `Step ${step + 1} of ${count}: ${visible(place(this.timeline, step))}`;
    this.slider.setAttribute("aria-valuetext", label);
    vary(this.marker, { "--left": `${(100 * step) / count}%` });
    this.words.mark(step);
    const layer = this.shownLayer;
    const gates = layer ? Object.keys(layer.gates).map((name) => [name, this.values(name + GATE)[step]]) : [];
    this.readout.update(this.found, {
      label, step, timeline: this.timelineName, matters: this.matters?.[step], gates,
      values: layer && this.values(this.quantity)[step], quantity: this.quantity.trim(),
    });
  }
}

const GATE = " gate";

function nameOf({ name, direction, sequence, cell }) {
  const way = direction === "forward" ? "" : `, ${direction}`;
  return `${name} (${cell}${way}${sequence === null ? "" : `, series ${sequence + 1}`})`;
}
