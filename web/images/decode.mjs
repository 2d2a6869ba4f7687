// One file -> RGBA pixels, upright and in sRGB, by the browser's own decoder. Runs in a worker.
import { readZipEntry } from '../../wasm/zip.mjs';
import { FileError } from '../reasons.mjs';
import { readImageHeader } from './header.mjs';

/** @typedef {import('../intake/group.mjs').Source} Source */

// As much as ms_network_embed accepts, and wasm/cli/decode.mjs.
export const pixelLimit = 2 ** 26;
const byteLimit = 256 * 2 ** 20;
// Cameras put previews and profiles before a JPEG's size.
const headSize = 256 * 1024;

/** @param {Blob} blob @returns {import('../../wasm/zip.mjs').ReadAt} */
export const readBlobAt = (blob) => async (offset, size) =>
  new Uint8Array(await readable(blob.slice(offset, offset + size).arrayBuffer()));

/** @param {Source} source @returns {Promise<Blob>} */
async function blobOf({ blob, entry }) {
  return entry ? new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (await readZipEntry(readBlobAt(blob), entry))]) : blob;
}

/** @param {Source} source @param {ImageBitmapOptions} [options] @returns {Promise<ImageBitmap>} */
async function openBitmap(source, options) {
  const blob = await readable(blobOf(source));
  if (blob.size === 0) {
    throw new FileError({ code: 'empty' });
  }
  if (blob.size > byteLimit) {
    throw new FileError({ code: 'too-many-bytes' });
  }
  const head = await readable(blob.slice(0, headSize).arrayBuffer());
  const header = readImageHeader(new Uint8Array(head));
  checkSize(header);
  try {
    return await createImageBitmap(blob, {
      colorSpaceConversion: 'default',
      premultiplyAlpha: 'none',
      imageOrientation: 'from-image',
      ...options,
    });
  } catch {
    throw new FileError({ code: header ? 'undecodable' : 'not-image' });
  }
}

/** @template T @param {Promise<T>} reading @returns {Promise<T>} a file may vanish after it was chosen */
async function readable(reading) {
  try {
    return await reading;
  } catch (error) {
    throw error instanceof DOMException ? new FileError({ code: 'unreadable' }) : error;
  }
}

/** @param {{width?: number, height?: number} | undefined} size */
function checkSize(size) {
  if (size?.width !== undefined && size.height !== undefined && size.width * size.height > pixelLimit) {
    throw new FileError({ code: 'too-large', values: [size.width, size.height] });
  }
}

/** @param {ImageBitmap} bitmap @returns {OffscreenCanvasRenderingContext2D} with the bitmap drawn, and closed */
function draw(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' });
  if (!context) {
    throw new FileError({ code: 'undecodable' });
  }
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context;
}

/** @param {Source} source @returns {Promise<import('../../wasm/modelspider.mjs').Pixels>} the first frame */
export async function decode(source) {
  const bitmap = await openBitmap(source);
  const { width, height } = bitmap;
  try {
    checkSize(bitmap);
    const { data } = draw(bitmap).getImageData(0, 0, width, height);
    return { data, width, height };
  } finally {
    bitmap.close();
  }
}

/** @param {Source} source @param {number} side in pixels @returns {Promise<ImageBitmap>} a square cut-out */
export async function makeThumbnail(source, side) {
  const bitmap = await openBitmap(source);
  const { width, height } = bitmap;
  const edge = Math.min(width, height);
  try {
    return await createImageBitmap(bitmap, (width - edge) >> 1, (height - edge) >> 1, edge, edge,
      { resizeWidth: side, resizeHeight: side, resizeQuality: 'medium' });
  } finally {
    bitmap.close();
  }
}
