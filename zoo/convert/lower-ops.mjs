// How each operator of a source graph becomes ONNX. Their names and attributes, x being the
// tensor and all axes those of the source:
//   conv, depthwise-conv   x, weights, [bias]; strides, dilations, padding, oihw (weight axes)
//   max-pool, avg-pool     x; kernel, strides, padding ('same', 'valid' or [top, left, bottom, right])
//   add sub mul div min max                  a, b
//   relu relu6 sigmoid tanh abs neg sqrt exp hard-swish     x
//   leaky-relu             x; alpha           prelu   x, alpha
//   batch-norm             x, scale, offset, mean, variance; epsilon
//   mean reduce-max        x, [axes]; axes, keepDims
//   softmax                x; axis            matmul  a, b; transposeB
//   pad                    x, pads, [value]   concat  x…, [axis]; axis
//   reshape x, shape       transpose x, perm  squeeze x; axes     expand-dims x, axis
//   resize                 x, size; mode, alignCorners, halfPixel
//   space-to-batch x, block, pads    batch-to-space x, block, crops    (around a depthwise-conv)
//   identity x      shape x
// On constants alone there are more: see constant-ops.mjs.
import { foldConstants } from './constant-ops.mjs';
import * as arithmetic from './lower-arithmetic.mjs';
import * as shapes from './lower-shapes.mjs';
import * as windows from './lower-windows.mjs';

/**
 * @typedef {import('./lowering.mjs').Constant} Constant
 * @typedef {import('./lowering.mjs').Lowering} Lowering
 * @typedef {import('./lowering.mjs').Value} Value
 * @typedef {import('./source-graph.mjs').SourceNode} SourceNode
 * @typedef {(lowering: Lowering, inputs: Value[], attributes: Record<string, any>) => Value} Rule
 */

/**
 * @param {Lowering} lowering
 * @param {SourceNode} node
 * @param {Value[]} inputs
 * @returns {Value} its only output
 */
export function lowerNode(lowering, node, inputs) {
  if (node.op === 'unsupported') {
    throw new Error(node.attributes.reason);
  }
  if (node.op === 'identity') {
    return inputs[0];
  }
  const constants = inputs.filter((input) => input.data !== undefined);
  if (inputs.length > 0 && constants.length === inputs.length) {
    return foldConstants(node, constants);
  }
  const rule = rules[node.op];
  if (rule === undefined) {
    throw new Error(`the operator ${node.op} is not supported`);
  }
  return rule(lowering, inputs, node.attributes);
}

/** @type {Record<string, Rule>} */
const rules = {
  'space-to-batch': windows.spaceToBatch,
  'batch-to-space': windows.batchToSpace,
  shape: shapes.shapeOf,
  conv: windows.convRule(false),
  'depthwise-conv': windows.convRule(true),
  'max-pool': windows.poolRule('MaxPool', 'GlobalMaxPool'),
  'avg-pool': windows.poolRule('AveragePool', 'GlobalAveragePool'),
  add: arithmetic.binaryRule('Add'),
  sub: arithmetic.binaryRule('Sub'),
  mul: arithmetic.binaryRule('Mul'),
  div: arithmetic.binaryRule('Div'),
  min: arithmetic.binaryRule('Min'),
  max: arithmetic.binaryRule('Max'),
  relu: arithmetic.unaryRule('Relu'),
  relu6: arithmetic.relu6,
  sigmoid: arithmetic.unaryRule('Sigmoid'),
  tanh: arithmetic.unaryRule('Tanh'),
  abs: arithmetic.unaryRule('Abs'),
  neg: arithmetic.unaryRule('Neg'),
  sqrt: arithmetic.unaryRule('Sqrt'),
  exp: arithmetic.unaryRule('Exp'),
  'hard-swish': arithmetic.unaryRule('HardSwish'),
  'leaky-relu': arithmetic.unaryRule('LeakyRelu', ({ alpha }) => ({ alpha })),
  prelu: arithmetic.prelu,
  'batch-norm': arithmetic.batchNorm,
  mean: arithmetic.reduceRule('ReduceMean'),
  'reduce-max': arithmetic.reduceRule('ReduceMax'),
  pad: shapes.pad,
  concat: shapes.concat,
  reshape: shapes.reshape,
  transpose: shapes.transpose,
  squeeze: shapes.squeeze,
  'expand-dims': shapes.expandDims,
  matmul: arithmetic.matMul,
  softmax: arithmetic.softmax,
  resize: shapes.resize,
};
