// Pictures for comparing networks: photographs of Debian's tuxpaint-stamps-default.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const stamps = '/usr/share/tuxpaint/stamps';

/** Photographs of unlike things, on purpose. */
const files = [
  'animals/birds/peacock.png',
  'food/fruit/sliced_orange.png',
];

/** @returns {string[]} */
export function pictureFiles() {
  const paths = files.map((file) => join(stamps, file));
  const missing = paths.find((path) => !existsSync(path));
  if (missing) {
    throw new Error(`${missing} is missing: apt-get install tuxpaint-stamps-default`);
  }
  return paths;
}

/**
 * @param {string} file
 * @param {{width: number, height: number, channels: 'rgb' | 'bgr' | 'grey', mean: number[],
 *   std: number[]}} input of a recipe
 * @returns {Promise<{nchw: Float32Array, nhwc: Float32Array, channels: number}>}
 */
export async function loadPicture(file, { width, height, channels, mean, std }) {
  const { data } = await sharp(file)
    .flatten({ background: '#8090a0' })
    .resize(width, height, { fit: 'cover' })
    .toColourspace(channels === 'grey' ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const depth = channels === 'grey' ? 1 : 3;
  const nchw = new Float32Array(data.length);
  const nhwc = new Float32Array(data.length);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < depth; c++) {
      const stored = channels === 'bgr' ? 2 - c : c;
      const value = (data[pixel * depth + stored] - mean[c]) / std[c];
      nhwc[pixel * depth + c] = value;
      nchw[c * width * height + pixel] = value;
    }
  }
  return { nchw, nhwc, channels: depth };
}
