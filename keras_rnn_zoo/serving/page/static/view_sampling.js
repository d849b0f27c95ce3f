// A language model writes, letter by letter.

import * as api from "./api.js";
import { el, labeled, percent, vary, visible } from "./dom.js";
import { bars } from "./view_answer.js";

/** Returns the writer of a panel: `begin(input)` takes the beginning of the text. */
export function sampling(facts) {
  const option = facts.options.find((one) => one.name === "temperature");
  const degree = el("span", {}, option.default.toFixed(1));
  const slider = el("input", {
    type: "range", min: 0, max: 2, step: 0.1, value: String(option.default),
    oninput: () => { degree.textContent = Number(slider.value).toFixed(1); },
  });
  const count = el("input", { type: "number", min: 1, max: 2000, value: "200", inputmode: "numeric" });
  const seed = el("input", { type: "number", min: 0, max: 2 ** 31 - 1, value: "0", inputmode: "numeric" });
  const button = el("button", { type: "button", class: "primary", disabled: true, onclick: () => (running ? stop() : write()) }, "Write");
  const begun = el("span", { class: "begun" });
  const written = el("span", { class: "new" });
  const next = el("div", { class: "next" });
  const status = el("p", { class: "hint", role: "status" }, "Enter the beginning of a text, then let the network write.");
  let running = null;
  let beginning = "";

  function begin(input) {
    beginning = input?.text ?? "";
    button.disabled = !beginning;
    begun.textContent = beginning;
    written.replaceChildren();
    next.replaceChildren();
  }

  function stop() {
    running?.abort();
  }

  async function write() {
    running = new AbortController();
    button.textContent = "Stop";
    written.replaceChildren();
    status.textContent = "Writing …";
    const options = { temperature: Number(slider.value), seed: Number(seed.value), max_new_tokens: Number(count.value) };
    let tokens = 0;
    try {
      for await (const token of api.sample(facts.name, { text: beginning, options }, running.signal)) {
        const letter = el("span", { title: `${visible(token.token)} ${percent(token.probability)}` }, token.token);
        written.append(vary(letter, { "--sure": token.probability }));
        next.replaceChildren(el("h3", {}, "Last choice"), bars(token.top.map(([name, share]) => [visible(name), share]), visible(token.token)));
        tokens += 1;
      }
      status.textContent = `${tokens} letters written. Fainter letters were less likely.`;
    } catch (error) {
      status.textContent = error.name === "AbortError" ? `Stopped after ${tokens} letters.` : error.message;
    }
    running = null;
    button.textContent = "Write";
  }

  const element = el("div", { class: "writer" },
    el("div", { class: "tools" },
      el("label", { class: "field" }, el("span", {}, "Temperature ", degree), slider),
      labeled("Letters", count), labeled("Seed", seed), button),
    status, el("p", { class: "page", tabindex: "0", role: "region", "aria-label": "The text" }, begun, written), next);
  return { element, begin, stop };
}
