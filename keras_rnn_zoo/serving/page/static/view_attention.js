// Where the network looks: a matrix of words, a strip for pooling, or a patch of light over a picture.

import { picture } from "./bytes.js";
import { css, isLight, onThemeChange, scales } from "./color.js";
import { el, percent, vary, visible } from "./dom.js";
import { section } from "./section.js";
import { place } from "./timelines.js";

const [MOST_ROWS, MOST_COLUMNS] = [60, 120];

export function attention() {
  const body = el("div");
  const element = section("Attention", "Where the network looks as it writes. Point at a word, or move to it with Tab.", body);
  let last = null;
  const draw = (found, seen) => {
    last = [found, seen];
    body.replaceChildren(...found.attention.map((one) => shown(one, found, seen)));
  };
  onThemeChange(() => last && draw(...last));
  return { element, update: draw };
}

function shown(one, found, seen) {
  const queries = found.timelines[one.queries];
  const keys = found.timelines[one.keys];
  if (!queries) return el("figure", {}, el("figcaption", {}, "Weight of each step in the summary of the input"), pooled(one.weights, keys));
  if (Array.isArray(one.weights[0][0])) return overPicture(one.weights, queries, seen);
  return matrixOf(one.weights, queries, keys);
}

function pooled(weights, keys) {
  const { rising } = scales();
  const most = Math.max(...weights, 1e-9);
  return el("p", { class: "words" }, weights.slice(0, 400).map((weight, step) => {
    const color = rising(weight / most);
    const token = el("span", { class: "token", title: percent(weight) }, keys ? visible(place(keys, step)) : String(step + 1));
    return vary(token, { background: css(color), color: isLight(color) ? "#14171a" : "#fff" });
  }));
}

/** Returns a table whose rows and columns light up when one points at a word. */
function matrixOf(weights, queries, keys) {
  const [rows, columns] = [Math.min(weights.length, MOST_ROWS), Math.min(weights[0].length, MOST_COLUMNS)];
  const { rising } = scales();
  const name = (timeline, step) => (timeline ? visible(place(timeline, step)) : String(step + 1));
  const status = el("p", { class: "hint now-at" }, "\u00a0");
  const head = (words, scope, mark) => el("th", { scope },
    el("button", { type: "button", class: "word", onfocus: mark, onmouseenter: mark, onclick: mark }, words));
  const table = el("table", { class: "attention" });
  const light = (row, column) => {
    table.querySelectorAll(".lit").forEach((cell) => cell.classList.remove("lit"));
    if (row >= 0) table.rows[row + 1].classList.add("lit");
    if (column >= 0) for (const line of table.rows) line.cells[column + 1].classList.add("lit");
    status.textContent = told(weights, row, column, (step) => name(queries, step), (step) => name(keys, step));
  };
  const top = el("tr", {}, el("td", {}, el("span", { class: "hidden" }, "written, read")),
    Array.from({ length: columns }, (_, column) => head(name(keys, column), "col", () => light(-1, column))));
  table.append(el("thead", {}, top), el("tbody", {}, Array.from({ length: rows }, (_, row) => el("tr", {},
    head(name(queries, row), "row", () => light(row, -1)),
    Array.from({ length: columns }, (_, column) => {
      const cell = el("td", { title: percent(weights[row][column]), onmouseenter: () => light(row, column) },
        el("span", { class: "hidden" }, percent(weights[row][column])));
      return vary(cell, { background: css(rising(weights[row][column])) });
    })))));
  const cut = rows < weights.length || columns < weights[0].length
    ? el("p", { class: "hint" }, `The first ${rows} of ${weights.length} rows, and ${columns} of ${weights[0].length} columns.`) : null;
  return el("figure", {},
    el("div", { class: "scroll", role: "region", "aria-label": "Attention weights", tabindex: "0" }, table), status, ...(cut ? [cut] : []));
}

function told(weights, row, column, written, read) {
  if (row >= 0 && column >= 0) return `“${written(row)}” looks at “${read(column)}”: ${percent(weights[row][column])}`;
  const values = row >= 0 ? weights[row] : weights.map((line) => line[column]);
  const best = values.indexOf(Math.max(...values));
  return row >= 0 ? `“${written(row)}” looks most at “${read(best)}”: ${percent(values[best])}`
    : `“${read(column)}” is looked at most by “${written(best)}”: ${percent(values[best])}`;
}

/** Returns the picture, with light where the network looks as it writes the chosen word. */
function overPicture(weights, queries, seen) {
  const canvas = el("canvas", { class: "over", width: 256, height: 256, role: "img" });
  const below = seen?.pixels ? picture(seen) : null;
  if (below) canvas.height = Math.round((256 * below.height) / below.width);
  const buttons = queries.labels.map((label, step) =>
    el("button", { type: "button", class: "word", onfocus: () => look(step), onmouseenter: () => look(step), onclick: () => look(step) }, visible(label.trim())));

  function look(step) {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === step)));
    const grid = weights[step];
    const context = canvas.getContext("2d");
    const most = Math.max(...grid.flat(), 1e-9);
    context.imageSmoothingEnabled = false;
    if (below) context.drawImage(below, 0, 0, canvas.width, canvas.height);
    const [tall, wide] = [canvas.height / grid.length, canvas.width / grid[0].length];
    grid.forEach((line, row) => line.forEach((weight, column) => {
      context.fillStyle = `rgb(12 14 18 / ${0.82 * (1 - weight / most)})`;
      context.fillRect(Math.floor(column * wide), Math.floor(row * tall), Math.ceil(wide), Math.ceil(tall));
    }));
    canvas.setAttribute("aria-label", `Where the network looks as it writes “${queries.labels[step].trim()}”`);
  }
  look(0);
  return el("figure", { class: "look" }, canvas, el("p", { class: "words buttons" }, buttons));
}
