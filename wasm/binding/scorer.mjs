// The scorer: a task's features to a score for every model of a zoo.
import { placeForAssessments, placeObserved, readAssessments } from './assessment.mjs';
import { Handle } from './core.mjs';

/**
 * @typedef {import('./assessment.mjs').Assessment} Assessment
 * @typedef {import('./assessment.mjs').Observed} Observed
 * @typedef {import('./task.mjs').Task} Task
 */

/** Gives every model of a zoo a score for a task. */
export class Scorer extends Handle {
  /** @type {string[]} the models' ids, in the order of all scores */
  modelIds;

  /** @param {import('./core.mjs').Core} core @param {Uint8Array} tokenBytes */
  constructor(core, tokenBytes) {
    super(core, 'scorer', 'load', (scope) => [scope.bytes(tokenBytes), tokenBytes.length]);
    this.modelIds = Array.from({ length: core.count('ms_scorer_model_count', this) }, (_, i) =>
      core.text('ms_scorer_model_id', this, i));
  }

  /** The features of the encoder that it was made for. */
  get featureCount() {
    return this.core.count('ms_scorer_feature_count', this);
  }

  /** SHA-256 of that encoder's ONNX file. */
  get encoderHash() {
    return this.core.text('ms_scorer_encoder_hash', this);
  }

  /** @param {Task} task @returns {Float32Array} relative logit accuracies, higher is better */
  score(task) {
    return this.#scores('ms_scorer_score', task);
  }

  /** @returns {Float32Array} the scores of a task that changes nothing: the default order */
  prior() {
    return this.#scores('ms_scorer_prior');
  }

  /** @param {string} name @param {Task[]} tasks one or none @returns {Float32Array} */
  #scores(name, ...tasks) {
    const count = this.modelIds.length;
    return this.core.scoped((scope) => {
      const scores = scope.room(Float32Array, count);
      this.core.check(name, this, ...tasks, scores, count);
      return scores.read();
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
    const count = this.modelIds.length;
    return this.core.scoped((scope) => {
      const given = placeObserved(scope, observed);
      const assessments = placeForAssessments(scope, count);
      const change = scope.room(Float32Array, 1);
      this.core.check('ms_scorer_assess', this, task, ...given, seed, draws, assessments, count, change);
      return { assessments: readAssessments(assessments.read()), orderChange: change.value };
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
    return this.core.number(Uint32Array, 'ms_scorer_suggest', (scope) => [this, task, ...placeObserved(scope, observed)]);
  }
}
