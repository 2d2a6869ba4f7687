// The engine: makes every other object, and compares rankings.
import { Core } from './core.mjs';
import { ModelSpiderError } from './error.mjs';
import { Metrics } from './metrics.mjs';
import { Network, checkNetwork, checkPixels } from './network.mjs';
import { Scorer } from './scorer.mjs';
import { Task } from './task.mjs';
import { Trainer } from './trainer.mjs';
import { Zoo } from './zoo.mjs';

/** @typedef {import('./network.mjs').Pixels} Pixels */

/** An instance of the library. */
export class Engine extends Metrics {
  get version() {
    return this.core.text('ms_version');
  }

  /** Bytes of the instance's memory. */
  get memorySize() {
    return this.core.memorySize;
  }

  /**
   * @param {Uint8Array} onnxBytes
   * @param {import('./network.mjs').InputRecipe} input
   * @returns {Network}
   */
  loadNetwork(onnxBytes, input) {
    return Network.load(this.core, onnxBytes, input);
  }

  /**
   * An image as networks first make it of a large one: to be asked once, where several read it. Their
   * features are the same.
   *
   * @param {Pixels} image
   * @returns {Pixels} the image itself, where it is not large
   */
  reduceImage(image) {
    const { core } = this;
    const { data, width, height } = checkPixels(image);
    const factor = core.count('ms_image_reduction', width, height);
    if (factor === 1) {
      return image;
    }
    const small = { width: Math.floor(width / factor), height: Math.floor(height / factor) };
    const size = small.width * small.height * 4;
    return core.scoped((scope) => {
      const reduced = scope.room(Uint8Array, size);
      core.check('ms_image_reduce', core.context, scope.bytes(data), width, height, reduced, size);
      return { ...small, data: reduced.read() };
    });
  }

  /**
   * What an ONNX file needs, and all that it asks for and cannot have, without running it.
   *
   * @param {Uint8Array} onnxBytes
   * @param {number} [openSide] stands for each size that the file leaves open
   * @returns {import('./network.mjs').NetworkReport}
   */
  checkNetwork(onnxBytes, openSide = 224) {
    return checkNetwork(this.core, onnxBytes, openSide);
  }

  /** @param {Uint8Array} manifestBytes a zoo's manifest, JSON @returns {Zoo} */
  loadZoo(manifestBytes) {
    return new Zoo(this.core, manifestBytes);
  }

  /** @param {Uint8Array} tokenBytes a file of Trainer.save @returns {Scorer} */
  loadScorer(tokenBytes) {
    return new Scorer(this.core, tokenBytes);
  }

  /** @param {number} classCount @param {number} featureCount @returns {Task} */
  createTask(classCount, featureCount) {
    return new Task(this.core, classCount, featureCount);
  }

  /** @param {import('./trainer.mjs').TrainerShape} shape @returns {Trainer} */
  createTrainer(shape) {
    return new Trainer(this.core, shape);
  }

  /**
   * Kendall's tau, weighted by the ranks by true value; 1 is the same order.
   *
   * @param {ArrayLike<number>} truth a true value per model, higher is better
   * @param {ArrayLike<number>} score a score per model, higher is better
   * @returns {number}
   */
  weightedTau(truth, score) {
    return this.#compare('ms_weighted_tau', truth, score);
  }

  /** Kendall's tau-b. @param {ArrayLike<number>} truth @param {ArrayLike<number>} score */
  kendallTauB(truth, score) {
    return this.#compare('ms_kendall_tau_b', truth, score);
  }

  /**
   * What taking the model with the best score costs, in the unit of truth.
   *
   * @param {ArrayLike<number>} truth
   * @param {ArrayLike<number>} score
   */
  regretAtOne(truth, score) {
    return this.#compare('ms_regret_at_1', truth, score);
  }

  /**
   * The share of the k truly best models among the k best by score.
   *
   * @param {ArrayLike<number>} truth
   * @param {ArrayLike<number>} score
   * @param {number} k
   */
  topRecall(truth, score, k) {
    return this.#compare('ms_top_recall', truth, score, k);
  }

  /** @param {string} name @param {ArrayLike<number>} truth @param {ArrayLike<number>} score @param {number[]} more */
  #compare(name, truth, score, ...more) {
    if (truth.length !== score.length) {
      throw new ModelSpiderError('argument', `${truth.length} true values and ${score.length} scores do not match`);
    }
    return this.core.number(Float64Array, name, (scope) =>
      [this.core.context, scope.floats(truth), scope.floats(score), truth.length, ...more]);
  }

  /** Joins score lists of the same models by Copeland's method. @param {ArrayLike<number>[]} lists */
  copeland(lists) {
    return this.#join('ms_rank_copeland', lists);
  }

  /** The same by reciprocal rank fusion. @param {ArrayLike<number>[]} lists */
  reciprocalRank(lists) {
    return this.#join('ms_rank_reciprocal', lists);
  }

  /** The same by the mean of standardised scores. @param {ArrayLike<number>[]} lists */
  meanZ(lists) {
    return this.#join('ms_rank_mean_z', lists);
  }

  /** @param {string} name @param {ArrayLike<number>[]} lists @returns {Float32Array} */
  #join(name, lists) {
    const count = lists[0]?.length ?? 0;
    if (lists.some(({ length }) => length !== count)) {
      throw new ModelSpiderError('argument', 'lists of different lengths cannot be joined');
    }
    return this.core.scoped((scope) => {
      const scores = scope.floats(lists.flatMap((list) => Array.from(list)));
      const joined = scope.room(Float32Array, count);
      this.core.check(name, this.core.context, scores, lists.length, count, joined);
      return joined.read();
    });
  }
}

/**
 * i8x16.popcnt of a splat: the smallest module that only an engine with SIMD128 accepts.
 */
const simdProbe = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8,
  0, 65, 0, 253, 15, 253, 98, 11]);

/**
 * Makes an engine. Compile once and pass the WebAssembly.Module to make several.
 *
 * @param {BufferSource | WebAssembly.Module} wasm modelspider.wasm
 * @returns {Promise<Engine>}
 */
export async function createEngine(wasm) {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(simdProbe)) {
    throw new ModelSpiderError('unsupported',
      'WebAssembly SIMD is missing here: use Chrome 91, Firefox 89, Safari 16.4, Node 20 or newer.');
  }
  const module = wasm instanceof WebAssembly.Module ? wasm : await compile(wasm);
  const imports = { env: { emscripten_notify_memory_growth() {} } };
  return new Engine(new Core(await WebAssembly.instantiate(module, imports)));
}

/** @param {BufferSource} bytes @returns {Promise<WebAssembly.Module>} */
async function compile(bytes) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new ModelSpiderError('format', `modelspider.wasm is damaged: ${error instanceof Error ? error.message : error}`);
  }
}
