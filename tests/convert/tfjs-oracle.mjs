// The original models, run by TF.js on its WebAssembly backend: what a conversion is measured by.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { loadLayersModel, model as layersModel } from '@tensorflow/tfjs-layers';
import { readTflite } from '../../zoo/convert/tflite.mjs';
import { tfjsArtifacts } from './tfjs-artifacts.mjs';
import { tfliteInterpreter } from './tflite-interpreter.mjs';

const require = createRequire(import.meta.url);
setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'))}/dist/`);
await tf.setBackend('wasm');
await tf.ready();

/** @param {{file: string, bytes: Uint8Array}[]} files */
function handlerOf(files) {
  const { artifacts, weights } = tfjsArtifacts(files);
  return tf.io.fromMemory({ ...artifacts, weightData: weights.buffer });
}

/**
 * @param {any} recipe
 * @param {{file: string, bytes: Uint8Array}[]} files
 * @returns {Promise<(image: any) => any[]>} from an NHWC tensor to the taps' tensors
 */
async function loadTaps({ source, taps, entry }, files) {
  if (source.format === 'tflite') {
    return tfliteInterpreter(readTflite(files[0].bytes), taps);
  }
  if (source.format === 'tfjs-layers') {
    const whole = await loadLayersModel(handlerOf(files));
    const outputs = taps.map((tap) => whole.getLayer(tap).output);
    const cut = layersModel({ inputs: whole.inputs, outputs });
    return (image) => [cut.predict(image)].flat();
  }
  const model = await loadGraphModel(handlerOf(files));
  const [{ shape, name }] = model.inputs;
  const channelsFirst = shape?.[1] === 3;
  const key = entry ?? name;
  return (image) => {
    const fed = channelsFirst ? tf.transpose(image, [0, 3, 1, 2]) : image;
    const out = [model.execute({ [key]: fed }, taps)].flat();
    return channelsFirst ? out.map((tap) => tf.transpose(tap, [0, 2, 3, 1])) : out;
  };
}

/**
 * @param {any} recipe
 * @param {{file: string, bytes: Uint8Array}[]} files
 * @returns {Promise<(picture: {nhwc: Float32Array, channels: number}) => Float32Array>} the
 *   features of the original model
 */
export async function tfjsFeatures(recipe, files) {
  const run = await loadTaps(recipe, files);
  const { width, height } = recipe.input;
  return ({ nhwc, channels }) =>
    tf.tidy(() => {
      const taps = run(tf.tensor4d(nhwc, [1, height, width, channels]));
      const vectors = taps.map((tap) => (tap.rank === 4 ? tf.mean(tap, [1, 2]) : tap));
      return Float32Array.from(tf.concat(vectors, 1).dataSync());
    });
}
