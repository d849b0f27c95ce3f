// The tokens of a transcript under the spectrogram or the line of writing that they were read from.

import { picture } from "./bytes.js";
import { el, percent, short, vary, visible } from "./dom.js";
import { section } from "./section.js";

const TALL = 120;

export function alignment() {
  const canvas = el("canvas", { class: "strip", role: "img" });
  const tokens = el("ol", { class: "aligned" });
  const inner = el("div", { class: "inner" }, canvas, tokens);
  const body = el("div", { class: "scroll", role: "region", "aria-label": "Alignment", tabindex: "0" }, inner);
  const element = section("Alignment", "Which part of the input each token was read from.", body);

  function update({ alignment: found, outputs, timelines }, seen) {
    const timeline = timelines[outputs.timeline];
    const whole = timeline.unit === "second" ? seen.seconds : seen.width;
    const source = picture(seen);
    Object.assign(canvas, { width: source.width, height: source.height });
    canvas.getContext("2d").drawImage(source, 0, 0);
    const what = seen.kind === "spectrogram" ? "Spectrogram, low tones at the bottom" : "The line as the network reads it";
    canvas.setAttribute("aria-label", what);
    vary(inner, {
      "--ratio": `${seen.width} / ${seen.height}`,
      "--least": `${found.length * 22}px`,
      "--most": seen.kind === "spectrogram" ? "none" : `${Math.max(found.length * 22, (TALL * seen.width) / seen.height)}px`,
    });
    canvas.classList.toggle("sound", seen.kind === "spectrogram");
    const unit = timeline.unit === "second" ? "s" : `${timeline.unit}s`;
    tokens.replaceChildren(...found.map(({ text, start, end, probability }) => {
      const [from, to] = [timeline.starts[start], Math.min(whole, timeline.ends[end - 1])];
      const words = `${short(from)} to ${short(to)} ${unit}, ${percent(probability)}`;
      const item = el("li", { title: words }, el("b", {}, visible(text)), el("span", { class: "hidden" }, ` ${words}`));
      return vary(item, { "--from": `${(100 * from) / whole}%`, "--wide": `${(100 * (to - from)) / whole}%` });
    }));
  }
  return { element, update };
}
