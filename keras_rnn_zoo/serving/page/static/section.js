// A part of a panel with a title and a line that says what it shows.

import { el, uid } from "./dom.js";

export function section(title, explained, ...children) {
  const heading = el("h3", { id: uid("view") }, title);
  return el("section", { class: "view", "aria-labelledby": heading.id },
    heading, el("p", { class: "hint" }, explained), ...children);
}
