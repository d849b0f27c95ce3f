// A canvas to draw on. What is drawn is scaled as the pictures of the training are.

const DEFAULT = { ground: [0, 0, 0], ink: [255, 255, 255], pen: 0.1, fill: 0.8 };
const SIDE = 320;
const LINE = { width: 720, height: 200 };
const WORDS = "Draw here with a pointer, or use the buttons below.";
const rgb = (color) => `rgb(${color.join(" ")})`;

/**
 * @param reads the `height`, `width` (0 where it varies) and `channels` of the pictures that the network reads
 * @param onchange called after each piece of a stroke
 */
export class Sketch {
  constructor(reads, onchange) {
    this.reads = reads;
    this.onchange = onchange;
    this.paper = DEFAULT;
    this.pen = DEFAULT.pen;
    this.color = null;
    this.strokes = [];
    const ratio = reads.width ? reads.width / reads.height : 0;
    const [width, height] = ratio ? [SIDE * Math.min(ratio, 2), SIDE * Math.min(ratio, 2) / ratio] : [LINE.width, LINE.height];
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { width, height, className: ratio ? "draw" : "draw line" });
    this.canvas.setAttribute("role", "img");
    this.bitmap = null;
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(end, () => { this.drawing = false; });
    }
    this.paint();
  }

  /** Takes the paper, the ink and the pen of the training's pictures. */
  use(paper) {
    this.paper = paper;
    this.pen = paper.pen;
    this.paint();
  }

  clear() {
    this.strokes = [];
    this.bitmap = null;
    this.paint();
  }

  /** Shows a picture until one draws. One that the browser cannot read is still sent. */
  async display(blob, words) {
    this.clear();
    this.bitmap = await createImageBitmap(blob).catch(() => null);
    this.paint();
    this.canvas.setAttribute("aria-label", words);
  }

  /** Takes back the last stroke; returns whether any is left. */
  undo() {
    this.strokes.pop();
    this.paint();
    if (this.strokes.length) this.onchange();
    return this.strokes.length > 0;
  }

  begin(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing = true;
    this.bitmap = null;
    const color = this.color ? getComputedStyle(this.color).backgroundColor : rgb(this.paper.ink);
    this.strokes.push({ color, pen: this.pen * this.canvas.height, points: [] });
    this.go(event);
  }

  go(event) {
    if (!this.drawing) return;
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    const stroke = this.strokes[this.strokes.length - 1];
    for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      stroke.points.push([(one.clientX - box.left) * scale, (one.clientY - box.top) * scale]);
    }
    this.paint();
    this.onchange();
  }

  paint() {
    const context = this.canvas.getContext("2d");
    context.fillStyle = rgb(this.paper.ground);
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.canvas.setAttribute("aria-label", WORDS);
    if (this.bitmap) this.fit(context);
    this.drawStrokes(context, 1);
  }

  fit(context) {
    const { width, height } = this.bitmap;
    const scale = Math.min(this.canvas.width / width, this.canvas.height / height);
    const [wide, tall] = [width * scale, height * scale];
    context.imageSmoothingEnabled = scale < 2;
    context.drawImage(this.bitmap, (this.canvas.width - wide) / 2, (this.canvas.height - tall) / 2, wide, tall);
  }

  drawStrokes(context, widen) {
    context.lineCap = context.lineJoin = "round";
    for (const { color, pen, points } of this.strokes) {
      context.strokeStyle = color;
      context.lineWidth = pen * widen;
      context.beginPath();
      points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
      if (points.length === 1) context.lineTo(points[0][0] + 0.1, points[0][1]);
      context.stroke();
    }
  }

  /** Returns the picture as a PNG file, or null if nothing is drawn. */
  async picture() {
    if (!this.strokes.length) return null;
    const { width, height } = this.reads;
    if (this.color) return new Promise((done) => { this.canvas.toBlob(done); });
    const box = this.box();
    const tall = 16 * Math.min(height, 32);
    // The ink gets the share of the height that it has in training; what is wide gets smaller.
    let scale = (tall * this.paper.fill) / box.height;
    const room = width ? (tall * width) / height : Infinity;
    scale = Math.min(scale, (0.98 * room) / box.width);
    const wide = width ? room : box.width * scale + 0.35 * tall;
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(wide)), tall);
    const context = canvas.getContext("2d");
    context.fillStyle = rgb(this.paper.ground);
    context.fillRect(0, 0, canvas.width, tall);
    context.translate(canvas.width / 2, tall / 2);
    context.scale(scale, scale);
    context.translate(-box.left - box.width / 2, -box.top - box.height / 2);
    // Strokes are as wide as those of the training, however large the drawing was.
    this.drawStrokes(context, tall / (this.canvas.height * scale));
    return canvas.convertToBlob();
  }

  box() {
    const points = this.strokes.flatMap((stroke) => stroke.points);
    const half = Math.max(...this.strokes.map((stroke) => stroke.pen)) / 2;
    const [x, y] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const [left, top] = [Math.min(...x) - half, Math.min(...y) - half];
    return { left, top, width: Math.max(...x) + half - left, height: Math.max(...y) + half - top };
  }
}
