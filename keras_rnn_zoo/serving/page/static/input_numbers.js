// Numbers, pasted or typed: the steps of a series, one in each line, or a table over time as CSV.

import { debounced, el, labeled, uid } from "./dom.js";

const PAUSE = 250;

export function numbers(facts, onchange) {
  const key = facts.input === "window" ? "table" : "rows";
  const hint = el("p", { class: "hint", id: uid("hint") }, facts.reads.hint);
  const tell = debounced(PAUSE, () => onchange(area.value.trim() ? { [key]: area.value } : null));
  const area = el("textarea", {
    id: "numbers", class: "numbers", rows: 9, spellcheck: false, autocomplete: "off", wrap: "off", oninput: tell,
    "aria-describedby": hint.id,
  });
  const file = el("input", { type: "file", id: "numbers-file", accept: ".csv,.tsv,.txt,.json,text/*", onchange: read });

  async function read() {
    if (file.files[0]) show({ [key]: await file.files[0].text() });
  }

  function show(value) {
    if (!value) return;
    area.value = value[key];
    tell.cancel();
    onchange(area.value.trim() ? value : null);
  }

  const element = el("div", {},
    labeled(key === "table" ? "Table, one row for each time" : "Series, one step in each line", area),
    hint,
    el("div", { class: "buttons" },
      facts.example && el("button", { type: "button", onclick: () => show(facts.example) }, "Example"),
      el("button", { type: "button", onclick: () => show({ [key]: "" }) }, "Clear"),
      el("label", { class: "upload" }, "Open a file", file)));
  return { element, show };
}
