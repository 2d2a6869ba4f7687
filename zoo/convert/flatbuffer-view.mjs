// Bounded read access to a FlatBuffer: every offset is checked against the file before use, so a
// corrupt file ends in a RangeError and no loop is longer than the file.

/** One table of a FlatBuffer. Fields are numbered in the order of the schema. */
export class FlatTable {
  #bytes;
  #position;
  #fields;
  #fieldCount;

  /** @param {DataView} bytes @param {number} position of the table in the file */
  constructor(bytes, position) {
    this.#bytes = bytes;
    this.#position = position;
    this.#fields = position - bytes.getInt32(position, true);
    this.#fieldCount = (bytes.getUint16(this.#fields, true) - 4) >> 1;
  }

  /** @param {DataView} bytes @returns {FlatTable} */
  static root(bytes) {
    return new FlatTable(bytes, bytes.getUint32(0, true));
  }

  /** @returns {FlatTable} a table all of whose fields are absent */
  static empty() {
    // The table at 4 has its list of fields at 0, which is as short as such lists get.
    return new FlatTable(new DataView(Uint8Array.of(4, 0, 0, 0, 4, 0, 0, 0).buffer), 4);
  }

  /** @param {number} field @returns {number} position of the value, 0 when absent */
  #locate(field) {
    if (field >= this.#fieldCount) {
      return 0;
    }
    const offset = this.#bytes.getUint16(this.#fields + 4 + 2 * field, true);
    return offset && this.#position + offset;
  }

  /** @param {number} field @returns {number} */
  #follow(field) {
    const at = this.#locate(field);
    return at && at + this.#bytes.getUint32(at, true);
  }

  /** @param {number} field @param {number} [fallback] @returns {number} */
  int8(field, fallback = 0) {
    const at = this.#locate(field);
    return at ? this.#bytes.getInt8(at) : fallback;
  }

  /** @param {number} field @param {number} [fallback] @returns {number} */
  int32(field, fallback = 0) {
    const at = this.#locate(field);
    return at ? this.#bytes.getInt32(at, true) : fallback;
  }

  /** @param {number} field @param {number} [fallback] @returns {number} */
  float32(field, fallback = 0) {
    const at = this.#locate(field);
    return at ? this.#bytes.getFloat32(at, true) : fallback;
  }

  /** @param {number} field @returns {FlatTable | undefined} */
  table(field) {
    const at = this.#follow(field);
    return at ? new FlatTable(this.#bytes, at) : undefined;
  }

  /**
   * @param {number} field
   * @param {number} itemSize in bytes
   * @returns {{start: number, count: number}}
   */
  #vector(field, itemSize) {
    const at = this.#follow(field);
    if (!at) {
      return { start: 0, count: 0 };
    }
    const count = this.#bytes.getUint32(at, true);
    if (count * itemSize > this.#bytes.byteLength - at - 4) {
      throw new RangeError(`a vector of ${count} × ${itemSize} bytes at ${at} passes the end`);
    }
    return { start: at + 4, count };
  }

  /** @param {number} field @returns {Uint8Array} a view on the file */
  bytes(field) {
    const { start, count } = this.#vector(field, 1);
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, count);
  }

  /** @param {number} field @returns {string} */
  string(field) {
    return new TextDecoder().decode(this.bytes(field));
  }

  /** @param {number} field @returns {number[]} */
  int32s(field) {
    const { start, count } = this.#vector(field, 4);
    return Array.from({ length: count }, (_, i) => this.#bytes.getInt32(start + 4 * i, true));
  }

  /** @param {number} field @returns {FlatTable[]} */
  tables(field) {
    const { start, count } = this.#vector(field, 4);
    return Array.from({ length: count }, (_, i) => {
      const at = start + 4 * i;
      return new FlatTable(this.#bytes, at + this.#bytes.getUint32(at, true));
    });
  }
}
