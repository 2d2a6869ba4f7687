// What TF.js loads a published model from.
import { readShard, readTfjsJson } from '../../zoo/convert/tfjs-files.mjs';

/**
 * Most recipes run a network smaller than it was published, so a graph's inputs may have any size here,
 * where TF.js checks what is declared.
 *
 * @param {{file: string, bytes: Uint8Array}[]} files the model's JSON and its shards
 * @returns {{artifacts: any, weights: Uint8Array<ArrayBuffer>}} all but weightData, and what that is to be
 */
export function tfjsArtifacts([{ file, bytes }, ...shards]) {
  const { weightsManifest, ...json } = readTfjsJson(file, bytes);
  for (const { op, attr } of json.modelTopology.node ?? []) {
    if (op === 'Placeholder') {
      attr.shape?.shape?.dim?.forEach((/** @type {any} */ dim) => {
        dim.size = Number(dim.size) > 4 ? '-1' : dim.size;
      });
    }
  }
  return {
    artifacts: { ...json, weightSpecs: weightsManifest.flatMap((/** @type {any} */ group) => group.weights) },
    weights: new Uint8Array(Buffer.concat(shards.map((shard) => readShard(shard.file, shard.bytes)))),
  };
}
