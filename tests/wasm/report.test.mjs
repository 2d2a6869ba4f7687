import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactCount, csvOf, toCsv, toJson, toMarkdown, toTable } from '../../wasm/report.mjs';

/** @type {import('../../wasm/report.mjs').RankResult} */
const result = {
  schema: 1,
  zoo: 'browser',
  engine: { version: '0.1.0', simd: true, workers: 2 },
  task: { images: 7, classes: [{ name: '__proto__', images: 3 }, { name: '<img onerror=x>|*', images: 4 }], skipped: [] },
  ranking: [{
    rank: 1, model: 'a', name: '=cmd|"calc"', score: -0.5, rank_low: 1, rank_high: 2, static_rank: 4,
    expected_accuracy: { low: 0.5, mid: 0.62, high: 0.7 }, reranked: true, params: 2200000, macs: 299000000,
    download_bytes: 4400000, licence: 'MIT',
  }],
  order_change: 0.25,
  seconds: { decode: 0.1, encode: 0.5, score: 0.01, rerank: 0, total: 0.61 },
};

test('JSON is the result itself', () => {
  assert.deepEqual(JSON.parse(toJson(result)), result);
});

test('a cell that a spreadsheet would compute becomes text, a number stays a number', () => {
  const [, row] = toCsv(result).split('\r\n');
  assert.equal(row, '1,a,"\'=cmd|""calc""",-0.5,1,2,4,0.5,0.62,0.7,true,2200000,299000000,4400000,MIT');
  for (const text of ['=1', '+1', '-1', '@x', '\t1', '\r1']) {
    assert.match(csvOf([[text]]), /^"?'/);
  }
});

test('Markdown keeps names from becoming markup', () => {
  const text = toMarkdown(result);
  assert.doesNotMatch(text, /(?<!\\)<img/);
  assert.match(text, /\\_\\_proto\\_\\_/);
  assert.equal(text.split('\n')[2].match(/(?<!\\)\|/g)?.length, 10);
});

test('the table says how far the images moved a model', () => {
  assert.match(toTable(result), /1 +1–2 +=cmd\|"calc" \* +62 % \(50 % – 70 %\) +↑3 +2\.2 M +299 M +4\.4 MB +MIT/);
});

test('counts are written short', () => {
  assert.deepEqual([0, 999, 2200000, 299e6, 5.7e9].map(compactCount), ['0', '999', '2.2 M', '299 M', '5.7 G']);
});
