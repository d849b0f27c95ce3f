// A recurrent cell of three units, stepped by hand. Sources come in from above, each crossing is a weight.

import { EXAMPLES, run, sums } from "./cell.js";
import { css, isLight, onThemeChange, scales } from "./color.js";
import { el, labeled, select, short, svg, uid, vary } from "./dom.js";

const MOST = 3;
const INK = "#14171a";
const UNIT = ["h₁", "h₂", "h₃"];
const INPUTS = [-1, 0, 1];
const PULSE = [1, 0, 0, 0, 0, 0, 0, 0];
const HEIGHT = 40;
const LEAST = 8;

export class LiveCell {
  /** @param chosen the index of the example to begin with */
  constructor(chosen = 0) {
    this.inputs = [];
    this.says = el("p", { class: "hint" });
    this.formula = el("div", { class: "formulas" });
    this.rows = el("tbody");
    this.status = el("p", { class: "hint status", role: "status" });
    this.chart = el("div", { class: "through-time scroll", tabindex: "0", role: "region", "aria-label": "The state through time" });
    this.back = el("button", { type: "button", onclick: () => this.take() }, "Step back");
    this.over = el("button", { type: "button", onclick: () => this.restart() }, "Start over");
    this.examples = select(EXAMPLES.map(({ name }, index) => [String(index), name]), String(chosen), (index) => this.use(Number(index)));
    this.element = el("div", { class: "live-cell" },
      labeled("Weights to begin with", this.examples), this.says, this.crossings(), this.feeding(), this.status, this.chart,
      el("details", {}, el("summary", {}, "This step as a formula"), this.formula),
      el("details", {}, el("summary", {}, "All numbers"), this.table()));
    onThemeChange(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.chart);
    this.use(chosen);
  }

  /** Takes the weights of an example; the inputs so far are read again. */
  use(index) {
    this.says.textContent = EXAMPLES[index].says;
    this.weights = structuredClone(EXAMPLES[index].weights);
    for (const [input, matrix, from, to] of this.sliders) input.value = this.rowOf(matrix, from)[to];
    this.draw();
  }

  rowOf(matrix, from) { return matrix === "b" ? this.weights.b : this.weights[matrix][from]; }

  /** Makes the diagram: a column for each source, a row for each unit. */
  crossings() {
    const sources = [["W", 0, "x"], ...UNIT.map((name, from) => ["U", from, name]), ["b", 0, "1"]];
    this.sliders = [];
    this.levels = sources.map(() => el("span", { class: "level" }));
    this.results = UNIT.map(() => el("span", { class: "result-of" }));
    const title = uid("diagram");
    const diagram = el("div", { class: "crossings", role: "group", "aria-labelledby": title });
    sources.forEach(([, , name], index) => {
      const before = name.startsWith("h") ? el("small", {}, "before") : el("small", {}, name === "x" ? "input" : "bias");
      diagram.append(el("div", { class: "source" }, el("b", {}, name), before, this.levels[index]));
    });
    diagram.append(el("div", { class: "source after" }, el("b", {}, "h"), el("small", {}, "after")));
    UNIT.forEach((unit, to) => {
      for (const [matrix, from, name] of sources) {
        const label = matrix === "b" ? `Bias of ${unit}` : `Weight from ${name} to ${unit}`;
        diagram.append(this.crossing(matrix, from, to, label));
      }
      diagram.append(el("div", { class: "unit" }, el("b", {}, unit), this.results[to]));
    });
    return el("div", {}, el("p", { class: "hint", id: title }, "The cell: drag a weight, or choose it and press the arrow keys."), diagram);
  }

  crossing(matrix, from, to, label) {
    const number = el("output", { "aria-hidden": "true" });
    const input = el("input", {
      type: "range", min: -MOST, max: MOST, step: 0.05, "aria-label": label,
      oninput: () => { this.rowOf(matrix, from)[to] = Number(input.value); this.draw(); },
    });
    const box = el("div", { class: "crossing" }, number, input);
    this.sliders.push([input, matrix, from, to, number, box]);
    return box;
  }

  feeding() {
    return el("div", { class: "feeding buttons", role: "group", "aria-label": "Next input" },
      el("span", {}, "Feed"),
      INPUTS.map((value) => el("button", { type: "button", class: "primary", "aria-label": `Feed ${short(value)}`, onclick: () => this.feed([value]) }, short(value))),
      el("button", { type: "button", onclick: () => this.feed(PULSE) }, "1, then seven 0s"),
      this.back, this.over);
  }

  table() {
    const names = ["step", "x", ...UNIT];
    return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "States at every step" },
      el("table", { class: "plain" }, el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name)))), this.rows));
  }

  feed(values) {
    this.inputs.push(...values);
    this.draw();
    this.chart.scrollLeft = this.chart.scrollWidth;
  }

  take() {
    this.inputs.pop();
    this.draw();
  }

  restart() {
    this.inputs = [];
    this.draw();
  }

  draw() {
    const states = run(this.weights, this.inputs.map((x) => [x]));
    const count = this.inputs.length;
    this.back.disabled = this.over.disabled = !count;
    const { diverging } = scales();
    for (const [input, matrix, from, to, number, box] of this.sliders) {
      const weight = this.rowOf(matrix, from)[to];
      number.textContent = short(weight);
      input.setAttribute("aria-valuetext", short(weight));
      const color = diverging(weight / MOST);
      vary(box, { background: css(color), color: isLight(color) ? INK : "#fff" });
    }
    const before = states.at(count ? -2 : -1);
    const read = [count ? this.inputs.at(-1) : null, ...before, 1];
    this.levels.forEach((level, index) => { level.textContent = read[index] === null ? "–" : short(rounded(read[index])); });
    this.results.forEach((result, to) => {
      const value = states.at(-1)[to];
      result.replaceChildren(el("span", {}, short(rounded(value))), bar(value, diverging));
    });
    this.status.textContent = count
      ? `Step ${count} read ${short(this.inputs.at(-1))}. The state is now ${states.at(-1).map((value) => short(rounded(value))).join(", ")}.`
      : "Nothing is read yet: the state is zero. Feed an input.";
    this.drawTime(states, diverging);
    this.write(states, before);
  }

  /** Draws the inputs and the state of each unit, a column for each step. */
  drawTime(states, diverging) {
    const count = this.inputs.length;
    const columns = Math.max(count, LEAST);
    const left = 34;
    const wide = Math.max(26, Math.min(90, Math.floor((this.chart.clientWidth - left - 16) / columns)));
    const size = [left + wide * columns + 4, HEIGHT * 4 + 22];
    const names = ["x", ...UNIT];
    const label = count
      ? `Inputs ${this.inputs.map(short).join(", ")}. ${UNIT.map((unit, index) => `${unit}: ${states.slice(1).map((state) => short(rounded(state[index]))).join(", ")}`).join(". ")}.`
      : "No steps yet.";
    const chart = svg("svg", { viewBox: `0 0 ${size[0]} ${size[1]}`, width: size[0], height: size[1], role: "img", "aria-label": label });
    names.forEach((name, row) => {
      const zero = row * HEIGHT + HEIGHT / 2;
      chart.append(svg("text", { x: 6, y: zero + 5 }, name), svg("line", { class: "zero", x1: left, x2: size[0], y1: zero, y2: zero }));
      this.inputs.forEach((x, index) => {
        const value = row ? states[index + 1][row - 1] : x;
        const tall = (Math.abs(value) * (HEIGHT - 6)) / 2;
        const color = row ? css(diverging(Math.sign(value) * Math.max(0.3, Math.abs(value)))) : "currentColor";
        chart.append(svg("rect", { x: left + index * wide + 3, y: value < 0 ? zero : zero - tall, width: wide - 6, height: Math.max(tall, 0.5), fill: color, rx: 2 }));
      });
    });
    this.inputs.forEach((_, index) => chart.append(svg("text", { class: "step", x: left + (index + 0.5) * wide, y: size[1] - 5, "text-anchor": "middle" }, String(index + 1))));
    this.chart.replaceChildren(chart);
  }

  /** Writes the step as a formula, and all steps as a table. */
  write(states, before) {
    const { W, U, b } = this.weights;
    const x = this.inputs.at(-1);
    this.formula.replaceChildren(...(x === undefined ? [el("p", {}, "Feed an input.")] : UNIT.map((unit, to) => {
      const parts = [[W[0][to], x], ...before.map((value, from) => [U[from][to], value])];
      const sum = sums(this.weights, [x], before)[to];
      const text = parts.map(([weight, value]) => `${inBrackets(weight)} · ${inBrackets(value)}`).join(" + ");
      return el("p", {}, `${unit} = tanh(${text} + ${inBrackets(b[to])}) = tanh(${short(rounded(sum))}) = `, el("b", {}, short(rounded(Math.tanh(sum)))));
    })));
    this.rows.replaceChildren(...this.inputs.map((input, index) => el("tr", {},
      el("th", { scope: "row" }, String(index + 1)), el("td", {}, short(input)),
      states[index + 1].map((value) => el("td", {}, value.toFixed(4).replace("-", "−"))))));
  }
}

const rounded = (value) => Number(value.toFixed(3));

const inBrackets = (value) => (rounded(value) < 0 ? `(${short(rounded(value))})` : short(rounded(value)));

/** Returns a bar from the middle, for a value from -1 to 1. */
function bar(value, diverging) {
  return vary(el("span", { class: "signed", "aria-hidden": "true" }), {
    "--from": `${50 + Math.min(0, value) * 50}%`, "--wide": `${Math.abs(value) * 50}%`,
    "--fill": css(diverging(Math.sign(value) * Math.max(0.3, Math.abs(value)))),
  });
}
