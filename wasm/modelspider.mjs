// The binding: loads modelspider.wasm and gives typed arrays, strings and ModelSpiderError to
// everything else. The only file that knows pointers; the same in a page, in a worker and in Node.

/**
 * @typedef {'argument' | 'memory' | 'format' | 'unsupported' | 'limit' | 'data' | 'internal'} ErrorCode
 * @typedef {{width: number, height: number, channels?: 'rgb' | 'bgr' | 'grey',
 *   fit?: 'crop' | 'squash', mean: number[], std: number[], signature?: boolean,
 *   precision?: 'f32' | 'int16'}} InputRecipe how pixels become a network's input: (pixel - mean) /
 *   std per channel, in 0 … 255 units; whether the image's signature follows the network's features,
 *   as it does for the encoder; and what the network computes in, f32 unless said otherwise
 * @typedef {{data: Uint8Array | Uint8ClampedArray, width: number, height: number}} Pixels RGBA,
 *   8 bits, rows without gaps
 * @typedef {Record<string, (...values: (number | bigint)[]) => any>} Functions
 */

/** @type {(ErrorCode | 'ok')[]} by ms_status */
const statusCodes = ['ok', 'argument', 'memory', 'format', 'unsupported', 'limit', 'data', 'internal'];
const channelOrders = ['rgb', 'bgr', 'grey'];
const fits = ['crop', 'squash'];
const precisions = ['f32', 'int16'];
/** The metrics that need the probabilities of a model's own classes. */
export const sourceMetricNames = ['nce', 'leep', 'pactran-dirichlet', 'pactran-gamma'];
const largestAllocation = 2 ** 31 - 1;

/** A failure in one sentence, and its kind. */
export class ModelSpiderError extends Error {
  /** @param {string} code an ErrorCode, or 'cancelled' @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = 'ModelSpiderError';
    this.code = code;
  }
}

/** Memory of one call: all of it is returned when the call is over. */
class Scope {
  #functions;
  /** @type {number[]} */
  #pointers = [];

  /** @param {Functions} functions */
  constructor(functions) {
    this.#functions = functions;
  }

  /** @param {number} size in bytes @returns {number} a pointer */
  alloc(size) {
    const pointer = size <= largestAllocation ? this.#functions.malloc(Math.max(size, 1)) >>> 0 : 0;
    if (pointer === 0) {
      throw new ModelSpiderError('memory', `out of memory: ${size} bytes more are not there`);
    }
    this.#pointers.push(pointer);
    return pointer;
  }

  release() {
    this.#pointers.forEach((pointer) => this.#functions.free(pointer));
  }
}

/** One instance of the wasm and its context. */
class Core {
  #functions;
  #memory;
  #context = 0;
  /** @type {ModelSpiderError | undefined} */
  #broken;

  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    const { memory, ...functions } = instance.exports;
    this.#memory = /** @type {WebAssembly.Memory} */ (memory);
    this.#functions = /** @type {Functions} */ (/** @type {unknown} */ (functions));
    this.#functions._initialize();
    this.#context = this.create((slot) => this.call('ms_context_create', 0, slot));
  }

  get context() {
    return this.#context;
  }

  get memorySize() {
    return this.#memory.buffer.byteLength;
  }

  /**
   * Calls a function of the wasm. A trap is our own mistake and leaves the instance unusable.
   *
   * @param {string} name
   * @param {...(number | bigint)} values
   * @returns {any}
   */
  call(name, ...values) {
    if (this.#broken) {
      throw this.#broken;
    }
    try {
      return this.#functions[name](...values);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#broken = new ModelSpiderError('internal', `the engine stopped in ${name}: ${reason}`);
      throw this.#broken;
    }
  }

  /** Calls a function that returns ms_status. @param {string} name @param {...(number | bigint)} values */
  check(name, ...values) {
    this.checkStatus(this.call(name, ...values));
  }

  /** @param {number} status of ms_status */
  checkStatus(status) {
    if (status !== 0) {
      const message = this.#context === 0 ? '' : this.text(this.call('ms_context_message', this.#context));
      throw new ModelSpiderError(statusCodes[status] ?? 'internal', message || 'out of memory');
    }
  }

  /**
   * @template T
   * @param {(scope: Scope) => T} work
   * @returns {T}
   */
  scoped(work) {
    const scope = new Scope(this.#functions);
    try {
      return work(scope);
    } finally {
      if (!this.#broken) {
        scope.release();
      }
    }
  }

  /** The object that a _create or _load function leaves. @param {(slot: number) => number} make */
  create(make) {
    return this.scoped((scope) => {
      const slot = scope.alloc(4);
      this.view(Uint32Array, slot, 1)[0] = 0;
      this.checkStatus(make(slot));
      return this.view(Uint32Array, slot, 1)[0];
    });
  }

  /**
   * A view that is valid until the memory grows: never stored.
   *
   * @template T
   * @param {new (buffer: ArrayBuffer, offset: number, length: number) => T} Type
   * @param {number} pointer
   * @param {number} count
   * @returns {T}
   */
  view(Type, pointer, count) {
    return new Type(/** @type {ArrayBuffer} */ (this.#memory.buffer), pointer, count);
  }

  /** @param {Scope} scope @param {Uint8Array | Uint8ClampedArray} bytes @returns {number} */
  bytesIn(scope, bytes) {
    const pointer = scope.alloc(bytes.length);
    this.view(Uint8Array, pointer, bytes.length).set(bytes);
    return pointer;
  }

  /** @param {Scope} scope @param {ArrayLike<number>} values @returns {number} */
  floatsIn(scope, values) {
    const pointer = scope.alloc(values.length * 4);
    this.view(Float32Array, pointer, values.length).set(values);
    return pointer;
  }

  /** @param {Scope} scope @param {string} text @returns {number} a C string */
  textIn(scope, text) {
    return this.bytesIn(scope, new TextEncoder().encode(`${text}\0`));
  }

  /** @param {Scope} scope @param {ArrayLike<number>} values @returns {number} of uint32_t */
  integersIn(scope, values) {
    const pointer = scope.alloc(values.length * 4);
    this.view(Uint32Array, pointer, values.length).set(values);
    return pointer;
  }

  /** @param {number} pointer @param {number} count @returns {Float32Array} a copy */
  floatsOut(pointer, count) {
    return this.view(Float32Array, pointer, count).slice();
  }

  /** @param {number} pointer @returns {number} */
  doubleOut(pointer) {
    return this.view(Float64Array, pointer, 1)[0];
  }

  /** @param {number} pointer of a C string @returns {string} */
  text(pointer) {
    const bytes = new Uint8Array(this.#memory.buffer, pointer >>> 0);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }
}

/**
 * @typedef {{name: string, type: string, shape: number[]}} TensorReport
 * @typedef {{operator: string, opset: number, node: string, reason: string}} Missing operator and
 *   node are empty and opset is 0 where none is at fault
 * @typedef {{missing: Missing[], unchecked: number, input?: TensorReport, output?: TensorReport,
 *   features?: number, nodes?: number, steps?: number, parameters?: number, macs?: number,
 *   memory?: number}} NetworkReport all from input on only where nothing is missing; unchecked counts
 *   the nodes behind what is missing, steps those that are left to run, memory is in bytes
 */

/** @param {string} text of ms_network_check @returns {NetworkReport} */
function parseReport(text) {
  /** @type {any} */
  const report = { missing: [], unchecked: 0 };
  for (const [label, ...fields] of text.split('\n').slice(0, -1).map((line) => line.split('\t'))) {
    if (label === 'missing') {
      const [operator, opset, node, reason] = fields;
      report.missing.push({ operator, opset: Number(opset), node, reason });
    } else if (label === 'input' || label === 'output') {
      const [name, type, sizes] = fields;
      report[label] = { name, type, shape: sizes.trim().split(' ').filter(Boolean).map(Number) };
    } else {
      report[label] = Number(fields[0]);
    }
  }
  return report;
}

/** What C made and destroy() returns. Destroying twice is harmless, using it after is an error. */
class Handle {
  #core;
  #pointer;
  #noun;

  /** @param {Core} core @param {string} noun as in ms_<noun>_destroy @param {number} pointer */
  constructor(core, noun, pointer) {
    this.#core = core;
    this.#noun = noun;
    this.#pointer = pointer;
  }

  /** @protected */
  get core() {
    return this.#core;
  }

  /** @protected */
  get pointer() {
    if (this.#pointer === 0) {
      throw new ModelSpiderError('argument', `this ${this.#noun} was destroyed`);
    }
    return this.#pointer;
  }

  /** The pointer of an object that another one's function takes. @param {Handle} handle @returns {number} */
  static pointerOf(handle) {
    return handle.pointer;
  }

  /** Returns the memory. */
  destroy() {
    const pointer = this.#pointer;
    this.#pointer = 0;
    if (pointer !== 0) {
      this.#core.call(`ms_${this.#noun}_destroy`, pointer);
    }
  }
}

/** An ONNX file, ready to turn images into features. */
export class Network extends Handle {
  #networkCount;
  #signatureCount;

  /** @param {Core} core @param {number} pointer @param {boolean} hasSignature */
  constructor(core, pointer, hasSignature) {
    super(core, 'network', pointer);
    this.#networkCount = core.call('ms_network_feature_count', pointer) >>> 0;
    this.#signatureCount = hasSignature ? core.call('ms_image_signature_count') >>> 0 : 0;
  }

  /** The length of the feature vector of one image. */
  get featureCount() {
    return this.#networkCount + this.#signatureCount;
  }

  /** Multiply-accumulates for one image. */
  get macCount() {
    return Number(this.core.call('ms_network_mac_count', this.pointer));
  }

  get parameterCount() {
    return Number(this.core.call('ms_network_parameter_count', this.pointer));
  }

  /** Bytes held: packed weights and activations. */
  get memorySize() {
    return this.core.call('ms_network_memory_size', this.pointer) >>> 0;
  }

  /** @returns {{text: string, macCount: number}[]} what runs, in order: operator and shapes */
  layers() {
    const { core, pointer } = this;
    const size = 256;
    return core.scoped((scope) => {
      const text = scope.alloc(size);
      return Array.from({ length: core.call('ms_network_layer_count', pointer) >>> 0 }, (_, layer) => {
        core.call('ms_network_layer_text', pointer, layer, text, size);
        return { text: core.text(text), macCount: Number(core.call('ms_network_layer_mac_count', pointer, layer)) };
      });
    });
  }

  /** Runs one of the layers, on what is in memory. @param {number} layer */
  runLayer(layer) {
    this.core.check('ms_network_layer_run', this.pointer, layer);
  }

  /**
   * Runs layers for a while, on nothing: what they call is then compiled for speed, and the first
   * image waits less. What a browser compiles meanwhile is ready some tens of milliseconds later.
   *
   * @param {number} [milliseconds] after which no further layer starts
   */
  warmUp(milliseconds = 20) {
    const end = performance.now() + milliseconds;
    const count = this.core.call('ms_network_layer_count', this.pointer) >>> 0;
    for (let layer = 0; layer < count && performance.now() < end; layer++) {
      this.runLayer(layer);
    }
  }

  /** @param {Pixels} image @returns {Float32Array} its features */
  embed({ data, width, height }) {
    if (data.length !== width * height * 4) {
      throw new ModelSpiderError('argument', `${data.length} bytes are no image of ${width} × ${height} RGBA pixels`);
    }
    const { core } = this;
    return core.scoped((scope) => {
      const pixels = core.bytesIn(scope, data);
      const features = scope.alloc(this.featureCount * 4);
      core.check('ms_network_embed', this.pointer, pixels, width, height, features, this.#networkCount);
      if (this.#signatureCount > 0) {
        core.check('ms_image_signature', core.context, pixels, width, height, features + this.#networkCount * 4,
          this.#signatureCount);
      }
      return core.floatsOut(features, this.featureCount);
    });
  }
}

/**
 * @typedef {{classCount: number, prototypes: Float32Array, spreads: Float32Array}} ClassTokens both
 *   [classCount][featureCount]: the means of the classes, and their root mean square deviations
 */

/**
 * @typedef {{widths: number[], joint: number}} FeatureBlocks consecutive blocks of a task's features,
 *   the first `joint` of which are judged together too
 */

/** A user's sample images, by their features and classes. */
export class Task extends Handle {
  #featureCount;

  /** @param {Core} core @param {number} pointer @param {number} featureCount */
  constructor(core, pointer, featureCount) {
    super(core, 'task', pointer);
    this.#featureCount = featureCount;
  }

  get classCount() {
    return this.core.call('ms_task_class_count', this.pointer) >>> 0;
  }

  get imageCount() {
    return this.core.call('ms_task_image_count', this.pointer) >>> 0;
  }

  /** @param {number} classIndex @param {Float32Array} features */
  addImage(classIndex, features) {
    this.core.scoped((scope) => {
      this.core.check('ms_task_add_image', this.pointer, classIndex, this.core.floatsIn(scope, features),
        features.length);
    });
  }

  /**
   * How well simple learners solve the task on each block of its features.
   *
   * @param {FeatureBlocks} blocks
   * @returns {Float64Array} log odds of accuracies, one a block and one for the joint blocks
   */
  landmarks({ widths, joint }) {
    const { core } = this;
    const count = widths.length + (joint > 0 ? 1 : 0);
    return core.scoped((scope) => {
      const landmarks = scope.alloc(count * 8);
      core.check('ms_task_landmarks', this.pointer, core.integersIn(scope, widths), widths.length, joint,
        landmarks, count);
      return core.view(Float64Array, landmarks, count).slice();
    });
  }

  /** The tokens of the classes that have an image. @returns {ClassTokens} */
  classTokens() {
    const { core } = this;
    const room = this.classCount * this.#featureCount;
    return core.scoped((scope) => {
      const prototypes = scope.alloc(room * 4);
      const spreads = scope.alloc(room * 4);
      const slot = scope.alloc(4);
      core.check('ms_task_prototypes', this.pointer, prototypes, spreads, room, slot);
      const classCount = core.view(Uint32Array, slot, 1)[0];
      const count = classCount * this.#featureCount;
      return { classCount, prototypes: core.floatsOut(prototypes, count), spreads: core.floatsOut(spreads, count) };
    });
  }
}

/** @type {Record<string, number>} by ms_trainer_option */
const trainerOptions = { priorShrink: 0, ridge: 1, learningRate: 2, priorRate: 3, projectionRate: 4, weightDecay: 5,
  dropout: 6, listwise: 7, temperature: 8, squared: 9, batch: 10, imageShare: 11,
  recall: 12, reach: 13 };

/** Learns a scorer from tasks whose targets are known. */
export class Trainer extends Handle {
  #modelCount;
  #featureCount;

  /** @param {Core} core @param {number} pointer @param {{modelCount: number, featureCount: number}} shape */
  constructor(core, pointer, { modelCount, featureCount }) {
    super(core, 'trainer', pointer);
    this.#modelCount = modelCount;
    this.#featureCount = featureCount;
  }

  /** @param {string} option priorShrink, ridge, learningRate … @param {number} value */
  set(option, value) {
    if (!Object.hasOwn(trainerOptions, option)) {
      throw new ModelSpiderError('argument', `a trainer has no option ${option}`);
    }
    this.core.check('ms_trainer_set', this.pointer, trainerOptions[option], value);
  }

  /**
   * @param {ClassTokens} tokens
   * @param {ArrayLike<number>} targets of each model, in the unit of scores; NaN where missing
   * @param {number} weight how much the task counts
   */
  addTask({ classCount, prototypes, spreads }, targets, weight) {
    const count = classCount * this.#featureCount;
    if (prototypes.length !== count || spreads.length !== count || targets.length !== this.#modelCount) {
      throw new ModelSpiderError('argument', `a task of ${classCount} classes has ${count} numbers in each token list and ${this.#modelCount} targets`);
    }
    const { core } = this;
    core.scoped((scope) => core.check('ms_trainer_add_task', this.pointer, core.floatsIn(scope, prototypes),
      core.floatsIn(scope, spreads), classCount, core.floatsIn(scope, targets), weight));
  }

  /** Makes the scorer read landmarks; before the first task. @param {FeatureBlocks} blocks */
  setBlocks({ widths, joint }) {
    const { core } = this;
    core.scoped((scope) => core.check('ms_trainer_set_blocks', this.pointer, core.integersIn(scope, widths),
      widths.length, joint));
  }

  /** The landmarks of the task that was added last. @param {ArrayLike<number>} landmarks */
  setLandmarks(landmarks) {
    const { core } = this;
    core.scoped((scope) => {
      const values = scope.alloc(landmarks.length * 8);
      core.view(Float64Array, values, landmarks.length).set(landmarks);
      core.check('ms_trainer_set_landmarks', this.pointer, values, landmarks.length);
    });
  }

  /** Fits what has a closed form; steps go on from there. */
  fit() {
    this.core.check('ms_trainer_fit', this.pointer);
  }

  /** One step of gradient descent. @returns {number} the loss before it */
  step() {
    return this.core.scoped((scope) => {
      const loss = scope.alloc(8);
      this.core.check('ms_trainer_step', this.pointer, loss);
      return this.core.doubleOut(loss);
    });
  }

  /** @param {number} task its index, in the order of adding @returns {Float32Array} a score per model */
  score(task) {
    return this.core.scoped((scope) => {
      const scores = scope.alloc(this.#modelCount * 4);
      this.core.check('ms_trainer_score', this.pointer, task, scores, this.#modelCount);
      return this.core.floatsOut(scores, this.#modelCount);
    });
  }

  /**
   * Adds a task that a scorer was trained without, to learn from how sure scorers can be.
   *
   * @param {{truths: ArrayLike<number>, predicted: ArrayLike<number>, observed: ArrayLike<number>,
   *   landmark: number, imageCount: number, weight: number}} task truths: logit accuracies;
   *   observed: leave-one-out accuracies, NaN where missing; landmark: the last of the task's
   */
  addHeldOut({ truths, predicted, observed, landmark, imageCount, weight }) {
    const lists = [truths, predicted, observed];
    if (lists.some(({ length }) => length !== this.#modelCount)) {
      throw new ModelSpiderError('argument', `a held-out task has three numbers for each of ${this.#modelCount} models`);
    }
    const { core } = this;
    core.scoped((scope) => core.check('ms_trainer_add_held_out', this.pointer,
      ...lists.map((list) => core.floatsIn(scope, list)), landmark, imageCount, weight));
  }

  /** Fits how sure the scorer is to the held-out tasks. */
  fitCertainty() {
    this.core.check('ms_trainer_fit_certainty', this.pointer);
  }

  /**
   * Judges every model by the certainty fitted last, as Scorer.assess does, from a task's scores.
   *
   * @param {HeldOutTask} task
   * @param {{observed?: Observed, seed?: number, draws?: number}} [options]
   * @returns {Assessment[]}
   */
  assess(task, { observed = new Map(), seed = 0, draws = 256 } = {}) {
    const { core } = this;
    const count = this.#modelCount;
    return core.scoped((scope) => {
      const given = this.#heldOutIn(scope, task, observed);
      const assessments = scope.alloc(count * assessmentFields * 4);
      core.check('ms_trainer_assess', this.pointer, ...given, seed, draws, assessments, count);
      return readAssessments(core, assessments, count);
    });
  }

  /**
   * The model that is worth running next, as Scorer.suggest says it.
   *
   * @param {HeldOutTask} task
   * @param {Observed} observed
   * @returns {number} its index
   */
  suggest(task, observed) {
    const { core } = this;
    return core.scoped((scope) => {
      const given = this.#heldOutIn(scope, task, observed);
      const slot = scope.alloc(4);
      core.check('ms_trainer_suggest', this.pointer, ...given, slot);
      return core.view(Uint32Array, slot, 1)[0];
    });
  }

  /** @param {Scope} scope @param {HeldOutTask} task @param {Observed} observed @returns {number[]} */
  #heldOutIn(scope, { predicted, landmark, imageCount }, observed) {
    if (predicted.length !== this.#modelCount) {
      throw new ModelSpiderError('argument', `${predicted.length} scores for ${this.#modelCount} models`);
    }
    return [this.core.floatsIn(scope, predicted), landmark, imageCount, ...observedIn(this.core, scope, observed),
      observed.size];
  }

  /**
   * @param {string[]} modelIds
   * @param {string} encoderHash SHA-256 of the encoder's ONNX file
   * @returns {Uint8Array} a file that loadScorer reads
   */
  save(modelIds, encoderHash) {
    if (modelIds.length !== this.#modelCount) {
      throw new ModelSpiderError('argument', `${modelIds.length} ids for ${this.#modelCount} models`);
    }
    const { core } = this;
    return core.scoped((scope) => {
      const ids = core.integersIn(scope, modelIds.map((id) => core.textIn(scope, id)));
      const hash = core.textIn(scope, encoderHash);
      const slot = scope.alloc(4);
      core.check('ms_trainer_save', this.pointer, ids, hash, 0, 0, slot);
      const size = core.view(Uint32Array, slot, 1)[0];
      const bytes = scope.alloc(size);
      core.check('ms_trainer_save', this.pointer, ids, hash, bytes, size, slot);
      return core.view(Uint8Array, bytes, size).slice();
    });
  }
}

/**
 * @typedef {{score: number, rankLow: number, rankHigh: number,
 *   accuracy: {low: number, mid: number, high: number}}} Assessment what is known of one model: ranks
 *   from 0, intervals that hold the truth in 80 of 100 cases
 * @typedef {{predicted: ArrayLike<number>, landmark: number, imageCount: number}} HeldOutTask
 *   predicted: a score per model; landmark: the last of the task's, NaN where unknown
 * @typedef {ReadonlyMap<number, number>} Observed models that were run, by index, and the metric
 *   ridge of their features of the task
 */

/** Gives every model of a zoo a score for a task. */
export class Scorer extends Handle {
  /** @type {string[]} the models' ids, in the order of all scores */
  modelIds;

  /** @param {Core} core @param {number} pointer */
  constructor(core, pointer) {
    super(core, 'scorer', pointer);
    const count = core.call('ms_scorer_model_count', pointer) >>> 0;
    this.modelIds = Array.from({ length: count }, (_, i) => core.text(core.call('ms_scorer_model_id', pointer, i)));
  }

  /** The features of the encoder that it was made for. */
  get featureCount() {
    return this.core.call('ms_scorer_feature_count', this.pointer) >>> 0;
  }

  /** SHA-256 of that encoder's ONNX file. */
  get encoderHash() {
    return this.core.text(this.core.call('ms_scorer_encoder_hash', this.pointer));
  }

  /** @param {Task} task @returns {Float32Array} relative logit accuracies, higher is better */
  score(task) {
    return this.#scores((scores, count) =>
      this.core.check('ms_scorer_score', this.pointer, Handle.pointerOf(task), scores, count));
  }

  /** @returns {Float32Array} the scores of a task that changes nothing: the default order */
  prior() {
    return this.#scores((scores, count) => this.core.check('ms_scorer_prior', this.pointer, scores, count));
  }

  /** @param {(scores: number, count: number) => void} work @returns {Float32Array} */
  #scores(work) {
    return this.core.scoped((scope) => {
      const count = this.modelIds.length;
      const scores = scope.alloc(count * 4);
      work(scores, count);
      return this.core.floatsOut(scores, count);
    });
  }

  /**
   * Judges every model for a task, given what running some of them showed.
   *
   * @param {Task} task
   * @param {{observed?: Observed, seed?: number, draws?: number}} [options]
   * @returns {{assessments: Assessment[], orderChange: number}} orderChange: how far the order is
   *   from the default one, 0 … 1
   */
  assess(task, { observed = new Map(), seed = 0, draws = 256 } = {}) {
    const { core } = this;
    const count = this.modelIds.length;
    return core.scoped((scope) => {
      const [models, accuracies] = observedIn(core, scope, observed);
      const assessments = scope.alloc(count * assessmentFields * 4);
      const change = scope.alloc(4);
      core.check('ms_scorer_assess', this.pointer, Handle.pointerOf(task), models, accuracies, observed.size, seed, draws,
        assessments, count, change);
      return {
        assessments: readAssessments(core, assessments, count),
        orderChange: core.view(Float32Array, change, 1)[0],
      };
    });
  }

  /**
   * The model that is worth running next.
   *
   * @param {Task} task
   * @param {Observed} observed
   * @returns {number} its index
   */
  suggest(task, observed) {
    const { core } = this;
    return core.scoped((scope) => {
      const [models, accuracies] = observedIn(core, scope, observed);
      const slot = scope.alloc(4);
      core.check('ms_scorer_suggest', this.pointer, Handle.pointerOf(task), models, accuracies, observed.size, slot);
      return core.view(Uint32Array, slot, 1)[0];
    });
  }
}

/** @param {Core} core @param {Scope} scope @param {Observed} observed @returns {[number, number]} */
function observedIn(core, scope, observed) {
  return [core.integersIn(scope, [...observed.keys()]), core.floatsIn(scope, [...observed.values()])];
}

/** Floats of an ms_assessment. */
const assessmentFields = 6;

/** @param {Core} core @param {number} pointer @param {number} count @returns {Assessment[]} */
function readAssessments(core, pointer, count) {
  return Array.from({ length: count }, (_, i) => {
    const [score, rankLow, rankHigh, low, mid, high] =
      core.view(Float32Array, pointer + i * assessmentFields * 4, assessmentFields);
    return { score, rankLow, rankHigh, accuracy: { low, mid, high } };
  });
}

/** A zoo's manifest, checked. */
export class Zoo extends Handle {
  /** @param {Core} core @param {number} pointer */
  constructor(core, pointer) {
    super(core, 'zoo', pointer);
  }

  /** The models' ids, in the manifest's order. @returns {string[]} */
  get modelIds() {
    const count = this.core.call('ms_zoo_count', this.pointer) >>> 0;
    return Array.from({ length: count }, (_, i) =>
      this.core.text(this.core.call('ms_zoo_model_id', this.pointer, i)));
  }

  /** SHA-256 of the encoder's ONNX file. */
  get encoderHash() {
    return this.core.text(this.core.call('ms_zoo_encoder_hash', this.pointer));
  }
}

/**
 * @typedef {{weights: Float32Array, intercepts: Float32Array}} LinearHead weights
 *   [classCount][dimension], intercepts [classCount]
 */

/** An instance of the library. */
export class Engine {
  #core;

  /** @param {Core} core */
  constructor(core) {
    this.#core = core;
  }

  get version() {
    return this.#core.text(this.#core.call('ms_version'));
  }

  /** Bytes of the instance's memory. */
  get memorySize() {
    return this.#core.memorySize;
  }

  /**
   * @param {Uint8Array} onnxBytes
   * @param {InputRecipe} input
   * @returns {Network}
   */
  loadNetwork(onnxBytes, input) {
    const core = this.#core;
    const { precision = 'f32' } = input;
    if (!precisions.includes(precision)) {
      throw new ModelSpiderError('argument', `an input recipe has no precision ${precision}`);
    }
    return core.scoped((scope) => {
      const bytes = core.bytesIn(scope, onnxBytes);
      const spec = this.#createImageSpec(input);
      try {
        return new Network(core, core.create((slot) =>
          core.call('ms_network_load', core.context, bytes, onnxBytes.length, spec, precisions.indexOf(precision), slot)),
        input.signature === true);
      } finally {
        core.call('ms_image_spec_destroy', spec);
      }
    });
  }

  /**
   * What an ONNX file needs, and all that it asks for and cannot have, without running it.
   *
   * @param {Uint8Array} onnxBytes
   * @param {number} [openSide] stands for each size that the file leaves open
   * @returns {NetworkReport}
   */
  checkNetwork(onnxBytes, openSide = 224) {
    const core = this.#core;
    return core.scoped((scope) => {
      const bytes = core.bytesIn(scope, onnxBytes);
      const length = scope.alloc(4);
      const read = (/** @type {number} */ room) => {
        const text = scope.alloc(room);
        core.check('ms_network_check', core.context, bytes, onnxBytes.length, openSide, text, room, length);
        return text;
      };
      const first = read(4096);
      const [whole] = core.view(Uint32Array, length, 1);
      return parseReport(core.text(whole < 4096 ? first : read(whole + 1)));
    });
  }

  /** @param {InputRecipe} input @returns {number} an ms_image_spec */
  #createImageSpec({ width, height, fit = 'crop', channels = 'rgb', mean, std }) {
    const core = this.#core;
    const valueCount = channels === 'grey' ? 1 : 3;
    if (!fits.includes(fit) || !channelOrders.includes(channels)) {
      throw new ModelSpiderError('argument', `an input recipe has no fit ${fit} or no channels ${channels}`);
    }
    if (mean.length !== valueCount || std.length !== valueCount) {
      throw new ModelSpiderError('argument', `an input recipe with ${channels} channels needs ${valueCount} mean and std values`);
    }
    return core.scoped((scope) => core.create((slot) =>
      core.call('ms_image_spec_create', core.context, width, height, fits.indexOf(fit),
        channelOrders.indexOf(channels), core.floatsIn(scope, mean), core.floatsIn(scope, std), slot)));
  }

  /** @param {Uint8Array} manifestBytes a zoo's manifest, JSON @returns {Zoo} */
  loadZoo(manifestBytes) {
    const core = this.#core;
    return core.scoped((scope) => {
      const bytes = core.bytesIn(scope, manifestBytes);
      return new Zoo(core, core.create((slot) =>
        core.call('ms_zoo_load', core.context, bytes, manifestBytes.length, slot)));
    });
  }

  /** @param {Uint8Array} tokenBytes a file of Trainer.save @returns {Scorer} */
  loadScorer(tokenBytes) {
    const core = this.#core;
    return core.scoped((scope) => {
      const bytes = core.bytesIn(scope, tokenBytes);
      return new Scorer(core, core.create((slot) =>
        core.call('ms_scorer_load', core.context, bytes, tokenBytes.length, slot)));
    });
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
    const core = this.#core;
    return core.scoped((scope) => {
      const value = scope.alloc(8);
      core.check(name, core.context, core.floatsIn(scope, truth), core.floatsIn(scope, score), truth.length, ...more, value);
      return core.doubleOut(value);
    });
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
    const core = this.#core;
    return core.scoped((scope) => {
      const scores = core.floatsIn(scope, lists.flatMap((list) => Array.from(list)));
      const joined = scope.alloc(count * 4);
      core.check(name, core.context, scores, lists.length, count, joined);
      return core.floatsOut(joined, count);
    });
  }

  /** The metrics that need features and labels only. @returns {string[]} */
  get metricNames() {
    const count = this.#core.call('ms_metric_count') >>> 0;
    return Array.from({ length: count }, (_, i) => this.#core.text(this.#core.call('ms_metric_name', i)));
  }

  /**
   * Judges a model by its features of a labelled task; higher is better.
   *
   * @param {string} name one of metricNames
   * @param {Float32Array} features [count][dimension]
   * @param {number} count
   * @param {number} dimension
   * @param {ArrayLike<number>} labels [count], below classCount
   * @param {number} classCount
   * @returns {number}
   */
  metric(name, features, count, dimension, labels, classCount) {
    const index = this.#metricIndex(name);
    checkShape(features, count, dimension, labels);
    return this.#judge('ms_metric_compute', (core, scope) => [index, core.floatsIn(scope, features), count, dimension,
      core.integersIn(scope, labels), classCount]);
  }

  /**
   * Several metrics at once, which is quicker than one after the other.
   *
   * @param {string[]} names of metricNames
   * @param {Float32Array} features [count][dimension]
   * @param {number} count
   * @param {number} dimension
   * @param {ArrayLike<number>} labels [count], below classCount
   * @param {number} classCount
   * @returns {Record<string, number>} by name; NaN where a metric has no value for these features
   */
  metrics(names, features, count, dimension, labels, classCount) {
    const indices = names.map((name) => this.#metricIndex(name));
    checkShape(features, count, dimension, labels);
    const core = this.#core;
    return core.scoped((scope) => {
      const values = scope.alloc(names.length * 8);
      core.check('ms_metric_compute_several', core.context, core.integersIn(scope, indices), names.length,
        core.floatsIn(scope, features), count, dimension, core.integersIn(scope, labels), classCount, values);
      const results = core.view(Float64Array, values, names.length);
      return Object.fromEntries(names.map((name, i) => [name, results[i]]));
    });
  }

  /**
   * Judges a model by what it says of its own classes.
   *
   * @param {string} name nce, leep, pactran-dirichlet or pactran-gamma
   * @param {Float32Array} probabilities [count][sourceCount], each row sums to 1
   * @param {number} count
   * @param {number} sourceCount
   * @param {ArrayLike<number>} labels [count], below classCount
   * @param {number} classCount
   * @param {number} [concentration] of PACTran's weights
   * @returns {number}
   */
  sourceMetric(name, probabilities, count, sourceCount, labels, classCount, concentration = 1) {
    if (!sourceMetricNames.includes(name)) {
      throw new ModelSpiderError('argument', `there is no metric ${name} of source classes; there is ${sourceMetricNames.join(', ')}`);
    }
    checkShape(probabilities, count, sourceCount, labels);
    const options = name.startsWith('pactran') ? [concentration] : [];
    return this.#judge(`ms_metric_${name.replace('-', '_')}`, (core, scope) => [core.floatsIn(scope, probabilities), count,
      sourceCount, core.integersIn(scope, labels), classCount, ...options]);
  }

  /**
   * LogME for several labels a row, as 0 and 1, or for regression.
   *
   * @param {Float32Array} features [count][dimension]
   * @param {number} count
   * @param {number} dimension
   * @param {Float32Array} targets [count][targetCount]
   * @param {number} targetCount
   * @returns {number} the mean over the targets
   */
  logmeOfTargets(features, count, dimension, targets, targetCount) {
    if (features.length !== count * dimension || targets.length !== count * targetCount) {
      throw new ModelSpiderError('argument',
        `${features.length} features and ${targets.length} targets are no ${count} rows of ${dimension} and ${targetCount}`);
    }
    return this.#judge('ms_metric_logme_targets', (core, scope) => [core.floatsIn(scope, features), count, dimension,
      core.floatsIn(scope, targets), targetCount]);
  }

  /**
   * OTCE's conditional entropy between a task and a sample of what the model was trained on.
   *
   * @param {import('./worker.mjs').Matrix} task
   * @param {import('./worker.mjs').Matrix} source of the same dimension
   * @param {number} [penalty] of the coupling's entropy, in units of the mean cost
   * @returns {number}
   */
  otce(task, source, penalty = 0.1) {
    [task, source].forEach(({ features, count, labels }) => checkShape(features, count, task.dimension, labels));
    return this.#judge('ms_metric_otce', (core, scope) => [core.floatsIn(scope, task.features), task.count, task.dimension,
      core.integersIn(scope, task.labels), task.classCount, core.floatsIn(scope, source.features), source.count,
      core.integersIn(scope, source.labels), source.classCount, penalty]);
  }

  /**
   * @param {string} name of a function whose last argument receives a double
   * @param {(core: Core, scope: Scope) => number[]} place gives the arguments between context and value
   * @returns {number}
   */
  #judge(name, place) {
    const core = this.#core;
    return core.scoped((scope) => {
      const value = scope.alloc(8);
      core.check(name, core.context, ...place(core, scope), value);
      return core.doubleOut(value);
    });
  }

  /** @param {string} name @returns {number} */
  #metricIndex(name) {
    const index = this.metricNames.indexOf(name);
    if (index < 0) {
      throw new ModelSpiderError('argument', `there is no metric ${name}; there is ${this.metricNames.join(', ')}`);
    }
    return index;
  }

  /**
   * Ground truth: the test accuracy of a linear probe over random stratified splits.
   *
   * @param {Float32Array} features [count][dimension]
   * @param {number} count
   * @param {number} dimension
   * @param {ArrayLike<number>} labels [count], below classCount
   * @param {number} classCount
   * @param {{trainFraction: number, splits: number, seed: number}} options
   * @returns {{mean: number, standardError: number}}
   */
  probe(features, count, dimension, labels, classCount, { trainFraction, splits, seed }) {
    checkShape(features, count, dimension, labels);
    const core = this.#core;
    return core.scoped((scope) => {
      const mean = scope.alloc(8);
      const error = scope.alloc(8);
      core.check('ms_probe_accuracy', core.context, core.floatsIn(scope, features), count, dimension,
        core.integersIn(scope, labels), classCount, trainFraction, splits, BigInt(seed), mean, error);
      return { mean: core.doubleOut(mean), standardError: core.doubleOut(error) };
    });
  }

  /**
   * A linear head, to classify further images: logits = weights features + intercepts.
   *
   * @param {Float32Array} features [count][dimension]
   * @param {number} count
   * @param {number} dimension
   * @param {ArrayLike<number>} labels [count]; every class below classCount has a row
   * @param {number} classCount
   * @returns {LinearHead}
   */
  fitProbe(features, count, dimension, labels, classCount) {
    checkShape(features, count, dimension, labels);
    const core = this.#core;
    return core.scoped((scope) => {
      const weights = scope.alloc(classCount * dimension * 4);
      const intercepts = scope.alloc(classCount * 4);
      core.check('ms_probe_fit', core.context, core.floatsIn(scope, features), count, dimension,
        core.integersIn(scope, labels), classCount, weights, intercepts);
      return { weights: core.floatsOut(weights, classCount * dimension), intercepts: core.floatsOut(intercepts, classCount) };
    });
  }

  /** @param {number} classCount @param {number} featureCount @returns {Task} */
  createTask(classCount, featureCount) {
    const core = this.#core;
    return new Task(core, core.create((slot) =>
      core.call('ms_task_create', core.context, classCount, featureCount, slot)), featureCount);
  }

  /**
   * @param {{modelCount: number, featureCount: number, width: number, seed: number,
   *   options?: Record<string, number>}} shape width: the length of tokens; options: as in
   *   ms_trainer_option, camelCase
   * @returns {Trainer}
   */
  createTrainer({ modelCount, featureCount, width, seed, options = {} }) {
    const core = this.#core;
    const trainer = new Trainer(core, core.create((slot) =>
      core.call('ms_trainer_create', core.context, modelCount, featureCount, width, seed, slot)), { modelCount, featureCount });
    try {
      Object.entries(options).forEach(([option, value]) => trainer.set(option, value));
      return trainer;
    } catch (error) {
      trainer.destroy();
      throw error;
    }
  }
}

/**
 * C trusts the counts that it is given.
 *
 * @param {ArrayLike<number>} features
 * @param {number} count
 * @param {number} dimension
 * @param {ArrayLike<number>} labels
 */
function checkShape(features, count, dimension, labels) {
  if (features.length !== count * dimension || labels.length !== count) {
    throw new ModelSpiderError('argument',
      `${features.length} features and ${labels.length} labels are no ${count} rows of ${dimension}`);
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
