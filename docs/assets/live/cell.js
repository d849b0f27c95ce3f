// The plain recurrent cell, h = tanh(x W + h U + b), as Keras's SimpleRNN computes it, in double precision.

/**
 * Returns the state after a step.
 *
 * @param weights `W` `(features, units)`, `U` `(units, units)` and `b` `(units)`, as `SimpleRNN.get_weights()` has them
 * @param x the input, `(features)`
 * @param h the state before, `(units)`
 */
export const step = (weights, x, h) => sums(weights, x, h).map(Math.tanh);

/** Returns what the hyperbolic tangent is taken of, `(units)`. */
export function sums({ W, U, b }, x, h) {
  return b.map((bias, to) => dot(x, W, to) + dot(h, U, to) + bias);
}

const dot = (values, matrix, to) => values.reduce((sum, value, from) => sum + value * matrix[from][to], 0);

/** Returns the states before the first input and after each of the inputs `(steps, features)`. */
export function run(weights, inputs) {
  const states = [weights.b.map(() => 0)];
  for (const x of inputs) states.push(step(weights, x, states.at(-1)));
  return states;
}

/** Weights that show what a cell can do with its memory: its name, what it does, and the weights. */
export const EXAMPLES = [
  {
    name: "A memory that fades",
    says: "Each unit keeps a part of its own state: 0.9, 0.6 and 0.3 of it. Feed a 1, then zeros: the echo of the input dies away, in each unit at its own pace.",
    weights: { W: [[1, 1, 1]], U: [[0.9, 0, 0], [0, 0.6, 0], [0, 0, 0.3]], b: [0, 0, 0] },
  },
  {
    name: "A memory that holds",
    says: "Units 1 and 2 feed themselves with a weight of 2 and 1.5, so they never come back to zero: they remember the sign of the last strong input. Unit 3 forgets at once. Feed a 1, zeros, a −1, zeros.",
    weights: { W: [[2.5, 1.5, 1]], U: [[2, 0, 0], [0, 1.5, 0], [0, 0, 0]], b: [0, 0, 0] },
  },
  {
    name: "A chain",
    says: "Unit 1 reads the input, unit 2 reads what unit 1 was, unit 3 what unit 2 was. The state holds the last three inputs in their order.",
    weights: { W: [[1.5, 0, 0]], U: [[0, 1.5, 0], [0, 0, 1.5], [0, 0, 0]], b: [0, 0, 0] },
  },
  {
    name: "A swing",
    says: "Units 1 and 2 push each other, with opposite signs. One input starts an oscillation that needs no further input. Unit 3 watches unit 1.",
    weights: { W: [[1, 0, 0]], U: [[0.95, 0.75, 1], [-0.75, 0.95, 0], [0, 0, 0]], b: [0, 0, 0] },
  },
];
