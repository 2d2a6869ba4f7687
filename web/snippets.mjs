// Lines of code that feed a model as the ranking did.

/** @typedef {import('./assets.mjs').ModelEntry} ModelEntry */

/** @param {ModelEntry} entry */
function recipeOf({ id, input: { width, height, channels = 'rgb', fit = 'crop', mean, std } }) {
  return { file: `${id}.onnx`, width, height, channels, fit, mean, std };
}

/** @param {number[]} values */
const list = (values) => `[${values.join(', ')}]`;

/** The planes of a channel order, as expressions of a pixel. @type {Record<string, string[]>} */
const planes = {
  rgb: ['r', 'g', 'b'],
  bgr: ['b', 'g', 'r'],
  grey: ['0.299 * r + 0.587 * g + 0.114 * b'],
};

/** @param {ModelEntry} entry @returns {string} JavaScript for onnxruntime-web */
export function javascriptSnippet(entry) {
  const { file, width, height, channels, fit, mean, std } = recipeOf(entry);
  const source = fit === 'crop'
    ? `const side = Math.min(bitmap.width / ${width}, bitmap.height / ${height});
  const [w, h] = [${width} * side, ${height} * side];
  context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, ${width}, ${height});`
    : `context.drawImage(bitmap, 0, 0, ${width}, ${height});`;
  return `import * as ort from 'onnxruntime-web';

const session = await ort.InferenceSession.create('${file}');

// One image (a File or Blob) to its feature vector.
export async function featuresOf(blob) {
  const bitmap = await createImageBitmap(blob);
  const context = new OffscreenCanvas(${width}, ${height}).getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, ${width}, ${height});
  context.imageSmoothingQuality = 'high';
  ${source}
  const { data } = context.getImageData(0, 0, ${width}, ${height});
  const mean = ${list(mean)}, std = ${list(std)}, size = ${width * height};
  const input = new Float32Array(size * mean.length);
  for (let i = 0; i < size; i++) {
    const [r, g, b] = data.subarray(i * 4, i * 4 + 3);
    [${planes[channels].join(', ')}].forEach((value, c) => {
      input[c * size + i] = (value - mean[c]) / std[c];
    });
  }
  const tensor = new ort.Tensor('float32', input, [1, mean.length, ${height}, ${width}]);
  const output = (await session.run({ [session.inputNames[0]]: tensor }))[session.outputNames[0]];
  // [1, D], [1, D, H, W] or [1, T, D]: the mean over all but D.
  const isSequence = output.dims.length === 3;
  const count = output.dims[isSequence ? 2 : 1], area = output.data.length / count;
  const features = new Float32Array(count);
  output.data.forEach((value, i) => {
    features[isSequence ? i % count : Math.floor(i / area)] += value / area;
  });
  return features;
}
`;
}

/** The channels of a Pillow image, as NumPy. @type {Record<string, string>} */
const pillowChannels = {
  rgb: 'np.asarray(image, np.float32)',
  bgr: 'np.asarray(image, np.float32)[:, :, ::-1]',
  grey: 'np.asarray(image.convert("L"), np.float32)[:, :, None]',
};

/** @param {ModelEntry} entry @returns {string} Python for onnxruntime */
export function pythonSnippet(entry) {
  const { file, width, height, channels, fit, mean, std } = recipeOf(entry);
  const resize = fit === 'crop'
    ? `ImageOps.fit(image, (${width}, ${height}), Image.Resampling.BILINEAR)`
    : `image.resize((${width}, ${height}), Image.Resampling.BILINEAR)`;
  return `import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession("${file}")
mean, std = np.float32(${list(mean)}), np.float32(${list(std)})


def features_of(path):
    """One image file to its feature vector."""
    image = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    image = ${resize}
    pixels = (${pillowChannels[channels]} - mean) / std
    batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
    output = session.run(None, {session.get_inputs()[0].name: batch})[0]
    # [1, D], [1, D, H, W] or [1, T, D]: the mean over all but D.
    axes = (0, 1) if output.ndim == 3 else (0, *range(2, output.ndim))
    return output.mean(axis=axes)
`;
}
