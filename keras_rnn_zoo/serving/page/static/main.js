// The page: which network, which input, and a panel for each of up to two networks.

import * as api from "./api.js";
import { el } from "./dom.js";
import { inputFor, sameForm } from "./inputs.js";
import { Panel } from "./panel.js";

const [model, other, notice, body, results] = ["model", "other", "notice", "input-body", "results"]
  .map((id) => document.getElementById(id));
const known = new Map();
const panels = [];
let listed = [];
let form = null;
let formFacts = null;
let value = null;

function complain(error) {
  notice.textContent = error?.message ?? "";
  notice.hidden = !error;
}

async function factsOf(name) {
  if (!known.has(name)) known.set(name, await api.facts(name));
  return known.get(name);
}

function ask(next) {
  value = next;
  for (const panel of panels) panel.ask(value);
}

function setForm(facts) {
  if (formFacts && sameForm(formFacts, facts) && facts.samples === formFacts.samples) {
    formFacts = facts;
    return;
  }
  value = null;
  formFacts = facts;
  form = inputFor(facts, ask);
  body.replaceChildren(form.element);
}

/** Offers the networks that read the same kind of input to stand beside. */
function fillOther(name) {
  const kind = listed.find((one) => one.name === name).input;
  const names = listed.filter((one) => one.input === kind && one.name !== name).map((one) => one.name);
  const chosen = names.includes(other.value) ? other.value : "";
  other.replaceChildren(el("option", { value: "" }, "nothing"), ...names.map((one) => el("option", { value: one }, one)));
  other.value = chosen;
  other.disabled = !names.length;
}

async function choose() {
  const ticket = (choose.ticket = (choose.ticket ?? 0) + 1);
  try {
    complain(null);
    fillOther(model.value);
    api.remember("model", model.value);
    const names = [model.value, other.value].filter(Boolean);
    const facts = await Promise.all(names.map(factsOf));
    if (ticket !== choose.ticket) return;
    setForm(facts[0]);
    panels.splice(0).forEach((panel) => panel.close());
    panels.push(...facts.map((one) => new Panel(one)));
    results.replaceChildren(...panels.map((panel) => panel.element));
    results.classList.toggle("two", panels.length > 1);
    if (value) ask(value);
    else if (facts[0].example) form.show(facts[0].example);
  } catch (error) {
    complain(error);
  }
}

/** Takes the network that the address names; returns whether that is another one than before. */
function follow() {
  const name = api.chosenIn("model");
  const known = name !== model.value && listed.some((one) => one.name === name);
  if (known) model.value = name;
  return known;
}

async function start() {
  try {
    listed = await api.models();
  } catch (error) {
    return complain(error);
  }
  if (!listed.length) return complain(new Error("The server has no models yet."));
  model.replaceChildren(...listed.map(({ name }) => el("option", { value: name }, name)));
  follow();
  addEventListener("hashchange", () => follow() && choose());
  model.addEventListener("change", choose);
  other.addEventListener("change", choose);
  await choose();
}

start();
