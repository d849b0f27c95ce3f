// The axes of time of an inspection, and how the steps of one lie in another.

const base = (name) => name.split("/")[0];

/** Returns the step of one timeline that ends where a step of another does, or -1 if they are not of one kind. */
export function sameTime(timelines, from, step, to) {
  if (from === to) return step;
  if (base(from) !== base(to) || !timelines[from] || !timelines[to]) return -1;
  const end = timelines[from].ends[step];
  const { ends } = timelines[to];
  const found = ends.findIndex((one) => one >= end - 1e-9);
  return found < 0 ? ends.length - 1 : found;
}

/** Returns the sums of the values of one timeline over the steps of another, or null. */
export function summed(timelines, from, values, to) {
  if (from === to) return values;
  if (base(from) !== base(to) || !timelines[to]) return null;
  const sums = new Array(timelines[to].labels.length).fill(0);
  values.forEach((value, step) => {
    const place = sameTime(timelines, from, step, to);
    sums[place] += value;
  });
  return sums;
}

/** Returns the index into `outputs.steps` of a step of a timeline, or -1. */
export function outputAt(found, timeline, step) {
  const { outputs, timelines } = found;
  if (!outputs) return -1;
  const place = sameTime(timelines, timeline, step, outputs.timeline);
  if (place < 0) return -1;
  let index = -1;
  outputs.steps.forEach((one, number) => { if (one <= place) index = number; });
  return index;
}

/** Returns `[name, probability]` of an output, most likely first; null for numbers. */
export function likely(outputs, index, most) {
  if (outputs.kind !== "probabilities") return null;
  const pairs = outputs.top ? outputs.top[index] : outputs.names.map((name, place) => [name, outputs.values[index][place]]);
  return outputs.top || pairs.length > most ? [...pairs].sort((one, two) => two[1] - one[1]).slice(0, most) : pairs;
}

/** Where a step begins, in words. */
export function place(timeline, step) {
  const label = timeline.labels[step];
  if (timeline.unit === "token" || timeline.unit === "step") return label;
  return /^\d+( to \d+)?$/.test(label) ? `${timeline.unit} ${label}` : label.replaceAll("T00:00:00", "");
}
