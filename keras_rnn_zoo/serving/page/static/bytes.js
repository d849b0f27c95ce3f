// Bytes that come and go as base64, and WAV files.

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

export function toBase64(bytes) {
  let text = "";
  for (let start = 0; start < bytes.length; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}

/** Returns a WAV file of 16-bit samples, one channel, of samples from -1 to 1. */
export function wav(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const write = (place, text) => [...text].forEach((letter, index) => view.setUint8(place + index, letter.charCodeAt(0)));
  write(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, index) => {
    view.setInt16(44 + 2 * index, Math.round(32767 * Math.max(-1, Math.min(1, value))), true);
  });
  return new Uint8Array(view.buffer);
}

/** Returns a matrix that the server sent as scaled 16-bit integers: rows of Float32Array. Rows are returned as they are. */
export function matrix(sent) {
  if (Array.isArray(sent)) return sent;
  const bytes = fromBase64(sent.data);
  const integers = new Int16Array(bytes.buffer, 0, bytes.length / 2);
  const [rows, columns] = sent.shape;
  return Array.from({ length: rows }, (_, row) =>
    Float32Array.from(integers.subarray(row * columns, (row + 1) * columns), (value) => value * sent.scale));
}

/** Returns a canvas with the pixels that the server sent, one to one. */
export function picture(sent) {
  const bytes = fromBase64(sent.pixels);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [sent.width, sent.height];
  const image = new ImageData(sent.width, sent.height);
  for (let index = 0; index < sent.width * sent.height; index += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      image.data[4 * index + channel] = bytes[index * sent.channels + (sent.channels === 1 ? 0 : channel)];
    }
    image.data[4 * index + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
