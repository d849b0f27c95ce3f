// What the pictures of a training look like, measured on the example: paper, ink, pen, and how much the ink fills.

/**
 * @typedef {object} Paper
 * @property {number[]} ground the color of the paper, red, green and blue
 * @property {number[]} ink the color that differs most from it
 * @property {number} pen the width of a stroke, as a share of the height of the picture
 * @property {number} fill the height of a letter, as a share of it too
 */

const ANGLED = 1.25;

const median = (values) => values.sort((one, other) => one - other)[values.length >> 1];

/** Returns the `Paper` of a picture. */
export async function paperOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = Array.from({ length: width * height }, (_, index) => [...data.subarray(4 * index, 4 * index + 3)]);
  const ground = [0, 1, 2].map((channel) => median(pixels.map((pixel) => pixel[channel])));
  const distances = pixels.map((pixel) => Math.hypot(...pixel.map((value, channel) => value - ground[channel])));
  const farthest = Math.max(...distances);
  const ink = pixels[distances.indexOf(farthest)];
  const inked = distances.map((distance) => distance > farthest / 2);
  return { ground, ink, ...strokes(inked, width, height) };
}

function strokes(inked, width, height) {
  const spans = Array.from({ length: width }, () => [height, 0]);
  const runs = [];
  const run = (start, step, limit) => {
    let length = 0;
    for (let index = start; length < limit && inked[index]; index += step) length += 1;
    return length;
  };
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const place = row * width + column;
      if (!inked[place]) continue;
      spans[column] = [Math.min(spans[column][0], row), row + 1];
      const across = run(place, 1, width - column) + run(place, -1, column + 1) - 1;
      const down = run(place, width, height - row) + run(place, -width, row + 1) - 1;
      runs.push(Math.min(across, down));
    }
  }
  // Rows and columns cross a stroke at an angle, where it is wider.
  return { pen: runs.length ? Math.min(0.3, median(runs) / ANGLED / height) : 0.1, fill: median(letters(spans)) / height };
}

/** Returns the heights of what stands between columns without ink. */
function letters(spans) {
  const found = [];
  let open = null;
  for (const [top, bottom] of spans) {
    if (bottom && open) open = [Math.min(open[0], top), Math.max(open[1], bottom)];
    else if (bottom) open = [top, bottom];
    else if (open) [open] = [null, found.push(open[1] - open[0])];
  }
  if (open) found.push(open[1] - open[0]);
  return found.length ? found : [1];
}
