// The page's own files: engine, zoo and encoder, fetched from where the page is, and checked.
import { FileError } from './reasons.mjs';

/**
 * @typedef {{id: string, name: string, trained_for: string, architecture: string, licence: string,
 *   origin: string, note?: string, input: import('../wasm/modelspider.mjs').InputRecipe,
 *   taps: string[], tap_features?: number[], features: number, parameters: number, macs: number,
 *   source: {package: string, version: string, file: string},
 *   onnx: {sha256: string, bytes: number}}} ModelEntry
 * @typedef {{schema: number, zoo: string, encoder: ModelEntry & {companions?: string[]},
 *   models: ModelEntry[]}} Manifest
 */

/** @param {string} path below the page */
const damaged = (path) => new FileError({ code: 'asset-damaged', values: [path] });

/** @param {string} path below the page */
export const assetUrl = (path) => new URL(path, document.baseURI).href;

/** A model's file; its hash is in the address, so that what is kept for an address never changes. @param {ModelEntry} entry */
export const modelPath = ({ id, onnx: { sha256 } }) => `zoo/models/${id}.onnx?v=${sha256.slice(0, 16)}`;

/** @param {string} path below the page @param {AbortSignal} [signal] @returns {Promise<Response>} */
async function fetchAsset(path, signal) {
  const response = await fetch(assetUrl(path), { signal }).catch((error) => {
    throw signal?.aborted ? error : new FileError({ code: 'asset-missing', values: [path, ''] });
  });
  if (!response.ok) {
    throw new FileError({ code: 'asset-missing', values: [path, response.status] });
  }
  return response;
}

/** @param {string} path @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function fetchBytes(path) {
  return new Uint8Array(await (await fetchAsset(path)).arrayBuffer());
}

/** @param {string} path @returns {Promise<Blob>} */
export async function fetchBlob(path) {
  return (await fetchAsset(path)).blob();
}

/** @param {string} path @returns {Promise<any>} */
export async function fetchJson(path) {
  try {
    return JSON.parse(await (await fetchAsset(path)).text());
  } catch (error) {
    throw error instanceof SyntaxError ? damaged(path) : error;
  }
}

/**
 * An ONNX file of the zoo, checked against the manifest.
 *
 * @param {string} path
 * @param {ModelEntry} entry
 * @param {{signal?: AbortSignal, onBytes?(done: number): void}} [options]
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function fetchModel(path, { onnx: { sha256, bytes: size } }, { signal, onBytes } = {}) {
  const response = await fetchAsset(path, signal);
  const bytes = new Uint8Array(size);
  let done = 0;
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (done + part.value.length > size) {
      throw damaged(path);
    }
    bytes.set(part.value, done);
    done += part.value.length;
    onBytes?.(done);
  }
  if (done !== size || (await digest(bytes)) !== sha256) {
    throw damaged(path);
  }
  return bytes;
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<string>} */
async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
