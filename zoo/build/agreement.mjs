// How far transferability metrics, and rankings joined from several of them, agree with the ground
// truth of a task bank; and how long each metric takes.
import { nextTask } from '../../wasm/next-task.mjs';
import { differs } from './evaluate.mjs';

/**
 * @typedef {import('./bank.mjs').Bank} Bank
 * @typedef {import('./bank.mjs').BankTask} BankTask
 * @typedef {import('../../wasm/modelspider.mjs').Engine} Engine
 * @typedef {{name: string, tasks: number, weightedTau: number, standardError: number, tauB: number,
 *   regret: number, seconds: number}} Agreement means over tasks; standardError of weightedTau, over
 *   groups of tasks that share pictures; seconds of one model, for all metrics that it reads
 * @typedef {{name: string, reads(task: BankTask): string[],
 *   join(lists: Float32Array[]): Float32Array}} Way to rank a task's models by some metrics
 */

/** Images, features and classes that the seconds are measured on. */
export const timedShape = { count: 500, dimension: 1280, classCount: 10 };

/** How many metrics are joined, beside all of them. */
const bestCounts = [2, 3, 5];

/** @param {ArrayLike<number>} values */
const mean = (values) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/** @param {BankTask} task @param {string} name @returns {boolean} whether a metric judged all its models */
const isComplete = ({ metrics }, name) => metrics[name].every(Number.isFinite);

/**
 * Judges every metric of the bank; each way to join all of them; and each to join the few that agree
 * best, which are chosen for a group from the other groups alone. A task counts where its models
 * differ and all metrics have a value; where a metric has none, it is the only one that loses the task.
 *
 * @param {Engine} engine
 * @param {Bank} bank
 * @param {Record<string, number>} seconds of each metric
 * @returns {Agreement[]} the metrics and then the joined ones, each best first
 */
export function judgeMetrics(engine, bank, seconds) {
  const tasks = bank.tasks.filter(({ accuracy }) => differs(accuracy));
  const names = Object.keys(bank.tasks[0].metrics);
  const complete = names.filter((name) => tasks.every((task) => isComplete(task, name)));
  const best = bestByGroup(engine, tasks, complete);
  /** @type {Way[]} */
  const single = names.map((name) => ({ name, reads: () => [name], join: ([list]) => list }));
  /** @type {Way[]} */
  const joined = Object.entries(joinsOf(engine)).flatMap(([name, join]) => [
    { name: `${name} of all`, reads: () => complete, join },
    ...bestCounts.filter((count) => count < complete.length).map((count) => ({
      name: `${name} of the best ${count}`,
      reads: (/** @type {BankTask} */ { group }) => (best.get(group) ?? []).slice(0, count),
      join,
    }))]);
  return [single, joined].flatMap((ways) => ways.map((way) => judgeWay(engine, tasks, way, seconds))
    .sort((a, b) => b.weightedTau - a.weightedTau));
}

/** @param {Engine} engine @returns {Record<string, (lists: Float32Array[]) => Float32Array>} */
function joinsOf(engine) {
  return {
    Copeland: (lists) => engine.copeland(lists),
    'reciprocal rank': (lists) => engine.reciprocalRank(lists),
    'mean z-score': (lists) => engine.meanZ(lists),
  };
}

/**
 * @param {Engine} engine
 * @param {BankTask} task
 * @param {Float32Array} ranking
 * @returns {number} 0 for one in which all models are equal, which says nothing
 */
const weightedTauOf = (engine, { accuracy }, ranking) => (differs(ranking) ? engine.weightedTau(accuracy, ranking) : 0);

/**
 * The metrics in the order of their agreement on all groups but one.
 *
 * @param {Engine} engine
 * @param {BankTask[]} tasks
 * @param {string[]} names
 * @returns {Map<string, string[]>} by the group that is left out
 */
function bestByGroup(engine, tasks, names) {
  const taus = new Map(names.map((name) => [name, tasks.map((task) => weightedTauOf(engine, task, task.metrics[name]))]));
  return new Map(tasks.map(({ group }) => {
    const score = new Map(names.map((name) =>
      [name, mean((taus.get(name) ?? []).filter((_, t) => tasks[t].group !== group))]));
    return [group, [...names].sort((a, b) => (score.get(b) ?? 0) - (score.get(a) ?? 0))];
  }));
}

/**
 * @param {Engine} engine
 * @param {BankTask[]} tasks
 * @param {Way} way
 * @param {Record<string, number>} seconds
 * @returns {Agreement}
 */
function judgeWay(engine, tasks, { name, reads, join }, seconds) {
  const own = tasks.filter((task) => reads(task).every((metric) => isComplete(task, metric)));
  const rankings = own.map((task) => join(reads(task).map((metric) => task.metrics[metric])));
  const taus = own.map((task, t) => weightedTauOf(engine, task, rankings[t]));
  return {
    name,
    tasks: own.length,
    weightedTau: mean(taus),
    standardError: groupError(own.map(({ group }) => group), taus),
    tauB: mean(own.map(({ accuracy }, t) => (differs(rankings[t]) ? engine.kendallTauB(accuracy, rankings[t]) : 0))),
    regret: mean(own.map(({ accuracy }, t) => engine.regretAtOne(accuracy, rankings[t]))),
    seconds: mean(own.map((task) => reads(task).reduce((sum, metric) => sum + seconds[metric], 0))),
  };
}

/**
 * Standard error of a mean over tasks, of which those of one group say much the same.
 *
 * @param {string[]} groups of each value
 * @param {number[]} values
 */
function groupError(groups, values) {
  const middle = mean(values);
  /** @type {Map<string, number>} */
  const sums = new Map();
  values.forEach((value, i) => sums.set(groups[i], (sums.get(groups[i]) ?? 0) + value - middle));
  const square = [...sums.values()].reduce((sum, value) => sum + value * value, 0);
  return Math.sqrt(square * sums.size / Math.max(sums.size - 1, 1)) / values.length;
}

/**
 * Processor seconds of each metric by itself on this machine, the best of four runs, for features that
 * look like a network's: not negative, classes that overlap, smaller and smaller.
 *
 * @param {Engine} engine
 * @param {string[]} names
 * @param {(name: string) => void} onProgress
 * @returns {Promise<Record<string, number>>}
 */
export async function timeMetrics(engine, names, onProgress) {
  const { count, dimension, classCount } = timedShape;
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  const offsets = Float32Array.from({ length: classCount * dimension }, () => 0.4 * random());
  const labels = Uint32Array.from({ length: count }, (_, i) => i % classCount);
  const features = Float32Array.from({ length: count * dimension }, (_, i) => {
    const j = i % dimension;
    const value = 0.1 + offsets[labels[Math.floor(i / dimension)] * dimension + j] + random() + random() + random();
    return Math.max(value, 0) / (1 + 10 * j / dimension);
  });
  /** @type {Record<string, number>} */
  const seconds = {};
  for (const name of names) {
    onProgress(name);
    await nextTask();
    seconds[name] = Math.min(...[0, 1, 2, 3].map(() => {
      const before = process.cpuUsage();
      engine.metric(name, features, count, dimension, labels, classCount);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e6;
    }));
  }
  return seconds;
}
