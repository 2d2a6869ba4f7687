// A picture, and how a recipe turns it into a network's input, written apart from the engine.

/** Waves of colour and noise, the same every time. @param {number} width @param {number} height */
export function picture(width, height) {
  const data = new Uint8ClampedArray(width * height * 4);
  let state = 1;
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) {
      state = (state * 48271) % 2147483647;
      data[4 * i + k] = 127 + 90 * Math.sin((i % width) / 9 + k) + (state % 37);
    }
    data[4 * i + 3] = 255;
  }
  return { data, width, height };
}

/**
 * The input as the recipe says, in ONNX's order, of a picture that has the input's size.
 *
 * @param {any} ort onnxruntime
 * @param {any} input
 * @param {Uint8ClampedArray} data
 */
export function normalise(ort, { width, height, channels, mean, std }, data) {
  const count = width * height;
  const planes = channels === 'grey' ? 1 : 3;
  const values = new Float32Array(planes * count);
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = data.subarray(4 * i, 4 * i + 3);
    const ordered = { rgb: [red, green, blue], bgr: [blue, green, red], grey: [0.299 * red + 0.587 * green + 0.114 * blue] }[/** @type {'rgb' | 'bgr' | 'grey'} */ (channels)];
    ordered.forEach((value, k) => { values[k * count + i] = (value - mean[k]) / std[k]; });
  }
  return new ort.Tensor('float32', values, [1, planes, height, width]);
}
