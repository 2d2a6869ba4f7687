// Saves what the page made as a file of the user's.
import { el } from './dom.mjs';

// Long enough for every browser to have begun reading.
const readingTime = 10_000;

/** @param {string} name of the file @param {string} type @param {BlobPart} content */
export function saveFile(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  el('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), readingTime);
}
