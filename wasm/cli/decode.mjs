// Encoded image bytes -> RGBA pixels, upright and in sRGB, as a browser shows them.

// As much as ms_network_embed accepts.
const pixelLimit = 2 ** 26;
const unknownFormat = 'it is not an image of a known format';

/** How files of the formats that are read begin, by their specifications: JPEG, PNG, GIF, WebP, TIFF, HEIF and AVIF. */
const beginnings = [/^\xff\xd8\xff/, /^\x89PNG\r\n\x1a\n/, /^GIF8[79]a/, /^RIFF[^]{4}WEBP/, /^(?:II[*+]\0|MM\0[*+])/, /^[^]{4}ftyp/];

/** @type {Promise<typeof import('sharp').default> | undefined} */
let loading;

/** Ahead of the first image, while workers start, if it is called then. Fails where there is no sharp. */
export function loadDecoder() {
  loading ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  });
  return loading;
}

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
    const beginning = String.fromCharCode(...bytes.subarray(0, 12));
    if (!beginnings.some((pattern) => pattern.test(beginning))) {
      throw new Error(unknownFormat); // sharp would read more, drawings among them
    }
    const sharp = await loadDecoder();
    const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: pixelLimit })
      .autoOrient().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { data: withAlpha(data, info.channels), width: info.width, height: info.height };
  } catch (error) {
    throw new Error(reasonOf(error instanceof Error ? error.message : String(error)));
  }
}

/**
 * RGB or RGBA pixels as RGBA. A copy in either case, since sharp's own memory cannot be given to a worker.
 *
 * @param {Uint8Array} pixels
 * @param {number} channels 3 or 4
 */
function withAlpha(pixels, channels) {
  if (channels === 4) {
    return new Uint8Array(pixels);
  }
  const rgba = new Uint8Array(pixels.length / 3 * 4);
  for (let from = 0, to = 0; from < pixels.length; from += 3, to += 4) {
    rgba[to] = pixels[from];
    rgba[to + 1] = pixels[from + 1];
    rgba[to + 2] = pixels[from + 2];
    rgba[to + 3] = 255;
  }
  return rgba;
}

/** @param {string} message of sharp, which may have several lines @returns {string} */
function reasonOf(message) {
  if (message.includes('unsupported image format') || message.includes('unable to load from buffer')) {
    return unknownFormat;
  }
  if (message.includes('exceeds pixel limit')) {
    return `it has more than ${pixelLimit} pixels`;
  }
  return message.split('\n').filter(Boolean).join('; ');
}
