// Encoded image bytes -> RGBA pixels, upright and in sRGB, as a browser shows them.
import sharp from 'sharp';

// As much as ms_network_embed accepts.
const pixelLimit = 2 ** 26;
const formats = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif', 'avif']);

sharp.cache(false);
sharp.concurrency(1);

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<import('../modelspider.mjs').Pixels>} the first frame
 * @throws {Error} with the reason in one line
 */
export async function decodeImage(bytes) {
  try {
    if (bytes.length === 0) {
      throw new Error('it is empty');
    }
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: pixelLimit });
    const { format } = await image.metadata();
    if (!formats.has(format ?? '')) {
      throw new Error(`${format} files are not read as images`);
    }
    const { data, info } = await image.autoOrient().toColourspace('srgb').ensureAlpha()
      .raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    // A copy, since sharp's own memory cannot be given to a worker.
    return { data: new Uint8Array(data), width: info.width, height: info.height };
  } catch (error) {
    throw new Error(reasonOf(error instanceof Error ? error.message : String(error)));
  }
}

/** @param {string} message of sharp, which may have several lines @returns {string} */
function reasonOf(message) {
  if (message.includes('unsupported image format') || message.includes('unable to load from buffer')) {
    return 'it is not an image of a known format';
  }
  if (message.includes('exceeds pixel limit')) {
    return `it has more than ${pixelLimit} pixels`;
  }
  return message.split('\n').filter(Boolean).join('; ');
}
