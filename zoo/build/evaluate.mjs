// Judges rankings of data sets that were not learned from: with nothing run, with some models run,
// with all; and whether what is said of their certainty comes true.
import { nextTask } from '../../wasm/next-task.mjs';
import { defaultRecipe, forecastInput, groupsOf, observedOf, predictHeldOut, teachCertainty } from './learn.mjs';
import { kernelRegression, nearestTasks, staticPrior } from './simple-learners.mjs';

/**
 * @typedef {import('./bank.mjs').Bank} Bank
 * @typedef {import('./bank.mjs').BankTask} BankTask
 * @typedef {import('./learn.mjs').Recipe} Recipe
 * @typedef {import('../../wasm/modelspider.mjs').Engine} Engine
 * @typedef {import('../../wasm/modelspider.mjs').Assessment} Assessment
 * @typedef {{weightedTau: number, tauB: number, regret: number, topThree: number}} Quality
 * @typedef {Quality & {name: string, task: string}} Judgement of one ranking of one task
 * @typedef {{ranksInside: number, accuraciesInside: number, rankWidth: number, accuracyWidth: number}} Coverage
 *   shares of the models whose truth lies inside its interval, and the intervals' mean widths
 * @typedef {Quality & Coverage & {k: number, task: string, run: number[]}} Forecast with k models
 *   run, by index, in the order in which they were suggested, those in the encoder not counted
 */

/** Draws behind an interval: as many as a ranking takes. */
const draws = 512;

/** @param {ArrayLike<number>} values @returns {boolean} whether they hold any order */
export const differs = (values) => Array.from(values).some((value) => value !== values[0]);

/** Tasks on which all models do alike have no order to find. @param {Bank} bank */
export const orderedTasks = (bank) => bank.tasks.filter(({ accuracy }) => differs(accuracy));

/**
 * A ranking in which all models are equal says nothing: its taus are 0.
 *
 * @param {Engine} engine
 * @param {BankTask} task
 * @param {ArrayLike<number>} ranking
 * @returns {Quality}
 */
export function judge(engine, { accuracy }, ranking) {
  const hasOrder = differs(ranking);
  return {
    weightedTau: hasOrder ? engine.weightedTau(accuracy, ranking) : 0,
    tauB: hasOrder ? engine.kendallTauB(accuracy, ranking) : 0,
    regret: engine.regretAtOne(accuracy, ranking),
    topThree: engine.topRecall(accuracy, ranking, 3),
  };
}

/**
 * Judges ways to rank on every task: with nothing (random, size, the static prior), from the
 * encoder (nearest tasks, regression, scorer), and with every model run (the metrics).
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
  return orderedTasks(bank).flatMap((task) => {
    const others = bank.tasks.filter(({ group }) => group !== task.group);
    /** @type {Record<string, ArrayLike<number>>} */
    const rankings = {
      random: bank.models.map(random),
      size: bank.models.map((id) => parameters.get(id) ?? 0),
      'static prior': staticPrior(others),
      'nearest task': nearestTasks(task, others, 1),
      '5 nearest tasks': nearestTasks(task, others, 5),
      'kernel regression': kernelRegression(task, others),
      scorer: scores[bank.tasks.indexOf(task)],
      ...task.metrics,
    };
    // A metric may have no value for a model: then it ranks no model of this task.
    return Object.entries(rankings).filter(([, ranking]) => Array.from(ranking).every(Number.isFinite))
      .map(([name, ranking]) => ({ name, task: task.name, ...judge(engine, task, ranking) }));
  });
}

/** Other ways to train the scorer, to know what each part of it is worth. */
const variants = {
  'scorer without landmarks': { options: { imageShare: 1 } },
  'scorer of landmarks alone': { options: { imageShare: 0 } },
  'scorer that recalls no tasks': { options: { recall: 0 } },
};

/**
 * @param {Engine} engine
 * @param {Bank} bank
 * @param {(done: number, all: number) => void} onProgress
 * @returns {Promise<Judgement[]>}
 */
export async function judgeVariants(engine, bank, onProgress) {
  const judgements = [];
  const all = Object.keys(variants).length;
  for (const [i, [name, change]] of Object.entries(variants).entries()) {
    /** @type {Recipe} */
    const recipe = { ...defaultRecipe, ...change, options: { ...defaultRecipe.options, ...('options' in change ? change.options : {}) } };
    const scores = await predictHeldOut(engine, bank, recipe, (done, groups) => onProgress(i * groups + done, all * groups));
    judgements.push(...orderedTasks(bank).map((task) =>
      ({ name, task: task.name, ...judge(engine, task, scores[bank.tasks.indexOf(task)]) })));
  }
  return judgements;
}

/**
 * The ranking of every task with 0, 1, … all models run, in the order in which they are suggested.
 * Models that run with the encoder count as run.
 * The certainty is fitted without the task's group; the predictions that it is fitted to were made
 * by scorers which, each being without one other group, had seen the task.
 *
 * @param {Engine} engine
 * @param {Bank} bank
 * @param {{scores: Float32Array[], shown: number[]}} held predictHeldOut's scores, and the models in
 *   the encoder, by index
 * @param {(done: number, all: number) => void} onProgress
 * @returns {Promise<Forecast[]>}
 */
export async function judgeForecasts(engine, bank, { scores, shown }, onProgress) {
  /** @type {Forecast[]} */
  const forecasts = [];
  const groups = groupsOf(bank);
  for (const [done, group] of groups.entries()) {
    const trainer = engine.createTrainer({ modelCount: bank.models.length, featureCount: 1, width: 1, seed: 1 });
    try {
      teachCertainty(trainer, bank, scores, (task) => task.group !== group);
      for (const task of orderedTasks(bank).filter((candidate) => candidate.group === group)) {
        forecasts.push(...forecastTask(engine, trainer, task, { predicted: scores[bank.tasks.indexOf(task)], shown }));
      }
    } finally {
      trainer.destroy();
    }
    onProgress(done + 1, groups.length);
    await nextTask();
  }
  return forecasts;
}

/**
 * @param {Engine} engine
 * @param {import('../../wasm/modelspider.mjs').Trainer} trainer
 * @param {BankTask} task
 * @param {{predicted: Float32Array, shown: number[]}} held
 * @returns {Forecast[]}
 */
function forecastTask(engine, trainer, task, { predicted, shown }) {
  const input = forecastInput(task, predicted);
  const accuracies = observedOf(task);
  /** @type {number[]} */
  const run = [];
  const forecasts = [];
  for (let k = 0; k <= predicted.length - shown.length; k++) {
    if (k > 0) {
      run.push(trainer.suggest(input, new Map([...shown, ...run].map((m) => [m, accuracies[m]]))));
    }
    const observed = new Map([...shown, ...run].map((m) => [m, accuracies[m]]));
    const assessments = trainer.assess(input, { observed, seed: k, draws });
    forecasts.push({
      k, task: task.name, run: [...run],
      ...judge(engine, task, assessments.map(({ score }) => score)), ...coverageOf(task, assessments),
    });
  }
  return forecasts;
}

/** @param {BankTask} task @param {Assessment[]} assessments @returns {Coverage} */
function coverageOf({ accuracy }, assessments) {
  const share = (/** @type {(assessment: Assessment, m: number) => number} */ part) =>
    assessments.reduce((sum, assessment, m) => sum + part(assessment, m), 0) / assessments.length;
  return {
    // Models of the same accuracy share their places: any of these inside will do.
    ranksInside: share(({ rankLow, rankHigh }, m) => {
      const better = accuracy.filter((value) => value > accuracy[m]).length;
      const worst = accuracy.filter((value) => value >= accuracy[m]).length - 1;
      return Number(better <= rankHigh && worst >= rankLow);
    }),
    accuraciesInside: share(({ accuracy: { low, high } }, m) => Number(accuracy[m] >= low && accuracy[m] <= high)),
    rankWidth: share(({ rankLow, rankHigh }) => rankHigh - rankLow + 1),
    accuracyWidth: share(({ accuracy: { low, high } }) => high - low),
  };
}

/**
 * Means over tasks of all numbers of the rows that have the same key.
 *
 * @template {Record<string, unknown>} Row
 * @param {Row[]} rows
 * @param {keyof Row & string} key
 * @returns {Record<string, unknown>[]}
 */
export function meansBy(rows, key) {
  return [...new Set(rows.map((row) => row[key]))].map((value) => {
    const own = rows.filter((row) => row[key] === value);
    const numbers = Object.keys(own[0]).filter((name) => name !== key && typeof own[0][name] === 'number');
    return {
      ...Object.fromEntries(numbers.map((name) =>
        [name, own.reduce((sum, row) => sum + Number(row[name]), 0) / own.length])),
      [key]: value,
    };
  });
}
