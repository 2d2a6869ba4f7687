// The manifest of a zoo.
import { Handle } from './core.mjs';

/** A zoo's manifest, checked. */
export class Zoo extends Handle {
  /** @param {import('./core.mjs').Core} core @param {Uint8Array} manifestBytes JSON */
  constructor(core, manifestBytes) {
    super(core, 'zoo', 'load', (scope) => [scope.bytes(manifestBytes), manifestBytes.length]);
  }

  /** The models' ids, in the manifest's order. @returns {string[]} */
  get modelIds() {
    return Array.from({ length: this.core.count('ms_zoo_count', this) }, (_, i) =>
      this.core.text('ms_zoo_model_id', this, i));
  }

  /** SHA-256 of the encoder's ONNX file. */
  get encoderHash() {
    return this.core.text('ms_zoo_encoder_hash', this);
  }
}
