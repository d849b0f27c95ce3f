// A chart of numbers over time, with the band of a forecast.

import { el, short, svg } from "./dom.js";

const HEIGHT = 250;
const EDGE = { left: 52, right: 12, top: 14, bottom: 30 };

/**
 * Returns a chart for each target.
 *
 * @param past numbers `(steps, targets)`, null where missing
 * @param future quantiles `(steps, targets, levels)`, if there is a forecast
 */
export function forecast(given) {
  return el("div", { class: "charts" }, given.targets.map((name, target) => one(given, target, name)));
}

function one({ past, pastLabels, future = [], futureLabels = [], medians = [], levels = [], targets }, target, name) {
  const values = past.map((row) => row[target]);
  const bands = future.map((row) => row[target]);
  const all = [...values, ...bands.flat()].filter((value) => value !== null && Number.isFinite(value));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  const steps = values.length + bands.length;
  // As wide as a phone, for its labels to be readable there.
  const WIDTH = innerWidth < 520 ? 340 : 640;
  const x = (step) => EDGE.left + ((step + 0.5) / steps) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value) => EDGE.top + ((high + pad - value) / (high - low + 2 * pad || 1)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const line = (points) => points.map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const first = values.length;
  const words = bands.length
    ? `Forecast of ${name}: ${medians.map((row) => short(row[target])).join(", ")}`
    : `${name}: ${values.length} steps from ${short(low)} to ${short(high)}`;
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words, class: "chart" });
  for (const value of ticks(low, high)) {
    chart.append(svg("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(value), y2: y(value) }));
    chart.append(svg("text", { x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  const labels = [...pastLabels, ...futureLabels];
  for (const [step, anchor] of [[0, "start"], [Math.max(0, first - 1), "middle"], [steps - 1, "end"]]) {
    chart.append(svg("text", { x: x(step), y: HEIGHT - 8, "text-anchor": anchor }, labels[step] ?? ""));
  }
  if (bands.length) {
    const upper = bands.map((row, index) => [first + index, row[row.length - 1]]);
    const lower = bands.map((row, index) => [first + index, row[0]]).reverse();
    chart.append(svg("polygon", { class: "band", points: line([...upper, ...lower]) }));
    const start = values[first - 1] === null ? [] : [[first - 1, values[first - 1]]];
    const middle = medians.map((row, index) => [first + index, row[target]]);
    chart.append(svg("polyline", { class: "median", points: line([...start, ...middle]) }));
  }
  for (const piece of pieces(values)) chart.append(svg("polyline", { class: "past", points: line(piece) }));
  const figure = el("figure", {}, targets.length > 1 && el("figcaption", {}, name), chart);
  if (bands.length) figure.append(key(levels), table(futureLabels, bands, levels, name));
  return figure;
}

/** Cuts where values are missing. */
function pieces(values) {
  const found = [];
  let open = [];
  values.forEach((value, step) => {
    if (value !== null) open.push([step, value]);
    else if (open.length) found.push(open.splice(0));
  });
  return open.length ? [...found, open] : found;
}

function ticks(low, high) {
  const rough = (high - low || 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}

function key(levels) {
  const band = `${Math.round(100 * levels[0])}% to ${Math.round(100 * levels[levels.length - 1])}% quantile`;
  return el("p", { class: "key" }, el("span", { class: "past" }, "past"), el("span", { class: "median" }, "median"),
    el("span", { class: "band" }, band));
}

function table(labels, bands, levels, name) {
  const head = el("tr", {}, el("th", { scope: "col" }, "time"), levels.map((level) => el("th", { scope: "col" }, String(level))));
  const rows = bands.map((row, index) => el("tr", {}, el("th", { scope: "row" }, labels[index] ?? ""),
    row.map((value) => el("td", {}, short(value)))));
  return el("details", {}, el("summary", {}, "The numbers"),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Quantiles of ${name}` },
      el("table", {}, el("thead", {}, head), el("tbody", {}, rows))));
}
