// modelspider.wasm of the checkout's build.
import { readFile } from 'node:fs/promises';

/** @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function readWasm() {
  return new Uint8Array(await readFile(new URL('../../build/wasm/wasm/modelspider.wasm', import.meta.url)));
}
