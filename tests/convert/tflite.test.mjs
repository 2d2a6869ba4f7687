import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { ByteBuffer } from 'flatbuffers';
import { convertFiles } from '../../zoo/convert/convert.mjs';
import { fromHalves, toHalf } from '../../zoo/convert/float16.mjs';
import { readRecipes } from '../../zoo/convert/main.mjs';
import { locateSource } from '../../zoo/convert/source.mjs';
import { readTflite } from '../../zoo/convert/tflite.mjs';
import { largestDifference } from './compare.mjs';
import { loadOnnx } from './onnx-runner.mjs';
import './tfjs-oracle.mjs';
import { randomFloats, tfliteFile, tinyRecipe } from './tiny-models.mjs';
import { tfliteInterpreter } from './tflite-interpreter.mjs';

test('a TFLite file written with the FlatBuffers library gives the convolution that it describes', async () => {
  const [height, width, filters] = [9, 8, 5];
  const halves = Uint16Array.from(randomFloats(filters * 27, 3), toHalf);
  const bias = randomFloats(filters, 4);
  const bytes = tfliteFile({ height, width, filters, halves, bias });
  const recipe = tinyRecipe('tflite', 'tiny.tflite', ['block/Relu6'], { width, height });
  const nhwc = randomFloats(height * width * 3, 5).map((x) => 4 * x);
  const area = height * width;
  const nchw = Float32Array.from(nhwc, (_, i) => nhwc[(i % area) * 3 + Math.floor(i / area)]);
  const expected = tf.tidy(() => {
    const ohwi = tf.tensor4d(fromHalves(halves), [filters, 3, 3, 3]);
    const image = tf.tensor4d(nhwc, [1, height, width, 3]);
    const out = tf.conv2d(image, tf.transpose(ohwi, [1, 2, 3, 0]), 2, 'same');
    return Float32Array.from(tf.mean(tf.relu6(tf.add(out, bias)), [1, 2]).dataSync());
  });
  const network = await loadOnnx(convertFiles(recipe, [{ file: 'tiny.tflite', bytes }], ''));
  const features = await network.run({ nchw, channels: 3 }, { width, height });
  await network.release();
  assert.ok(largestDifference(expected, features) < 1e-6, `${expected} and ${features}`);
});

/** @param {Uint8Array} bytes @returns {Map<string, number[]>} read with the FlatBuffers library */
function declaredShapes(bytes) {
  const buffer = new ByteBuffer(new Uint8Array(bytes));
  const at = (table, field) => table + buffer.__offset(table, 4 + 2 * field);
  const tables = (table, field) => {
    const start = buffer.__vector(at(table, field));
    const count = buffer.__vector_len(at(table, field));
    return Array.from({ length: count }, (_, i) => buffer.__indirect(start + 4 * i));
  };
  const [subgraph] = tables(buffer.__indirect(0), 2);
  return new Map(
    tables(subgraph, 0).map((tensor) => {
      const start = buffer.__vector(at(tensor, 0));
      const rank = buffer.__vector_len(at(tensor, 0));
      const name = String(buffer.__string(at(tensor, 3))).split(';')[0];
      return [name, Array.from({ length: rank }, (_, i) => buffer.readInt32(start + 4 * i))];
    }),
  );
}

test('strides, paddings and dilations read from a TFLite file give the shapes that it declares', async () => {
  const encoder = (await readRecipes())[0];
  const { files } = await locateSource(encoder);
  const graph = readTflite(files[0].bytes);
  const declared = declaredShapes(files[0].bytes);
  const [{ name, shape }] = graph.entries;
  let checked = 0;
  const run = tfliteInterpreter(graph, encoder.taps, (tensor, actual) => {
    if (declared.has(tensor)) {
      assert.deepEqual(actual, declared.get(tensor), tensor);
      checked++;
    }
  });
  tf.tidy(() => {
    run(tf.zeros(shape));
  });
  assert.equal(name, 'normalized_input_image_tensor');
  assert.ok(checked > 60, `${checked} tensors`);
});
