// Half precision for networks: whole tensors, by a table, since models have millions of halves.
import { fromHalf as decodeHalf, toHalf } from '../../wasm/half.mjs';

export { toHalf };

/** The largest finite half. */
export const HALF_MAX = 65504;

/** The values of all halves. */
const halfValues = Float32Array.from({ length: 65536 }, (_, bits) => decodeHalf(bits));

/** @param {number} bits @returns {number} */
export function fromHalf(bits) {
  return halfValues[bits];
}

/** @param {Uint16Array} halves @returns {Float32Array} */
export function fromHalves(halves) {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    values[i] = halfValues[halves[i]];
  }
  return values;
}
