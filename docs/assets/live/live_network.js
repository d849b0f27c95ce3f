// A trained network that answers as one types, and what it holds at each word.

import { debounced, el, labeled, select } from "./dom.js";
import { load } from "./network.js";
import { answer } from "./view_answer.js";
import { steps } from "./view_steps.js";

const PAUSE = 120;
const NAMES = {
  imdb_reviews: "IMDB reviews (5.6 MB)",
  toy_reviews: "Toy reviews (0.3 MB)",
};

export class LiveNetwork {
  /** @param name the network to begin with */
  constructor(name = "imdb_reviews") {
    this.ticket = 0;
    this.networks = new Map();
    this.choice = select(Object.entries(NAMES), name, () => this.start());
    this.button = el("button", { type: "button", class: "primary", onclick: () => this.start() }, "Load the network");
    this.note = el("p", { class: "hint" }, "It runs in this page. Nothing you type leaves your browser. The program that runs it, ONNX Runtime Web, is another 14 MB (4 MB compressed), which the browser keeps.");
    this.failure = el("p", { class: "notice", role: "alert", hidden: true });
    this.tell = debounced(PAUSE, () => this.ask().catch((error) => this.failed(error)));
    this.area = el("textarea", { rows: 3, spellcheck: false, autocomplete: "off", oninput: this.tell });
    this.answered = el("div", { class: "answer" });
    this.spoken = el("p", { class: "hidden", role: "status" });
    this.unknown = el("p", { class: "hint" });
    this.views = steps();
    this.work = el("div", { class: "work", hidden: true }, labeled("Text", this.area), this.unknown, this.answered, this.views.element);
    this.element = el("div", { class: "live-network" },
      labeled("Network", this.choice), el("div", { class: "buttons" }, this.button), this.note, this.failure, this.spoken, this.work);
  }

  async start() {
    const name = this.choice.value;
    const ticket = ++this.ticket;
    this.failure.hidden = true;
    this.button.disabled = true;
    this.button.textContent = "Loading …";
    try {
      if (!this.networks.has(name)) this.networks.set(name, await load(name));
      if (ticket !== this.ticket) return;
      this.network = this.networks.get(name);
      this.button.hidden = this.note.hidden = true;
      this.work.hidden = false;
      this.area.value = this.network.facts.example;
      await this.ask();
    } catch (error) {
      this.failed(error);
    }
  }

  failed(error) {
    this.failure.textContent = error.message;
    this.failure.hidden = false;
    this.button.disabled = false;
    this.button.textContent = "Load the network";
  }

  async ask() {
    const { network } = this;
    const ticket = ++this.ticket;
    const stale = () => ticket !== this.ticket;
    const found = await network.answer(this.area.value);
    if (stale()) return;
    const { tokens, label, probabilities, ids } = found;
    answer(this.answered, { prediction: { label, probabilities } });
    this.spoken.textContent = `${network.facts.name}: ${label}`;
    const strange = [...new Set(tokens.filter((token) => !network.reader.knows(token)))];
    this.unknown.textContent = strange.length ? `Not in its vocabulary, and read as “unknown”: ${strange.join(" ")}` : "";
    this.views.element.hidden = !tokens.length;
    if (!tokens.length) return;
    const cut = await network.beginnings(ids, stale);
    if (cut && !stale()) this.views.update(inspected(network, found, cut));
  }
}

/** Returns what the view of `zoo serve` draws: the document of `zoo inspect --json`. */
function inspected({ facts }, { tokens, layers }, cut) {
  return {
    layers, importance: null,
    timelines: { input: { unit: "token", stride: 1, labels: tokens, starts: tokens.map((_, step) => step), ends: tokens.map((_, step) => step + 1) } },
    outputs: {
      timeline: "input", of: "prefixes", kind: "probabilities", names: facts.classes, steps: cut.steps,
      values: cut.answers.map(({ shares }) => shares), chosen: cut.answers.map(({ label }) => label),
    },
  };
}
