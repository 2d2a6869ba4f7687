// Each operator of a TF.js graph, alone or with its usual neighbours: the converted graph, run by
// onnxruntime, against TF.js.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convertFiles } from '../../zoo/convert/convert.mjs';
import { readOnnx } from '../../zoo/convert/onnx-source.mjs';
import { cosine, largestDifference } from './compare.mjs';
import { loadOnnx } from './onnx-runner.mjs';
import { tfjsFeatures } from './tfjs-oracle.mjs';
import { attr, randomFloats, tfjsGraphFiles, tinyRecipe } from './tiny-models.mjs';

const size = { width: 10, height: 12 };
const image = [1, size.height, size.width, 3];

/** @param {number[]} shape @param {number} [seed] @param {(x: number) => number} [map] */
function floats(shape, seed = 1, map = (x) => x) {
  return { shape, data: randomFloats(shape.reduce((a, b) => a * b, 1), seed).map(map) };
}

/** @param {number[]} values @param {number[]} [shape] */
function ints(values, shape = [values.length]) {
  return { shape, data: Int32Array.from(values) };
}

const scalar = (value) => ({ shape: [], data: Float32Array.of(value) });
const node = (op, name, input, attributes = {}) => ({ op, name, input, attr: attributes });
const window2 = {
  ksize: attr.ints([1, 2, 2, 1]),
  strides: attr.ints([1, 2, 2, 1]),
  padding: attr.text('SAME'),
};
const convolution = (strides, padding, dilations = [1, 1]) => ({
  strides: attr.ints([1, ...strides, 1]),
  padding: attr.text(padding),
  dilations: attr.ints([1, ...dilations, 1]),
});

/** Name, nodes (the last one is the tap), weights, the ONNX operators that it should come down to. */
const cases = [
  ...[[[1, 1], 'SAME'], [[2, 2], 'SAME'], [[2, 2], 'VALID'], [[1, 2], 'SAME']].map(([strides, padding]) => [
    `convolution, stride ${strides}, ${padding}`,
    [node('Conv2D', 'out', ['image', 'w'], convolution(strides, padding))],
    { w: floats([3, 5, 3, 7]) },
  ]),
  [
    'dilated convolution',
    [node('Conv2D', 'out', ['image', 'w'], convolution([1, 1], 'SAME', [2, 2]))],
    { w: floats([3, 3, 3, 4]) },
  ],
  [
    'convolution with explicit padding',
    [
      node('Conv2D', 'out', ['image', 'w'], {
        ...convolution([2, 2], 'EXPLICIT'),
        explicit_paddings: attr.ints([0, 0, 1, 2, 3, 0, 0, 0]),
      }),
    ],
    { w: floats([3, 3, 3, 4]) },
  ],
  [
    'depthwise convolution with a multiplier',
    [node('DepthwiseConv2dNative', 'out', ['image', 'w'], convolution([2, 2], 'SAME'))],
    { w: floats([3, 3, 3, 4]) },
  ],
  [
    'fused convolution, bias and PReLU',
    [
      node('_FusedConv2D', 'out', ['image', 'w', 'b', 'a'], {
        ...convolution([1, 1], 'SAME'),
        fused_ops: attr.texts(['BiasAdd', 'Prelu']),
        num_args: attr.int(2),
      }),
    ],
    { w: floats([3, 3, 3, 4]), b: floats([4], 2), a: floats([1, 1, 4], 3) },
  ],
  [
    'fused convolution, bias and leaky ReLU',
    [
      node('_FusedConv2D', 'out', ['image', 'w', 'b'], {
        ...convolution([1, 1], 'VALID'),
        fused_ops: attr.texts(['BiasAdd', 'LeakyRelu']),
        num_args: attr.int(1),
        leakyrelu_alpha: attr.float(0.3),
      }),
    ],
    { w: floats([3, 3, 3, 4]), b: floats([4], 2) },
    ['Conv', 'LeakyRelu'],
  ],
  [
    'fused depthwise convolution, bias and ReLU6',
    [
      node('FusedDepthwiseConv2dNative', 'out', ['image', 'w', 'b'], {
        ...convolution([1, 1], 'VALID'),
        fused_ops: attr.texts(['BiasAdd', 'Relu6']),
        num_args: attr.int(1),
      }),
    ],
    { w: floats([3, 3, 3, 1]), b: floats([3], 2) },
    ['Conv', 'Clip'],
  ],
  [
    'depthwise convolution dilated by space-to-batch',
    [
      node('Shape', 'shape', ['image']),
      node('StridedSlice', 'sides', ['shape', 'one', 'three', 'one'], {
        begin_mask: attr.int(0),
        end_mask: attr.int(0),
        shrink_axis_mask: attr.int(0),
      }),
      node('FloorMod', 'rest', ['sides', 'rate']),
      node('StridedSlice', 'below', ['rest', 'zero', 'one', 'one'], {
        shrink_axis_mask: attr.int(1),
      }),
      node('StridedSlice', 'right', ['rest', 'one', 'two', 'one'], {
        shrink_axis_mask: attr.int(1),
      }),
      node('Pack', 'rows', ['no', 'below'], { axis: attr.int(0) }),
      node('Pack', 'columns', ['no', 'right'], { axis: attr.int(0) }),
      node('Pack', 'excess', ['rows', 'columns'], { axis: attr.int(0) }),
      node('AddV2', 'pads', ['excess', 'border']),
      node('SpaceToBatchND', 'dealt', ['image', 'rate', 'pads']),
      node('DepthwiseConv2dNative', 'convolved', ['dealt', 'w'], convolution([1, 1], 'VALID')),
      node('BatchToSpaceND', 'out', ['convolved', 'rate', 'excess']),
    ],
    {
      zero: ints([0]), one: ints([1]), two: ints([2]), three: ints([3]), no: ints([0], []),
      rate: ints([2, 2]), border: ints([2, 2, 2, 2], [2, 2]), w: floats([3, 3, 3, 1]),
    },
    ['Conv'],
  ],
  [
    'convolution, scale and shift, which fold into it',
    [
      node('Conv2D', 'c', ['image', 'w'], convolution([1, 1], 'SAME')),
      node('Mul', 'm', ['scale', 'c']),
      node('Sub', 's', ['m', 'shift']),
      node('RealDiv', 'out', ['s', 'divisor']),
    ],
    {
      w: floats([3, 3, 3, 4]),
      scale: floats([4], 2),
      shift: floats([1, 1, 1, 4], 3),
      divisor: floats([4], 4, (x) => x + 2),
    },
    ['Conv'],
  ],
  [
    'scale and shift before a convolution without padding',
    [
      node('Mul', 'm', ['image', 'scale']),
      node('Add', 'a', ['shift', 'm']),
      node('Conv2D', 'out', ['a', 'w'], convolution([1, 1], 'VALID')),
    ],
    { w: floats([3, 3, 3, 4]), scale: floats([3], 2), shift: floats([3], 3) },
    ['Conv'],
  ],
  [
    'scale and shift before a convolution with padding, which must not shift the padding',
    [
      node('Mul', 'm', ['image', 'scale']),
      node('Add', 'a', ['shift', 'm']),
      node('DepthwiseConv2dNative', 'out', ['a', 'w'], convolution([1, 1], 'SAME')),
    ],
    { w: floats([3, 3, 3, 1]), scale: floats([3], 2), shift: floats([3], 3) },
    ['Mul', 'Add', 'Conv'],
  ],
  [
    'batch normalisation after and without a convolution',
    [
      node('Conv2D', 'c', ['image', 'w'], convolution([1, 1], 'SAME')),
      node('FusedBatchNormV3', 'n', ['c', 'scale', 'offset', 'mean', 'variance'], {
        epsilon: attr.float(0.001),
      }),
      node('Relu', 'r', ['n']),
      node('FusedBatchNormV3', 'out', ['r', 'scale', 'offset', 'mean', 'variance'], {
        epsilon: attr.float(0.001),
      }),
    ],
    {
      w: floats([3, 3, 3, 4]), scale: floats([4], 2), offset: floats([4], 3),
      mean: floats([4], 4), variance: floats([4], 5, (x) => x + 1.5),
    },
    ['Conv', 'Relu', 'Mul', 'Add'],
  ],
  [
    'padding before a convolution, in and out of it',
    [
      node('Pad', 'p', ['image', 'pads']),
      node('Conv2D', 'out', ['p', 'w'], convolution([2, 2], 'VALID')),
    ],
    { pads: ints([0, 0, 1, 2, 0, 1, 0, 0], [4, 2]), w: floats([3, 3, 3, 4]) },
    ['Conv'],
  ],
  [
    'padding of channels, and with another value',
    [node('Pad', 'p', ['image', 'pads']), node('PadV2', 'out', ['p', 'border', 'value'])],
    {
      pads: ints([0, 0, 0, 0, 0, 0, 1, 2], [4, 2]), border: ints([0, 0, 1, 0, 2, 0, 0, 0], [4, 2]), value: scalar(0.5),
    },
  ],
  [
    'padding below all values before a maximum',
    [
      node('PadV2', 'p', ['image', 'pads', 'lowest']),
      node('MaxPool', 'out', ['p'], { ...window2, padding: attr.text('VALID') }),
    ],
    { pads: ints([0, 0, 1, 1, 1, 1, 0, 0], [4, 2]), lowest: scalar(-3e38) },
    ['MaxPool'],
  ],
  [
    'maximum over windows',
    [node('MaxPool', 'out', ['image'], { ...window2, ksize: attr.ints([1, 3, 3, 1]) })],
    {},
  ],
  [
    'mean over windows, padding not counted',
    [node('AvgPool', 'out', ['image'], { ...window2, ksize: attr.ints([1, 3, 3, 1]) })],
    {},
  ],
  [
    'mean over one window of all pixels',
    [
      node('AvgPool', 'out', ['image'], {
        ksize: attr.ints([1, 12, 10, 1]),
        strides: attr.ints([1, 1, 1, 1]),
        padding: attr.text('VALID'),
      }),
    ],
    {},
  ],
  [
    'mean of all pixels, axes kept',
    [
      node('Mean', 'm', ['image', 'axes'], { keep_dims: attr.flag(true) }),
      node('Mul', 'out', ['image', 'm']),
    ],
    { axes: ints([1, 2]) },
  ],
  [
    'mean of all pixels, as a vector',
    [node('Mean', 'out', ['image', 'axes'], { keep_dims: attr.flag(false) })],
    { axes: ints([1, 2]) },
  ],
  [
    'mean over channels',
    [
      node('Mean', 'm', ['image', 'axes'], { keep_dims: attr.flag(true) }),
      node('Sub', 'out', ['image', 'm']),
    ],
    { axes: ints([3]) },
  ],
  [
    'maximum of all pixels',
    [node('Max', 'out', ['image', 'axes'], { keep_dims: attr.flag(false) })],
    { axes: ints([1, 2]) },
  ],
  [
    'concatenation of channels',
    [node('Relu', 'r', ['image']), node('ConcatV2', 'out', ['image', 'r', 'axis'])],
    { axis: ints([3], []) },
  ],
  [
    'sum of three',
    [
      node('Relu', 'r', ['image']),
      node('Tanh', 't', ['image']),
      node('AddN', 'out', ['image', 'r', 't']),
    ],
    {},
  ],
  ...['Relu', 'Relu6', 'Sigmoid', 'Tanh', 'Abs', 'Neg', 'Exp'].map((op) => [
    op,
    [node('Mul', 'm', ['image', 'four']), node(op, 'out', ['m'])],
    { four: scalar(4) },
  ]),
  ['square root', [node('Abs', 'a', ['image']), node('Sqrt', 'out', ['a'])], {}],
  [
    'minimum and maximum of tensors',
    [
      node('Neg', 'n', ['image']),
      node('Minimum', 'a', ['image', 'n']),
      node('Maximum', 'b', ['image', 'n']),
      node('ConcatV2', 'out', ['a', 'b', 'axis']),
    ],
    { axis: ints([3], []) },
  ],
  [
    'ReLU6 spelled as minimum and maximum',
    [
      node('Mul', 'm', ['image', 'nine']),
      node('Relu', 'r', ['m']),
      node('Minimum', 'n', ['r', 'six']),
      node('Maximum', 'out', ['n', 'zero']),
    ],
    { nine: scalar(9), six: scalar(6), zero: scalar(0) },
    ['Mul', 'Clip'],
  ],
  [
    'parametric ReLU spelled out',
    [
      node('Maximum', 'p', ['zero', 'image']),
      node('Minimum', 'n', ['zero', 'image']),
      node('Mul', 's', ['slope', 'n']),
      node('AddV2', 'out', ['p', 's']),
    ],
    { zero: scalar(0), slope: floats([3], 4) },
    ['PRelu'],
  ],
  [
    'hard swish, the sixth on the gate',
    [
      node('AddV2', 'a', ['image', 'three']),
      node('Relu6', 'r', ['a']),
      node('Mul', 'g', ['r', 'sixth']),
      node('Mul', 'out', ['image', 'g']),
    ],
    { three: scalar(3), sixth: scalar(1 / 6) },
    ['HardSwish'],
  ],
  [
    'hard swish, a coarse sixth on the tensor',
    [
      node('AddV2', 'a', ['three', 'image']),
      node('Relu6', 'r', ['a']),
      node('Mul', 'g', ['sixth', 'image']),
      node('Mul', 'out', ['g', 'r']),
    ],
    { three: scalar(3), sixth: scalar(0.166626) },
    ['HardSwish', 'Mul'],
  ],
  ['softmax over channels', [node('Softmax', 'out', ['image'])], {}],
  [
    'flattened image times a matrix, in the source\'s sequence of pixels',
    [
      node('Reshape', 'flat', ['image', 'shape']),
      node('_FusedMatMul', 'out', ['flat', 'w', 'b'], {
        fused_ops: attr.texts(['BiasAdd', 'Relu']),
        num_args: attr.int(1),
      }),
    ],
    { shape: ints([1, -1]), w: floats([360, 6]), b: floats([6], 2) },
  ],
  [
    'channel shuffle',
    [
      node('Conv2D', 'c', ['image', 'w'], convolution([1, 1], 'SAME')),
      node('Reshape', 'r', ['c', 'split']),
      node('Transpose', 't', ['r', 'perm']),
      node('Reshape', 's', ['t', 'merge']),
      node('DepthwiseConv2dNative', 'out', ['s', 'd'], convolution([1, 1], 'SAME')),
    ],
    {
      w: floats([1, 1, 3, 6]),
      split: ints([1, 12, 10, 2, 3]),
      perm: ints([0, 1, 2, 4, 3]),
      merge: ints([1, 12, 10, 6]),
      d: floats([3, 3, 6, 1], 2),
    },
    ['Conv', 'Reshape', 'Transpose', 'Reshape', 'Conv'],
  ],
  [
    'transposes to channels first and back, around a scale in their axes',
    [
      node('Transpose', 't', ['image', 'first']),
      node('Mul', 'm', ['t', 'scale']),
      node('Transpose', 'u', ['m', 'last']),
      node('Conv2D', 'out', ['u', 'w'], convolution([1, 1], 'SAME')),
    ],
    {
      first: ints([0, 3, 1, 2]),
      last: ints([0, 2, 3, 1]),
      scale: floats([1, 3, 1, 1]),
      w: floats([3, 3, 3, 4]),
    },
    ['Conv'],
  ],
  [
    'squeezed and expanded vector that scales channels',
    [
      node('Mean', 'm', ['image', 'axes'], { keep_dims: attr.flag(true) }),
      node('Squeeze', 'q', ['m'], { squeeze_dims: attr.ints([1, 2]) }),
      node('ExpandDims', 'e', ['q', 'axis']),
      node('ExpandDims', 'f', ['e', 'axis']),
      node('Mul', 'out', ['image', 'f']),
    ],
    { axes: ints([1, 2]), axis: ints([1], []) },
  ],
  ...[[false, false], [true, false], [false, true]].map(([corners, centres]) => [
    `bilinear resize${corners ? ', corners aligned' : ''}${centres ? ', pixel centres' : ''}`,
    [
      node('ResizeBilinear', 'out', ['image', 'size'], {
        align_corners: attr.flag(corners),
        half_pixel_centers: attr.flag(centres),
      }),
    ],
    { size: ints([24, 15]) },
  ]),
  [
    'nearest resize',
    [
      node('ResizeNearestNeighbor', 'out', ['image', 'size'], {
        align_corners: attr.flag(false),
        half_pixel_centers: attr.flag(false),
      }),
    ],
    { size: ints([24, 20]) },
  ],
  [
    'weights behind a transpose and a reshape',
    [
      node('Reshape', 'a', ['raw', 'shape']),
      node('Transpose', 'w', ['a', 'perm']),
      node('Conv2D', 'out', ['image', 'w'], convolution([1, 1], 'SAME')),
    ],
    { raw: floats([108]), shape: ints([4, 3, 3, 3]), perm: ints([2, 3, 1, 0]) },
  ],
];

/** @param {Uint8Array} bytes @returns {string[]} the operators between image and mean */
function operatorsOf(bytes) {
  const { nodes } = readOnnx(bytes);
  return nodes.map(({ op }) => op).filter((op) => op !== 'GlobalAveragePool' && op !== 'Flatten');
}

for (const [name, nodes, weights, operators] of cases) {
  test(name, async () => {
    const files = tfjsGraphFiles(image, nodes, weights);
    const recipe = tinyRecipe('tfjs-graph', 'tiny.json', [nodes.at(-1).name], size);
    const nhwc = randomFloats(size.width * size.height * 3, 7);
    const nchw = Float32Array.from(nhwc, (_, i) => nhwc[(i % 120) * 3 + Math.floor(i / 120)]);
    const picture = { nhwc, nchw, channels: 3 };
    const original = (await tfjsFeatures(recipe, files))(picture);
    const bytes = convertFiles(recipe, files, '');
    const network = await loadOnnx(bytes);
    const converted = await network.run(picture, size);
    await network.release();
    // Weights above 1 kB are half precision; all others are exact.
    const limit = Object.values(weights).some(({ data }) => data.byteLength > 1024) ? 1e-3 : 1e-5;
    assert.equal(converted.length, original.length);
    assert.ok(original.some((value) => value !== 0));
    assert.ok(largestDifference(original, converted) <= limit, `${original} and ${converted}`);
    assert.ok(1 - cosine(original, converted) <= limit);
    if (operators) {
      assert.deepEqual(operatorsOf(bytes), operators);
    }
  });
}
