// The engine behind the page: its files, its workers, and what is known of the task at hand.
import { createEngine } from '../wasm/modelspider.mjs';
import { observationMetrics, observedAccuracy } from '../wasm/observation.mjs';
import { throwIfAborted } from '../wasm/sample.mjs';
import { spawnWorker } from '../wasm/spawn.mjs';
import { WorkerPool } from '../wasm/worker-pool.mjs';
import { AssetError, fetchBytes, fetchJson, fetchModel, modelPath } from './assets.mjs';
import { FeatureStore } from './features.mjs';
import { guessClass } from './head.mjs';
import { ImagePool } from './images/image-pool.mjs';
import { FileError } from './reasons.mjs';
import { ScoreClient } from './score/score-client.mjs';

/**
 * @typedef {import('./task.mjs').TaskClass} TaskClass
 * @typedef {import('./assets.mjs').Manifest} Manifest
 * @typedef {import('./state.mjs').Observation} Observation
 * @typedef {import('./state.mjs').RankResult} RankResult
 * @typedef {import('../wasm/sample.mjs').EmbeddedSample} EmbeddedSample
 * @typedef {import('./features.mjs').EmbedOptions} EmbedOptions
 * @typedef {Omit<EmbedOptions, 'signal'> & {onPhase(phase: 'images' | 'score'): void,
 *   onPreview(result: RankResult): void}} RankOptions onPreview: with the ranking by the first images
 * @typedef {EmbedOptions & {onBytes(done: number, total: number): void}} TrialOptions
 * @typedef {{pool: WorkerPool, features: FeatureStore, scorer: ScoreClient, zoo: Manifest, version: string}} Parts
 */

const encoderKey = 'encoder';
// More workers than this wait for memory, not for cores.
const mostWorkers = 8;

// The quickest of a few runs is the least disturbed by what else the machine does.
const timedRuns = 3;

// Images of each class that an early ranking looks at; it is worth its while if there are this many
// times more.
const previewSizes = [4, 16];
const previewFactor = 3;

const workerCount = Math.min(navigator.hardwareConcurrency || 2, mostWorkers);

const cancelled = () => new FileError({ code: 'cancelled' });

export class Engine {
  #images = new ImagePool(workerCount);
  #files;
  /** @type {import('./images/probe.mjs').Verdict | undefined} */
  #verdict;
  /** @type {Promise<Parts> | undefined} */
  #starting;
  /** @type {Parts | undefined} */
  #parts;
  #abort = new AbortController();
  /** Features of the ranked task by models that were run. @type {Map<string, EmbeddedSample>} */
  #trials = new Map();

  /** @param {ImagePool} files a pool that is never cancelled */
  constructor(files) {
    this.#files = files;
  }

  /** What canvas reads are worth here; asked again while they are worth nothing. @returns {Promise<import('./images/probe.mjs').Verdict>} */
  async probeCanvas() {
    if (this.#verdict === undefined || this.#verdict === 'false') {
      this.#verdict = await this.#files.probe();
    }
    return this.#verdict;
  }

  /** Fetches and starts everything, once; what failed is tried again by the next call. @returns {Promise<Parts>} */
  #start() {
    this.#starting ??= this.#assemble();
    this.#starting.catch(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** @returns {Promise<Parts>} */
  async #assemble() {
    /** @type {Manifest} */
    const zoo = await fetchJson('zoo/manifest.json');
    const [module, encoder, tokens, known] = await Promise.all([
      fetchBytes('engine/modelspider.wasm').then((bytes) => WebAssembly.compile(bytes)),
      fetchModel('zoo/encoder.onnx', zoo.encoder),
      fetchBytes('zoo/tokens.safetensors'),
      fetchBytes('zoo/known-tasks.safetensors'),
    ]);
    // Says what is missing where this browser cannot run the engine.
    await createEngine(module);
    const scorer = new ScoreClient(module, tokens, known);
    const { version, encoderHash, modelIds } = await scorer.start();
    if (encoderHash !== zoo.encoder.onnx.sha256) {
      throw new AssetError(`zoo/tokens.safetensors was learned with the encoder ${encoderHash}, the page has ${zoo.encoder.onnx.sha256}`);
    }
    const pool = WorkerPool.create({ module, spawn: spawnWorker, size: workerCount });
    await pool.loadNetwork(encoderKey, encoder, zoo.encoder.input);
    const ranked = { ...zoo, models: zoo.models.filter(({ id }) => modelIds.includes(id)) };
    this.#parts = { pool, scorer, zoo: ranked, version, features: new FeatureStore(pool, this.#images) };
    return this.#parts;
  }

  /**
   * Starts, and sends one image of nothing through every worker, so that the user's first waits for
   * none.
   *
   * @returns {Promise<{version: string, workers: number, pace: number, zoo: Manifest}>} pace:
   *   multiply-accumulates a millisecond of one worker; zoo: with the models that can be ranked
   */
  async warmUp() {
    const [{ pool, version, zoo }] = await Promise.all([this.#start(), this.#images.warmUp()]);
    const blank = () => ({ data: new Uint8ClampedArray(64 * 64 * 4).fill(255), width: 64, height: 64 });
    // A ranking that begins meanwhile may stop it, and warms up as well.
    await Promise.allSettled(Array.from({ length: pool.size }, () => pool.embed(blank(), encoderKey)));
    let least = Infinity;
    for (let i = 0; i < timedRuns; i++) {
      const begun = performance.now();
      await pool.embed(blank(), encoderKey).catch(() => {});
      least = Math.min(least, performance.now() - begun);
    }
    return { version, workers: pool.size, pace: zoo.encoder.macs / least, zoo };
  }

  /**
   * @param {TaskClass[]} classes
   * @param {RankOptions} options
   * @returns {Promise<RankResult | undefined>} undefined if fewer than two classes can be read
   */
  async rank(classes, { onPhase, onPreview, onProgress, ...options }) {
    const abort = new AbortController();
    this.#abort = abort;
    this.#trials = new Map();
    const { features, scorer, pool, zoo } = await this.#start();
    if ((await this.probeCanvas()) === 'false') {
      throw new FileError({ code: 'false-canvas' });
    }
    throwIfAborted(abort.signal);
    onPhase('images');
    const begun = performance.now();
    const total = classes.reduce((sum, { images }) => sum + images.length, 0);
    const spent = { decode: 0, encode: 0 };
    let most = 0;
    /** @param {TaskClass[]} part */
    const embed = async (part) => {
      const sample = await features.embed(part, encoderKey, {
        ...options,
        signal: abort.signal,
        // What an earlier part has looked at is done at once, and is no step back.
        onProgress(done) {
          most = Math.max(most, done);
          onProgress(most, total);
        },
      });
      throwIfAborted(abort.signal);
      spent.decode += sample.seconds.decode;
      spent.encode += sample.seconds.encode;
      return { ...sample, seconds: spent };
    };
    const listed = { name: zoo.zoo, models: zoo.models };
    for (const part of previewsOf(classes)) {
      const sample = await embed(part);
      if (sample.classes.length >= 2) {
        onPreview(await scorer.rank(sample, listed, pool.size));
        throwIfAborted(abort.signal);
      }
    }
    const sample = await embed(classes);
    if (sample.classes.length < 2) {
      return undefined;
    }
    onPhase('score');
    const result = await scorer.rank(sample, listed, pool.size);
    result.seconds.total = (performance.now() - begun) / 1000;
    return result;
  }

  /** Stops a ranking or a trial at once; features that are there are kept. */
  cancel() {
    this.#abort.abort();
    this.#images.cancel(cancelled());
    this.#parts?.pool.cancel();
    this.#parts?.scorer.cancel(cancelled());
  }

  /**
   * Runs a model on the task's images.
   *
   * @param {string} id
   * @param {TaskClass[]} classes
   * @param {TrialOptions} options
   * @returns {Promise<Observation>}
   */
  async tryModel(id, classes, { onBytes, ...options }) {
    const { pool, zoo, features } = await this.#start();
    const entry = zoo.models.find((model) => model.id === id);
    if (!entry) {
      throw new AssetError(`the zoo has no model ${id}`);
    }
    const bytes = await fetchModel(modelPath(entry), entry, { signal: options.signal, onBytes: (done) => onBytes(done, entry.onnx.bytes) });
    await pool.loadNetwork(id, bytes, entry.input);
    try {
      const begun = performance.now();
      const sample = await features.embed(classes, id, options);
      const count = sample.classes.reduce((sum, own) => sum + own.features.length, 0);
      const milliseconds = (performance.now() - begun) * pool.size / Math.max(count, 1);
      this.#trials.set(id, sample);
      const values = await pool.metrics(observationMetrics, matrixOf(sample));
      return { accuracy: observedAccuracy((name) => values[name]), milliseconds, hasFeatures: true };
    } finally {
      pool.unloadNetwork(id);
    }
  }

  /** @param {Map<string, Observation>} observed @param {number} rerankSeconds @returns {Promise<RankResult>} */
  async rankAgain(observed, rerankSeconds) {
    const { scorer } = await this.#start();
    return scorer.again(new Map([...observed].map(([id, { accuracy }]) => [id, accuracy])), rerankSeconds);
  }

  /** What features of the encoder are worth keeping for. @returns {Promise<import('./session/session-file.mjs').Made>} */
  async made() {
    const { zoo } = await this.#start();
    return { encoder: zoo.encoder.onnx.sha256, featureCount: zoo.encoder.features };
  }

  /** The encoder's features of the user's images, to be read and written. */
  async encoderFeatures() {
    return (await this.#start()).features.known(encoderKey);
  }

  /** The known tasks around the ranked one. */
  async lookAround() {
    return (await this.#start()).scorer.lookAround();
  }

  async confusions() {
    return (await this.#start()).scorer.confusions();
  }

  /**
   * Lends what a head on a model that was run makes of new images; the model is loaded meanwhile.
   *
   * @template Result
   * @param {string} id
   * @param {(judge: (image: Blob | import('../wasm/modelspider.mjs').Pixels) =>
   *   Promise<import('./state.mjs').Check>) => Promise<Result>} use
   * @returns {Promise<Result>}
   */
  async withChecker(id, use) {
    const { pool, zoo } = await this.#start();
    const entry = zoo.models.find((model) => model.id === id);
    const sample = this.#trials.get(id);
    if (!entry || !sample) {
      throw new AssetError(`the model ${id} was not run`);
    }
    await pool.loadNetwork(id, await fetchModel(modelPath(entry), entry), entry.input);
    try {
      return await use(async (image) => {
        const pixels = image instanceof Blob ? await this.#images.decode({ blob: image }) : image;
        return { guesses: guessClass(sample.classes, await pool.embed(pixels, id)), error: '' };
      });
    } finally {
      pool.unloadNetwork(id);
    }
  }
}

/**
 * The first few images of each class, then some more, where the whole is much more: a ranking by
 * them is there early.
 *
 * @param {TaskClass[]} classes
 * @returns {TaskClass[][]}
 */
function previewsOf(classes) {
  const countOf = (/** @type {TaskClass[]} */ part) => part.reduce((sum, { images }) => sum + images.length, 0);
  return previewSizes.map((size) => classes.map((own) => ({ ...own, images: own.images.slice(0, size) })))
    .filter((part) => countOf(part) * previewFactor <= countOf(classes));
}

/** @param {EmbeddedSample} sample @returns {import('../wasm/worker.mjs').Matrix} */
function matrixOf({ classes }) {
  const rows = classes.flatMap(({ features }) => features);
  const dimension = rows[0].length;
  const features = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => features.set(row, i * dimension));
  const labels = classes.flatMap(({ features: own }, label) => own.map(() => label));
  return { features, count: rows.length, dimension, labels, classCount: classes.length };
}
