// A text, typed.

import { debounced, el, labeled } from "./dom.js";

const PAUSE = 120;
const BEGINNING = 60;

export function text(facts, onchange) {
  // A text to continue is only asked for with a button, which must find what was typed.
  const tell = debounced(facts.samples ? 0 : PAUSE, () => onchange(area.value ? { text: area.value } : null));
  const area = el("textarea", {
    id: "text", rows: 3, spellcheck: false, autocomplete: "off", oninput: tell,
    placeholder: facts.samples ? "The beginning of a text" : "Type here",
  });
  const example = el("button", { type: "button", onclick: () => show(facts.example) }, "Example");
  const clear = el("button", { type: "button", onclick: () => show({ text: "" }) }, "Clear");

  function show(value) {
    if (!value) return;
    area.value = facts.samples ? value.text.slice(0, BEGINNING).split("\n")[0] : value.text;
    tell.cancel();
    onchange(area.value ? { text: area.value } : null);
  }

  const element = el("div", {},
    labeled(facts.samples ? "Text to continue" : "Text", area),
    el("div", { class: "buttons" }, facts.example && example, clear));
  return { element, show };
}
