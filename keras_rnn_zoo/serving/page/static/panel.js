// One network: its answer to the input, and what its inspection shows.

import * as api from "./api.js";
import { debounced, el, uid } from "./dom.js";
import { seriesChoice } from "./input_series.js";
import { views } from "./views.js";
import { answer } from "./view_answer.js";
import { about } from "./view_about.js";
import { sampling } from "./view_sampling.js";

const SPOKEN_AFTER = 600;
const INSPECTED_AFTER = 250;
const WRITTEN = 40;

export class Panel {
  constructor(facts) {
    this.facts = facts;
    this.ticket = 0;
    this.shown = new Map();
    const title = el("h2", { id: uid("title") }, facts.name);
    const kind = [facts.task, facts.architecture, facts.dataset && `trained on ${facts.dataset}`];
    this.spoken = el("p", { class: "hidden", role: "status", "aria-live": "polite" });
    this.failure = el("p", { class: "notice", role: "alert", hidden: true });
    this.answer = el("div", { class: "answer" });
    this.series = seriesChoice((name) => this.ask({ ...this.input, series: name }));
    this.views = el("div", { class: "views" });
    this.sampling = facts.samples ? sampling(facts) : null;
    this.element = el("article", { class: "panel result", "aria-labelledby": title.id },
      el("header", {}, title, el("p", { class: "hint" }, kind.filter(Boolean).join(" · "))),
      this.failure, this.series.element, this.sampling?.element ?? this.answer, this.spoken, this.views, about(facts));
    this.say = debounced(SPOKEN_AFTER, (text) => { this.spoken.textContent = text; });
    this.inspectLater = debounced(INSPECTED_AFTER, (...values) => this.inspect(...values));
    // A language model is inspected on the text itself; others that write, write a little as one types.
    const writes = facts.options.some((option) => option.name === "max_new_tokens");
    this.options = writes ? { max_new_tokens: facts.samples ? 1 : WRITTEN } : {};
    this.rest();
  }

  /** Shows that there is no input. */
  rest() {
    this.answer.replaceChildren(el("p", { class: "hint" }, "The answer appears here."));
    this.views.replaceChildren();
    this.series.update(null);
    this.shown.clear();
    this.spoken.textContent = "";
  }

  close() {
    this.ticket += 1;
    this.running?.abort();
    this.inspectLater.cancel();
    this.sampling?.stop();
  }

  /** Asks for the prediction, and then for the inspection. Answers to earlier inputs are dropped. */
  async ask(input) {
    this.close();
    const ticket = this.ticket;
    // Whoever has chosen a series sees that series while changing the table.
    if (input?.table && this.input?.series) input = { series: this.input.series, ...input };
    this.input = input;
    this.fail(null);
    this.sampling?.begin(input);
    if (!input) return this.rest();
    this.running = new AbortController();
    const { signal } = this.running;
    const given = { input, options: this.options };
    this.element.setAttribute("aria-busy", "true");
    try {
      if (!this.sampling) {
        const found = await api.ask(this.facts.name, "predict", given, signal);
        if (ticket !== this.ticket) return;
        this.seen = found.seen;
        this.series.update(found.seen);
        answer(this.answer, found, this.facts);
        this.say(`${this.facts.name}: ${found.summary || "nothing"}`);
      } else {
        this.seen = null;
      }
      if (this.facts.inspects) this.inspectLater(ticket, given, signal);
      else this.element.removeAttribute("aria-busy");
    } catch (error) {
      this.fail(error, ticket);
    }
  }

  async inspect(ticket, given, signal) {
    try {
      const found = await api.ask(this.facts.name, "inspect", given, signal);
      if (ticket !== this.ticket) return;
      this.draw(found);
      this.element.removeAttribute("aria-busy");
    } catch (error) {
      this.fail(error, ticket);
    }
  }

  /** Draws each view that the inspection has something for; views stay in place while one types. */
  draw(found) {
    const elements = [];
    for (const [name, { applies, make }] of Object.entries(views)) {
      if (!applies(found, this.seen)) {
        this.shown.delete(name);
        continue;
      }
      if (!this.shown.has(name)) this.shown.set(name, make(this.facts));
      const view = this.shown.get(name);
      view.update(found, this.seen);
      elements.push(view.element);
    }
    if (elements.some((element, index) => this.views.children[index] !== element) ||
        elements.length !== this.views.children.length) {
      this.views.replaceChildren(...elements);
    }
  }

  fail(error, ticket = this.ticket) {
    if (error?.name === "AbortError" || ticket !== this.ticket) return;
    this.element.removeAttribute("aria-busy");
    this.failure.textContent = error?.message ?? "";
    this.failure.hidden = !error;
    if (error) this.rest();
  }
}
