// Published ONNX models, run by onnxruntime as they are, with the taps as outputs.
import onnxProto from 'onnx-proto';
import * as ort from 'onnxruntime-web';

const { ModelProto, ValueInfoProto } = onnxProto.onnx;

/**
 * @param {any} recipe
 * @param {{bytes: Uint8Array}[]} files
 * @returns {Promise<(picture: {nchw: Float32Array, channels: number}) => Promise<Float32Array>>}
 */
export async function publishedFeatures({ taps, input }, [{ bytes }]) {
  const model = ModelProto.decode(bytes);
  // Recipes run the networks at other sizes than they were published for.
  model.graph.input[0].type.tensorType.shape = null;
  model.graph.output = taps.map((name) => ValueInfoProto.create({ name }));
  cutAfter(model.graph, taps);
  const session = await ort.InferenceSession.create(ModelProto.encode(model).finish(), {
    executionProviders: ['wasm'],
    // It would list every initializer that the cut leaves without a reader.
    logSeverityLevel: 3,
  });
  const [inputName] = session.inputNames;
  return async ({ nchw, channels }) => {
    const image = new ort.Tensor('float32', nchw, [1, channels, input.height, input.width]);
    const outputs = await session.run({ [inputName]: image });
    return Float32Array.from(taps.flatMap((tap) => spatialMeans(outputs[tap])));
  };
}

/** Drops the nodes after the last tap, some of which insist on the published size. */
function cutAfter(graph, taps) {
  const last = Math.max(...taps.map((tap) => graph.node.findIndex(({ output }) => output.includes(tap))));
  graph.node = graph.node.filter(({ opType }, i) => i <= last || opType === 'Constant');
}

/** @param {ort.Tensor} tensor NCHW @returns {number[]} */
function spatialMeans({ data, dims: [, channels, height, width] }) {
  const area = height * width;
  return Array.from({ length: channels }, (_, c) => {
    const plane = /** @type {Float32Array} */ (data).subarray(c * area, (c + 1) * area);
    return plane.reduce((sum, value) => sum + value, 0) / area;
  });
}
