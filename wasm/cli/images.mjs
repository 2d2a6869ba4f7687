// A folder or zip with one sub-folder per class -> classes of images, in an order that depends on
// names only.
import { open, readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ZipError, readZipDirectory, readZipEntry, refuseZipPath } from '../zip.mjs';
import { decodeImage, loadDecoder } from './decode.mjs';
import { Failure, reasonOf } from './failure.mjs';

/**
 * @typedef {{file: string, decode(): Promise<import('../modelspider.mjs').Pixels>}} SampleImage file:
 *   its path below the root, with /
 * @typedef {{name: string, images: SampleImage[]}} SampleClass
 * @typedef {{file: string, reason: string}} Skipped
 * @typedef {{classes: SampleClass[], skipped: Skipped[], close(): Promise<void>}} Sample
 * @typedef {{path: string, read(): Promise<Uint8Array>}} Candidate
 */

const fileLimit = 1_000_000;
const depthLimit = 32;
const fileSizeLimit = 256 * 2 ** 20;

/** @param {string} a @param {string} b by code units, the same on every machine */
export const byCodeUnits = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * @param {string} path of a folder or a zip
 * @returns {Promise<Sample>} close it when all is decoded
 */
export async function openSample(path) {
  loadDecoder().catch(() => undefined); // whoever decodes says what is wrong
  const info = await stat(path).catch((error) => {
    throw new Failure('data', `${path} cannot be read: ${reasonOf(error)}`);
  });
  if (info.isDirectory()) {
    const { candidates, skipped } = await listFolder(path);
    return { ...groupByClass(candidates, skipped), close: async () => {} };
  }
  return openZip(path, info.size);
}

/** @param {string} path @param {number} size @returns {Promise<Sample>} */
async function openZip(path, size) {
  const handle = await open(path).catch((error) => {
    throw new Failure('data', `${path} cannot be read: ${reasonOf(error)}`);
  });
  /** @type {import('../zip.mjs').ReadAt} */
  const readAt = async (offset, count) => {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(count), 0, count, offset);
    if (bytesRead !== count) {
      throw new ZipError('end', 'the archive ends too early');
    }
    return buffer;
  };
  try {
    const { candidates, skipped } = listZip(await readZipDirectory(readAt, size), readAt);
    return { ...groupByClass(candidates, skipped), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw new Failure('data', `${path}: ${reasonOf(error)}`);
  }
}

/** @param {import('../zip.mjs').ZipEntry[]} entries @param {import('../zip.mjs').ReadAt} readAt */
function listZip(entries, readAt) {
  /** @type {Skipped[]} */
  const skipped = [];
  /** @type {Candidate[]} */
  const candidates = [];
  for (const entry of entries) {
    const refusal = refuseZipPath(entry.path);
    if (refusal) {
      skipped.push({ file: entry.path, reason: refusal });
    } else if (!entry.path.split('/').some(isHidden)) {
      candidates.push({ path: entry.path, read: () => readZipEntry(readAt, entry) });
    }
  }
  return { candidates: withoutCommonFolder(candidates), skipped };
}

/**
 * Archives usually hold one folder that holds everything.
 *
 * @param {Candidate[]} candidates
 * @returns {Candidate[]}
 */
function withoutCommonFolder(candidates) {
  const tops = new Set(candidates.map(({ path }) => path.split('/')[0]));
  const isWrapped = tops.size === 1 && candidates.every(({ path }) => path.split('/').length > 2);
  return isWrapped
    ? candidates.map(({ path, read }) => ({ path: path.slice(path.indexOf('/') + 1), read }))
    : candidates;
}

/** @param {string} name */
const isHidden = (name) => name.startsWith('.') || name === '__MACOSX' || name === 'Thumbs.db' || name === 'desktop.ini';

/** @param {string} root */
async function listFolder(root) {
  /** @type {Candidate[]} */
  const candidates = [];
  /** @type {Skipped[]} */
  const skipped = [];
  const visit = async (/** @type {string} */ folder, /** @type {string[]} */ above) => {
    const real = await realpath(join(root, folder));
    if (above.includes(real) || above.length > depthLimit) {
      skipped.push({ file: folder, reason: 'its links go in circles, or it lies too deep' });
      return;
    }
    for (const name of (await readdir(join(root, folder))).sort(byCodeUnits)) {
      if (isHidden(name)) {
        continue;
      }
      const path = posix.join(folder, name);
      const info = await stat(join(root, path)).catch(() => undefined);
      if (info?.isDirectory()) {
        await visit(path, [...above, real]);
      } else if (info?.isFile()) {
        candidates.push({ path, read: () => readImageFile(join(root, path)) });
      } else {
        skipped.push({ file: path, reason: info ? 'it is not a regular file' : 'it cannot be read' });
      }
      if (candidates.length > fileLimit) {
        throw new Failure('data', `${root} holds more than ${fileLimit} files`);
      }
    }
  };
  try {
    await visit('', []);
  } catch (error) {
    throw error instanceof Failure ? error : new Failure('data', `${root} cannot be read: ${reasonOf(error)}`);
  }
  return { candidates, skipped };
}

/** @param {string} file @returns {Promise<Uint8Array>} */
export async function readImageFile(file) {
  const { size } = await stat(file);
  if (size > fileSizeLimit) {
    throw new Error(`it is larger than ${fileSizeLimit / 2 ** 20} MiB`);
  }
  return readFile(file);
}

/** @param {Candidate[]} candidates @param {Skipped[]} skipped @returns {Omit<Sample, 'close'>} */
function groupByClass(candidates, skipped) {
  /** @type {Map<string, SampleImage[]>} */
  const classes = new Map();
  for (const { path, read } of candidates) {
    const slash = path.indexOf('/');
    if (slash < 0) {
      skipped.push({ file: path, reason: 'it lies in no class folder' });
      continue;
    }
    const name = path.slice(0, slash);
    const images = classes.get(name) ?? [];
    images.push({ file: path, decode: async () => decodeImage(await read()) });
    classes.set(name, images);
  }
  const sorted = [...classes].sort(([a], [b]) => byCodeUnits(a, b));
  return {
    classes: sorted.map(([name, images]) => ({ name, images: images.sort((a, b) => byCodeUnits(a.file, b.file)) })),
    skipped,
  };
}
