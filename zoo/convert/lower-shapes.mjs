// Operators that move, join and resize axes.
import { NCHW_FROM_NHWC } from './layout.mjs';
import { axisOf, constantOf, numbersOf, tensorOf } from './lowering.mjs';
import { countOf } from './source-graph.mjs';

/** @typedef {import('./lower-ops.mjs').Rule} Rule */

/** @type {Rule} */
export function pad(lowering, [input, padsInput, value]) {
  const x = tensorOf(input);
  const pairs = numbersOf(padsInput);
  const pads = [
    ...x.order.map((axis) => pairs[2 * axis]),
    ...x.order.map((axis) => pairs[2 * axis + 1]),
  ];
  const inputs = [x.name, lowering.graph.addIntegers(pads)];
  const filling = value ? constantOf(value).data[0] : 0;
  if (filling !== 0) {
    inputs.push(lowering.graph.addScalar(filling));
  }
  return lowering.emit('Pad', inputs, {}, x.order);
}

/** @type {Rule} */
export function concat(lowering, inputs, { axis }) {
  const parts = axis === undefined ? inputs.slice(0, -1) : inputs;
  const { order } = tensorOf(parts.find((part) => part.name));
  const along = axisOf(axis ?? constantOf(inputs.at(-1)).data[0], order.length);
  const names = parts.map((part) => lowering.inOrder(part.data ? part : tensorOf(part), order));
  return lowering.emit('Concat', names, { axis: order.indexOf(along) }, order);
}

/** @type {Rule} */
export function reshape(lowering, [input, shapeInput]) {
  const x = tensorOf(input);
  const target = numbersOf(shapeInput);
  const known = countOf(target.filter((size) => size !== -1));
  return lowering.reshape(x, target.map((size) => (size === -1 ? countOf(x.shape) / known : size)));
}

/** @type {Rule} */
export function transpose(_, [input, permInput]) {
  const x = tensorOf(input);
  const perm = numbersOf(permInput).map((axis) => axisOf(axis, x.shape.length));
  const shape = perm.map((axis) => x.shape[axis]);
  return { shape, name: x.name, order: x.order.map((axis) => perm.indexOf(axis)) };
}

/** @type {Rule} */
export function squeeze(lowering, [input], { axes }) {
  const x = tensorOf(input);
  const dropped = axes.map((/** @type {number} */ axis) => axisOf(axis, x.shape.length));
  /** @param {number} size @param {number} axis */
  const drop = (size, axis) => (dropped.length ? dropped.includes(axis) : size === 1);
  return lowering.reshape(x, x.shape.filter((size, axis) => !drop(size, axis)));
}

/** @type {Rule} */
export function expandDims(lowering, [input, axisInput]) {
  const x = tensorOf(input);
  const axis = axisOf(constantOf(axisInput).data[0], x.shape.length + 1);
  return lowering.reshape(x, x.shape.toSpliced(axis, 0, 1));
}

/** @type {Rule} */
export function resize(lowering, [input, sizeInput], { mode, alignCorners, halfPixel }) {
  const x = tensorOf(input);
  const [height, width] = numbersOf(sizeInput);
  const coordinates = alignCorners ? 'align_corners' : halfPixel ? 'half_pixel' : 'asymmetric';
  const attributes = {
    mode,
    coordinate_transformation_mode: coordinates,
    ...(mode === 'nearest' ? { nearest_mode: 'floor' } : {}),
  };
  const sizes = lowering.graph.addIntegers([x.shape[0], x.shape[3], height, width]);
  const inputs = [lowering.inOrder(x, NCHW_FROM_NHWC), '', '', sizes];
  return lowering.emit('Resize', inputs, attributes, NCHW_FROM_NHWC);
}

/** @type {Rule} */
export function shapeOf(_, [x]) {
  return { shape: [x.shape.length], data: Int32Array.from(x.shape) };
}
