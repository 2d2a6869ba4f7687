// A zoo of small networks with random weights, in a folder of its own, and small pictures to rank.
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { randomImage, tinyInput, tinyNetwork } from '../wasm/tiny-network.mjs';

const sha256 = (/** @type {Uint8Array} */ bytes) => createHash('sha256').update(bytes).digest('hex');

/**
 * @param {string} id
 * @param {Uint8Array} bytes
 */
function entryOf(id, bytes) {
  return {
    id,
    name: `Network ${id}`,
    trained_for: 'nothing',
    architecture: 'one convolution',
    licence: 'Apache-2.0',
    origin: 'https://example.org/',
    source: { package: 'none', version: '1.0.0', file: 'none.onnx', sha256: sha256(bytes), format: 'onnx' },
    taps: ['features'],
    input: { ...tinyInput, channels: 'rgb', fit: 'crop' },
    features: 8,
    parameters: 216,
    macs: 13824,
    onnx: { sha256: sha256(bytes), bytes: bytes.length },
  };
}

/**
 * @param {string} folder
 * @param {string[]} ids of the models
 */
export async function writeTinyZoo(folder, ids) {
  await mkdir(folder, { recursive: true });
  const entries = await Promise.all(['encoder', ...ids].map(async (id, i) => {
    const bytes = tinyNetwork(i + 1);
    await writeFile(join(folder, `${id}.onnx`), bytes);
    return entryOf(id, bytes);
  }));
  await writeFile(join(folder, 'manifest.json'),
    JSON.stringify({ schema: 1, zoo: 'tiny', encoder: entries[0], models: entries.slice(1) }));
}

/**
 * One PNG of noise, lighter from class to class, so that classes differ.
 *
 * @param {string} file
 * @param {{seed: number, light: number}} look
 */
export async function writePicture(file, { seed, light }) {
  const { data, width, height } = randomImage(seed, 20, 24);
  const pixels = data.map((value, i) => (i % 4 === 3 ? 255 : Math.min(255, value / 2 + light)));
  await mkdir(join(file, '..'), { recursive: true });
  await sharp(pixels, { raw: { width, height, channels: 4 } }).png().toFile(file);
}

/**
 * A task of several classes.
 *
 * @param {string} folder
 * @param {string[]} classes
 * @param {number} count of images in each
 * @param {number} [contrast] how far the light of one class is from the next
 */
export async function writeTask(folder, classes, count, contrast = 40) {
  await Promise.all(classes.flatMap((name, label) => Array.from({ length: count }, (_, i) =>
    writePicture(join(folder, name, `${i}.png`), { seed: label * 1000 + i + 1, light: label * contrast }))));
}
