// The model card and the plots of a run, beside its answers.

import * as api from "./api.js";
import { el } from "./dom.js";
import { rendered } from "./markdown.js";

const spoken = (file) => file.replace(/\.\w+$/, "").replace(/[_-]+/g, " ");

export function about(facts) {
  // Plots are loaded when one opens them.
  const plots = facts.plots.length ? el("details", { class: "plots" }, el("summary", {}, `Plots (${facts.plots.length})`),
    facts.plots.map((file) => el("figure", {},
      el("img", { src: api.plot(facts.name, file), alt: `${spoken(file)} of ${facts.name}`, loading: "lazy" }),
      el("figcaption", {}, spoken(file))))) : null;
  const card = facts.card
    ? el("details", { class: "card" }, el("summary", {}, "Model card"), el("div", { class: "prose" }, rendered(facts.card))) : null;
  return el("footer", { class: "about" }, facts.result && el("p", { class: "hint" }, facts.result), plots, card);
}
