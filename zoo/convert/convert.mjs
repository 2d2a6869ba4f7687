// A recipe and its source -> the bytes of an ONNX file that maps an image to features.
import { naming } from './conversion-error.mjs';
import { joinFeatures, lowerGraph } from './lower-graph.mjs';
import { encodeOnnx } from './onnx-file.mjs';
import { readOnnx, rebuildOnnx } from './onnx-source.mjs';
import { simplify } from './simplify.mjs';
import { locateSource } from './source.mjs';
import { readTfjsJson, readShard } from './tfjs-files.mjs';
import { readTfjsGraph } from './tfjs-graph.mjs';
import { readTfjsLayers } from './tfjs-layers.mjs';
import { readTflite } from './tflite.mjs';

/**
 * @typedef {import('./onnx-graph.mjs').OnnxGraph} OnnxGraph
 * @typedef {import('./source.mjs').SourceFile} SourceFile
 * @typedef {import('./source-graph.mjs').SourceGraph | import('./onnx-source.mjs').OnnxSource} Source
 * @typedef {{id: string, source: import('./source.mjs').Source, taps: string[], entry?: string,
 *   input: {width: number, height: number, channels: 'rgb' | 'bgr' | 'grey'},
 *   licence: string}} Recipe the fields that a conversion reads; `entry` is the tensor that the
 *   image replaces, by default the model's input
 */

/**
 * @param {Recipe} recipe
 * @param {{packageRoot?: string, onFetch?: (name: string) => void}} [options] findPackage's
 * @returns {Promise<Uint8Array>} an ONNX file
 */
export async function convertModel(recipe, options) {
  const { files, sha256 } = await locateSource(recipe, options);
  return convertFiles(recipe, files, sha256);
}

/**
 * @param {Recipe} recipe
 * @param {SourceFile[]} files
 * @param {string} sha256 of the files
 * @returns {Uint8Array} an ONNX file
 */
export function convertFiles(recipe, files, sha256) {
  const { source, licence, taps } = recipe;
  return naming(source.file, () => {
    const { graph, taps: ends } = cutSource(recipe, readSource(recipe, files));
    joinFeatures(graph, ends);
    simplify(graph);
    return encodeOnnx(graph, {
      source: `${source.package}@${source.version}`,
      file: source.file,
      sha256,
      taps: taps.join(' '),
      licence,
    });
  });
}

/** @param {Recipe} recipe @returns {number[]} the shape of the image that the network will take */
function imageShape({ input: { channels, height, width } }) {
  return [1, channels === 'grey' ? 1 : 3, height, width];
}

/**
 * @param {Recipe} recipe
 * @param {Source} source
 * @returns {{graph: OnnxGraph, taps: string[]}} from the image to the taps
 */
export function cutSource(recipe, source) {
  const { taps } = recipe;
  const shape = imageShape(recipe);
  const entry = entryOf(recipe, source);
  if ('outputs' in source) {
    return rebuildOnnx(source, { taps, entry, shape });
  }
  const { shape: published } = source.entries.find(({ name }) => name === entry) ?? source.entries[0] ?? {};
  return lowerGraph(source, { taps, entry, shape, channelsFirst: published?.[1] === shape[1] });
}

/** @param {Recipe} recipe @param {Source} source @returns {string} the tensor that the image replaces */
export function entryOf(recipe, source) {
  return recipe.entry ?? source.entries[0]?.name;
}

/** @param {Recipe} recipe @param {SourceFile[]} files @returns {Source} */
export function readSource({ source: { format } }, files) {
  const [{ file, bytes }, ...shards] = files;
  switch (format) {
    case 'onnx':
      return readOnnx(bytes);
    case 'tflite':
      return readTflite(bytes);
    case 'tfjs-graph':
      return readTfjsGraph(readTfjsJson(file, bytes), joinShards(shards));
    case 'tfjs-layers':
      return readTfjsLayers(readTfjsJson(file, bytes), joinShards(shards));
    default:
      throw new Error(`the source format ${format} is not supported`);
  }
}

/** @param {SourceFile[]} shards @returns {Uint8Array} */
function joinShards(shards) {
  const parts = shards.map(({ file, bytes }) => naming(file, () => readShard(file, bytes)));
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
