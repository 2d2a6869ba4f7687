// Parts -> a zip without compression, since images are compressed already. Runs in a worker.
import { Zip, ZipPassThrough } from 'fflate';
import { readZipEntry } from '../../wasm/zip.mjs';
import { readBlobAt } from '../images/decode.mjs';

/** @param {import('./session-file.mjs').Part[]} parts @returns {Promise<Blob>} */
export async function packZip(parts) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const chunks = [];
  const zip = new Zip((error, chunk) => {
    if (error) {
      throw error;
    }
    chunks.push(/** @type {Uint8Array<ArrayBuffer>} */ (chunk));
  });
  for (const { path, blob, entry } of parts) {
    const file = new ZipPassThrough(path);
    zip.add(file);
    file.push(entry ? await readZipEntry(readBlobAt(blob), entry) : await readBlobAt(blob)(0, blob.size), true);
  }
  zip.end();
  return new Blob(chunks, { type: 'application/zip' });
}
