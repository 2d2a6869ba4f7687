// The engine behind the page: its files, its workers, and what is known of the task at hand.
import { createEngine } from '../wasm/modelspider.mjs';
import { nextTask } from '../wasm/next-task.mjs';
import { observationMetrics, observedAccuracy } from '../wasm/observation.mjs';
import { companionsOf, encoderFeatureCount, encoderMacs, encoderParts, matrixOf, observeEncoderIn } from '../wasm/ranking.mjs';
import { throwIfAborted } from '../wasm/sample.mjs';
import { spawnWorker } from '../wasm/spawn.mjs';
import { WorkerPool } from '../wasm/worker-pool.mjs';
import { fetchBytes, fetchJson, fetchModel, modelPath } from './assets.mjs';
import { FeatureStore } from './features.mjs';
import { NearestHead, guessLinear } from './head.mjs';
import { holdOut } from './held-out.mjs';
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
 * @typedef {import('./head.mjs').LabelledClass} LabelledClass
 * @typedef {import('../wasm/modelspider.mjs').Pixels} Pixels
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
  /** Features of the ranked task by models that were run. @type {Map<string, import('./held-out.mjs').SeenClass[]>} */
  #trials = new Map();
  /** What was fitted to part of them. @type {Map<string, {linear: import('../wasm/modelspider.mjs').LinearHead, fit: LabelledClass[]}>} */
  #heads = new Map();

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
    const [module, tokens, known, encoder, ...companions] = await Promise.all([
      fetchBytes('engine/modelspider.wasm').then((bytes) => WebAssembly.compile(bytes)),
      fetchBytes('zoo/tokens.safetensors'),
      fetchBytes('zoo/known-tasks.safetensors'),
      ...encoderParts(zoo).map((entry) => fetchModel(`zoo/${entry.id}.onnx`, entry)),
    ]);
    // Says what is missing where this browser cannot run the engine.
    await createEngine(module);
    const scorer = new ScoreClient(module, tokens, known);
    const { version, encoderHash, modelIds } = await scorer.start();
    if (encoderHash !== zoo.encoder.onnx.sha256) {
      // The tokens were learned with another encoder than the page has.
      throw new FileError({ code: 'asset-damaged', values: ['zoo/tokens.safetensors'] });
    }
    const pool = WorkerPool.create({ module, spawn: spawnWorker, size: workerCount });
    await pool.loadNetwork(encoderKey, encoder, zoo.encoder.input,
      companionsOf(zoo).map(({ input }, i) => ({ bytes: companions[i], input })));
    const ranked = { ...zoo, models: zoo.models.filter(({ id }) => modelIds.includes(id)) };
    this.#parts = { pool, scorer, zoo: ranked, version, features: new FeatureStore(pool, this.#images) };
    return this.#parts;
  }

  /**
   * Starts, and warms every worker up, so that the user's first image waits for none.
   *
   * @returns {Promise<{version: string, workers: number, pace: number | undefined, zoo: Manifest}>} pace:
   *   multiply-accumulates a millisecond of one worker; zoo: with the models that can be ranked
   */
  async warmUp() {
    const [{ pool, version, zoo }] = await Promise.all([this.#start(), this.#images.warmUp()]);
    // A ranking that begins meanwhile may stop it, and warms up as well.
    await pool.warmUp(encoderKey).catch(() => undefined);
    const least = await this.#time(encoderKey, blank()).catch(() => undefined);
    return { version, workers: pool.size, pace: least && encoderMacs(zoo) / least, zoo };
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
    this.#heads = new Map();
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
    const listed = { name: zoo.zoo, encoder: zoo.encoder, models: zoo.models };
    const score = async (/** @type {EmbeddedSample} */ sample) =>
      scorer.rank(sample, listed, pool.size, await observeEncoderIn(pool, { zoo: listed, sample }));
    for (const part of previewsOf(classes)) {
      const sample = await embed(part);
      if (sample.classes.length >= 2) {
        await nextTask();
        onPreview(await score(sample));
        throwIfAborted(abort.signal);
      }
    }
    const sample = await embed(classes);
    if (sample.classes.length < 2) {
      return undefined;
    }
    await nextTask();
    onPhase('score');
    await nextTask();
    throwIfAborted(abort.signal);
    const result = await score(sample);
    await nextTask();
    throwIfAborted(abort.signal);
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
   * @returns {Promise<{observation: Observation, milliseconds: number}>} milliseconds: as timeModel
   */
  async tryModel(id, classes, { onBytes, ...options }) {
    const { pool, features } = await this.#start();
    return this.#withModel(id, { signal: options.signal, onBytes }, async () => {
      const sample = await features.embed(classes, id, options);
      const known = features.known(id);
      const seen = classes.map(({ name, images }) => ({
        name,
        images: images.flatMap((image) => {
          const own = known.get(image);
          return own ? [{ image, features: own }] : [];
        }),
      })).filter(({ images }) => images.length > 0);
      if (sample.classes.length < 2) {
        throw new FileError({ code: 'no-images' });
      }
      const values = await pool.metrics(observationMetrics, matrixOf(sample.classes), { give: true });
      const milliseconds = await this.#time(id, await this.#images.decode(seen[0].images[0].image.source));
      this.#trials.set(id, seen);
      return { observation: { accuracy: observedAccuracy((name) => values[name]), hasFeatures: true }, milliseconds };
    });
  }

  /**
   * Milliseconds of one worker for one image, from pixels to features.
   *
   * @param {string} id of a model
   * @param {import('./intake/group.mjs').Source | undefined} source of a picture; without one a blank is taken
   * @param {AbortSignal} signal
   * @returns {Promise<number>}
   */
  async timeModel(id, source, signal) {
    const pixels = source ? await this.#images.decode(source) : blank();
    return this.#withModel(id, { signal, onBytes: () => {} }, () => this.#time(id, pixels));
  }

  /** @param {string} key of a network that is loaded @param {Pixels} pixels */
  async #time(key, pixels) {
    const { pool } = await this.#start();
    let least = Infinity;
    // The first time a worker sees a network it loads it.
    await pool.embed(pixels, key, { keep: true });
    for (let i = 0; i < timedRuns; i++) {
      const begun = performance.now();
      await pool.embed(pixels, key, { keep: true });
      least = Math.min(least, performance.now() - begun);
    }
    return least;
  }

  /**
   * Fetches a model, and lends it as a network of the pool.
   *
   * @template Result
   * @param {string} id
   * @param {{signal?: AbortSignal, onBytes(done: number, total: number): void}} options
   * @param {() => Promise<Result>} use
   * @returns {Promise<Result>}
   */
  async #withModel(id, { signal, onBytes }, use) {
    const { pool, zoo } = await this.#start();
    const entry = zoo.models.find((model) => model.id === id);
    if (!entry) {
      throw new Error(`the zoo has no model ${id}`);
    }
    const bytes = await fetchModel(modelPath(entry), entry, { signal, onBytes: (done) => onBytes(done, entry.onnx.bytes) });
    await pool.loadNetwork(id, bytes, entry.input);
    try {
      return await use();
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
    const hashes = encoderParts(zoo).map(({ onnx }) => onnx.sha256);
    return { encoder: hashes.join(' '), featureCount: encoderFeatureCount(zoo) };
  }

  /** The encoder's features of the user's images, to be read and written. */
  async encoderFeatures() {
    return (await this.#start()).features.known(encoderKey);
  }

  /** The known tasks and models, without any of the user's. */
  async knownWeb() {
    return (await this.#start()).scorer.web();
  }

  /** The known tasks around the ranked one. */
  async lookAround() {
    return (await this.#start()).scorer.lookAround();
  }

  async confusions() {
    return (await this.#start()).scorer.confusions();
  }

  /**
   * Fits both heads to part of the images of a model that was run, and asks them of the others.
   *
   * @param {string} id
   * @returns {Promise<import('./held-out.mjs').Judgement>}
   */
  async judge(id) {
    const { pool, scorer } = await this.#start();
    const { fit, held } = holdOut(this.#seenBy(id));
    const rows = held.map(({ features }) => features);
    const [linear, nearest] = await Promise.all([pool.fitProbe(matrixOf(fit)), scorer.nearest(fit, rows)]);
    this.#heads.set(id, { linear, fit });
    const judged = held.map(({ image, name, features }, i) =>
      ({ image, name, guesses: { linear: guessLinear(linear, fit, features), nearest: nearest[i] } }));
    return { judged, fitCount: fit.reduce((sum, { features }) => sum + features.length, 0) };
  }

  /** @param {string} id */
  #seenBy(id) {
    const seen = this.#trials.get(id);
    if (!seen) {
      throw new Error(`the model ${id} was not run`);
    }
    return seen;
  }

  /**
   * Lends what both heads on a judged model make of new images; the model is loaded meanwhile.
   *
   * @template Result
   * @param {string} id
   * @param {(guess: (image: Blob | Pixels) => Promise<import('./head.mjs').Guesses>) => Promise<Result>} use
   * @returns {Promise<Result>}
   */
  async withHeads(id, use) {
    const { pool } = await this.#start();
    const heads = this.#heads.get(id);
    if (!heads) {
      throw new Error(`the model ${id} was not run`);
    }
    const { linear, fit } = heads;
    const nearest = new NearestHead(fit);
    return this.#withModel(id, { onBytes: () => {} }, () => use(async (image) => {
      const pixels = image instanceof Blob ? await this.#images.decode({ blob: image }) : image;
      const features = await pool.embed(pixels, id);
      return { linear: guessLinear(linear, fit, features), nearest: nearest.guess(features) };
    }));
  }
}

/** A picture of nothing. @returns {Pixels} */
const blank = () => ({ data: new Uint8ClampedArray(64 * 64 * 4).fill(255), width: 64, height: 64 });

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
