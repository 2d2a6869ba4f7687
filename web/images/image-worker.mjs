// The worker that opens files.
//
// Operations, with worker-client.mjs's messages:
//   probe      {}              → Verdict of probe.mjs
//   list       {blob}          → ZipEntry[]
//   read       {blob, entry}   → Uint8Array, one file of a zip
//   decode     {source}        → {data, width, height}
//   thumbnail  {source, side}  → ImageBitmap
//   pack       {parts}         → Blob, a zip of session-file.mjs's parts
import { readZipDirectory, readZipEntry } from '../../wasm/zip.mjs';
import { packZip } from '../session/pack-zip.mjs';
import { answerRequests } from '../worker-client.mjs';
import { decode, makeThumbnail, readBlobAt } from './decode.mjs';
import { probeCanvas } from './probe.mjs';

answerRequests({
  probe: () => probeCanvas(),
  list: ({ blob }) => readZipDirectory(readBlobAt(blob), blob.size),
  read: ({ blob, entry }) => readZipEntry(readBlobAt(blob), entry),
  decode: ({ source }) => decode(source),
  thumbnail: ({ source, side }) => makeThumbnail(source, side),
  pack: ({ parts }) => packZip(parts),
}, (result) => {
  if (result instanceof ImageBitmap) {
    return [result];
  }
  return result?.data?.buffer instanceof ArrayBuffer ? [result.data.buffer] : [];
});
