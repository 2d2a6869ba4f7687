// Runs a converted model and its original on the same pictures.
import { convertFiles } from '../../zoo/convert/convert.mjs';
import { locateSource } from '../../zoo/convert/source.mjs';
import { publishedFeatures } from './onnx-oracle.mjs';
import { loadOnnx } from './onnx-runner.mjs';
import { loadPicture, pictureFiles } from './pictures.mjs';
import { tfjsFeatures } from './tfjs-oracle.mjs';

/**
 * @param {any} recipe
 * @returns {Promise<{original: Float32Array, converted: Float32Array}[]>} one for each picture
 */
export async function compareModel(recipe) {
  const { files, sha256 } = await locateSource(recipe);
  const load = recipe.source.format === 'onnx' ? publishedFeatures : tfjsFeatures;
  const runOriginal = await load(recipe, files);
  const network = await loadOnnx(convertFiles(recipe, files, sha256));
  const pairs = [];
  for (const file of pictureFiles()) {
    const picture = await loadPicture(file, recipe.input);
    const original = await runOriginal(picture);
    pairs.push({ original, converted: await network.run(picture, recipe.input) });
  }
  await network.release();
  return pairs;
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b @returns {number} */
export function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b @returns {number} */
export function cosine(a, b) {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/**
 * @param {Float32Array} original
 * @param {Float32Array} converted
 * @returns {number} the largest difference, in units of the original's norm
 */
export function largestDifference(original, converted) {
  const largest = original.reduce((max, value, i) => Math.max(max, Math.abs(value - converted[i])), 0);
  return largest / Math.sqrt(dot(original, original));
}
