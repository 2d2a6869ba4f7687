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

/** The metrics that the bank stores beside the accuracies. */
export const bankMetrics = ['ridge', 'logme', 'knn'];
/** The linear head's protocol: stratified splits, two thirds of each class to train on. */
export const protocol = { trainFraction: 2 / 3, splits: 20, seed: 1 };

/** What a judgement depends on. @param {Cell} cell @returns {string} */
function fingerprintOf({ features, labels, classCount }) {
  return createHash('sha256').update(new Uint8Array(features.buffer, features.byteOffset, features.byteLength))
    .update(JSON.stringify({ labels, classCount, protocol, bankMetrics })).digest('hex');
}

/**
 * @param {import('../../wasm/worker-pool.mjs').WorkerPool} pool
 * @param {Cell} cell
 * @returns {Promise<Judgement>}
 */
export async function judgeCell(pool, cell) {
  const file = `${cell.path}.judged.json`;
  const fingerprint = fingerprintOf(cell);
  const known = await readJudgement(file, fingerprint);
  if (known) {
    return known;
  }
  const { features, count, dimension, labels, classCount } = cell;
  const matrix = { features, count, dimension, labels, classCount };
  const [{ mean, standardError }, ...values] = await Promise.all([
    pool.probe(protocol, matrix), ...bankMetrics.map((name) => pool.metric(name, matrix))]);
  const metrics = Object.fromEntries(bankMetrics.map((name, i) => [name, values[i]]));
  await replaceFile(file, `${JSON.stringify({ fingerprint, mean, standardError, metrics })}\n`);
  return { mean, standardError, metrics };
}

/** @param {string} file @param {string} wanted @returns {Promise<Judgement | undefined>} */
async function readJudgement(file, wanted) {
  try {
    const { fingerprint, mean, standardError, metrics } = JSON.parse(await readFile(file, 'utf8'));
    return fingerprint === wanted ? { mean, standardError, metrics } : undefined;
  } catch {
    return undefined;
  }
}
