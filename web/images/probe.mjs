// Some browsers alter what pages read from a canvas, to make fingerprints useless. A known picture,
// drawn and read back, tells by how much.

const side = 16;
// A browser that adds noise changes a value by one or two; one that hides the picture changes all.
const noiseLimit = 8;

/** @typedef {'exact' | 'noisy' | 'false'} Verdict */

/** @returns {Uint8ClampedArray<ArrayBuffer>} opaque pixels, no two alike */
export function probePixels() {
  const pixels = new Uint8ClampedArray(side * side * 4);
  for (let i = 0; i < side * side; i++) {
    pixels.set([(i * 37) & 255, (i * 91 + 13) & 255, (i * 157 + 101) & 255, 255], i * 4);
  }
  return pixels;
}

/** @param {ArrayLike<number>} read @returns {Verdict} */
export function judge(read) {
  const largest = probePixels().reduce((most, value, i) => Math.max(most, Math.abs(value - read[i])), 0);
  if (largest === 0) {
    return 'exact';
  }
  return largest <= noiseLimit ? 'noisy' : 'false';
}

/** The way that images take: bitmap, canvas, pixels. @returns {Promise<Verdict>} */
export async function probeCanvas() {
  const bitmap = await createImageBitmap(new ImageData(probePixels(), side, side));
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true });
  context?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context ? judge(context.getImageData(0, 0, side, side).data) : 'false';
}
