// What a cell's features are worth: the accuracy of a linear head, and metrics. Judged once and kept
// beside the cell, until its features, its labels or the protocol change.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../wasm/cli/files.mjs';

/**
 * @typedef {import('../../wasm/worker.mjs').Matrix & {path: string, files: string[],
 *   labels: number[]}} Cell path: of its files, without their endings
 * @typedef {{mean: number, standardError: number, metrics: Record<string, number>}} Judgement
 */

/** The metrics that the bank stores beside the accuracies: those that need no source classes. */
export const bankMetrics = ['ridge', 'logme', 'knn', 'probe', 'h-score', 'regularised-h-score', 'n-leep', 'gbc', 'lfc',
  'pactran-gaussian', 'transrate', 'sfda', 'parc'];
/** The linear head's protocol: stratified splits, two thirds of each class to train on. */
export const protocol = { trainFraction: 2 / 3, splits: 20, seed: 1 };
const fewImages = 300;
const splitsOfFew = 100;

/**
 * The bank's protocol. Where test parts are small, an accuracy takes more splits to be known as well.
 *
 * @param {number} images of the data set
 */
export const protocolFor = (images) => ({ ...protocol, splits: images < fewImages ? splitsOfFew : protocol.splits });

/**
 * What a part of a judgement depends on.
 *
 * @param {Cell} cell
 * @param {any} settings of the part
 * @returns {string}
 */
function fingerprintOf({ features, labels, classCount }, settings) {
  return createHash('sha256').update(new Uint8Array(features.buffer, features.byteOffset, features.byteLength))
    .update(JSON.stringify({ labels, classCount, settings })).digest('hex');
}

/**
 * The head's accuracy and the metrics are kept apart: another metric leaves the accuracy, which takes
 * longest, as it is.
 *
 * @param {import('../../wasm/worker-pool.mjs').WorkerPool} pool
 * @param {Cell} cell
 * @returns {Promise<Judgement>} a metric that has no value for these features is NaN
 */
export async function judgeCell(pool, cell) {
  const file = `${cell.path}.judged.json`;
  const { features, count, dimension, labels, classCount } = cell;
  const matrix = { features, count, dimension, labels, classCount };
  const wanted = protocolFor(count);
  const prints = { probe: fingerprintOf(cell, wanted), metrics: fingerprintOf(cell, bankMetrics) };
  const known = await readJudged(file);
  const [probe, metrics] = await Promise.all([
    known.probe?.fingerprint === prints.probe ? known.probe : pool.probe(wanted, matrix),
    known.metrics?.fingerprint === prints.metrics ? known.metrics.values : pool.metrics(bankMetrics, matrix)]);
  const { mean, standardError } = probe;
  if (probe !== known.probe || metrics !== known.metrics?.values) {
    await replaceFile(file, `${JSON.stringify({
      probe: { fingerprint: prints.probe, mean, standardError }, metrics: { fingerprint: prints.metrics, values: metrics },
    })}\n`);
  }
  return { mean, standardError, metrics: Object.fromEntries(bankMetrics.map((name) => [name, metrics[name] ?? NaN])) };
}

/** What was judged before, as far as it can be read. @param {string} file @returns {Promise<any>} */
async function readJudged(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8')) ?? {};
  } catch {
    return {};
  }
}
