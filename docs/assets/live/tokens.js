// From a text to the ids that a network of words reads. Strings do not run in ONNX, so this is what the zoo does before.

export class Reader {
  /**
   * @param given from `network.json`: `rules`, patterns and replacements in their order, the first before letters are
   *   lower-cased; `vocabulary`, whose first `reserved` tokens stand for no word; `max_length` tokens are read
   */
  constructor({ rules, vocabulary, reserved, max_length: most }) {
    [this.spaces, ...this.rules] = rules.map(([pattern, replacement]) => [new RegExp(pattern, "gu"), replacement]);
    this.ids = new Map(vocabulary.map((token, id) => [token, id]).slice(reserved));
    this.most = most;
  }

  /** Returns the tokens of a text: of a long one, the last. */
  tokens(text) {
    let left = text.toWellFormed().replace(...this.spaces).toLowerCase();
    for (const rule of this.rules) left = left.replace(...rule);
    return left.split(" ").filter(Boolean).slice(-this.most);
  }

  /** Whether a token has an id of its own. */
  knows(token) { return this.ids.has(token); }

  /** Returns the ids of tokens: at least one step, as networks need one to read. */
  lookUp(tokens) {
    return tokens.length ? tokens.map((token) => this.ids.get(token) ?? UNKNOWN) : [PADDING];
  }
}

const PADDING = 0;
const UNKNOWN = 1;
