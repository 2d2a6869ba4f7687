// Asks the worker that ranks; it is started anew after it was stopped.
import { nextTask } from '../../wasm/next-task.mjs';
import { encodedClasses, matrixOf } from '../../wasm/ranking.mjs';
import { WorkerClient } from '../worker-client.mjs';

/**
 * @typedef {import('../../wasm/report.mjs').RankResult} RankResult
 * @typedef {{version: string, encoderHash: string, featureCount: number,
 *   modelIds: string[]}} ScorerFacts
 */

/**
 * Copies whose features of a class share memory that can be given away; a page answers in between.
 *
 * @param {import('../../wasm/sample.mjs').EmbeddedSample['classes']} classes each with an image
 */
async function packClasses(classes) {
  const copies = [];
  for (const own of classes) {
    const { features: packed, dimension } = matrixOf([own]);
    copies.push({ ...own, features: own.features.map((_, i) => packed.subarray(i * dimension, (i + 1) * dimension)) });
    await nextTask();
  }
  return copies;
}

export class ScoreClient {
  #client = new WorkerClient(() => new Worker(new URL('./score-worker.mjs', import.meta.url), { type: 'module' }));
  #module;
  #tokens;
  #known;
  #isBusy = false;

  /** @param {WebAssembly.Module} module @param {Uint8Array} tokens @param {Uint8Array} known tasks of known-tasks.mjs */
  constructor(module, tokens, known) {
    this.#module = module;
    this.#tokens = tokens;
    this.#known = known;
  }

  /** @returns {Promise<ScorerFacts>} */
  start() {
    return this.#client.request('start', { module: this.#module, tokens: this.#tokens, known: this.#known });
  }

  /**
   * @param {import('../../wasm/sample.mjs').EmbeddedSample} sample
   * @param {import('../../wasm/ranking.mjs').ListedZoo} zoo
   * @param {number} workers how many embedded the sample
   * @param {Map<string, number>} shown observeEncoderIn's
   * @returns {Promise<RankResult>}
   */
  async rank(sample, zoo, workers, shown) {
    if (!this.#client.isRunning) {
      await this.start();
    }
    this.#isBusy = true;
    try {
      const classes = await packClasses(encodedClasses(zoo, sample.classes));
      const packed = classes.map(({ features }) => /** @type {ArrayBuffer} */ (features[0].buffer));
      return await this.#client.request('rank', { sample: { ...sample, classes }, zoo, workers, shown }, packed);
    } finally {
      this.#isBusy = false;
    }
  }

  /** @param {Map<string, number>} observed accuracies by model's id @param {number} rerankSeconds @returns {Promise<RankResult>} */
  again(observed, rerankSeconds) {
    return this.#client.request('again', { observed, rerankSeconds });
  }

  /** @param {Map<string, number>} observed @returns {Promise<string>} a model's id */
  suggest(observed) {
    return this.#client.request('suggest', { observed });
  }

  /**
   * @param {import('../head.mjs').LabelledClass[]} classes
   * @param {Float32Array[]} rows features of the images to name
   * @returns {Promise<import('../head.mjs').Guess[][]>}
   */
  nearest(classes, rows) {
    return this.#client.request('nearest', { classes, rows });
  }

  /** @returns {Promise<import('../head.mjs').Confusions>} */
  confusions() {
    return this.#client.request('confusions', {});
  }

  /** @returns {Promise<import('./known-tasks.mjs').KnownWeb | undefined>} undefined if nothing is known */
  web() {
    return this.#client.request('web', {});
  }

  /** @returns {Promise<import('./known-tasks.mjs').Surroundings | undefined>} of the ranked task; undefined if nothing is known */
  lookAround() {
    return this.#client.request('around', {});
  }

  /** Stops a ranking that is being computed. @param {Error} error */
  cancel(error) {
    if (this.#isBusy) {
      this.#client.stop(error);
    }
  }
}
