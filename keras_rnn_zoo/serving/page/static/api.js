// The requests of the page, and what its address keeps. A cookie holds the token, where the server asks for one.

const fragment = () => new URLSearchParams(location.hash.slice(1));

export const chosenIn = (name) => fragment().get(name) ?? "";

/** Keeps a choice in the address, and takes the token out of it: the cookie has it. */
export function remember(name, value) {
  const parts = fragment();
  if (value) parts.set(name, value);
  else parts.delete(name);
  history.replaceState(null, "", `${location.pathname}#${parts}`);
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(`page/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is zoo serve still running?");
  }
  if (response.ok) return response;
  if (response.status === 401) {
    throw new Error("The server asks for its token. Open the address that zoo serve printed, which has it.");
  }
  const body = await response.text();
  let message = body;
  try {
    message = JSON.parse(body).error ?? body;
  } catch { /* Not JSON: the text itself is the message. */ }
  throw new Error(message || `The server answered with ${response.status}.`);
}

const posted = (value, signal) => ({
  method: "POST", body: JSON.stringify(value), signal, headers: { "Content-Type": "application/json" },
});

const at = (name) => `models/${encodeURIComponent(name)}`;

export const models = async () => (await (await request("models")).json()).models;
export const facts = async (name) => (await request(at(name))).json();
export const ask = async (name, what, value, signal) =>
  (await request(`${at(name)}/${what}`, posted(value, signal))).json();

/** Yields the tokens of a language model as it writes them. */
export async function* sample(name, value, signal) {
  const response = await request(`${at(name)}/sample`, posted(value, signal));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value: text, done } = await reader.read();
    if (done) break;
    const lines = (held + text).split("\n");
    held = lines.pop();
    for (const line of lines) {
      const token = JSON.parse(line);
      if (token.error) throw new Error(token.error);
      yield token;
    }
  }
}

/** Returns the address of a plot. */
export const plot = (name, file) => `page/${at(name)}/plots/${encodeURIComponent(file)}`;
