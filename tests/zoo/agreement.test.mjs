// How far metrics, and ways to join them, agree with a truth that is known by construction.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../wasm/modelspider.mjs';
import { judgeMetrics } from '../../zoo/build/agreement.mjs';
import { readWasm } from '../wasm/wasm-file.mjs';

const engine = await createEngine(await readWasm());

/**
 * Four models. `right` is the truth, `wrong` its opposite, `flat` says nothing, `holes` is right where
 * it has a value.
 *
 * @param {string} name
 * @param {string} group
 * @param {number[]} accuracy
 * @returns {import('../../zoo/build/bank.mjs').BankTask}
 */
function taskOf(name, group, accuracy) {
  const metric = (/** @type {(value: number, i: number) => number} */ map) => Float32Array.from(accuracy, map);
  const none = new Float32Array();
  return {
    name, group, images: 10, splits: 1, classCount: 2, prototypes: none, spreads: none, landmarks: none, encoderAccuracy: 0.5,
    accuracy: Float32Array.from(accuracy), accuracyError: none,
    metrics: {
      right: metric((value) => 3 * value), wrong: metric((value) => -value), flat: metric(() => 1),
      holes: metric((value, i) => (name === 'd' && i === 1 ? NaN : value)),
    },
  };
}

const tasks = [taskOf('a', 'x', [0.5, 0.75, 0.25, 1]), taskOf('b', 'x', [1, 0.25, 0.75, 0.5]),
  taskOf('c', 'y', [0.25, 0.5, 0.75, 1]), taskOf('d', 'z', [0.75, 1, 0.5, 0.25]), taskOf('same', 'z', [0.5, 0.5, 0.5, 0.5])];
const bank = { encoderHash: '', featureCount: 0, blocks: { widths: [], joint: 0 }, models: ['p', 'q', 'r', 's'], hashes: [], tasks };
const agreements = judgeMetrics(engine, bank, { right: 1, wrong: 2, flat: 4, holes: 8 });

/** Means of sums in binary. @param {number} value */
const rounded = (value) => Math.round(value * 1e9) / 1e9 + 0;

/** @param {string} wanted */
const find = (wanted) => agreements.find(({ name }) => name === wanted) ?? assert.fail(`no ${wanted}`);

test('metrics come first, best first, judged where models differ and have values', () => {
  const facts = agreements.slice(0, 4).map(({ name, tasks: count, weightedTau, tauB, standardError }) => [name, count, ...[weightedTau, tauB, standardError].map(rounded)]);
  assert.deepEqual(facts, [['right', 4, 1, 1, 0], ['holes', 3, 1, 1, 0], ['flat', 4, 0, 0, 0], ['wrong', 4, -1, -1, 0]]);
  // The worst model is 0.75 below the best in every task; one of four equal ones costs 3/8 on average.
  assert.deepEqual(['right', 'wrong', 'flat'].map((name) => find(name).regret), [0, 0.75, 0.375]);
});

test('only metrics that have all values are joined; the best of the other groups are chosen', () => {
  for (const join of ['Copeland', 'reciprocal rank', 'mean z-score']) {
    assert.equal(rounded(find(`${join} of the best 2`).weightedTau), 1);
    assert.equal(find(`${join} of the best 2`).seconds, 5);
    assert.equal(find(`${join} of all`).seconds, 7);
  }
  assert.equal(rounded(find('Copeland of all').weightedTau), 0);
  assert.ok(!agreements.some(({ name }) => name.endsWith('of the best 3')));
});
