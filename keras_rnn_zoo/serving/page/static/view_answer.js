// The prediction, drawn by what it holds.

import { el, percent, short, vary } from "./dom.js";
import { forecast } from "./chart.js";

const MOST = 10;

/** Draws a prediction into an element. */
export function answer(place, { prediction, seen }, facts) {
  const draw = KINDS.find(([key]) => key in prediction)?.[1] ?? other;
  place.replaceChildren(...draw(prediction, seen, facts));
}

/** Returns rows with a bar for each of `[name, probability]`. */
export function bars(pairs, best) {
  return el("dl", { class: "bars" }, pairs.map(([name, share]) =>
    el("div", { class: name === best ? "best" : "" },
      el("dt", { title: name }, name),
      el("dd", {}, vary(el("span", { class: "bar", "aria-hidden": "true" }), { "--share": share }),
        el("span", { class: "share" }, percent(share))))));
}

function classes({ label, labels, probabilities }) {
  if (Array.isArray(labels)) return stepLabels(labels);
  const shares = Object.entries(probabilities ?? {});
  const shown = shares.length > MOST ? shares.sort((one, two) => two[1] - one[1]).slice(0, MOST) : shares;
  return [el("p", { class: "headline" }, label || "(nothing)"), bars(shown, label)];
}

function tags({ tokens, tags: given }) {
  const kinds = [...new Set(given.map((tag) => tag.replace(/^[BI]-/, "")))].filter((tag) => tag !== "O");
  return [el("p", { class: "tagged" }, tokens.map((token, index) => {
    const kind = given[index].replace(/^[BI]-/, "");
    return el("span", { class: `tag kind-${kind === "O" ? "none" : kinds.indexOf(kind) % 6}` },
      el("span", { class: "word" }, token), " ", el("span", { class: "under" }, given[index]));
  }))];
}

function written({ text, score }) {
  const shown = el("p", { class: "headline text" }, text || "(nothing)");
  return score === undefined ? [shown]
    : [shown, el("p", { class: "hint" }, `Log-probability ${short(score)}`)];
}

function stepLabels(labels) {
  const runs = [];
  for (const label of labels) {
    const last = runs[runs.length - 1];
    if (last && last[0] === label) last[1] += 1;
    else runs.push([label, 1]);
  }
  return [el("ol", { class: "runs" }, runs.map(([label, count]) =>
    el("li", {}, el("b", {}, label || "none"), ` ${count} ${count === 1 ? "step" : "steps"}`)))];
}

function number({ value }) {
  if (typeof value === "number") return [el("p", { class: "headline" }, short(value))];
  return listed(Object.entries(value).map(([name, one]) => [name, short(one)]));
}

function numbers({ values }, seen, { targets }) {
  return [forecast({ past: values, pastLabels: values.map((_, index) => String(index + 1)), targets })];
}

function forecasted({ forecast: medians, quantiles }, seen) {
  return [forecast({
    past: seen.values, pastLabels: seen.past, future: quantiles, futureLabels: seen.future, medians,
    levels: seen.levels, targets: seen.targets,
  })];
}

function other(prediction) {
  return listed(Object.entries(prediction).map(([name, value]) =>
    [name, typeof value === "object" ? JSON.stringify(value) : String(value)]));
}

function listed(pairs) {
  return [el("dl", { class: "facts" }, pairs.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text))))];
}

const KINDS = [
  ["tags", tags], ["forecast", forecasted], ["label", classes], ["labels", classes], ["text", written],
  ["value", number], ["values", numbers],
];
