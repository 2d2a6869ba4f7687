// How the page filters, sorts and compares the models of a ranking.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byRank, filterModels, noFilter, paretoFront, sortModels } from '../../web/listing.mjs';

/** @param {number} rank @param {number} mid @param {number} bytes @param {Partial<import('../../wasm/report.mjs').RankedModel>} [other] */
const model = (rank, mid, bytes, other = {}) => ({
  rank, model: `m${rank}`, name: `M${rank}`, score: -rank, rank_low: rank, rank_high: rank, static_rank: rank,
  expected_accuracy: { low: mid - 0.1, mid, high: mid + 0.1 }, reranked: false, params: bytes / 2, macs: bytes * 10,
  download_bytes: bytes, licence: 'Apache-2.0', ...other,
});

/** @param {{rank: number}[]} models */
const ranks = (models) => models.map(({ rank }) => rank);

test('the front has the models that none beats in both cost and accuracy', () => {
  const models = [model(1, 0.9, 500), model(2, 0.8, 100), model(3, 0.8, 90), model(4, 0.7, 95), model(5, 0.6, 10)];
  assert.deepEqual(ranks(paretoFront(models, ({ download_bytes: bytes }) => bytes)), [5, 3, 1]);
});

test('of equally cheap models only the better one is at the front', () => {
  const models = [model(1, 0.9, 100), model(2, 0.8, 100)];
  assert.deepEqual(ranks(paretoFront(models, ({ download_bytes: bytes }) => bytes)), [1]);
});

test('filters keep what is small enough and freely licensed', () => {
  const models = [model(1, 0.9, 500), model(2, 0.8, 100, { licence: 'GPL-3.0' }), model(3, 0.7, 100, { licence: 'MIT' })];
  assert.deepEqual(ranks(filterModels(models, noFilter)), [1, 2, 3]);
  assert.deepEqual(ranks(filterModels(models, { ...noFilter, maxBytes: 100 })), [2, 3]);
  assert.deepEqual(ranks(filterModels(models, { ...noFilter, isPermissiveOnly: true })), [1, 3]);
});

test('models that are equal in a column stay in the order of their rank', () => {
  const models = [model(1, 0.9, 100), model(2, 0.8, 500), model(3, 0.7, 100)];
  assert.deepEqual(ranks(sortModels(models, byRank)), [1, 2, 3]);
  assert.deepEqual(ranks(sortModels(models, { key: 'size', isDescending: false })), [1, 3, 2]);
  assert.deepEqual(ranks(sortModels(models, { key: 'size', isDescending: true })), [2, 1, 3]);
});
