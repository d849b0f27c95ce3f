// Builds elements. Text is always set as text, never interpreted as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Returns an element. Names that begin with "on" add listeners. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets custom properties, which the strict policy on inline styles allows from a script. */
export function vary(element, properties) {
  for (const [name, value] of Object.entries(properties)) element.style.setProperty(name, value);
  return element;
}

let last = 0;
export const uid = (word) => `${word}-${++last}`;

/** Returns a label with a control, and the control. */
export function labeled(text, control, className = "field") {
  return el("label", { class: className }, el("span", {}, text), control);
}

export function select(options, chosen, onchange) {
  const element = el("select", { onchange: () => onchange(element.value) });
  for (const [value, text] of options) element.append(el("option", { value, selected: value === chosen }, text));
  return element;
}

export const percent = (value) => {
  const whole = 100 * value;
  if (whole > 0 && whole < 0.1) return "< 0.1%";
  return whole > 99.9 && whole < 100 ? "> 99.9%" : `${whole.toFixed(1)}%`;
};

/** Returns a number with up to four digits, and a minus sign rather than a hyphen. */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text = size >= 1e6 || (size > 0 && size < 1e-4) ? value.toExponential(1) : String(Number(value.toPrecision(size < 0.1 ? 2 : 4)));
  return text.replace("-", "−");
}

/** Shows what a token is where it would else be invisible. Words that begin with a space are shown without it. */
export const visible = (token) => {
  if (token === "") return "∅";
  return token.trim() ? token.trim() : token.replace(/\n/g, "⏎").replace(/ /g, "␣").replace(/\t/g, "⇥");
};

/** Returns a function that runs the last call after a pause; `cancel` forgets it. */
export function debounced(pause, run) {
  let timer = 0;
  const later = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), pause);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
