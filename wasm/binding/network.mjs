// ONNX files: what they need, and running them on images.
import { Handle } from './core.mjs';
import { ModelSpiderError } from './error.mjs';

/**
 * @typedef {import('./core.mjs').Core} Core
 * @typedef {{width: number, height: number, channels?: 'rgb' | 'bgr' | 'grey',
 *   fit?: 'crop' | 'squash', mean: number[], std: number[], signature?: boolean,
 *   precision?: 'f32' | 'int16'}} InputRecipe how pixels become a network's input: (pixel - mean) /
 *   std per channel, in 0 … 255 units; whether the image's signature follows the network's features,
 *   as it does for the encoder; and what the network computes in, f32 unless said otherwise
 * @typedef {{data: Uint8Array | Uint8ClampedArray, width: number, height: number}} Pixels RGBA,
 *   8 bits, rows without gaps
 * @typedef {{name: string, type: string, shape: number[]}} TensorReport
 * @typedef {{operator: string, opset: number, node: string, reason: string}} Missing operator and
 *   node are empty and opset is 0 where none is at fault
 * @typedef {{missing: Missing[], unchecked: number, input?: TensorReport, output?: TensorReport,
 *   features?: number, nodes?: number, steps?: number, parameters?: number, macs?: number,
 *   memory?: number}} NetworkReport all from input on only where nothing is missing; unchecked counts
 *   the nodes behind what is missing, steps those that are left to run, memory is in bytes
 */

const channelOrders = ['rgb', 'bgr', 'grey'];
const fits = ['crop', 'squash'];
const precisions = ['f32', 'int16'];

/** How pixels become a network's input. */
class ImageSpec extends Handle {
  /** @param {Core} core @param {InputRecipe} input */
  constructor(core, { width, height, fit = 'crop', channels = 'rgb', mean, std }) {
    const valueCount = channels === 'grey' ? 1 : 3;
    if (!fits.includes(fit) || !channelOrders.includes(channels)) {
      throw new ModelSpiderError('argument', `an input recipe has no fit ${fit} or no channels ${channels}`);
    }
    if (mean.length !== valueCount || std.length !== valueCount) {
      throw new ModelSpiderError('argument', `an input recipe with ${channels} channels needs ${valueCount} mean and std values`);
    }
    super(core, 'image_spec', 'create', (scope) => [width, height, fits.indexOf(fit),
      channelOrders.indexOf(channels), scope.floats(mean), scope.floats(std)]);
  }
}

/** @param {Pixels} image @returns {Pixels} the same, if its bytes are as many as its pixels */
export function checkPixels(image) {
  const { data, width, height } = image;
  if (data.length !== width * height * 4) {
    throw new ModelSpiderError('argument', `${data.length} bytes are no image of ${width} × ${height} RGBA pixels`);
  }
  return image;
}

/** An ONNX file, ready to turn images into features. */
export class Network extends Handle {
  #networkCount;
  #signatureCount;

  /** @param {Core} core @param {Uint8Array} onnxBytes @param {ImageSpec} spec @param {InputRecipe} input */
  constructor(core, onnxBytes, spec, { precision = 'f32', signature }) {
    super(core, 'network', 'load', (scope) => [scope.bytes(onnxBytes), onnxBytes.length, spec, precisions.indexOf(precision)]);
    this.#networkCount = core.count('ms_network_feature_count', this);
    this.#signatureCount = signature === true ? core.count('ms_image_signature_count') : 0;
  }

  /** @param {Core} core @param {Uint8Array} onnxBytes @param {InputRecipe} input @returns {Network} */
  static load(core, onnxBytes, input) {
    const { precision = 'f32' } = input;
    if (!precisions.includes(precision)) {
      throw new ModelSpiderError('argument', `an input recipe has no precision ${precision}`);
    }
    const spec = new ImageSpec(core, input);
    try {
      return new Network(core, onnxBytes, spec, input);
    } finally {
      spec.destroy();
    }
  }

  /** The length of the feature vector of one image. */
  get featureCount() {
    return this.#networkCount + this.#signatureCount;
  }

  /** Multiply-accumulates for one image. */
  get macCount() {
    return this.core.bigCount('ms_network_mac_count', this);
  }

  get parameterCount() {
    return this.core.bigCount('ms_network_parameter_count', this);
  }

  /** Bytes held: packed weights and activations. */
  get memorySize() {
    return this.core.count('ms_network_memory_size', this);
  }

  /** @returns {{text: string, macCount: number}[]} what runs, in order: operator and shapes */
  layers() {
    const { core } = this;
    const size = 256;
    return core.scoped((scope) => {
      const text = scope.room(Uint8Array, size);
      return Array.from({ length: core.count('ms_network_layer_count', this) }, (_, layer) => {
        core.call('ms_network_layer_text', this, layer, text, size);
        return { text: text.readText(), macCount: core.bigCount('ms_network_layer_mac_count', this, layer) };
      });
    });
  }

  /** Runs one of the layers, on what is in memory. @param {number} layer */
  runLayer(layer) {
    this.core.check('ms_network_layer_run', this, layer);
  }

  /**
   * Runs layers for a while, on nothing: what they call is then compiled for speed, and the first
   * image waits less. What a browser compiles meanwhile is ready some tens of milliseconds later.
   *
   * @param {number} [milliseconds] after which no further layer starts
   */
  warmUp(milliseconds = 20) {
    const end = performance.now() + milliseconds;
    const count = this.core.count('ms_network_layer_count', this);
    for (let layer = 0; layer < count && performance.now() < end; layer++) {
      this.runLayer(layer);
    }
  }

  /** @param {Pixels} image @returns {Float32Array} its features */
  embed(image) {
    const { data, width, height } = checkPixels(image);
    const { core } = this;
    return core.scoped((scope) => {
      const pixels = scope.bytes(data);
      const features = scope.room(Float32Array, this.featureCount);
      core.check('ms_network_embed', this, pixels, width, height, features, this.#networkCount);
      if (this.#signatureCount > 0) {
        core.check('ms_image_signature', core.context, pixels, width, height, features.after(this.#networkCount),
          this.#signatureCount);
      }
      return features.read();
    });
  }
}

/**
 * What an ONNX file needs, and all that it asks for and cannot have, without running it.
 *
 * @param {Core} core
 * @param {Uint8Array} onnxBytes
 * @param {number} openSide stands for each size that the file leaves open
 * @returns {NetworkReport}
 */
export function checkNetwork(core, onnxBytes, openSide) {
  return core.scoped((scope) => {
    const bytes = scope.bytes(onnxBytes);
    const length = scope.room(Uint32Array, 1);
    const read = (/** @type {number} */ room) => {
      const text = scope.room(Uint8Array, room);
      core.check('ms_network_check', core.context, bytes, onnxBytes.length, openSide, text, room, length);
      return text;
    };
    const first = read(4096);
    const whole = length.value;
    return parseReport((whole < 4096 ? first : read(whole + 1)).readText());
  });
}

/** @param {string} text of ms_network_check @returns {NetworkReport} */
function parseReport(text) {
  /** @type {any} */
  const report = { missing: [], unchecked: 0 };
  for (const [label, ...fields] of text.split('\n').slice(0, -1).map((line) => line.split('\t'))) {
    if (label === 'missing') {
      const [operator, opset, node, reason] = fields;
      report.missing.push({ operator, opset: Number(opset), node, reason });
    } else if (label === 'input' || label === 'output') {
      const [name, type, sizes] = fields;
      report[label] = { name, type, shape: sizes.trim().split(' ').filter(Boolean).map(Number) };
    } else {
      report[label] = Number(fields[0]);
    }
  }
  return report;
}
