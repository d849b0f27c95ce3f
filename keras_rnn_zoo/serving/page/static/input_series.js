// Which series of a table over time is forecast, where it has several.

import { el, labeled, select } from "./dom.js";

/** Returns the choice: its `element`, and `update(seen)`. */
export function seriesChoice(onchange) {
  const list = select([], "", onchange);
  const element = labeled("Series", list);
  element.hidden = true;
  let offered = "";
  function update(seen) {
    const names = seen?.names ?? [];
    element.hidden = names.length < 2;
    if (JSON.stringify(names) !== offered) {
      offered = JSON.stringify(names);
      list.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
    }
    list.value = seen?.series ?? "";
  }
  return { element, update };
}
