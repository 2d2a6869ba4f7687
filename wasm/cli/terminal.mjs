// What a command prints: data on stdout, progress and warnings on stderr. Animation and colour only
// where a person looks, and no text from outside ever steers the terminal.

/**
 * Control characters, and those that change the direction of text, as visible escapes.
 *
 * @param {string} text from outside, as a class or file name
 * @returns {string}
 */
export function printable(text) {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu,
    (character) => `\\u{${/** @type {number} */ (character.codePointAt(0)).toString(16)}}`);
}

export class Terminal {
  #out;
  #err;
  #isAnimated;
  #hasColour;
  #isQuiet;
  #hasLine = false;
  #lastLine = 0;

  /**
   * @param {{out: NodeJS.WriteStream, err: NodeJS.WriteStream, env: NodeJS.ProcessEnv, quiet?: boolean}} options
   */
  constructor({ out, err, env, quiet = false }) {
    this.#out = out;
    this.#err = err;
    this.#isQuiet = quiet;
    this.#isAnimated = Boolean(err.isTTY) && env.TERM !== 'dumb';
    this.#hasColour = this.#isAnimated && !env.NO_COLOR;
  }

  /** @param {string | Uint8Array} data to stdout, whole @returns {Promise<void>} */
  data(data) {
    this.#clear();
    return new Promise((resolve, reject) => {
      this.#out.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** A line that stays. @param {string} text */
  note(text) {
    if (!this.#isQuiet) {
      this.#clear();
      this.#err.write(`${printable(text)}\n`);
    }
  }

  /** A line that stays even when quiet. @param {string} text */
  warn(text) {
    this.#clear();
    this.#err.write(`${this.#paint('33', 'warning:')} ${printable(text)}\n`);
  }

  /** @param {string} text */
  fail(text) {
    this.#clear();
    this.#err.write(`${this.#paint('31', 'modelspider:')} ${printable(text)}\n`);
  }

  /** A line that the next one replaces; only where a person looks. @param {string} text */
  progress(text) {
    const now = performance.now();
    if (this.#isQuiet || !this.#isAnimated || now - this.#lastLine < 50) {
      return;
    }
    this.#lastLine = now;
    this.#hasLine = true;
    this.#err.write(`\r\x1b[K${printable(text).slice(0, (this.#err.columns || 80) - 1)}`);
  }

  #clear() {
    if (this.#hasLine) {
      this.#hasLine = false;
      this.#err.write('\r\x1b[K');
    }
  }

  /** @param {string} colour @param {string} text */
  #paint(colour, text) {
    return this.#hasColour ? `\x1b[${colour}m${text}\x1b[0m` : text;
  }
}
