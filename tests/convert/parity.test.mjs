// Converted models against their originals: TF.js for TF.js models, TF.js's operators for TFLite
// graphs, onnxruntime for ONNX. MODELSPIDER_HEAVY=1 compares the whole zoo.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRecipes } from '../../zoo/convert/main.mjs';
import { compareModel, cosine, largestDifference } from './compare.mjs';

/** One for each source format and each unusual construction, small ones where there is a choice. */
const samples = [
  'encoder', // TFLite, several taps
  'coco-centernet', // HardSwish, squeeze and excitation
  'coco-nanodet', // channels first in the source
  'efficientpose',
  'handdetect', // channels padded with zeros
  'rvm', // dilation by space-to-batch, 8-bit weights, shapes computed at run time
  'selfie',
  'mobileface', // parametric ReLU spelled out
  'liveness', // BGR
  'emotion', // grey
  'nsfw-mobilenetv2', // Keras layers, weights in JavaScript modules
  'ppocr-cls', // ONNX
];

/**
 * Half-precision weights move a feature by a few ten-thousandths of the vector's norm. Two networks
 * are more sensitive: their float weights span orders of magnitude within one filter.
 */
const tolerances = { posenet: 2e-3, 'ppocr-rec': 2e-3 };

for (const recipe of await readRecipes()) {
  if (!process.env.MODELSPIDER_HEAVY && !samples.includes(recipe.id)) {
    continue;
  }
  test(`${recipe.id} gives its original's features`, async () => {
    const pairs = await compareModel(recipe);
    for (const { original, converted } of pairs) {
      assert.equal(converted.length, original.length);
      assert.ok(converted.every(Number.isFinite), 'features are finite');
      assert.ok(cosine(original, converted) >= 0.9999, `cosine ${cosine(original, converted)}`);
      const difference = largestDifference(original, converted);
      assert.ok(difference <= (tolerances[recipe.id] ?? 1e-3), `largest difference ${difference}`);
    }
    const [first, second] = pairs.map(({ converted }) => converted);
    assert.ok(cosine(first, second) < 0.999, `two pictures give features of cosine ${cosine(first, second)}`);
  });
}
