// The first bytes of a file -> what kind of picture it is and how large, before anything decodes
// it: a bomb of 10^10 pixels is refused for what its header says.

/** @typedef {{type: string, width?: number, height?: number}} ImageHeader */

/** @param {Uint8Array} bytes @param {number} at @param {string} text */
const hasText = (bytes, at, text) => [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0));

/** @param {Uint8Array} head @returns {boolean} */
export const sniffZip = (head) => hasText(head, 0, 'PK\x03\x04') || hasText(head, 0, 'PK\x05\x06');

/** @param {Uint8Array} head @returns {string | undefined} a media type */
export function sniffImage(head) {
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) {
    return 'image/jpeg';
  }
  if (hasText(head, 0, '\x89PNG\r\n\x1a\n')) {
    return 'image/png';
  }
  if (hasText(head, 0, 'GIF8')) {
    return 'image/gif';
  }
  if (hasText(head, 0, 'RIFF') && hasText(head, 8, 'WEBP')) {
    return 'image/webp';
  }
  if (hasText(head, 4, 'ftyp')) {
    const brands = ['avif', 'avis', 'heic', 'heix', 'mif1'];
    return brands.some((brand) => hasText(head, 8, brand)) ? 'image/avif' : undefined;
  }
  return hasText(head, 0, 'BM') ? 'image/bmp' : undefined;
}

/**
 * @param {Uint8Array} head as much of the file as is cheap to have; JPEG may carry its size late
 * @returns {ImageHeader | undefined} without a size where these bytes do not tell it
 */
export function readImageHeader(head) {
  const type = sniffImage(head);
  if (type === undefined) {
    return undefined;
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  try {
    return { type, ...(sizeReaders[type]?.(view) ?? {}) };
  } catch (error) {
    if (error instanceof RangeError) {
      return { type };
    }
    throw error;
  }
}

/** @type {Record<string, (view: DataView) => {width: number, height: number} | undefined>} */
const sizeReaders = {
  'image/png': (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }),
  'image/gif': (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }),
  'image/bmp': (view) => ({ width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) }),
  'image/webp': readWebpSize,
  'image/jpeg': readJpegSize,
  'image/avif': readAvifSize,
};

/** The three kinds of chunk that a WebP file may open with. @param {DataView} view */
function readWebpSize(view) {
  const uint24 = (/** @type {number} */ at) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (view.getUint32(12)) {
    case 0x56503858: // VP8X
      return { width: uint24(24) + 1, height: uint24(27) + 1 };
    case 0x5650384c: { // VP8L
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 0x56503820: // VP8, lossy
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    default:
      return undefined;
  }
}

/** Walks the segments to the first start of frame. @param {DataView} view */
function readJpegSize(view) {
  for (let at = 2; ;) {
    if (view.getUint8(at) !== 0xff) {
      return undefined;
    }
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    }
    const isAlone = marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
    at += isAlone ? (marker === 0xff ? 1 : 2) : 2 + view.getUint16(at + 2);
  }
}

/** The first image spatial extents box. @param {DataView} view */
function readAvifSize(view) {
  const limit = Math.min(view.byteLength - 16, 4096);
  for (let at = 0; at < limit; at++) {
    if (view.getUint32(at) === 0x69737065) {
      return { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    }
  }
  return undefined;
}
