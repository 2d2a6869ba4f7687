// The trainer: tasks whose targets are known to the file of a scorer.
import { placeForAssessments, placeObserved, readAssessments } from './assessment.mjs';
import { Handle } from './core.mjs';
import { ModelSpiderError } from './error.mjs';

/**
 * @typedef {import('./assessment.mjs').Assessment} Assessment
 * @typedef {import('./assessment.mjs').Observed} Observed
 * @typedef {import('./core.mjs').Core} Core
 * @typedef {import('./core.mjs').Scope} Scope
 * @typedef {{predicted: ArrayLike<number>, landmark: number, imageCount: number}} HeldOutTask
 *   predicted: a score per model; landmark: the last of the task's, NaN where unknown
 * @typedef {{modelCount: number, featureCount: number, width: number, seed: number,
 *   options?: Record<string, number>}} TrainerShape width: the length of tokens; options: as in
 *   ms_trainer_option, camelCase
 */

/** @type {Record<string, number>} by ms_trainer_option */
const trainerOptions = { priorShrink: 0, ridge: 1, learningRate: 2, priorRate: 3, projectionRate: 4, weightDecay: 5,
  dropout: 6, listwise: 7, temperature: 8, squared: 9, batch: 10, imageShare: 11,
  recall: 12, reach: 13 };

/** Learns a scorer from tasks whose targets are known. */
export class Trainer extends Handle {
  #modelCount;
  #featureCount;

  /** @param {Core} core @param {TrainerShape} shape */
  constructor(core, { modelCount, featureCount, width, seed, options = {} }) {
    super(core, 'trainer', 'create', () => [modelCount, featureCount, width, seed]);
    this.#modelCount = modelCount;
    this.#featureCount = featureCount;
    try {
      Object.entries(options).forEach(([option, value]) => this.set(option, value));
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** @param {string} option priorShrink, ridge, learningRate … @param {number} value */
  set(option, value) {
    if (!Object.hasOwn(trainerOptions, option)) {
      throw new ModelSpiderError('argument', `a trainer has no option ${option}`);
    }
    this.core.check('ms_trainer_set', this, trainerOptions[option], value);
  }

  /**
   * @param {import('./task.mjs').ClassTokens} tokens
   * @param {ArrayLike<number>} targets of each model, in the unit of scores; NaN where missing
   * @param {number} weight how much the task counts
   */
  addTask({ classCount, prototypes, spreads }, targets, weight) {
    const count = classCount * this.#featureCount;
    if (prototypes.length !== count || spreads.length !== count || targets.length !== this.#modelCount) {
      throw new ModelSpiderError('argument', `a task of ${classCount} classes has ${count} numbers in each token list and ${this.#modelCount} targets`);
    }
    this.core.scoped((scope) => this.core.check('ms_trainer_add_task', this, scope.floats(prototypes),
      scope.floats(spreads), classCount, scope.floats(targets), weight));
  }

  /** Makes the scorer read landmarks; before the first task. @param {import('./task.mjs').FeatureBlocks} blocks */
  setBlocks({ widths, joint }) {
    this.core.scoped((scope) =>
      this.core.check('ms_trainer_set_blocks', this, scope.integers(widths), widths.length, joint));
  }

  /** The landmarks of the task that was added last. @param {ArrayLike<number>} landmarks */
  setLandmarks(landmarks) {
    this.core.scoped((scope) =>
      this.core.check('ms_trainer_set_landmarks', this, scope.doubles(landmarks), landmarks.length));
  }

  /** Fits what has a closed form; steps go on from there. */
  fit() {
    this.core.check('ms_trainer_fit', this);
  }

  /** One step of gradient descent. @returns {number} the loss before it */
  step() {
    return this.core.number(Float64Array, 'ms_trainer_step', () => [this]);
  }

  /** @param {number} task its index, in the order of adding @returns {Float32Array} a score per model */
  score(task) {
    return this.core.scoped((scope) => {
      const scores = scope.room(Float32Array, this.#modelCount);
      this.core.check('ms_trainer_score', this, task, scores, this.#modelCount);
      return scores.read();
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
    this.core.scoped((scope) => this.core.check('ms_trainer_add_held_out', this,
      ...lists.map((list) => scope.floats(list)), landmark, imageCount, weight));
  }

  /** Fits how sure the scorer is to the held-out tasks. */
  fitCertainty() {
    this.core.check('ms_trainer_fit_certainty', this);
  }

  /**
   * Judges every model by the certainty fitted last, as Scorer.assess does, from a task's scores.
   *
   * @param {HeldOutTask} task
   * @param {{observed?: Observed, seed?: number, draws?: number}} [options]
   * @returns {Assessment[]}
   */
  assess(task, { observed = new Map(), seed = 0, draws = 256 } = {}) {
    const count = this.#modelCount;
    return this.core.scoped((scope) => {
      const given = this.#placeHeldOut(scope, task, observed);
      const assessments = placeForAssessments(scope, count);
      this.core.check('ms_trainer_assess', this, ...given, seed, draws, assessments, count);
      return readAssessments(assessments.read());
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
    return this.core.number(Uint32Array, 'ms_trainer_suggest', (scope) =>
      [this, ...this.#placeHeldOut(scope, task, observed)]);
  }

  /**
   * @param {Scope} scope
   * @param {HeldOutTask} task
   * @param {Observed} observed
   * @returns {import('./core.mjs').Argument[]}
   */
  #placeHeldOut(scope, { predicted, landmark, imageCount }, observed) {
    if (predicted.length !== this.#modelCount) {
      throw new ModelSpiderError('argument', `${predicted.length} scores for ${this.#modelCount} models`);
    }
    return [scope.floats(predicted), landmark, imageCount, ...placeObserved(scope, observed)];
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
    return this.core.scoped((scope) => {
      const ids = scope.texts(modelIds);
      const hash = scope.text(encoderHash);
      const length = scope.room(Uint32Array, 1);
      this.core.check('ms_trainer_save', this, ids, hash, 0, 0, length);
      const size = length.value;
      const bytes = scope.room(Uint8Array, size);
      this.core.check('ms_trainer_save', this, ids, hash, bytes, size, length);
      return bytes.read();
    });
  }
}
