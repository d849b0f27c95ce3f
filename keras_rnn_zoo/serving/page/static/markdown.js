// Draws the Markdown of a model card: headings, paragraphs, lists, tables, code, bold and links; all else is text.

import { el } from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|<(https?:\/\/[^>\s]+)>/g;

/** Returns the elements of a text. */
export function rendered(text) {
  const lines = text.split("\n");
  const found = [];
  while (lines.length) {
    const line = lines[0];
    if (!line.trim()) lines.shift();
    else if (/^#{1,6} /.test(line)) found.push(heading(lines.shift()));
    else if (line.startsWith("```")) found.push(fenced(lines));
    else if (/^ {4}/.test(line)) found.push(el("pre", {}, taken(lines, /^ {4}|^$/).map((one) => one.slice(4)).join("\n").trimEnd()));
    else if (/^[-*] /.test(line)) found.push(list(lines));
    else if (line.startsWith("|")) found.push(table(taken(lines, /^\|/)));
    else found.push(el("p", {}, inline(taken(lines, /^(?!#|\||[-*] |```)\S/).join(" "))));
  }
  return found;
}

function taken(lines, pattern) {
  const found = [lines.shift()];
  while (lines.length && pattern.test(lines[0])) found.push(lines.shift());
  return found;
}

function heading(line) {
  const [, marks, text] = /^(#+) (.*)$/.exec(line);
  return el(`h${Math.min(6, marks.length + 2)}`, {}, inline(text));
}

function fenced(lines) {
  lines.shift();
  const code = [];
  while (lines.length && !lines[0].startsWith("```")) code.push(lines.shift());
  lines.shift();
  return el("pre", {}, code.join("\n"));
}

function list(lines) {
  const items = [];
  for (const line of taken(lines, /^([-*] | {2,}\S)/)) {
    if (/^[-*] /.test(line)) items.push(line.slice(2));
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return el("ul", {}, items.map((item) => el("li", {}, inline(item))));
}

function table(lines) {
  const rows = lines.map((line) => line.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim()));
  const [head, , ...body] = rows;
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": head.join(", ") }, el("table", {},
    el("thead", {}, el("tr", {}, head.map((cell) => el("th", { scope: "col" }, inline(cell))))),
    el("tbody", {}, body.map((row) => el("tr", {}, row.map((cell) => el("td", {}, inline(cell))))))));
}

function inline(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, bold, words, address, bare] = match;
    found.push(text.slice(end, match.index));
    if (code) found.push(el("code", {}, code));
    else if (bold) found.push(el("b", {}, bold));
    else if (bare || /^https?:\/\//.test(address)) found.push(el("a", { href: bare ?? address, rel: "noreferrer noopener", target: "_blank" }, words ?? bare));
    else found.push(words);
    end = match.index + whole.length;
  }
  return [...found, text.slice(end)];
}
