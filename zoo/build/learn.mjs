// Learns a scorer from a task bank, and what it says of data sets that it has not seen: leave-one-
// data-set-out, sets that share pictures left out together.

import { nextTask } from '../../wasm/next-task.mjs';
import { observedAccuracy } from '../../wasm/observation.mjs';

/**
 * @typedef {import('./bank.mjs').Bank} Bank
 * @typedef {import('./bank.mjs').BankTask} BankTask
 * @typedef {import('../../wasm/modelspider.mjs').Engine} Engine
 * @typedef {import('../../wasm/modelspider.mjs').Trainer} Trainer
 * @typedef {{steps: number, width: number, seed: number, options: Record<string, number>}} Recipe
 */

/**
 * What was chosen by leave-one-data-set-out results: the closed form alone; steps of gradient
 * descent from there lose what they gain (modelspider eval --steps N shows it).
 *
 * @type {Recipe}
 */
export const defaultRecipe = { steps: 0, width: 24, seed: 1, options: { ridge: 2, imageShare: 2 / 3, recall: 2 / 3, reach: 0.4, priorShrink: 1 } };

/** Log odds of an accuracy from so many images, kept finite. @param {number} accuracy @param {number} images */
function logit(accuracy, images) {
  return Math.log((accuracy * images + 0.5) / ((1 - accuracy) * images + 0.5));
}

/** A task's targets: its accuracies as log odds. @param {BankTask} task @returns {Float32Array} */
export const targetsOf = ({ accuracy, images }) => accuracy.map((value) => logit(value, images));

/**
 * A task counts by how far its models differ: where all do alike there is no order to learn.
 *
 * @param {BankTask} task
 */
function weightOf(task) {
  const targets = targetsOf(task);
  const mean = targets.reduce((sum, value) => sum + value, 0) / targets.length;
  const variance = targets.reduce((sum, value) => sum + (value - mean) ** 2, 0) / targets.length;
  return variance / (variance + 0.02);
}

/**
 * Trains on all tasks; those that are held out are added with weight 0, so that the trainer can
 * score them and nothing else of them counts.
 *
 * @param {Engine} engine
 * @param {Bank} bank
 * @param {Recipe} recipe
 * @param {(task: BankTask) => boolean} isHeldOut
 * @returns {Trainer}
 */
function trainOn(engine, bank, recipe, isHeldOut) {
  const trainer = engine.createTrainer({
    modelCount: bank.models.length, featureCount: bank.featureCount, width: recipe.width, seed: recipe.seed,
    options: recipe.options,
  });
  trainer.setBlocks(bank.blocks);
  for (const task of bank.tasks) {
    trainer.addTask(task, targetsOf(task), isHeldOut(task) ? 0 : weightOf(task));
    trainer.setLandmarks(task.landmarks);
  }
  trainer.fit();
  for (let step = 0; step < recipe.steps; step++) {
    trainer.step();
  }
  return trainer;
}

/** @param {Bank} bank @returns {string[]} each group once, in the order of the tasks */
export const groupsOf = (bank) => [...new Set(bank.tasks.map(({ group }) => group))];

/**
 * Scores of every task by a scorer that has seen nothing of its group.
 *
 * @param {Engine} engine
 * @param {Bank} bank
 * @param {Recipe} recipe
 * @param {(done: number, all: number) => void} onProgress
 * @returns {Promise<Float32Array[]>} by task
 */
export async function predictHeldOut(engine, bank, recipe, onProgress) {
  /** @type {Float32Array[]} */
  const scores = [];
  const groups = groupsOf(bank);
  for (const [done, group] of groups.entries()) {
    const trainer = trainOn(engine, bank, recipe, (task) => task.group === group);
    bank.tasks.forEach((task, t) => {
      if (task.group === group) {
        scores[t] = trainer.score(t);
      }
    });
    trainer.destroy();
    onProgress(done + 1, groups.length);
    await nextTask();
  }
  return scores;
}

/**
 * The scorer of the whole bank, with the certainty that held-out predictions teach.
 *
 * @param {Engine} engine
 * @param {Bank} bank
 * @param {Recipe} recipe
 * @param {Float32Array[]} heldOut predictHeldOut's
 * @returns {Uint8Array} a token file
 */
export function trainScorer(engine, bank, recipe, heldOut) {
  const trainer = trainOn(engine, bank, recipe, () => false);
  try {
    teachCertainty(trainer, bank, heldOut, () => true);
    return trainer.save(bank.models, bank.encoderHash);
  } finally {
    trainer.destroy();
  }
}

/** What running each model on a task would show. @param {BankTask} task @returns {Float32Array} */
export const observedOf = ({ accuracy, metrics }) =>
  accuracy.map((_, m) => observedAccuracy((name) => metrics[name][m]));

/**
 * What a held-out prediction says of a task, as a trainer's forecasts want it.
 *
 * @param {BankTask} task
 * @param {Float32Array} predicted
 * @returns {import('../../wasm/modelspider.mjs').HeldOutTask}
 */
export const forecastInput = ({ landmarks, images }, predicted) =>
  ({ predicted, landmark: landmarks[landmarks.length - 1], imageCount: images });

/**
 * Fits a trainer's certainty to the held-out predictions of some tasks.
 *
 * @param {Trainer} trainer
 * @param {Bank} bank
 * @param {Float32Array[]} heldOut predictHeldOut's
 * @param {(task: BankTask) => boolean} isTold
 */
export function teachCertainty(trainer, bank, heldOut, isTold) {
  bank.tasks.forEach((task, t) => {
    if (isTold(task)) {
      trainer.addHeldOut({
        ...forecastInput(task, heldOut[t]), truths: targetsOf(task), observed: observedOf(task), weight: weightOf(task),
      });
    }
  });
  trainer.fitCertainty();
}
