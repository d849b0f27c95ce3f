// Scales of color, taken from the style sheet, so that they follow light and dark.

const channels = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim().split(/\s+/).map(Number);

const mixed = (from, to, share) => from.map((value, index) => value + (to[index] - value) * share);

/** Returns the colors of now: functions from a value to `[red, green, blue]`. */
export function scales() {
  const [zero, low, high, paper, ink] = ["--map-zero", "--map-low", "--map-high", "--map-paper", "--map-ink"].map(channels);
  return {
    /** Of values from -1 to 1. */
    diverging: (value) => mixed(zero, value < 0 ? low : high, Math.min(1, Math.abs(value)) ** 0.8),
    /** Of values from 0 to 1. */
    rising: (value) => mixed(paper, ink, Math.max(0, Math.min(1, value)) ** 0.7),
  };
}

export const css = ([red, green, blue], alpha = 1) => `rgb(${red | 0} ${green | 0} ${blue | 0} / ${alpha})`;

/** Whether text on a color should be dark. */
export const isLight = ([red, green, blue]) => 0.299 * red + 0.587 * green + 0.114 * blue > 140;

/** Calls a function when the page turns from light to dark or back: by the system, or by the switch of the documentation. */
export function onThemeChange(run) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", run);
  new MutationObserver(run).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
}
