// A recording, made here or uploaded.

import { fromBase64, toBase64, wav } from "./bytes.js";
import { el } from "./dom.js";

const NEEDS_HTTPS = "Browsers record only on this machine's own address or over HTTPS. Upload a WAV file instead.";

export function audio(facts, onchange) {
  const { rate, seconds } = facts.reads;
  const canvas = el("canvas", { class: "waveform", width: 640, height: 96, role: "img", "aria-label": "No recording yet" });
  const record = el("button", { type: "button", class: "primary", id: "record", onclick: toggle }, "Record");
  const play = el("button", { type: "button", disabled: true, onclick: playBack }, "Play");
  const file = el("input", { type: "file", id: "recording", accept: ".wav,audio/*", onchange: read });
  const message = el("p", { class: "hint", role: "status" }, `Up to ${Math.round(seconds)} seconds are read.`);
  let recorder = null;
  let held = null;

  async function toggle() {
    if (recorder) return recorder.stop();
    if (!navigator.mediaDevices) return say(NEEDS_HTTPS);
    let source;
    try {
      source = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      return say(error.name === "NotAllowedError" ? "The browser was not allowed to use the microphone." : error.message);
    }
    const pieces = [];
    recorder = new MediaRecorder(source);
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.onstop = async () => {
      recorder = null;
      record.textContent = "Record";
      record.classList.remove("recording");
      source.getTracks().forEach((track) => track.stop());
      await take(await new Blob(pieces).arrayBuffer());
    };
    recorder.start();
    setTimeout((mine) => mine === recorder && recorder?.stop(), 1000 * seconds, recorder);
    record.textContent = "Stop";
    record.classList.add("recording");
    say("Recording …");
  }

  async function read() {
    if (file.files[0]) await take(await file.files[0].arrayBuffer(), file.files[0].name);
  }

  /** Reads any format that the browser knows, and sends samples at the rate of the network. */
  async function take(bytes, name = "The recording") {
    try {
      held = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes.slice(0));
    } catch {
      return say(`${name} is not a recording that the browser can read. Upload a WAV file.`);
    }
    const samples = mono(held);
    draw(samples);
    play.disabled = false;
    const length = (samples.length / rate).toFixed(2);
    canvas.setAttribute("aria-label", `Waveform of ${length} seconds`);
    say(`${name}: ${length} seconds.`);
    onchange({ base64: toBase64(wav(samples, rate)) });
  }

  function say(text) {
    message.textContent = text;
  }

  function draw(samples) {
    const context = canvas.getContext("2d");
    const { width, height } = canvas;
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(canvas).color;
    const top = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    for (let column = 0; column < width; column += 1) {
      const [start, end] = [column, column + 1].map((place) => Math.floor((place / width) * samples.length));
      let peak = 0;
      for (let index = start; index < end; index += 1) peak = Math.max(peak, Math.abs(samples[index]));
      const half = Math.max(0.5, (peak / top) * (height / 2 - 2));
      context.fillRect(column, height / 2 - half, 1, 2 * half);
    }
  }

  async function playBack() {
    const context = new AudioContext();
    const source = context.createBufferSource();
    source.buffer = held;
    source.connect(context.destination);
    source.onended = () => context.close();
    source.start();
  }

  const show = (value) => value && take(fromBase64(value.base64).buffer, "The example");
  const element = el("div", {}, canvas, message,
    el("div", { class: "buttons" }, record, play,
      facts.example && el("button", { type: "button", onclick: () => show(facts.example) }, "Example"),
      el("label", { class: "upload" }, "Upload a WAV file", file)));
  return { element, show };
}

function mono(buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, index) => buffer.getChannelData(index));
  return channels[0].map((_, index) => channels.reduce((sum, channel) => sum + channel[index], 0) / channels.length);
}
