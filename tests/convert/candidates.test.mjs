import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { chooseCut, compare } from '../../zoo/build/taps.mjs';
import { candidateTaps } from '../../zoo/convert/candidates.mjs';
import { readSource } from '../../zoo/convert/convert.mjs';
import { readRecipes } from '../../zoo/convert/main.mjs';
import { locateSource } from '../../zoo/convert/source.mjs';
import { randomFloats, tinyRecipe } from './tiny-models.mjs';

/**
 * A network as a reader gives it: stem of 16 channels at 32 × 32; a residual block; a strided block
 * that ends 24 wide at 16 × 16; the tap, 40 wide; behind it two maps, one of them thin.
 */
function tinySource() {
  /** @type {Map<string, any>} */
  const constants = new Map();
  /** @type {any[]} */
  const nodes = [];
  const add = (/** @type {string} */ op, /** @type {string} */ name, /** @type {string[]} */ inputs, attributes = {}) =>
    nodes.push({ op, inputs, outputs: [name], attributes });
  const conv = (/** @type {string} */ name, /** @type {string} */ input, /** @type {number[]} */ shape, /** @type {number} */ stride, op = 'conv') => {
    constants.set(`${name}/weights`, { shape, data: randomFloats(shape.reduce((a, b) => a * b), 7) });
    const oihw = op === 'conv' ? [3, 2, 0, 1] : [2, 3, 0, 1];
    add(op, name, [input, `${name}/weights`], { strides: [stride, stride], padding: 'same', dilations: [1, 1], oihw });
  };
  conv('stem', 'image', [3, 3, 3, 16], 2);
  add('relu', 'stem/relu', ['stem']);
  conv('depth', 'stem/relu', [3, 3, 16, 1], 1, 'depthwise-conv');
  conv('point', 'depth', [1, 1, 16, 16], 1);
  add('add', 'block', ['stem/relu', 'point']);
  conv('expand', 'block', [1, 1, 16, 48], 1);
  add('relu6', 'expand/relu', ['expand']);
  conv('stride', 'expand/relu', [3, 3, 48, 1], 2, 'depthwise-conv');
  conv('project', 'stride', [1, 1, 48, 24], 1);
  conv('wide', 'project', [1, 1, 24, 40], 1);
  add('relu', 'wide/relu', ['wide']);
  conv('head', 'wide/relu', [1, 1, 40, 32], 1);
  add('relu', 'head/relu', ['head']);
  conv('answer', 'head/relu', [1, 1, 32, 2], 1);
  return { nodes, constants, entries: [{ name: 'image', shape: [1, 64, 64, 3] }] };
}

test('a model may be cut at the ends of layers before the tap, where the resolution changes, and behind it', () => {
  const recipe = tinyRecipe('tfjs-graph', 'tiny.json', ['wide/relu'], { width: 64, height: 64 });
  const [own, before, narrow, behind] = ['project', 'expand/relu', 'block', 'head/relu'];
  // Not at a depthwise half layer, before an activation, within the residual block, or at an answer.
  assert.deepEqual(candidateTaps(recipe, tinySource()), [
    [own], [before], [narrow], [behind],
    ['wide/relu', own], ['wide/relu', before], ['wide/relu', behind],
  ]);
});

test('of several taps each alone is a candidate', () => {
  const recipe = tinyRecipe('tfjs-graph', 'tiny.json', ['block', 'wide/relu'], { width: 64, height: 64 });
  assert.deepEqual(candidateTaps(recipe, tinySource()).slice(0, 2), [['block'], ['wide/relu']]);
});

test('MobileNetV2 may be cut at its last blocks, at the wide ends of its stages, and in its head', async () => {
  const [, openImages] = await readRecipes();
  const recipe = { ...openImages, taps: ['FeatureExtractor/MobilenetV2/Conv_1/Relu6'] };
  const { files } = await locateSource(recipe);
  const blocks = candidateTaps(recipe, readSource(recipe, files)).filter(({ length }) => length === 1)
    .map(([tap]) => /expanded_conv_\d+\/(?:expand|project|add)|layer_19_1_Conv2d_\d/.exec(tap)?.[0]);
  assert.deepEqual(blocks, ['expanded_conv_16/project', 'expanded_conv_16/expand', 'expanded_conv_15/add',
    'expanded_conv_13/expand', 'expanded_conv_12/add', 'expanded_conv_6/expand', 'layer_19_1_Conv2d_2', 'layer_19_1_Conv2d_4']);
});

test('taps are compared set by set', () => {
  // Differences .1, .1 and .2: their mean is 2/15, its standard error sqrt(1/900).
  const { difference, standardError } = compare([0.5, 0.6, 0.7], [0.6, 0.7, 0.9]);
  assert.ok(Math.abs(difference - 2 / 15) < 1e-12 && Math.abs(standardError - 1 / 30) < 1e-12);
});

test('a cut is chosen for its gain, and of like ones that of fewest layers', () => {
  const cut = (/** @type {string} */ taps, mean = 0, difference = 0, error = 0) =>
    ({ taps: taps.split('+'), mean, difference, standard_error: error });
  const reference = { taps: ['last'], mean: 0.5 };
  assert.deepEqual(chooseCut([reference]), ['last']);
  assert.deepEqual(chooseCut([reference, cut('a', 0.515, 0.015, 0.001), cut('b', 0.56, 0.06, 0.031)]), ['last'],
    'too little, or too uncertain');
  assert.deepEqual(chooseCut([reference, cut('a+b', 0.56, 0.06, 0.01), cut('a', 0.556, 0.056, 0.01), cut('c', 0.54, 0.04, 0.01)]), ['a']);
  assert.deepEqual(chooseCut([reference, cut('a+b', 0.57, 0.07, 0.01), cut('a', 0.556, 0.056, 0.01)]), ['a', 'b']);
});

test('every ranked model is cut where the table of taps says', async () => {
  const { models } = JSON.parse(await readFile(new URL('../../zoo/browser/taps.json', import.meta.url), 'utf8'));
  const recipes = new Map((await readRecipes()).map((recipe) => [recipe.id, recipe]));
  assert.ok(Object.keys(models).length >= 24);
  for (const [id, { sets, cuts }] of Object.entries(models)) {
    assert.deepEqual(recipes.get(id).taps, chooseCut(cuts), id);
    assert.ok(cuts.every(({ accuracies }) => accuracies.length === sets.length), id);
  }
});
