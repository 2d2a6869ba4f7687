// What `import 'modelspider'` gives in Node: the ranking of the command line, as objects. In pages and
// workers, wasm/modelspider.mjs and its neighbours are the library.
import { limitPerClass } from '../sample.mjs';
import { readZoo, startEngine } from './assets.mjs';
import { decodeImage } from './decode.mjs';
import { Failure, exitCodes, reasonOf } from './failure.mjs';
import { readImageFile } from './images.mjs';
import { rank, readScorer } from './rank.mjs';
import { openLimited } from './sample.mjs';
import { fetchModels as fetchFromNpm } from './zoo-models.mjs';

/**
 * @typedef {import('../modelspider.mjs').Pixels} Pixels
 * @typedef {import('../report.mjs').RankResult} RankResult
 * @typedef {string | Uint8Array | Pixels} ImageInput a file's path, an encoded image, or RGBA of 8 bits
 * @typedef {{name: string, images: ImageInput[]}} ClassInput
 * @typedef {(kind: 'progress' | 'note' | 'warning', text: string) => void} OnMessage
 * @typedef {{engine: import('../modelspider.mjs').Engine, pool: import('../worker-pool.mjs').WorkerPool,
 *   zoo: import('./assets.mjs').Zoo, scorer: import('../modelspider.mjs').Scorer,
 *   precision: import('./assets.mjs').Precision | 'auto', terminal: any}} Parts
 */

export { Failure } from './failure.mjs';
export { ModelSpiderError } from '../modelspider.mjs';
export { toCsv, toJson, toMarkdown, toTable } from '../report.mjs';

/**
 * What the command line's parts ask of a terminal.
 *
 * @param {OnMessage} onMessage
 */
function terminalOf(onMessage) {
  return {
    progress: (/** @type {string} */ text) => onMessage('progress', text),
    note: (/** @type {string} */ text) => onMessage('note', text),
    warn: (/** @type {string} */ text) => onMessage('warning', text),
    fail: (/** @type {string} */ text) => onMessage('warning', text),
  };
}

/**
 * @param {ImageInput} image
 * @param {string} file its name, where it has none
 * @returns {import('../sample.mjs').SampleImage}
 */
function imageOf(image, file) {
  if (typeof image === 'string') {
    const read = () => readImageFile(image).catch((error) => { throw new Error(reasonOf(error)); });
    return { file: image, decode: async () => decodeImage(await read()) };
  }
  return { file, decode: async () => (image instanceof Uint8Array ? decodeImage(image) : image) };
}

/**
 * @param {ClassInput[]} classes
 * @param {{limit: number, seed: number}} options
 * @returns {import('./images.mjs').Sample}
 */
function sampleOf(classes, { limit, seed }) {
  if (!Array.isArray(classes) || classes.length < 2 || !classes.every(({ name, images }) => typeof name === 'string' && Array.isArray(images))) {
    throw new Failure('usage', 'rank takes a path, or at least 2 classes as {name, images: […]}');
  }
  const named = classes.map(({ name, images }) =>
    ({ name, images: images.map((image, i) => imageOf(image, `${name}/${i}`)) }));
  return { classes: limitPerClass(named, limit, seed), skipped: [], close: async () => {} };
}

export class Ranker {
  #parts;
  /** Settled when no ranking is under way. @type {Promise<unknown>} */
  #idle = Promise.resolve();

  /** @param {Parts} parts openRanker makes them */
  constructor(parts) {
    this.#parts = parts;
  }

  /** @returns {import('./assets.mjs').ModelEntry[]} the models of the zoo, as its manifest has them */
  get models() {
    return this.#parts.zoo.models;
  }

  /**
   * Ranks the models of the zoo for a task. Nothing leaves this machine. Each ranking takes all workers:
   * one that is asked for while another is under way follows it.
   *
   * @param {string | ClassInput[]} images the path of a folder or a zip with one sub-folder per class, or
   *   at least 2 classes of images
   * @param {{rerank?: number, limitPerClass?: number, seed?: number}} [options] rerank: how many models are
   *   run on the images; they have to be fetched
   * @returns {Promise<RankResult>} schema 1, as `modelspider rank --json` prints it
   * @throws {Failure} whose kind tells usage, data and asset (something is missing or damaged) apart
   */
  async rank(images, { rerank = 0, limitPerClass: limit = Infinity, seed = 0 } = {}) {
    const isPath = typeof images === 'string';
    const open = async () => (isPath ? openLimited(images, { limit, seed, minimumClasses: 2 }) : sampleOf(images, { limit, seed }));
    const run = { ...this.#parts, path: isPath ? images : 'the sample' };
    const ranking = this.#idle.then(() => rank(run, open, { seed, rerankCount: rerank, started: performance.now() }));
    this.#idle = ranking.catch(() => undefined);
    return ranking;
  }

  /** Ends the workers. */
  close() {
    this.#parts.pool.destroy();
  }
}

/**
 * @param {{zoo?: string, workers?: number, precision?: import('./assets.mjs').Precision | 'auto',
 *   onMessage?: OnMessage}} [options] zoo: 'browser', or the path of a folder with one; workers: as many as
 *   there are processors, unless said
 * @returns {Promise<Ranker>} close it, or the process does not end
 * @throws {Failure}
 */
export async function openRanker({ zoo: name = 'browser', workers, precision = 'auto', onMessage = () => {} } = {}) {
  const { engine, pool } = await startEngine(workers);
  try {
    const zoo = await readZoo(name, engine);
    const scorer = await readScorer(zoo, engine);
    return new Ranker({ engine, pool, zoo, scorer, precision, terminal: terminalOf(onMessage) });
  } catch (error) {
    pool.destroy();
    throw error;
  }
}

/**
 * Brings the encoder and models into the cache: from the npm packages that they are published in,
 * converted, checked. Ranking needs the encoder, `rerank` models too.
 *
 * @param {string[]} [ids] 'encoder' or of models; all, unless said
 * @param {{zoo?: string, onMessage?: OnMessage}} [options]
 * @returns {Promise<void>}
 * @throws {Failure} that says what could not be brought
 */
export async function fetchModels(ids = [], { zoo = 'browser', onMessage = () => {} } = {}) {
  /** @type {string[]} */
  const failures = [];
  const terminal = { ...terminalOf(onMessage), fail: (/** @type {string} */ text) => failures.push(text) };
  const code = await fetchFromNpm(/** @type {any} */ ({ values: { zoo }, positionals: ids, terminal }));
  if (code !== exitCodes.ok) {
    throw new Failure('asset', failures.join('; '));
  }
}
