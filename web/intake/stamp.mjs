// What tells one file from another of the same path. A browser asks the disk for a file's size and
// date while the page waits, so they are read for few files, and of many a few at a time.

import { nextTask } from '../../wasm/next-task.mjs';

/** @typedef {import('./group.mjs').Source} Source */

/** @type {WeakMap<Blob, string>} */
const known = new WeakMap();
// Milliseconds at a stretch: well below the 50 from which on a page feels slow.
const stretch = 20;

/** @param {Source} source @returns {string} */
export function stampOf({ blob, entry }) {
  const stamp = known.get(blob) ?? `${blob.size} ${/** @type {File} */ (blob).lastModified ?? 0}`;
  known.set(blob, stamp);
  return entry ? `${stamp} ${entry.size}` : stamp;
}

/** Has stampOf know many files, without holding the page up. @param {Source[]} sources */
export async function readStamps(sources) {
  let begun = performance.now();
  for (const source of sources) {
    stampOf(source);
    if (performance.now() - begun > stretch) {
      await nextTask();
      begun = performance.now();
    }
  }
}
