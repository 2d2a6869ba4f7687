// Found files -> images by class: opens archives, sets aside what is no picture.
import { refuseZipPath } from '../../wasm/zip.mjs';
import { sniffImage, sniffZip } from '../images/header.mjs';
import { reasonOf } from '../reasons.mjs';
import { readSession, sessionName } from '../session/session-file.mjs';
import { groupByFolder, isHidden } from './group.mjs';

/**
 * @typedef {import('./group.mjs').Candidate} Candidate
 * @typedef {import('./group.mjs').Grouped} Grouped
 * @typedef {import('./collect.mjs').Found} Found
 * @typedef {import('../session/session-file.mjs').Session} Session
 * @typedef {import('../../wasm/zip.mjs').ZipEntry} ZipEntry
 * @typedef {{listZip(blob: Blob): Promise<ZipEntry[]>, readZip(blob: Blob, entry: ZipEntry): Promise<Uint8Array>}} ZipReader
 */

const imageName = /\.(jpe?g|jfif|png|webp|gif|avif|bmp|heic|heif|tiff?|ico|svg)$/i;
const zipName = /\.zip$/i;
const headSize = 32;

/**
 * @param {Found} found
 * @param {ZipReader} zips
 * @returns {Promise<Grouped & {sessions: Session[]}>}
 */
export async function sortFiles(found, zips) {
  const skipped = [...found.skipped];
  /** @type {Candidate[]} */
  const candidates = [];
  /** @type {Grouped[]} */
  const archives = [];
  /** @type {Session[]} */
  const sessions = [];
  for (const { path, file } of found.files) {
    const kind = await kindOf(path, file);
    if (kind === 'image') {
      candidates.push({ path, source: { blob: file } });
    } else if (kind === 'zip') {
      const opened = await openZip(path, file, zips);
      if ('made' in opened) {
        sessions.push(opened);
      } else {
        archives.push(opened);
      }
    } else {
      skipped.push({ file: path, reason: kind });
    }
  }
  const parts = [{ ...groupByFolder(candidates), skipped }, ...archives];
  return {
    classes: parts.flatMap(({ classes }) => classes),
    loose: parts.flatMap(({ loose }) => loose),
    skipped: parts.flatMap((part) => part.skipped),
    sessions,
  };
}

/**
 * Names are only a hint that saves reading: a picture with a strange name is still one.
 *
 * @param {string} path
 * @param {Blob} blob
 * @returns {Promise<'image' | 'zip' | import('../reasons.mjs').Reason>}
 */
async function kindOf(path, blob) {
  if (imageName.test(path)) {
    return 'image';
  }
  try {
    const head = new Uint8Array(await blob.slice(0, headSize).arrayBuffer());
    if (zipName.test(path) || sniffZip(head)) {
      return 'zip';
    }
    return sniffImage(head) ? 'image' : { code: head.length === 0 ? 'empty' : 'not-image' };
  } catch {
    return { code: 'unreadable' };
  }
}

/**
 * The archive counts as a folder of its own name, so that a flat one becomes one class.
 *
 * @param {string} path
 * @param {Blob} blob
 * @param {ZipReader} zips
 * @returns {Promise<Grouped | Session>}
 */
async function openZip(path, blob, zips) {
  const top = path.split('/').at(-1)?.replace(zipName, '') || path;
  /** @type {import('../task.mjs').Skipped[]} */
  const skipped = [];
  /** @type {Candidate[]} */
  const candidates = [];
  try {
    const entries = await zips.listZip(blob);
    if (entries.some((entry) => entry.path === sessionName)) {
      return await readSession(entries, blob, (entry) => zips.readZip(blob, entry));
    }
    for (const entry of entries) {
      const refusal = refuseZipPath(entry.path);
      if (refusal) {
        skipped.push({ file: entry.path, reason: { code: 'zip-path' } });
      } else if (zipName.test(entry.path)) {
        skipped.push({ file: entry.path, reason: { code: 'nested-zip' } });
      } else if (!isHidden(entry.path)) {
        candidates.push({ path: `${top}/${entry.path}`, source: { blob, entry } });
      }
    }
  } catch (error) {
    skipped.push({ file: path, reason: reasonOf(error) });
  }
  const images = candidates.filter(({ path: name }) => imageName.test(name));
  const others = candidates.filter(({ path: name }) => !imageName.test(name));
  skipped.push(...others.map(({ path: file }) => ({ file, reason: { code: 'not-image' } })));
  return { ...groupByFolder(images), skipped };
}
