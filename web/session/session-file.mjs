// A session as a file: classes, features and what models showed, in a zip; the images themselves
// only if the user wants them in. It opens again to the identical ranking.
import { FileError } from '../reasons.mjs';

/**
 * @typedef {import('../task.mjs').Task} Task
 * @typedef {import('../task.mjs').TaskImage} TaskImage
 * @typedef {import('../../wasm/zip.mjs').ZipEntry} ZipEntry
 * @typedef {import('../state.mjs').Observation} Observation
 * @typedef {{path: string, blob: Blob, entry?: ZipEntry}} Part of the zip; with an entry, that file
 *   of the blob, which is a zip too
 * @typedef {{encoder: string, featureCount: number}} Made what features were computed by: the
 *   encoder's SHA-256, and how many there are of an image
 * @typedef {import('../intake/group.mjs').Source} Source
 * @typedef {{made: Made, classes: {name: string, isUsed: boolean,
 *   images: import('../intake/group.mjs').Candidate[]}[], features: Map<Source, Float32Array>,
 *   observed: Map<string, Observation>}} Session features: by the image's source
 * @typedef {{path: string, row: number, pixels: string | null}} StoredImage row of the features, -1
 *   for none; pixels: where in the zip
 * @typedef {{schema: 1, encoder: string, featureCount: number, rowCount: number,
 *   classes: {name: string, isUsed: boolean, images: StoredImage[]}[],
 *   observed: Record<string, {accuracy: number}>}} StoredSession
 */

export const sessionName = 'modelspider-session.json';
const featuresName = 'features.f32';
const schema = 1;
const longestText = 4096;

/**
 * @param {{task: Task, observed: Map<string, Observation>, made: Made, hasPixels: boolean,
 *   featuresOf(image: TaskImage): Float32Array | undefined}} session
 * @returns {Part[]} of the zip
 */
export function writeSession({ task, observed, made, hasPixels, featuresOf }) {
  /** @type {Float32Array[]} */
  const rows = [];
  /** @type {Part[]} */
  const pixels = [];
  const classes = task.classes.map(({ name, isUsed, images }) => ({
    name,
    isUsed,
    images: images.map((image) => {
      const features = featuresOf(image);
      const row = features ? rows.push(features) - 1 : -1;
      const path = hasPixels && image.source.blob.size > 0 ? `images/${pixels.length}` : null;
      if (path !== null) {
        pixels.push({ path, ...image.source });
      }
      return { path: image.path, row, pixels: path };
    }),
  }));
  /** @type {StoredSession} */
  const stored = { schema, ...made, rowCount: rows.length, classes, observed: writeObserved(observed) };
  return [
    { path: sessionName, blob: new Blob([JSON.stringify(stored)]) },
    { path: featuresName, blob: new Blob([littleEndian(rows, made.featureCount)]) },
    ...pixels,
  ];
}

/** Without what holds for this device or tab alone. @param {Map<string, Observation>} observed */
const writeObserved = (observed) => Object.fromEntries([...observed].map(([id, { accuracy }]) => [id, { accuracy }]));

/** @param {Float32Array[]} rows @param {number} featureCount */
function littleEndian(rows, featureCount) {
  const view = new DataView(new ArrayBuffer(rows.length * featureCount * 4));
  rows.forEach((row, i) => row.forEach((value, j) => view.setFloat32((i * featureCount + j) * 4, value, true)));
  return view;
}

/** @param {string} what */
const damaged = (what) => new FileError({ code: 'session', values: [what] });

/** @param {unknown} value @param {string} what @returns {string} */
function text(value, what) {
  if (typeof value !== 'string' || value === '' || value.length > longestText) {
    throw damaged(what);
  }
  return value;
}

/** @param {unknown} value @param {number} low @param {number} high @param {string} what @returns {number} */
function integer(value, low, high, what) {
  if (!Number.isInteger(value) || Number(value) < low || Number(value) > high) {
    throw damaged(what);
  }
  return Number(value);
}

/** @template T @param {unknown} value @param {string} what @param {(item: any) => T} read @returns {T[]} */
function list(value, what, read) {
  if (!Array.isArray(value)) {
    throw damaged(what);
  }
  return value.map(read);
}

/** @param {unknown} value @returns {Map<string, Observation>} */
function readObserved(value) {
  if (typeof value !== 'object' || value === null) {
    throw damaged('observed');
  }
  return new Map(Object.entries(value).map(([id, observation]) => {
    const { accuracy } = observation ?? {};
    if (!(accuracy >= 0 && accuracy <= 1)) {
      throw damaged('observed');
    }
    return [id, { accuracy, hasFeatures: false }];
  }));
}

/**
 * @param {ZipEntry[]} entries of the zip
 * @param {Blob} zip
 * @param {(entry: ZipEntry) => Promise<Uint8Array>} read
 * @returns {Promise<Session>}
 */
export async function readSession(entries, zip, read) {
  const named = new Map(entries.map((entry) => [entry.path, entry]));
  const entryOf = (/** @type {string} */ path) => {
    const entry = named.get(path);
    if (!entry) {
      throw damaged(path);
    }
    return entry;
  };
  const stored = parse(new TextDecoder().decode(await read(entryOf(sessionName))));
  integer(stored.schema, schema, schema, 'schema');
  const made = { encoder: text(stored.encoder, 'encoder'), featureCount: integer(stored.featureCount, 1, 65536, 'featureCount') };
  const rowCount = integer(stored.rowCount, 0, 2 ** 20, 'rowCount');
  const rows = readRows(await read(entryOf(featuresName)), rowCount, made.featureCount);
  /** @type {Map<Source, Float32Array>} */
  const features = new Map();
  const classes = list(stored.classes, 'classes', (own) => {
    return {
      name: text(own?.name, 'name'),
      isUsed: own.isUsed === true,
      images: list(own.images, 'images', (image) => {
        const entry = image?.pixels === null ? undefined : entryOf(text(image?.pixels, 'pixels'));
        const source = entry ? { blob: zip, entry } : { blob: new Blob() };
        const row = integer(image?.row, -1, rowCount - 1, 'row');
        if (row >= 0) {
          features.set(source, rows[row]);
        }
        return { path: text(image?.path, 'path'), source };
      }),
    };
  });
  return { made, classes, features, observed: readObserved(stored.observed) };
}

/** @param {string} json @returns {Record<string, any>} */
function parse(json) {
  try {
    const value = JSON.parse(json);
    if (typeof value === 'object' && value !== null) {
      return value;
    }
  } catch {
    // Told below.
  }
  throw damaged(sessionName);
}

/** @param {Uint8Array} bytes @param {number} rowCount @param {number} featureCount @returns {Float32Array[]} */
function readRows(bytes, rowCount, featureCount) {
  if (bytes.length !== rowCount * featureCount * 4) {
    throw damaged(featuresName);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: rowCount }, (_, i) => Float32Array.from({ length: featureCount }, (__, j) => {
    const value = view.getFloat32((i * featureCount + j) * 4, true);
    if (!Number.isFinite(value)) {
      throw damaged(featuresName);
    }
    return value;
  }));
}
