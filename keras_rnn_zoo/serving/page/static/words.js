// The tokens of a text in its order, colored by how much each mattered.

import { css, isLight, scales } from "./color.js";
import { el, vary, visible } from "./dom.js";

const MOST = 400;

/** Returns the strip of tokens; only for timelines of tokens. */
export function words(onpick) {
  const element = el("p", { class: "words" });

  function update(timeline, matters) {
    element.hidden = timeline.unit !== "token" || timeline.labels.length > MOST;
    if (element.hidden) return;
    const { diverging } = scales();
    const most = (matters ?? []).reduce((highest, value) => Math.max(highest, Math.abs(value)), 1e-9);
    const tight = timeline.labels.every((label) => label.length <= 2 || label.startsWith("<"));
    element.classList.toggle("letters", tight);
    element.replaceChildren(...timeline.labels.map((label, step) => {
      const token = el("span", { class: "token", onclick: () => onpick(step) }, visible(label));
      if (matters) {
        const color = diverging(matters[step] / most);
        vary(token, { background: css(color), color: isLight(color) ? "#14171a" : "#fff" });
      }
      return token;
    }));
  }

  function mark(step) {
    element.querySelector(".now")?.classList.remove("now");
    element.children[step]?.classList.add("now");
  }

  return { element, update, mark };
}
