// Reads one JavaScript literal (objects, arrays, strings, numbers, minified booleans) out of a
// program text without running the program.

const NUMBER = /[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/y;
const IDENTIFIER = /[A-Za-z_$][\w$]*/y;
const SPACE = /\s*/y;
const MAX_DEPTH = 64;

/** @type {Record<string, boolean | null>} */
const words = { true: true, false: false, null: null };

/**
 * @param {string} text
 * @param {number} start where the literal begins
 * @returns {any}
 */
export function readLiteral(text, start) {
  return new LiteralReader(text, start).value(0);
}

class LiteralReader {
  #text;
  #at;

  /** @param {string} text @param {number} start */
  constructor(text, start) {
    this.#text = text;
    this.#at = start;
  }

  /** @param {RegExp} pattern sticky @returns {string | undefined} */
  #match(pattern) {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) {
      return undefined;
    }
    this.#at += match[0].length;
    return match[0];
  }

  /** @param {string} character @returns {boolean} whether it was there, and is now passed */
  #skip(character) {
    this.#match(SPACE);
    const found = this.#text[this.#at] === character;
    this.#at += found ? 1 : 0;
    return found;
  }

  /** @param {string} wanted @returns {never} */
  #fail(wanted) {
    const found = JSON.stringify(this.#text.slice(this.#at, this.#at + 12));
    throw new Error(`at character ${this.#at}: wanted ${wanted}, found ${found}`);
  }

  /** @param {number} depth @returns {any} */
  value(depth) {
    if (depth > MAX_DEPTH) {
      this.#fail(`at most ${MAX_DEPTH} nested literals`);
    }
    if (this.#skip('{')) {
      return this.#object(depth);
    }
    if (this.#skip('[')) {
      return this.#list(']', () => this.value(depth + 1));
    }
    const quote = ['"', "'"].find((character) => this.#skip(character));
    if (quote) {
      return this.#string(quote);
    }
    if (this.#skip('!')) {
      // Minifiers write !0 for true and !1 for false.
      return !this.value(depth + 1);
    }
    const number = this.#match(NUMBER);
    if (number !== undefined) {
      return Number(number);
    }
    const word = this.#match(IDENTIFIER);
    return word !== undefined && Object.hasOwn(words, word) ? words[word] : this.#fail('a literal');
  }

  /** @param {number} depth @returns {Record<string, any>} */
  #object(depth) {
    const entries = this.#list('}', () => {
      const quote = ['"', "'"].find((character) => this.#skip(character));
      const key = quote ? this.#string(quote) : (this.#match(IDENTIFIER) ?? this.#match(NUMBER));
      if (key === undefined || !this.#skip(':')) {
        this.#fail('a key and a colon');
      }
      return [key, this.value(depth + 1)];
    });
    return Object.fromEntries(entries);
  }

  /**
   * @template T
   * @param {string} end
   * @param {() => T} item
   * @returns {T[]}
   */
  #list(end, item) {
    const items = [];
    while (!this.#skip(end)) {
      items.push(item());
      if (!this.#skip(',') && this.#text[this.#at] !== end) {
        this.#fail(`, or ${end}`);
      }
    }
    return items;
  }

  /** @param {string} quote @returns {string} */
  #string(quote) {
    const start = this.#at;
    let end = start;
    while (this.#text[end] !== quote) {
      if (end >= this.#text.length) {
        this.#fail('the end of a string');
      }
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    this.#at = end + 1;
    const raw = this.#text.slice(start, end);
    // Without escapes, which is nearly always, the text stands for itself.
    return raw.includes('\\') ? JSON.parse(`"${raw.replaceAll("\\'", "'")}"`) : raw;
  }
}
