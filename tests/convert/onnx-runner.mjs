// onnxruntime-web, on one thread of its WebAssembly backend.
import * as ort from 'onnxruntime-web';

ort.env.wasm.numThreads = 1;
ort.env.logLevel = 'error';

/**
 * @param {Uint8Array} bytes a converted model
 * @returns {Promise<{run: (picture: any, input: any) => Promise<Float32Array>,
 *   release: () => Promise<void>}>}
 */
export async function loadOnnx(bytes) {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  return {
    async run({ nchw, channels }, { width, height }) {
      const image = new ort.Tensor('float32', nchw, [1, channels, height, width]);
      const { features } = await session.run({ image });
      return /** @type {Float32Array} */ (features.data);
    },
    release: () => session.release(),
  };
}
