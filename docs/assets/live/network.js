// A trained network of the zoo in the browser: ONNX Runtime Web, served by this site itself.

import { Reader } from "./tokens.js";

const RUNTIME = new URL("onnxruntime/", import.meta.url);

/** Numbers of steps that are computed at once, for the page to stay responsive, and in all for the beginnings of a text. */
const AT_ONCE = 1500;
const IN_ALL = 9000;

async function runtime() {
  const ort = await import(new URL("ort.wasm.bundle.min.mjs", RUNTIME));
  ort.env.wasm.numThreads = 1; // More of them need headers that a static site may not be able to set.
  ort.env.wasm.wasmPaths = { wasm: new URL("ort-wasm-simd-threaded.wasm", RUNTIME).href };
  return ort;
}

async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address.pathname} cannot be loaded: the server answered with ${response.status}.`);
  return response;
}

/** Loads a network by its name. */
export async function load(name) {
  const folder = new URL(`networks/${name}/`, import.meta.url);
  const [ort, facts, model] = await Promise.all([
    runtime(),
    fetched(new URL("network.json", folder)).then((response) => response.json()),
    fetched(new URL("model.onnx", folder)).then((response) => response.arrayBuffer()),
  ]);
  return new Network(ort, facts, await ort.InferenceSession.create(new Uint8Array(model), { executionProviders: ["wasm"] }));
}

export class Network {
  constructor(ort, facts, session) {
    Object.assign(this, { ort, facts, session, reader: new Reader(facts.reader) });
  }

  /** Runs the model on a batch of ids, padded with zeros: the logits, and the output of each recurrent layer. */
  async run(rows) {
    const longest = Math.max(...rows.map((row) => row.length));
    const ids = new Int32Array(rows.length * longest);
    rows.forEach((row, index) => ids.set(row, index * longest));
    const [input] = this.session.inputNames;
    const feeds = { [input]: new this.ort.Tensor("int32", ids, [rows.length, longest]) };
    // A session runs one batch at a time.
    const before = this.running;
    this.running = Promise.resolve(before).catch(() => {}).then(() => this.session.run(feeds));
    const found = await this.running;
    const [logits, ...layers] = this.session.outputNames.map((name) => found[name]);
    return { logits: split(logits.data, logits.dims[1]), layers };
  }

  /** Answers a text: its tokens and ids, the probabilities and the label, and the layers with their states. */
  async answer(text) {
    const tokens = this.reader.tokens(text);
    const ids = this.reader.lookUp(tokens);
    const { logits, layers } = await this.run([ids]);
    return { tokens, ids, ...this.decoded(logits[0]), layers: layers.flatMap((layer, index) => this.states(layer, index)) };
  }

  decoded(logits) {
    const shares = softmax(logits);
    const { classes } = this.facts;
    return { label: classes[shares.indexOf(Math.max(...shares))], shares, probabilities: Object.fromEntries(classes.map((name, index) => [name, shares[index]])) };
  }

  /** Returns a layer as an inspection has it: the states of each direction, `(steps, units)`. */
  states({ data, dims }, index) {
    const { name, cell, units, bidirectional } = this.facts.layers[index];
    const rows = split(data, dims[2]);
    return (bidirectional ? ["forward", "backward"] : ["forward"]).map((direction, number) => ({
      name, cell, direction, sequence: null, timeline: "input", gates: {},
      states: { h: rows.map((row) => row.subarray(number * units, (number + 1) * units)) },
    }));
  }

  /** Returns the steps at which the text is cut, and the answers as if it ended there; null if `stale()` says so meanwhile. */
  async beginnings(ids, stale) {
    const most = Math.max(1, Math.min(ids.length, Math.floor(IN_ALL / ids.length)));
    const steps = [...new Set(Array.from({ length: most }, (_, index) => Math.round(((index + 1) * ids.length) / most) - 1))];
    const answers = [];
    const rows = Math.max(1, Math.floor(AT_ONCE / ids.length));
    for (let first = 0; first < steps.length; first += rows) {
      const { logits } = await this.run(steps.slice(first, first + rows).map((step) => ids.slice(0, step + 1)));
      answers.push(...logits.map((row) => this.decoded(row)));
      await new Promise((resolve) => { setTimeout(resolve); });
      if (stale()) return null;
    }
    return { steps, answers };
  }
}

function split(data, width) {
  return Array.from({ length: data.length / width }, (_, row) => data.subarray(row * width, (row + 1) * width));
}

function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - most));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
