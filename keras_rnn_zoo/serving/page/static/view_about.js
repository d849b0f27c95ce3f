// The model card and the plots of a run, beside its answers.

import * as api from "./api.js";
import { el } from "./dom.js";
import { rendered } from "./markdown.js";

const spoken = (file) => file.replace(/\.\w+$/, "").replace(/[_-]+/g, " ");

export function about(facts) {
  const places = facts.plots.map((file) => [file, el("figure", {}, el("figcaption", {}, spoken(file)))]);
  const plots = places.length ? el("details", { class: "plots", ontoggle: load },
    el("summary", {}, `Plots (${places.length})`), places.map(([, figure]) => figure)) : null;
  let loaded = false;

  async function load() {
    if (loaded) return;
    loaded = true;
    await Promise.all(places.map(async ([file, figure]) => {
      try {
        figure.prepend(el("img", { src: await api.plot(facts.name, file), alt: `${spoken(file)} of ${facts.name}` }));
      } catch (error) {
        figure.prepend(el("p", { class: "notice" }, error.message));
      }
    }));
  }

  const card = facts.card
    ? el("details", { class: "card" }, el("summary", {}, "Model card"), el("div", { class: "prose" }, rendered(facts.card))) : null;
  return el("footer", { class: "about" }, facts.result && el("p", { class: "hint" }, facts.result), plots, card);
}
