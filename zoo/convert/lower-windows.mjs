// Convolutions and pooling: whatever slides a window over the image.
import { NCHW_FROM_NHWC, permute } from './layout.mjs';
import { constantOf, numbersOf, tensorOf } from './lowering.mjs';

/**
 * @typedef {import('./lowering.mjs').Lowering} Lowering
 * @typedef {import('./lower-ops.mjs').Rule} Rule
 */

/**
 * Explicit ONNX pads, which engines treat more uniformly than SAME.
 *
 * @param {string | number[]} padding
 * @param {number[]} sizes spatial input sizes
 * @param {number[]} kernel
 * @param {number[]} strides
 * @param {number[]} dilations
 * @returns {{pads?: number[]}} [top, left, bottom, right], absent when all are 0
 */
function padsOf(padding, sizes, kernel, strides, dilations) {
  let pads = padding;
  if (padding === 'same') {
    const totals = sizes.map((size, i) => {
      const span = (kernel[i] - 1) * dilations[i] + 1;
      return Math.max((Math.ceil(size / strides[i]) - 1) * strides[i] + span - size, 0);
    });
    pads = [...totals.map((n) => Math.floor(n / 2)), ...totals.map((n) => Math.ceil(n / 2))];
  }
  return Array.isArray(pads) && pads.some((n) => n !== 0) ? { pads } : {};
}

/** @param {Record<string, number[]>} lists @returns {Record<string, number[]>} those not all 1 */
function unlessOnes(lists) {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.some((n) => n !== 1)));
}

/** @param {boolean} depthwise @returns {Rule} */
export function convRule(depthwise) {
  return (lowering, [input, weightsInput, bias], attributes) => {
    const weights = constantOf(weightsInput);
    const { strides, dilations, padding, oihw } = attributes;
    if (input !== undefined && 'spread' in input) {
      // Its batch is put together again by the batch-to-space that follows.
      return { ...input, spread: { ...input.spread, weights, oihw } };
    }
    const x = tensorOf(input);
    const data = permute(weights.data, weights.shape, oihw);
    let shape = oihw.map((/** @type {number} */ axis) => weights.shape[axis]);
    if (depthwise) {
      // Channel c gives the multiplier's outputs c·m … c·m + m - 1, as in a grouped convolution.
      shape = [shape[0] * shape[1], 1, shape[2], shape[3]];
    }
    const kernel = shape.slice(2);
    const group = x.shape[3] / shape[1];
    const inputs = [lowering.inOrder(x, NCHW_FROM_NHWC), lowering.graph.addInitializer(data, shape)];
    if (bias) {
      const values = Float32Array.from(constantOf(bias).data);
      inputs.push(lowering.graph.addInitializer(values, bias.shape));
    }
    const onnxAttributes = {
      kernel_shape: kernel,
      ...padsOf(padding, x.shape.slice(1, 3), kernel, strides, dilations),
      ...unlessOnes({ strides, dilations }),
      ...(group === 1 ? {} : { group }),
    };
    return lowering.emit('Conv', inputs, onnxAttributes, NCHW_FROM_NHWC);
  };
}

/** @param {string} op @param {string} global the same over all pixels @returns {Rule} */
export function poolRule(op, global) {
  return (lowering, [input], { kernel, strides, padding }) => {
    const x = tensorOf(input);
    const sizes = x.shape.slice(1, 3);
    const pads = padsOf(padding, sizes, kernel, strides, [1, 1]);
    const image = [lowering.inOrder(x, NCHW_FROM_NHWC)];
    if (!pads.pads && kernel.join() === sizes.join()) {
      return lowering.emit(global, image, {}, NCHW_FROM_NHWC);
    }
    const attributes = { kernel_shape: kernel, ...pads, ...unlessOnes({ strides }) };
    return lowering.emit(op, image, attributes, NCHW_FROM_NHWC);
  };
}

/**
 * A dilated convolution in the old spelling of TensorFlow: the image is dealt out into a batch of
 * images, each convolved, and put together again. The pieces of the puzzle are kept on the value.
 *
 * @type {Rule}
 */
export function spaceToBatch(_, [x, block, pads]) {
  const [top, bottom, left, right] = numbersOf(pads);
  const image = tensorOf(x);
  const spread = { dilations: numbersOf(block), pads: [top, left, bottom, right] };
  return { shape: image.shape, image, spread };
}

/** @type {Rule} */
export function batchToSpace(lowering, [x, , cropsInput]) {
  if (x === undefined || !('spread' in x) || x.spread.weights === undefined) {
    throw new Error('a batch-to-space without its space-to-batch and convolution');
  }
  const { weights, oihw, dilations, pads } = x.spread;
  const [top, bottom, left, right] = numbersOf(cropsInput);
  // What is cropped from a convolution of stride 1 needs no padding in the first place.
  const padding = [top, left, bottom, right].map((crop, i) => pads[i] - crop);
  const attributes = { strides: [1, 1], dilations, padding, oihw };
  return convRule(true)(lowering, [x.image, weights], attributes);
}
