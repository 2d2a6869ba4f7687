// Small networks that use each operator of the engine once or more, for the fuzzer to start from.
import onnxProto from 'onnx-proto';

const { ModelProto } = onnxProto.onnx;

/**
 * @typedef {{shape: number[], type: 'float' | 'int64' | 'uint8' | 'bool', values?: number[]}} Tensor
 * @typedef {string | string[] | Tensor} Input a name, or what is not known by name yet
 * @typedef {[op: string, attributes: Record<string, any>, ...inputs: (string | Tensor)[]]} Row reads
 *   the row before it where it names no input '' or '$name', and is called 'vN' after its place
 */

/** @param {number[]} shape @param {number[]} [values] @returns {Tensor} */
const floats = (shape, values) => ({ shape, type: 'float', values });
/** @param {...number} values @returns {Tensor} */
const integers = (...values) => ({ shape: [values.length], type: 'int64', values });
/** @param {number} value @returns {Tensor} */
const scalar = (value) => floats([], [value]);
const half = { float: 0.5 };

/** @type {{opset: number, rows: Row[]}[]} the first row reads 'image', 1×3×16×16 */
const networks = [
  { opset: 13,
    rows: [['Conv', { pads: [1, 1, 1, 1], strides: [2, 2] }, floats([4, 3, 3, 3]), floats([4])],
      ['BatchNormalization', {}, floats([4]), floats([4]), floats([4]), floats([4], [1, 2, 3, 4])],
      ['Clip', {}, scalar(0), scalar(6)], ['Conv', { group: 4, auto_pad: 'SAME_UPPER' }, floats([4, 1, 3, 3])],
      ['MaxPool', { kernel_shape: [3, 3], ceil_mode: 1, strides: [2, 2] }],
      ['AveragePool', { kernel_shape: [2, 2], count_include_pad: 1, pads: [1, 1, 0, 0] }],
      ['Conv', { group: 2, dilations: [2, 2], pads: [2, 2, 2, 2] }, floats([4, 2, 3, 3])],
      ['Dropout', {}], ['Identity', {}], ['GlobalAveragePool', {}], ['Flatten', {}],
      ['Gemm', { transB: 1, alpha: half }, floats([5, 4]), floats([5])]] },
  { opset: 12,
    rows: [['ConvTranspose', { strides: [2, 2], output_padding: [1, 1] }, floats([3, 2, 3, 3])],
      ['LeakyRelu', { alpha: half }], ['PRelu', {}, floats([2, 1, 1])],
      ['Resize', { mode: 'linear', coordinate_transformation_mode: 'align_corners' }, floats([0], []), floats([4], [1, 1, 0.5, 0.5])],
      ['Softmax', { axis: 1 }], ['LogSoftmax', { axis: 2 }], ['GlobalMaxPool', {}]] },
  { opset: 21,
    rows: [['Conv', {}, floats([4, 3, 1, 1])], ['GroupNormalization', { num_groups: 2 }, floats([4]), floats([4])],
      ['Gelu', { approximate: 'tanh' }],
      ['Resize', { mode: 'cubic', antialias: 0 }, '', '', integers(1, 4, 5, 7)], ['ReduceMean', { keepdims: 0 }, integers(2, 3)]] },
  { opset: 17,
    rows: [['Reshape', {}, integers(0, 3, -1)], ['Transpose', { perm: [0, 2, 1] }],
      ['LayerNormalization', { axis: -1 }, floats([3]), floats([3])], ['MatMul', {}, floats([3, 4])],
      ['Transpose', { perm: [0, 2, 1] }], ['MatMul', {}, '$v3'], ['Softmax', {}],
      ['ReduceL2', { axes: [1], keepdims: 0 }]] },
  { opset: 14,
    rows: [['InstanceNormalization', {}, floats([3]), floats([3])], ['LRN', { size: 3 }], ['HardSwish', {}],
      ['HardSigmoid', {}], ['SpaceToDepth', { blocksize: 2 }], ['DepthToSpace', { blocksize: 2, mode: 'CRD' }],
      ['QuantizeLinear', {}, scalar(0.1), { shape: [], type: 'uint8', values: [3] }],
      ['DequantizeLinear', {}, scalar(0.1), { shape: [], type: 'uint8', values: [3] }],
      ['Pad', { mode: 'reflect' }, integers(0, 0, 1, 2, 0, 0, 3, 1)], ['Pad', {}, integers(0, 0, 1, 1, 0, 0, 1, 1)],
      ['Slice', {}, integers(1, 9), integers(30, 2), integers(2, 3), integers(2, -1)],
      ['Concat', { axis: 1 }, '$v10'], ['Split', { axis: 1 }, integers(2, 4)]] },
  { opset: 15,
    rows: [['Shape', {}], ['Gather', {}, integers(1, 2)], ['Concat', { axis: 0 }, integers(1)],
      ['ConstantOfShape', { value: floats([1], [2]) }], ['Add', {}, '$image'], ['Cast', { to: 10 }], ['Cast', { to: 1 }],
      ['Greater', {}, scalar(0)], ['Not', {}], ['And', {}, '$v7'], ['Or', {}, '$v8'], ['Xor', {}, '$v7'],
      ['Where', {}, '$image', scalar(1)], ['Less', {}, '$image'], ['Where', {}, '$image', '$v12'], ['Equal', {}, '$image'],
      ['Where', {}, '$image', '$v14'], ['LessOrEqual', {}, '$image'], ['Where', {}, '$image', '$v12'], ['GreaterOrEqual', {}, '$v12'], ['CastLike', {}, '$image'],
      ['Unsqueeze', {}, integers(0)], ['Squeeze', {}, integers(0)], ['Expand', {}, integers(1, 3, 16, 16)],
      ['Tile', {}, integers(1, 1, 2, 1)], ['ReduceMax', { axes: [2] }], ['ReduceMin', { axes: [3] }]] },
  { opset: 13,
    rows: ['Exp', 'Log', 'Neg', 'Abs', 'Sqrt', 'Erf', 'Tanh', 'Sigmoid', 'Softplus', 'Selu', 'Elu', 'Floor', 'Ceil',
      'Reciprocal', 'Relu'].map((op) => /** @type {Row} */ ([op, {}])).concat([['Sub', {}, scalar(1)], ['Mul', {}, '$image'],
      ['Div', {}, scalar(3)], ['Pow', {}, scalar(2)], ['Max', {}, '$image'], ['Min', {}, scalar(2)], ['Sum', {}, '$image', '$v3'],
      ['Mean', {}, '$image'], ['ReduceSum', { keepdims: 1 }, integers(2)]]) },
  { opset: 13,
    rows: [['ReduceL1', { axes: [2] }], ['Add', {}, '$image'], ['ReduceLogSum', { axes: [1] }], ['Add', {}, '$image'],
      ['ReduceLogSumExp', { axes: [3] }], ['Add', {}, '$image'], ['ReduceProd', { axes: [3] }], ['Add', {}, '$image'],
      ['ReduceSumSquare', { axes: [3] }], ['Size', {}], ['Mod', {}, { shape: [], type: 'int64', values: [769] }], ['Range', {}, { shape: [], type: 'int64', values: [800] }, { shape: [], type: 'int64', values: [10] }],
      ['Cast', { to: 1 }], ['ScatterND', {}, { shape: [2, 1], type: 'int64', values: [1, -1] }, floats([2])], ['ReduceMean', {}], ['Add', {}, '$image']] },
  { opset: 9,
    rows: [['Constant', { value: floats([1, 3, 1, 1]) }], ['Mul', {}, '$image'], ['Upsample', { mode: 'nearest' }, floats([4], [1, 1, 2, 2])],
      ['Slice', { starts: [1], ends: [-1], axes: [2] }], ['Pad', { mode: 'edge', pads: [0, 0, 1, 0, 0, 0, 1, 0] }],
      ['Squeeze', { axes: [0] }], ['Unsqueeze', { axes: [0] }]] },
];

const types = { float: 1, uint8: 2, int64: 7, bool: 9 };
const arrays = { float: Float32Array, uint8: Uint8Array, int64: BigInt64Array, bool: Uint8Array };

/** @param {Tensor} tensor @param {string} name */
function encodeTensor({ shape, type, values }, name) {
  const count = shape.reduce((product, size) => product * size, 1);
  const numbers = values ?? Array.from({ length: count }, (_, i) => ((i * 37) % 23) / 11 - 1);
  const data = type === 'int64' ? BigInt64Array.from(numbers, BigInt) : arrays[type].from(numbers);
  return { name, dims: shape, dataType: types[type], rawData: new Uint8Array(data.buffer) };
}

/** @param {string} name @param {any} value */
function encodeAttribute(name, value) {
  if (typeof value === 'string') {
    return { name, type: 3, s: new TextEncoder().encode(value) };
  }
  if (Array.isArray(value)) {
    return { name, type: 7, ints: value };
  }
  if (typeof value === 'object') {
    return value.shape ? { name, type: 4, t: encodeTensor(value, '') } : { name, type: 1, f: value.float };
  }
  return { name, type: 2, i: value };
}

/** @param {{opset: number, rows: Row[]}} network @returns {Uint8Array} */
function encodeNetwork({ opset, rows }) {
  /** @type {object[]} */
  const initializer = [];
  const node = rows.map(([opType, attributes, ...inputs], i) => {
    const named = inputs.map((input) => {
      if (typeof input === 'string') {
        return input.replace('$', '');
      }
      initializer.push(encodeTensor(input, `w${initializer.length}`));
      return `w${initializer.length - 1}`;
    });
    const before = opType === 'Constant' ? [] : [i === 0 ? 'image' : `v${i - 1}`];
    return {
      opType,
      input: [...before, ...named],
      output: opType === 'Split' ? [`v${i}`, 'rest'] : [`v${i}`],
      attribute: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
    };
  });
  const tensor = (/** @type {string} */ name, /** @type {number[]} */ shape) => ({
    name, type: { tensorType: { elemType: 1, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } } });
  const output = [tensor(`v${rows.length - 1}`, [])];
  return ModelProto.encode(ModelProto.create({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: { name: 'seed', node, initializer, input: [tensor('image', [1, 3, 16, 16])], output },
  })).finish();
}

/** @returns {Uint8Array[]} */
export const operatorNetworks = () => networks.map(encodeNetwork);

/** @returns {string[]} the operators in them */
export const seededOperators = () => [...new Set(networks.flatMap(({ rows }) => rows.map(([op]) => op)))].sort();
