// What the user dropped, chose or pasted -> files with paths. Folders are read to their end, and
// whatever is no picture is named, not silently lost.
import { FileError, reasonOf } from '../reasons.mjs';
import { isHidden } from './group.mjs';

/**
 * @typedef {{path: string, file: File}} FoundFile
 * @typedef {import('../task.mjs').Skipped} Skipped
 * @typedef {{files: FoundFile[], skipped: Skipped[]}} Found
 */

const depthLimit = 32;
const fileLimit = 200_000;

/**
 * Must be called while the drop event is handled: entries are gone after it.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<Found>}
 */
export async function collectTransfer(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const roots = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  /** @type {Found} */
  const found = { files: [], skipped: [] };
  for (const { entry, file } of roots) {
    if (entry) {
      await visit(entry, '', 0, found);
    } else if (file) {
      found.files.push({ path: file.name, file });
    }
  }
  return found;
}

/** @param {Iterable<File>} files of an input element @returns {Found} */
export function collectFiles(files) {
  const found = [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  return { files: found.filter(({ path }) => !isHidden(path)), skipped: [] };
}

/** @param {FileSystemEntry} entry @param {string} above @param {number} depth @param {Found} found */
async function visit(entry, above, depth, found) {
  const path = above ? `${above}/${entry.name}` : entry.name;
  if (isHidden(entry.name) || found.files.length >= fileLimit) {
    return;
  }
  if (depth > depthLimit) {
    found.skipped.push({ file: path, reason: { code: 'too-deep' } });
    return;
  }
  try {
    if (entry.isDirectory) {
      for (const child of await readFolder(/** @type {FileSystemDirectoryEntry} */ (entry))) {
        await visit(child, path, depth + 1, found);
      }
    } else {
      found.files.push({ path, file: await fileOf(/** @type {FileSystemFileEntry} */ (entry)) });
    }
  } catch (error) {
    found.skipped.push({ file: path, reason: reasonOf(error) });
  }
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
const fileOf = (entry) => new Promise((resolve, reject) => {
  entry.file(resolve, () => reject(new FileError({ code: 'unreadable' })));
});

/** readEntries gives a part at a time, and nothing at the end. @param {FileSystemDirectoryEntry} folder */
async function readFolder(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const entries = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const part = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, () => reject(new FileError({ code: 'unreadable' })));
    });
    if (part.length === 0) {
      return entries;
    }
    entries.push(...part);
  }
}
