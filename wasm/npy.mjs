// NumPy's .npy files, versions 1 and 2: matrices of 32 or 64 bit floats, little-endian, in C order.

/**
 * @typedef {{rows: number, columns: number, data: Float32Array | Float64Array}} Matrix
 */

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const headerLimit = 65536;
const valueLimit = 2 ** 28;

/** What is wrong with a file, in one sentence. */
export class NpyError extends Error {}

/**
 * @param {Uint8Array} bytes
 * @returns {Matrix} a vector becomes one column
 */
export function readNpy(bytes) {
  const { descr, shape, dataOffset } = readHeader(bytes);
  const [rows, columns = 1] = shape;
  const itemSize = descr === '<f4' ? 4 : 8;
  const count = rows * columns;
  if (count > valueLimit) {
    throw new NpyError(`${rows} × ${columns} values are more than ${valueLimit}`);
  }
  if (bytes.length !== dataOffset + count * itemSize) {
    throw new NpyError(`it has ${bytes.length - dataOffset} bytes of data, its header promises ${count * itemSize}`);
  }
  // A copy starts at 0, as wider types need; the slice of a Node Buffer would be a view.
  const own = Uint8Array.from(bytes.subarray(dataOffset)).buffer;
  return { rows, columns, data: itemSize === 4 ? new Float32Array(own) : new Float64Array(own) };
}

/** @param {Uint8Array} bytes */
function readHeader(bytes) {
  if (bytes.length < 12 || magic.some((byte, i) => bytes[i] !== byte)) {
    throw new NpyError('it is not a .npy file');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  if ((version !== 1 && version !== 2) || bytes[7] !== 0) {
    throw new NpyError(`version ${version}.${bytes[7]} of the .npy format is not read`);
  }
  const start = version === 1 ? 10 : 12;
  const size = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (size > headerLimit || start + size > bytes.length) {
    throw new NpyError('its header is damaged');
  }
  return { ...parseHeader(new TextDecoder('latin1').decode(bytes.subarray(start, start + size))), dataOffset: start + size };
}

/**
 * The header is a Python dict of three fixed keys, in any order.
 *
 * @param {string} text
 * @returns {{descr: string, shape: number[]}}
 */
function parseHeader(text) {
  const outer = /^\{(.*)\}\s*$/s.exec(text)?.[1] ?? '';
  const item = /\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\([\d\s,]*\))\s*(?:,|$)/y;
  /** @type {Map<string, string>} */
  const fields = new Map();
  while (item.lastIndex < outer.trimEnd().length) {
    const match = item.exec(outer);
    if (!match || fields.has(match[1])) {
      throw new NpyError('its header is damaged');
    }
    fields.set(match[1], match[2]);
  }
  const descr = fields.get('descr')?.slice(1, -1);
  const shape = fields.get('shape')?.match(/\d+/g)?.map(Number) ?? [];
  if (descr !== '<f4' && descr !== '<f8') {
    throw new NpyError(`its values are ${descr ?? 'of no type'}; little-endian floats (<f4, <f8) are read`);
  }
  if (fields.get('fortran_order') !== 'False') {
    throw new NpyError('its values are in Fortran order, C order is read');
  }
  if (shape.length < 1 || shape.length > 2 || !shape.every(Number.isSafeInteger)) {
    throw new NpyError(`its shape has ${shape.length} dimensions, a matrix has 2`);
  }
  return { descr, shape };
}

/**
 * @param {{rows: number, columns: number}} shape
 * @returns {Uint8Array} the header of a version 1 file of 32 bit floats; the values follow it
 */
export function npyHeader({ rows, columns }) {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const size = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const bytes = new Uint8Array(size).fill(0x20);
  bytes.set([...magic, 1, 0, (size - 10) & 255, (size - 10) >> 8]);
  bytes.set(new TextEncoder().encode(dict), 10);
  bytes[size - 1] = 0x0a;
  return bytes;
}

/** @param {Float32Array[]} rows of one length @returns {Uint8Array} a file */
export function writeNpy(rows) {
  const columns = rows[0]?.length ?? 0;
  const header = npyHeader({ rows: rows.length, columns });
  const bytes = new Uint8Array(header.length + rows.length * columns * 4);
  bytes.set(header);
  rows.forEach((row, i) => {
    if (row.length !== columns) {
      throw new NpyError(`row ${i} has ${row.length} values, row 0 has ${columns}`);
    }
    bytes.set(new Uint8Array(row.buffer, row.byteOffset, row.byteLength), header.length + i * columns * 4);
  });
  return bytes;
}
