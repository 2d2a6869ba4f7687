// Deals images and feature matrices out to plain workers, each with its own engine. Which worker
// takes one never changes the result. Workers start, and load networks, when the first image needs them.
import { ModelSpiderError } from './modelspider.mjs';
import { WorkerLink } from './worker-link.mjs';

/**
 * @typedef {import('./modelspider.mjs').Pixels} Pixels
 * @typedef {import('./modelspider.mjs').InputRecipe} InputRecipe
 * @typedef {import('./worker-link.mjs').Spawn} Spawn spawn.mjs in a browser, spawn-node.mjs in Node
 * @typedef {{bytes: Uint8Array, input: InputRecipe}} NetworkFile
 * @typedef {{parts: NetworkFile[], featureCount: number}} StoredNetwork
 * @typedef {{run(slot: Slot): Promise<any>, resolve(result: any): void,
 *   reject(error: Error): void}} Job
 */

const cancelled = () => new ModelSpiderError('cancelled', 'cancelled');

/** One worker and the job it has in hand. */
class Slot extends WorkerLink {
  /** @type {Job | undefined} */
  job;
  /** The networks that the worker holds. @type {Map<string, StoredNetwork>} */
  loaded = new Map();
  #module;

  /** @param {Spawn} spawn @param {WebAssembly.Module} module */
  constructor(spawn, module) {
    super(spawn, {
      ofReply: ({ code, message }) => new ModelSpiderError(code, message),
      ofCrash: (reason) => new ModelSpiderError('internal', `a worker stopped: ${reason || 'the worker did not start'}`),
    });
    this.#module = module;
  }

  /** @override @param {string} op @param {any} args @param {ArrayBuffer[]} [transfer] @returns {Promise<any>} */
  async request(op, args, transfer) {
    // A worker answers in order: what it is asked is on its way at once.
    const [, result] = await Promise.all([this.begin(), super.request(op, args, transfer)]);
    return result;
  }

  /** Starts the worker where none is running. @returns {Promise<unknown>} once it is there */
  async begin() {
    return this.isRunning ? undefined : super.request('start', { module: this.#module });
  }

  /** @override @param {Error} error */
  stop(error) {
    super.stop(error);
    this.loaded.clear();
  }
}

export class WorkerPool {
  /** @type {Slot[]} */
  #slots;
  /** @type {Job[]} */
  #queue = [];
  /** @type {Map<string, StoredNetwork>} */
  #networks = new Map();
  #isOpen = true;

  /** @param {Slot[]} slots */
  constructor(slots) {
    this.#slots = slots;
  }

  /**
   * @param {{module: WebAssembly.Module, spawn: Spawn, size: number}} options size: how many
   *   workers at most
   * @returns {WorkerPool}
   */
  static create({ module, spawn, size }) {
    if (!Number.isInteger(size) || size < 1) {
      throw new ModelSpiderError('argument', `a pool of ${size} workers is not possible`);
    }
    return new WorkerPool(Array.from({ length: size }, () => new Slot(spawn, module)));
  }

  get size() {
    return this.#slots.length;
  }

  /** Starts all workers now, not when they are first needed. */
  start() {
    this.#slots.forEach((slot) => slot.begin().catch(() => undefined)); // what it is asked fails as well
  }

  /**
   * Keeps a network under a key, in place of one that had it before. One worker loads it now, which
   * finds what is wrong with it, the others when they first need it.
   *
   * @param {string} key
   * @param {Uint8Array} bytes an ONNX file
   * @param {InputRecipe} input
   * @param {NetworkFile[]} [companions] networks that run with it; their features follow its own
   * @returns {Promise<{featureCount: number}>}
   */
  async loadNetwork(key, bytes, input, companions = []) {
    const network = { parts: [{ bytes, input }, ...companions], featureCount: 0 };
    this.#networks.set(key, network);
    try {
      return await this.#add(async (slot) => {
        await this.#prepare(slot, key);
        return { featureCount: network.featureCount };
      });
    } catch (error) {
      if (this.#networks.get(key) === network) {
        this.#networks.delete(key);
      }
      throw error;
    }
  }

  /** Forgets a network; images that still wait for it fail. @param {string} key */
  unloadNetwork(key) {
    this.#networks.delete(key);
    this.#slots.filter(({ job }) => !job).forEach((slot) => this.#forget(slot));
  }

  /** Makes every worker load a network, ahead of its first image. @param {string} key of a network */
  async prepare(key) {
    await this.#addForEach((slot) => this.#prepare(slot, key));
  }

  /**
   * The same, and runs it on nothing for a while, so that its first image waits less.
   *
   * @param {string} key of a network
   */
  async warmUp(key) {
    await this.#addForEach(async (slot) => {
      await this.#prepare(slot, key);
      await slot.request('warm', { key });
    });
  }

  /**
   * @param {Pixels} image its memory goes to the worker, unless it is kept
   * @param {string} key of a network
   * @param {{keep?: boolean}} [options]
   * @returns {Promise<Float32Array>} features; fails for this image alone
   */
  embed(image, key, { keep } = {}) {
    return this.#add(async (slot) => {
      await this.#prepare(slot, key);
      const own = { ...image, data: owned(image.data) };
      return slot.request('embed', { key, image: own }, keep ? [] : [/** @type {ArrayBuffer} */ (own.data.buffer)]);
    });
  }

  /**
   * @param {string} name one of the engine's metricNames
   * @param {import('./worker.mjs').Matrix} matrix copied
   * @returns {Promise<number>}
   */
  metric(name, matrix) {
    return this.#add((slot) => slot.request('metric', { name, ...matrix }));
  }

  /**
   * @param {string} name one of sourceMetricNames
   * @param {import('./worker.mjs').Matrix} matrix of probabilities, copied
   * @returns {Promise<number>}
   */
  sourceMetric(name, matrix) {
    return this.#add((slot) => slot.request('sourceMetric', { name, ...matrix }));
  }

  /**
   * @param {string[]} names of the engine's metricNames
   * @param {import('./worker.mjs').Matrix} matrix copied, unless it is given
   * @param {{give?: boolean}} [options] give: the features' memory goes to the worker
   * @returns {Promise<Record<string, number>>} by name; NaN where a metric has no value
   */
  metrics(names, matrix, { give } = {}) {
    const given = give ? [/** @type {ArrayBuffer} */ (/** @type {Float32Array} */ (matrix.features).buffer)] : [];
    return this.#add((slot) => slot.request('metrics', { names, ...matrix }, given));
  }

  /**
   * @param {{trainFraction: number, splits: number, seed: number}} options
   * @param {import('./worker.mjs').Matrix} matrix copied
   * @returns {Promise<{mean: number, standardError: number}>}
   */
  probe(options, matrix) {
    return this.#add((slot) => slot.request('probe', { options, ...matrix }));
  }

  /**
   * @param {import('./worker.mjs').Matrix} matrix copied
   * @returns {Promise<import('./modelspider.mjs').LinearHead>}
   */
  fitProbe(matrix) {
    return this.#add((slot) => slot.request('fitProbe', matrix));
  }

  /** Fails all that was asked and is not there yet, and stops the workers that compute it. */
  cancel() {
    this.#queue.splice(0).forEach(({ reject }) => reject(cancelled()));
    this.#slots.forEach((slot) => {
      if (slot.job) {
        slot.job.reject(cancelled());
        slot.stop(cancelled());
      }
    });
  }

  /** Ends all workers. */
  destroy() {
    this.#isOpen = false;
    this.cancel();
    this.#slots.forEach((slot) => slot.stop(cancelled()));
  }

  /** @param {Job['run']} run @returns {Promise<any>} */
  #add(run) {
    return new Promise((resolve, reject) => {
      this.#queue.push({ run, resolve, reject });
      this.#deal();
    });
  }

  /** As many of a job as there are workers. @param {Job['run']} run */
  #addForEach(run) {
    return Promise.all(this.#slots.map(() => this.#add(run)));
  }

  /** Gives waiting jobs to idle workers. */
  #deal() {
    for (const slot of this.#slots) {
      if (!slot.job && this.#queue.length > 0) {
        slot.job = this.#queue.shift();
        this.#run(slot, /** @type {Job} */ (slot.job));
      }
    }
  }

  /** @param {Slot} slot @param {Job} job */
  async #run(slot, job) {
    try {
      if (!this.#isOpen) {
        throw new ModelSpiderError('argument', 'the pool was destroyed');
      }
      job.resolve(await job.run(slot));
    } catch (error) {
      const failure = /** @type {ModelSpiderError} */ (error);
      if (failure.code === 'internal') {
        slot.stop(failure);
      }
      job.reject(failure);
    } finally {
      slot.job = undefined;
      this.#deal();
    }
  }

  /** Makes sure that a worker holds a network. @param {Slot} slot @param {string} key */
  async #prepare(slot, key) {
    this.#forget(slot);
    const network = this.#networks.get(key);
    if (!network) {
      throw new ModelSpiderError('argument', `no network is loaded as ${key}`);
    }
    if (slot.loaded.get(key) !== network) {
      network.featureCount = (await slot.request('load', { key, parts: network.parts })).featureCount;
      slot.loaded.set(key, network);
    }
  }

  /** Unloads from a worker what the pool no longer has. @param {Slot} slot */
  #forget(slot) {
    for (const [key, network] of slot.loaded) {
      if (this.#networks.get(key) !== network) {
        slot.loaded.delete(key);
        slot.request('unload', { key }).catch(() => undefined);
      }
    }
  }
}

/**
 * Pixels whose buffer holds nothing else, so that it can be given away.
 *
 * @param {Uint8Array | Uint8ClampedArray} data
 * @returns {Uint8Array | Uint8ClampedArray}
 */
function owned(data) {
  return data.byteLength === data.buffer.byteLength ? data : Uint8Array.from(data);
}
