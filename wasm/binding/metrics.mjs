// Judging models by the features of a labelled task: transferability metrics and linear probes.
import { ModelSpiderError } from './error.mjs';

/**
 * @typedef {import('./core.mjs').Scope} Scope
 * @typedef {import('./core.mjs').Argument} Argument
 * @typedef {{features: Float32Array, count: number, dimension: number, labels: ArrayLike<number>,
 *   classCount: number}} Matrix features [count][dimension] and their labels [count]
 * @typedef {{weights: Float32Array, intercepts: Float32Array}} LinearHead weights
 *   [classCount][dimension], intercepts [classCount]
 */

/** The metrics that need the probabilities of a model's own classes. */
export const sourceMetricNames = ['nce', 'leep', 'pactran-dirichlet', 'pactran-gamma'];

/** The part of an engine that judges features. */
export class Metrics {
  #core;

  /** @param {import('./core.mjs').Core} core */
  constructor(core) {
    this.#core = core;
  }

  /** @protected */
  get core() {
    return this.#core;
  }

  /** The metrics that need features and labels only. @returns {string[]} */
  get metricNames() {
    return Array.from({ length: this.#core.count('ms_metric_count') }, (_, i) => this.#core.text('ms_metric_name', i));
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
    return this.#judge('ms_metric_compute', (scope) => [index, scope.floats(features), count, dimension,
      scope.integers(labels), classCount]);
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
      const values = scope.room(Float64Array, names.length);
      core.check('ms_metric_compute_several', core.context, scope.integers(indices), names.length,
        scope.floats(features), count, dimension, scope.integers(labels), classCount, values);
      const results = values.read();
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
    return this.#judge(`ms_metric_${name.replace('-', '_')}`, (scope) => [scope.floats(probabilities), count,
      sourceCount, scope.integers(labels), classCount, ...options]);
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
    return this.#judge('ms_metric_logme_targets', (scope) => [scope.floats(features), count, dimension,
      scope.floats(targets), targetCount]);
  }

  /**
   * OTCE's conditional entropy between a task and a sample of what the model was trained on.
   *
   * @param {Matrix} task
   * @param {Matrix} source of the same dimension
   * @param {number} [penalty] of the coupling's entropy, in units of the mean cost
   * @returns {number}
   */
  otce(task, source, penalty = 0.1) {
    [task, source].forEach(({ features, count, labels }) => checkShape(features, count, task.dimension, labels));
    return this.#judge('ms_metric_otce', (scope) => [scope.floats(task.features), task.count, task.dimension,
      scope.integers(task.labels), task.classCount, scope.floats(source.features), source.count,
      scope.integers(source.labels), source.classCount, penalty]);
  }

  /**
   * @param {string} name of a function whose last argument receives a double
   * @param {(scope: Scope) => Argument[]} place gives the arguments between context and value
   * @returns {number}
   */
  #judge(name, place) {
    return this.#core.number(Float64Array, name, (scope) => [this.#core.context, ...place(scope)]);
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
      const mean = scope.room(Float64Array, 1);
      const error = scope.room(Float64Array, 1);
      core.check('ms_probe_accuracy', core.context, scope.floats(features), count, dimension,
        scope.integers(labels), classCount, trainFraction, splits, BigInt(seed), mean, error);
      return { mean: mean.value, standardError: error.value };
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
      const weights = scope.room(Float32Array, classCount * dimension);
      const intercepts = scope.room(Float32Array, classCount);
      core.check('ms_probe_fit', core.context, scope.floats(features), count, dimension,
        scope.integers(labels), classCount, weights, intercepts);
      return { weights: weights.read(), intercepts: intercepts.read() };
    });
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
