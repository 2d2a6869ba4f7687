// The published files of a recipe, from its npm package, checked.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { ConversionError, naming } from './conversion-error.mjs';
import { findPackage } from './packages.mjs';
import { readTfjsJson } from './tfjs-files.mjs';

/**
 * @typedef {{package: string, version: string, file: string, sha256: string,
 *   format: 'tflite' | 'tfjs-graph' | 'tfjs-layers' | 'onnx', offset?: number, size?: number}} Source
 * @typedef {{file: string, bytes: Uint8Array}} SourceFile
 */

/** @param {string} root @param {string} file @returns {Promise<Uint8Array>} */
async function readPackageFile(root, file) {
  return readFile(join(root, file)).catch((error) => {
    throw new ConversionError(file, `cannot be read (${error.code ?? error.message})`);
  });
}

/**
 * The bytes of a recipe's source: the model file, then for TF.js its weight shards in the order of
 * the manifest. The recipe's SHA-256 is that of all of them, one after another.
 *
 * @param {{source: Source}} recipe
 * @param {{packageRoot?: string, onFetch?: (name: string) => void, anyHash?: boolean}} [options]
 *   findPackage's; anyHash accepts any SHA-256
 * @returns {Promise<{files: SourceFile[], sha256: string}>}
 */
export async function locateSource({ source }, { packageRoot, onFetch, anyHash } = {}) {
  const root = await findPackage(source, { packageRoot, onFetch });
  const whole = await readPackageFile(root, source.file);
  const start = source.offset ?? 0;
  const end = source.size === undefined ? whole.length : start + source.size;
  if (end > whole.length) {
    throw new ConversionError(source.file, `${whole.length} bytes, wanted are ${start} to ${end}`);
  }
  const files = [{ file: source.file, bytes: whole.subarray(start, end) }];
  if (source.format.startsWith('tfjs-')) {
    for (const shard of shardNames(source.file, files[0].bytes)) {
      const file = posix.join(dirname(source.file), shard);
      files.push({ file, bytes: await readPackageFile(root, file) });
    }
  }
  const hash = createHash('sha256');
  files.forEach(({ bytes }) => hash.update(bytes));
  const sha256 = hash.digest('hex');
  if (sha256 !== source.sha256 && !anyHash) {
    throw new ConversionError(source.file, `the SHA-256 is ${sha256}, the recipe wants ${source.sha256}`);
  }
  return { files, sha256 };
}

/** @param {string} file @param {Uint8Array} bytes @returns {string[]} */
function shardNames(file, bytes) {
  return naming(file, () => {
    const { weightsManifest } = readTfjsJson(file, bytes);
    /** @type {{paths: string[]}[]} */
    const groups = weightsManifest;
    return groups.flatMap(({ paths }) => paths).map((path) => {
      const name = file.endsWith('.min.js') ? `${path}.min.js` : path;
      if (name !== posix.basename(name)) {
        throw new Error(`the weights lie in another directory: ${name}`);
      }
      return name;
    });
  });
}
