// The files of a TF.js model: JSON and binary shards as the converter writes them, or both wrapped
// into JavaScript modules (*.min.js), as nsfwjs ships them. Such a module is read, never run.
import { readLiteral } from './js-literal.mjs';

/** @param {string} file its name @param {Uint8Array} bytes @returns {any} the model's JSON */
export function readTfjsJson(file, bytes) {
  const text = new TextDecoder().decode(bytes);
  return file.endsWith('.min.js') ? readLiteral(text, exportedAt(text)) : JSON.parse(text);
}

/** @param {string} file its name @param {Uint8Array} bytes @returns {Uint8Array} the weights */
export function readShard(file, bytes) {
  if (!file.endsWith('.min.js')) {
    return bytes;
  }
  const text = new TextDecoder().decode(bytes);
  const base64 = readLiteral(text, exportedAt(text));
  if (typeof base64 !== 'string') {
    throw new Error('the module does not export a string');
  }
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

/** @param {string} text @returns {number} where the value begins that the module exports */
function exportedAt(text) {
  const match = /\.exports=(?=["{])/.exec(text);
  if (match === null) {
    throw new Error('the module exports no literal');
  }
  return match.index + match[0].length;
}
