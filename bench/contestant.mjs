// One engine with one network, in a process of its own, which is Node's or a page's: how each of the
// contestants is made ready, from what server.mjs has of the network. Rivals run on one thread, in their
// fastest WebAssembly builds for it; they get the input ready-made, ours makes it from pixels.
import { normalise, picture } from '../tests/parity/picture.mjs';
import { createEngine } from '../wasm/modelspider.mjs';

/**
 * @typedef {{input: any, taps: string[], tfjs?: any}} Network as server.mjs describes it
 * @typedef {{ort(): Promise<any>, tf(): Promise<any>}} Libraries
 * @typedef {() => unknown} Run one image
 */

/** @param {string} address @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function fetchBytes(address) {
  return new Uint8Array(await (await fetch(address)).arrayBuffer());
}

class PlainTensor {
  /** @param {string} type @param {Float32Array} data @param {number[]} dims */
  constructor(type, data, dims) {
    Object.assign(this, { type, data, dims });
  }
}

/** @param {'f32' | 'int16'} precision */
const ours = (precision) => async (/** @type {Libraries} */ _, /** @type {Network} */ { input }, /** @type {string} */ base) => {
  const engine = await createEngine(await fetchBytes(`${base}/build/wasm/wasm/modelspider.wasm`));
  const network = engine.loadNetwork(await fetchBytes(`${base}/network.onnx`), { ...input, signature: false, precision });
  const image = picture(input.width, input.height);
  return () => network.embed(image);
};

/** @param {Libraries} libraries @param {Network} network @param {string} base @returns {Promise<Run>} */
async function onnxruntime(libraries, { input }, base) {
  const ort = await libraries.ort();
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(await fetchBytes(`${base}/network.onnx`), { executionProviders: ['wasm'] });
  const tensor = normalise(ort, input, picture(input.width, input.height).data);
  return () => session.run({ [session.inputNames[0]]: tensor });
}

/** @param {Libraries} libraries @param {Network} network @param {string} base @returns {Promise<Run>} */
async function tensorflow(libraries, { input, taps, tfjs }, base) {
  const tf = await libraries.tf();
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  await tf.setBackend('wasm');
  await tf.ready();
  const run = await loadTfjs(tf, tfjs, taps, (await fetchBytes(`${base}/network.weights`)).buffer);
  const { data, dims: [, channels] } = normalise({ Tensor: PlainTensor }, input, picture(input.width, input.height).data);
  const nhwc = new Float32Array(data.length);
  const plane = data.length / channels;
  data.forEach((/** @type {number} */ value, /** @type {number} */ i) => { nhwc[(i % plane) * channels + Math.floor(i / plane)] = value; });
  return () => tf.tidy(() => {
    const outputs = run(tf.tensor4d(nhwc, [1, input.height, input.width, channels]));
    return tf.concat(outputs.map((/** @type {any} */ tap) => (tap.rank === 4 ? tf.mean(tap, [1, 2]) : tap)), 1).dataSync();
  });
}

/**
 * @param {any} tf
 * @param {any} network
 * @param {string[]} taps
 * @param {ArrayBuffer} weightData
 * @returns {Promise<(image: any) => any[]>} from an NHWC tensor to the taps
 */
async function loadTfjs(tf, { kind, artifacts, nodes, constants, entry }, taps, weightData) {
  if (kind === 'nodes') {
    return fusedNetwork(tf, { nodes, constants, entry }, taps, weightData);
  }
  const source = tf.io.fromMemory({ ...artifacts, weightData });
  if (kind === 'layers') {
    const whole = await tf.loadLayersModel(source);
    const cut = tf.model({ inputs: whole.inputs, outputs: taps.map((tap) => whole.getLayer(tap).output) });
    return (image) => [cut.predict(image)].flat();
  }
  const model = await tf.loadGraphModel(source);
  const [{ shape, name }] = model.inputs;
  const channelsFirst = shape?.[1] === 3;
  return (image) => {
    const fed = channelsFirst ? tf.transpose(image, [0, 3, 1, 2]) : image;
    const outputs = [model.execute({ [entry ?? name]: fed }, taps)].flat();
    return channelsFirst ? outputs.map((tap) => tf.transpose(tap, [0, 2, 3, 1])) : outputs;
  };
}

/**
 * The nodes of a TFLite file: convolutions with bias and activation in one, as TF.js's own converter makes
 * them, and what is between.
 *
 * @param {any} tf
 * @param {any} network
 * @param {string[]} taps
 * @param {ArrayBuffer} weightData
 * @returns {(image: any) => any[]}
 */
function fusedNetwork(tf, { nodes, constants, entry }, taps, weightData) {
  const weights = new Map(constants.map((/** @type {any} */ { name, shape, start, count }) =>
    [name, tf.tensor(new Float32Array(weightData, 4 * start, count), shape)]));
  const convolutions = new Map();
  for (const { op, inputs: [, filter], outputs: [output] } of nodes) {
    if (op === 'conv') {
      convolutions.set(output, tf.transpose(weights.get(filter), [1, 2, 3, 0]));
    } else if (op === 'depthwise-conv') {
      const [, height, width, count] = weights.get(filter).shape;
      convolutions.set(output, tf.reshape(weights.get(filter), [height, width, count, 1]));
    }
  }
  return (image) => {
    const values = new Map([[entry, image]]);
    const valueOf = (/** @type {string} */ name) => values.get(name) ?? weights.get(name);
    for (const { op, inputs, outputs: [output], attributes, activation } of nodes) {
      const [x, second, bias] = inputs.map(valueOf);
      if (op === 'add') {
        values.set(output, tf.add(x, second));
      } else if (op === 'relu6') {
        values.set(output, tf.relu6(x));
      } else {
        const { strides, padding, dilations } = attributes;
        const job = { x, filter: convolutions.get(output), strides, pad: padding, dataFormat: 'NHWC', dilations, bias, activation };
        values.set(output, op === 'conv' ? tf.fused.conv2d(job) : tf.fused.depthwiseConv2d(job));
      }
    }
    return taps.map((tap) => values.get(tap));
  };
}

/** @type {Record<string, (libraries: Libraries, network: Network, base: string) => Promise<Run>>} */
const makers = {
  modelspider: ours('f32'),
  'modelspider int16': ours('int16'),
  'onnxruntime-web': onnxruntime,
  'TF.js wasm': tensorflow,
};

/**
 * @param {string} name
 * @param {Libraries} libraries
 * @param {string} base the server's address
 * @returns {Promise<() => Promise<number>>} which runs one image and says how many milliseconds it took
 */
export async function makeContestant(name, libraries, base) {
  const network = await (await fetch(`${base}/network.json`)).json();
  const run = await makers[name](libraries, network, base);
  return async () => {
    const started = performance.now();
    await run();
    return performance.now() - started;
  };
}
