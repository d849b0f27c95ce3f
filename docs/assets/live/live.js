// The elements of the figures that move: <zoo-cell> and <zoo-network>. Each loads its module when a page has it.

document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("live.css", import.meta.url) }));

class Figure extends HTMLElement {
  async connectedCallback() {
    if (this.filled) return;
    this.filled = true;
    this.replaceChildren((await this.make()).element);
  }
}

customElements.define("zoo-cell", class extends Figure {
  async make() {
    const { LiveCell } = await import("./live_cell.js");
    return new LiveCell(Number(this.getAttribute("example") ?? 0));
  }
});

customElements.define("zoo-network", class extends Figure {
  async make() {
    const { LiveNetwork } = await import("./live_network.js");
    return new LiveNetwork(this.getAttribute("name") ?? undefined);
  }
});
