// What the network held at a step, and what it would answer there.

import { drawBars } from "./heatmap.js";
import { el, short, vary, visible } from "./dom.js";
import { likely, outputAt } from "./timelines.js";
import { bars } from "./view_answer.js";

const MOST = 6;

export function readout() {
  const label = el("p", { class: "now-at" });
  const answered = el("div", { class: "answered" });
  const gates = el("dl", { class: "bars gates" });
  const units = el("canvas", { class: "units", role: "img" });
  const strongest = el("p", { class: "hint" });
  const held = el("div", { class: "held" }, el("h4", {}, "Units"), units, strongest);
  const opened = el("div", {}, el("h4", {}, "Gates, mean over the units"), gates);
  const element = el("div", { class: "readout" }, label, el("div", { class: "columns" }, answered, opened, held));

  function update(found, at) {
    const matters = at.matters === undefined ? "" : ` · importance ${at.matters > 0 ? "+" : ""}${short(at.matters)}`;
    label.textContent = at.label + matters;
    showOutput(found, at);
    opened.hidden = !at.gates.length;
    gates.replaceChildren(...at.gates.map(([name, values]) => gate(name, values)));
    held.hidden = !at.values;
    if (at.values) showUnits(at);
  }

  function showOutput(found, at) {
    const { outputs } = found;
    const index = outputAt(found, at.timeline, at.step);
    answered.hidden = index < 0;
    if (index < 0) return;
    const title = outputs.of === "prefixes" ? "If the input ended here" : "Answer at this step";
    const pairs = likely(outputs, index, MOST)?.map(([name, share]) => [visible(name), share]);
    answered.replaceChildren(el("h4", {}, title),
      pairs ? bars(pairs, outputs.top ? visible(outputs.chosen[index]) : pairs.reduce((best, one) => (one[1] > best[1] ? one : best))[0])
        : el("p", { class: "headline small" }, outputs.chosen[index]));
  }

  function showUnits({ values, quantity }) {
    drawBars(units, [...values]);
    const order = [...values.keys()].sort((one, two) => Math.abs(values[two]) - Math.abs(values[one])).slice(0, 3);
    const words = `Strongest: ${order.map((unit) => `unit ${unit} (${short(values[unit])})`).join(", ")}`;
    strongest.textContent = words;
    units.setAttribute("aria-label", `${quantity} of ${values.length} units. ${words}`);
  }

  return { element, update };
}

function gate(name, values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return el("div", {}, el("dt", {}, name), el("dd", {},
    vary(el("span", { class: "bar", "aria-hidden": "true" }), { "--share": Math.max(0, Math.min(1, Math.abs(mean))) }),
    el("span", { class: "share" }, short(Number(mean.toFixed(3))))));
}
