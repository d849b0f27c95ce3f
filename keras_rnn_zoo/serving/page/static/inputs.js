// One module for each kind of input. Each makes a form from the facts of a network, and reports values for it.

import { audio } from "./input_audio.js";
import { image } from "./input_image.js";
import { numbers } from "./input_numbers.js";
import { text } from "./input_text.js";

const KINDS = { text, image, audio, series: numbers, window: numbers };

/**
 * Returns the form for the inputs of a network: its `element`, and `show(example)`.
 *
 * @param facts what the server says of the network
 * @param onchange called with the input, or null where there is none yet
 */
export function inputFor(facts, onchange) {
  const make = KINDS[facts.input];
  if (!make) throw new Error(`This page has no form for inputs of the kind ${facts.input}. Use the HTTP API.`);
  return make(facts, onchange);
}

/** Whether two networks can be asked with the same form. */
export const sameForm = (one, other) =>
  one.input === other.input && JSON.stringify(one.reads) === JSON.stringify(other.reads);
