// The search for the best text, as a tree: texts share the beginning that they have in common.

import { el, short, visible } from "./dom.js";
import { section } from "./section.js";

export function beam() {
  const body = el("div", { class: "scroll", role: "region", "aria-label": "Tree of the beam", tabindex: "0" });
  const element = section("Beam", "The best texts that the search found, best first. Beginnings that they share are drawn once.", body);
  return { element, update: ({ beam: found }) => body.replaceChildren(tree(found)) };
}

function tree(found) {
  const root = { children: new Map() };
  found.forEach(({ tokens, score, text }, rank) => {
    let node = root;
    for (const token of tokens) {
      if (!node.children.has(token)) node.children.set(token, { children: new Map(), rank });
      node = node.children.get(token);
    }
    node.end = { rank, score, text };
  });
  return branches(root, true);
}

function branches(node, outermost = false) {
  return el("ul", { class: outermost ? "tree" : "" }, [...node.children].map(([token, child]) => {
    const run = [token];
    let last = child;
    while (!last.end && last.children.size === 1) {
      const [[next, only]] = last.children;
      run.push(next);
      last = only;
    }
    const best = child.rank === 0 ? "best" : "";
    return el("li", { class: best },
      el("span", { class: "node" }, visible(run.join(""))),
      last.end && el("span", { class: "score", title: last.end.text }, `log-probability ${short(last.end.score)}`),
      last.children.size > 0 && branches(last));
  }));
}
