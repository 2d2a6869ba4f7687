// What the engine says of a model before it runs on anything.
import { inputOf } from '../../wasm/cli/assets.mjs';
import { convertFiles } from '../convert/convert.mjs';

/**
 * @typedef {import('../../wasm/modelspider.mjs').Engine} Engine
 * @typedef {Awaited<ReturnType<typeof import('../convert/source.mjs').locateSource>>} LocatedSource
 */

/**
 * @param {Engine} engine
 * @param {any} recipe
 * @param {Uint8Array} bytes the model, as ONNX
 * @returns {{features: number, parameters: number, macs: number}}
 */
export function measureModel(engine, recipe, bytes) {
  const network = engine.loadNetwork(bytes, inputOf(recipe));
  const { featureCount: features, parameterCount: parameters, macCount: macs } = network;
  network.destroy();
  return { features, parameters, macs };
}

/** A recipe's model with other taps. @param {any} recipe @param {LocatedSource} source @param {string[]} taps */
export const cutModel = (recipe, { files, sha256 }, taps) => convertFiles({ ...recipe, taps }, files, sha256);

/**
 * @param {Engine} engine
 * @param {any} recipe
 * @param {LocatedSource} source
 * @param {string} tap
 * @returns {number} how many features it gives
 */
export function tapFeatures(engine, recipe, source, tap) {
  const plain = { ...recipe, input: { ...recipe.input, signature: undefined } };
  return measureModel(engine, plain, cutModel(recipe, source, [tap])).features;
}
