// The user's task: labelled features, and what scorers and learners read of them.
import { Handle } from './core.mjs';

/**
 * @typedef {{classCount: number, prototypes: Float32Array, spreads: Float32Array}} ClassTokens both
 *   [classCount][featureCount]: the means of the classes, and their root mean square deviations
 * @typedef {{widths: number[], joint: number}} FeatureBlocks consecutive blocks of a task's features,
 *   the first `joint` of which are judged together too
 */

/** A user's sample images, by their features and classes. */
export class Task extends Handle {
  #featureCount;

  /** @param {import('./core.mjs').Core} core @param {number} classCount @param {number} featureCount */
  constructor(core, classCount, featureCount) {
    super(core, 'task', 'create', () => [classCount, featureCount]);
    this.#featureCount = featureCount;
  }

  get classCount() {
    return this.core.count('ms_task_class_count', this);
  }

  get imageCount() {
    return this.core.count('ms_task_image_count', this);
  }

  /** @param {number} classIndex @param {Float32Array} features */
  addImage(classIndex, features) {
    this.core.scoped((scope) =>
      this.core.check('ms_task_add_image', this, classIndex, scope.floats(features), features.length));
  }

  /**
   * How well simple learners solve the task on each block of its features.
   *
   * @param {FeatureBlocks} blocks
   * @returns {Float64Array} log odds of accuracies, one a block and one for the joint blocks
   */
  landmarks({ widths, joint }) {
    const count = widths.length + (joint > 0 ? 1 : 0);
    return this.core.scoped((scope) => {
      const landmarks = scope.room(Float64Array, count);
      this.core.check('ms_task_landmarks', this, scope.integers(widths), widths.length, joint, landmarks, count);
      return landmarks.read();
    });
  }

  /** The tokens of the classes that have an image. @returns {ClassTokens} */
  classTokens() {
    const room = this.classCount * this.#featureCount;
    return this.core.scoped((scope) => {
      const prototypes = scope.room(Float32Array, room);
      const spreads = scope.room(Float32Array, room);
      const used = scope.room(Uint32Array, 1);
      this.core.check('ms_task_prototypes', this, prototypes, spreads, room, used);
      const classCount = used.value;
      const count = classCount * this.#featureCount;
      return { classCount, prototypes: prototypes.read(count), spreads: spreads.read(count) };
    });
  }
}
