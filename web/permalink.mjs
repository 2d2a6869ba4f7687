// A ranking as a link: scores and how they are looked at, in the part of the address that browsers
// do not send. No image, no feature, no name of a class or file goes into it.
import { startsDescending } from './listing.mjs';

/**
 * @typedef {import('./state.mjs').State} State
 * @typedef {import('./assets.mjs').Manifest} Manifest
 * @typedef {import('../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {{classes: number, images: number}} SharedTask
 * @typedef {Pick<State, 'result' | 'shared' | 'view' | 'cost' | 'sorting' | 'filter' | 'selected' | 'rival'>} SharedState
 */

const mark = '#ranking=';
const format = 1;
const longest = 20_000;
const views = ['table', 'plot', 'map', 'why'];
const costs = ['download_bytes', 'macs'];
const kinds = ['any', 'objects', 'bodies', 'hands', 'faces', 'text', 'other'];

/** @param {number} value */
const short = (value) => Number(value.toPrecision(4));

/** @param {State} state with a result @returns {string} to follow the page's address */
export function writeLink({ result, view, cost, sorting, filter, selected, rival }) {
  if (!result) {
    return '';
  }
  const stored = {
    format, zoo: result.zoo, version: result.engine.version, images: result.task.images, classes: result.task.classes.length,
    change: short(result.order_change), view, cost, selected, rival,
    sorting: [sorting.key, sorting.isDescending], filter: [Number.isFinite(filter.maxBytes) ? filter.maxBytes : 0, filter.isPermissiveOnly, filter.kind],
    models: result.ranking.map((model) => [model.model, short(model.score), model.rank_low, model.rank_high, model.static_rank,
      ...[model.expected_accuracy.low, model.expected_accuracy.mid, model.expected_accuracy.high].map(short), model.reranked ? 1 : 0]),
  };
  const bytes = new TextEncoder().encode(JSON.stringify(stored));
  return mark + btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @param {string} hash @returns {boolean} whether it claims to be a ranking */
export const isLink = (hash) => hash.startsWith(mark);

/**
 * @param {string} hash of the page's address
 * @param {Manifest} zoo
 * @returns {SharedState | undefined} undefined for a link that is damaged or of another zoo
 */
export function readLink(hash, zoo) {
  try {
    return readStored(decode(hash.slice(mark.length)), zoo);
  } catch (error) {
    if (error instanceof LinkError || error instanceof SyntaxError || error instanceof DOMException) {
      return undefined;
    }
    throw error;
  }
}

class LinkError extends Error {}

/** @param {string} text @returns {any} */
function decode(text) {
  check(text.length <= longest);
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (letter) => letter.charCodeAt(0))));
}

/** @param {boolean} isRight */
function check(isRight) {
  if (!isRight) {
    throw new LinkError();
  }
}

/** @param {unknown} value @param {number} low @param {number} high @returns {number} */
function number(value, low, high) {
  check(typeof value === 'number' && value >= low && value <= high);
  return Number(value);
}

/** @template {string} Word @param {unknown} value @param {string[]} words @returns {Word} */
function oneOf(value, words) {
  check(words.includes(/** @type {string} */ (value)));
  return /** @type {Word} */ (value);
}

/** @param {any} stored @param {Manifest} zoo @returns {SharedState} */
function readStored(stored, zoo) {
  check(typeof stored === 'object' && stored !== null && stored.format === format && stored.zoo === zoo.zoo && Array.isArray(stored.models));
  const known = new Map(zoo.models.map((model) => [model.id, model]));
  const count = stored.models.length;
  check(count >= 1 && count <= known.size && new Set(stored.models.map((/** @type {any} */ row) => row?.[0])).size === count);
  const ranking = stored.models.map((/** @type {any} */ row, /** @type {number} */ i) => readModel(row, { rank: i + 1, known }));
  const ids = ranking.map((/** @type {RankedModel} */ { model }) => model);
  const images = number(stored.images, 0, 2 ** 20);
  const [key, isDescending] = list(stored.sorting, 2);
  const [maxBytes, isPermissiveOnly, kind] = list(stored.filter, 3);
  return {
    shared: { classes: number(stored.classes, 2, 4096), images },
    result: {
      schema: 1, zoo: zoo.zoo, engine: { version: String(stored.version).slice(0, 20), simd: true, workers: 1 },
      task: { images, classes: [], skipped: [] }, ranking, order_change: number(stored.change, 0, 1),
      seconds: { decode: 0, encode: 0, score: 0, rerank: 0, total: 0 },
    },
    view: oneOf(stored.view, views),
    cost: oneOf(stored.cost, costs),
    sorting: { key: oneOf(key, Object.keys(startsDescending)), isDescending: isDescending === true },
    filter: { maxBytes: maxBytes === 0 ? Infinity : number(maxBytes, 1, 1e12), isPermissiveOnly: isPermissiveOnly === true, kind: oneOf(kind, kinds) },
    selected: oneOf(stored.selected ?? ids[0], ids),
    rival: stored.rival === undefined ? undefined : oneOf(stored.rival, ids),
  };
}

/** @param {unknown} value @param {number} length @returns {any[]} */
function list(value, length) {
  check(Array.isArray(value) && value.length === length);
  return /** @type {any[]} */ (value);
}

/** @param {unknown} row @param {{rank: number, known: Map<string, import('./assets.mjs').ModelEntry>}} options @returns {RankedModel} */
function readModel(row, { rank, known }) {
  const [id, score, low, high, before, ...accuracies] = list(row, 9);
  const entry = known.get(id);
  check(entry !== undefined);
  const { name, parameters, macs, onnx, licence } = /** @type {import('./assets.mjs').ModelEntry} */ (entry);
  const [least, middle, most] = accuracies.slice(0, 3).map((value) => number(value, 0, 1));
  check(least <= middle && middle <= most);
  return {
    rank, model: id, name, score: number(score, -1e6, 1e6), rank_low: number(low, 1, known.size), rank_high: number(high, 1, known.size),
    static_rank: number(before, 1, known.size), expected_accuracy: { low: least, mid: middle, high: most }, reranked: accuracies[3] === 1,
    params: parameters, macs, download_bytes: onnx.bytes, licence,
  };
}
