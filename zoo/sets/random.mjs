// Random choices that are the same everywhere: a name seeds them.
import { createHash } from 'node:crypto';
import { createRandom } from '../../wasm/sample.mjs';

/**
 * @typedef {{next(): number, between(low: number, high: number): number, integer(low: number,
 *   high: number): number, pick<T>(list: ArrayLike<T>): T, normal(): number}} Random next: in [0, 1);
 *   integer: both ends included; normal: about 0, with deviation 1
 */

/** @param {string} name @returns {Random} */
export function randomOf(name) {
  const next = createRandom(createHash('sha256').update(name).digest().readUInt32LE(0));
  const integer = (/** @type {number} */ low, /** @type {number} */ high) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    integer,
    between: (low, high) => low + next() * (high - low),
    pick: (list) => list[integer(0, list.length - 1)],
    // The sum of twelve uniform numbers: no library function, whose last bit differs by platform.
    normal: () => Array.from({ length: 12 }, next).reduce((sum, value) => sum + value, -6),
  };
}

/**
 * @template T
 * @param {T[]} list
 * @param {Random} random
 * @returns {T[]} a copy in another order
 */
export function shuffled(list, random) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
