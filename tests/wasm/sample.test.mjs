import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { embedSample, limitPerClass } from '../../wasm/sample.mjs';
import { ModelSpiderError } from '../../wasm/modelspider.mjs';

/** @param {string} file @returns {import('../../wasm/sample.mjs').SampleImage} */
const image = (file) => ({ file, decode: async () => ({ data: new Uint8Array(4), width: 1, height: 1 }) });
const classOf = (/** @type {string} */ name, /** @type {number} */ count) =>
  ({ name, images: Array.from({ length: count }, (_, i) => image(`${name}/${i}`)) });

test('a limit draws the same images for the same seed, others for another, in their order', () => {
  const classes = [classOf('a', 50), classOf('b', 3)];
  const files = (/** @type {number} */ seed) => limitPerClass(classes, 5, seed).map(({ images }) => images.map(({ file }) => file));
  assert.deepEqual(files(1), files(1));
  assert.notDeepEqual(files(1)[0], files(2)[0]);
  assert.deepEqual(files(1).map(({ length }) => length), [5, 3]);
  const order = files(1)[0].map((file) => Number(file.slice(2)));
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
});

test('features come in the order of the images, whenever they are ready', async () => {
  const { classes } = await embedSample([classOf('a', 4), classOf('b', 3)], {
    width: 7,
    embed: async (_, file) => {
      await pause(Number(file.slice(2)) % 2 === 0 ? 20 : 1);
      return Float32Array.of(file.charCodeAt(0), Number(file.slice(2)));
    },
  });
  assert.deepEqual(classes.map(({ name, features }) => [name, features.map((row) => [...row])]),
    [['a', [[97, 0], [97, 1], [97, 2], [97, 3]]], ['b', [[98, 0], [98, 1], [98, 2]]]]);
});

test('an image that fails is named, the rest goes on, and a class without images is left out', async () => {
  const bad = { file: 'b/0', decode: async () => { throw new Error('it is broken'); } };
  const result = await embedSample([classOf('a', 1), { name: 'b', images: [bad] }], { width: 2, embed: async () => Float32Array.of(1) });
  assert.deepEqual(result.classes.map(({ name }) => name), ['a']);
  assert.deepEqual(result.skipped, [{ file: 'b/0', reason: 'it is broken' }]);
});

test('an abort ends it at once', async () => {
  const controller = new AbortController();
  let embedded = 0;
  await assert.rejects(embedSample([classOf('a', 100)], {
    width: 2,
    signal: controller.signal,
    embed: async () => {
      if (++embedded === 3) {
        controller.abort();
      }
      return Float32Array.of(1);
    },
  }), (error) => error instanceof ModelSpiderError && error.code === 'cancelled');
  assert.ok(embedded < 6);
});
