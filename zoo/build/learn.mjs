// Learns a scorer from a task bank, and judges how well scorers rank data sets that they have not
// seen: leave-one-data-set-out, sets that share pictures left out together.

/**
 * @typedef {import('./bank.mjs').Bank} Bank
 * @typedef {import('./bank.mjs').BankTask} BankTask
 * @typedef {import('../../wasm/modelspider.mjs').Engine} Engine
 * @typedef {import('../../wasm/modelspider.mjs').Trainer} Trainer
 * @typedef {{steps: number, width: number, seed: number, options: Record<string, number>}} Recipe
 * @typedef {{name: string, task: string, weightedTau: number, tauB: number, regret: number,
 *   topThree: number}} Judgement of one ranking of one task
 */

/**
 * What was chosen by leave-one-data-set-out results: the closed form alone; steps of gradient
 * descent from there lose what they gain (modelspider eval --steps N shows it).
 *
 * @type {Recipe}
 */
export const defaultRecipe = { steps: 0, width: 24, seed: 1, options: { ridge: 2.5, imageShare: 0.1, priorShrink: 1 } };

/** Log odds of an accuracy from so many images, kept finite. @param {number} accuracy @param {number} images */
function logit(accuracy, images) {
  return Math.log((accuracy * images + 0.5) / ((1 - accuracy) * images + 0.5));
}

/** A task's targets: its accuracies as log odds. @param {BankTask} task @returns {Float32Array} */
const targetsOf = ({ accuracy, images }) => accuracy.map((value) => logit(value, images));

/**
 * A task counts by how far its models differ: where all do alike there is no order to learn.
 *
 * @param {BankTask} task
 */
function weightOf(task) {
  const targets = targetsOf(task);
  const mean = targets.reduce((sum, value) => sum + value, 0) / targets.length;
  const variance = targets.reduce((sum, value) => sum + (value - mean) ** 2, 0) / targets.length;
  return variance / (variance + 0.1);
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
const groupsOf = (bank) => [...new Set(bank.tasks.map(({ group }) => group))];

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
    await new Promise((resolve) => setTimeout(resolve));
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
    bank.tasks.forEach((task, t) => trainer.addHeldOut({
      truths: targetsOf(task), predicted: heldOut[t], observed: task.metrics.ridge,
      encoderAccuracy: task.encoderAccuracy, imageCount: task.images, weight: weightOf(task),
    }));
    trainer.fitCertainty();
    return trainer.save(bank.models, bank.encoderHash);
  } finally {
    trainer.destroy();
  }
}

/** Mean log odds over the training tasks, each less the task's mean. @param {BankTask[]} tasks */
function meanTargets(tasks) {
  const sums = new Float32Array(tasks[0].accuracy.length);
  for (const task of tasks) {
    const targets = targetsOf(task);
    const mean = targets.reduce((sum, value) => sum + value, 0) / targets.length;
    targets.forEach((value, m) => { sums[m] += (value - mean) / tasks.length; });
  }
  return sums;
}

/** The training task whose landmarks are nearest. @param {BankTask} task @param {BankTask[]} others */
function nearestTask(task, others) {
  const distance = (/** @type {BankTask} */ other) =>
    other.landmarks.reduce((sum, value, i) => sum + (value - task.landmarks[i]) ** 2, 0);
  return others.reduce((best, other) => (distance(other) < distance(best) ? other : best));
}

/**
 * Judges ways to rank on every task: with nothing (random, size, the static prior), from the
 * encoder (nearest task, scorer), and with every model run (the metrics). A task on which all models
 * do alike has no order to find and is left out.
 *
 * @param {Engine} engine
 * @param {Bank} bank
 * @param {Float32Array[]} scores predictHeldOut's
 * @param {Map<string, number>} parameters of each model
 * @returns {Judgement[]}
 */
export function judgeRankings(engine, bank, scores, parameters) {
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return bank.tasks.flatMap((task, t) => {
    if (!differs(task.accuracy)) {
      return [];
    }
    const others = bank.tasks.filter(({ group }) => group !== task.group);
    /** @type {Record<string, ArrayLike<number>>} */
    const rankings = {
      random: bank.models.map(random),
      size: bank.models.map((id) => parameters.get(id) ?? 0),
      'static prior': meanTargets(others),
      'nearest task': nearestTask(task, others).accuracy,
      scorer: scores[t],
      ...task.metrics,
    };
    // A metric may have no value for a model: then it ranks no model of this task.
    return Object.entries(rankings).filter(([, ranking]) => Array.from(ranking).every(Number.isFinite)).map(([name, ranking]) => judge(engine, name, task, Float32Array.from(ranking)));
  });
}

/** @param {ArrayLike<number>} values @returns {boolean} whether they hold any order */
const differs = (values) => Array.from(values).some((value) => value !== values[0]);

/**
 * A ranking in which all models are equal says nothing: its taus are 0.
 *
 * @param {Engine} engine
 * @param {string} name
 * @param {BankTask} task
 * @param {Float32Array} ranking
 * @returns {Judgement}
 */
function judge(engine, name, task, ranking) {
  const hasOrder = differs(ranking);
  return {
    name,
    task: task.name,
    weightedTau: hasOrder ? engine.weightedTau(task.accuracy, ranking) : 0,
    tauB: hasOrder ? engine.kendallTauB(task.accuracy, ranking) : 0,
    regret: engine.regretAtOne(task.accuracy, ranking),
    topThree: engine.topRecall(task.accuracy, ranking, 3),
  };
}

/**
 * @param {Judgement[]} judgements
 * @returns {{name: string, weightedTau: number, tauB: number, regret: number, topThree: number}[]} means
 *   over tasks, by way to rank
 */
export function summarise(judgements) {
  return [...new Set(judgements.map(({ name }) => name))].map((name) => {
    const own = judgements.filter((judgement) => judgement.name === name);
    const mean = (/** @type {(judgement: Judgement) => number} */ part) =>
      own.reduce((sum, judgement) => sum + part(judgement), 0) / own.length;
    return {
      name, weightedTau: mean(({ weightedTau }) => weightedTau), tauB: mean(({ tauB }) => tauB),
      regret: mean(({ regret }) => regret), topThree: mean(({ topThree }) => topThree),
    };
  });
}
