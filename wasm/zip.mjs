// A bounded zip reader for the page and the command line: reads the central directory, then single
// files when they are asked for, whatever sizes the archive claims.
import { Inflate } from 'fflate';

/**
 * @typedef {{path: string, size: number, compressedSize: number, offset: number, method: number,
 *   crc: number, isEncrypted: boolean}} ZipEntry
 * @typedef {(offset: number, size: number) => Promise<Uint8Array>} ReadAt reads exactly size bytes
 */

export const zipLimits = {
  entries: 65535,
  entrySize: 256 * 2 ** 20,
  totalSize: 16 * 2 ** 30,
  // Deflate reaches 1032 on constant bytes; pictures, which are compressed already, stay near 1.
  ratio: 200,
};

const endSize = 22;
const directoryEntrySize = 46;
const localHeaderSize = 30;

/** What is wrong with an archive or with one file in it, in one sentence, and for the page's languages. */
export class ZipError extends Error {
  /** @param {string} code @param {string} message @param {...number} values that the message speaks of */
  constructor(code, message, ...values) {
    super(message);
    this.reason = { code: `zip-${code}`, values };
  }
}

/** @param {Uint8Array} bytes */
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The files of an archive, without folders, in the archive's order.
 *
 * @param {ReadAt} readAt
 * @param {number} size of the archive
 * @returns {Promise<ZipEntry[]>}
 */
export async function readZipDirectory(readAt, size) {
  const { count, directorySize, directoryOffset } = await readEnd(readAt, size);
  const bytes = await readAt(directoryOffset, directorySize);
  const view = viewOf(bytes);
  const entries = [];
  let total = 0;
  for (let at = 0, i = 0; i < count; i++) {
    if (at + directoryEntrySize > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw new ZipError('directory', 'the directory of the archive is damaged');
    }
    const nameSize = view.getUint16(at + 28, true);
    const next = at + directoryEntrySize + nameSize + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > bytes.length) {
      throw new ZipError('directory', 'the directory of the archive is damaged');
    }
    const entry = readEntry(view, at, bytes.subarray(at + directoryEntrySize, at + directoryEntrySize + nameSize));
    total += entry.size;
    if (total > zipLimits.totalSize) {
      throw new ZipError('total', `the archive unpacks to more than ${zipLimits.totalSize / 2 ** 30} GiB`, zipLimits.totalSize / 2 ** 30);
    }
    if (!entry.path.endsWith('/')) {
      entries.push(entry);
    }
    at = next;
  }
  return entries;
}

/** @param {ReadAt} readAt @param {number} size */
async function readEnd(readAt, size) {
  const tailSize = Math.min(size, endSize + 65535);
  const tail = await readAt(size - tailSize, tailSize);
  const view = viewOf(tail);
  for (let at = tailSize - endSize; at >= 0; at--) {
    if (view.getUint32(at, true) === 0x06054b50 && at + endSize + view.getUint16(at + 20, true) === tailSize) {
      return checkEnd(view, at, size - tailSize + at);
    }
  }
  throw new ZipError('end', 'this is not a zip archive, or its end is missing');
}

/** @param {DataView} view @param {number} at @param {number} endOffset where the directory must end */
function checkEnd(view, at, endOffset) {
  const count = view.getUint16(at + 10, true);
  const directorySize = view.getUint32(at + 12, true);
  const directoryOffset = view.getUint32(at + 16, true);
  if (count === 0xffff || directoryOffset === 0xffffffff) {
    throw new ZipError('64', 'zip64 archives, of more than 65534 files or 4 GiB, are not read: unpack it to a folder');
  }
  if (view.getUint16(at + 4, true) !== 0 || view.getUint16(at + 8, true) !== count) {
    throw new ZipError('parts', 'archives of several parts are not read');
  }
  if (directoryOffset + directorySize > endOffset) {
    throw new ZipError('directory', 'the directory of the archive is damaged');
  }
  return { count, directorySize, directoryOffset };
}

/** @param {DataView} view @param {number} at @param {Uint8Array} name @returns {ZipEntry} */
function readEntry(view, at, name) {
  return {
    // Names that are not UTF-8 get replacement characters; they stay distinct enough to be named.
    path: new TextDecoder().decode(name).replaceAll('\\', '/'),
    isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0,
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    compressedSize: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
  };
}

/**
 * Why a path may not be used, or undefined. Paths are only names here, nothing is written by them;
 * but one that climbs or starts at a root is no honest name.
 *
 * @param {string} path
 * @returns {string | undefined}
 */
export function refuseZipPath(path) {
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.split('/').includes('..')) {
    return 'its path leaves the archive';
  }
  return path.includes('\0') ? 'its path contains a NUL character' : undefined;
}

/**
 * One file of an archive.
 *
 * @param {ReadAt} readAt
 * @param {ZipEntry} entry
 * @returns {Promise<Uint8Array>}
 */
export async function readZipEntry(readAt, entry) {
  if (entry.isEncrypted) {
    throw new ZipError('encrypted', 'it is encrypted');
  }
  if (entry.method !== 0 && entry.method !== 8) {
    throw new ZipError('method', `it is compressed by method ${entry.method}, which is not read`, entry.method);
  }
  if (Math.max(entry.size, entry.compressedSize) > zipLimits.entrySize) {
    throw new ZipError('entry', `it is larger than ${zipLimits.entrySize / 2 ** 20} MiB`, zipLimits.entrySize / 2 ** 20);
  }
  if (entry.size > entry.compressedSize * zipLimits.ratio + 4096) {
    throw new ZipError('bomb', 'it claims to unpack to more than any picture would');
  }
  const header = viewOf(await readAt(entry.offset, localHeaderSize));
  if (header.getUint32(0, true) !== 0x04034b50) {
    throw new ZipError('damaged', 'its header is damaged');
  }
  const start = entry.offset + localHeaderSize + header.getUint16(26, true) + header.getUint16(28, true);
  const packed = await readAt(start, entry.compressedSize);
  const bytes = entry.method === 0 ? packed : inflate(packed, entry.size);
  if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) {
    throw new ZipError('damaged', 'its bytes are damaged');
  }
  return bytes;
}

/** @param {Uint8Array} packed @param {number} size @returns {Uint8Array} at most size bytes */
function inflate(packed, size) {
  const bytes = new Uint8Array(size);
  let at = 0;
  const stream = new Inflate((chunk) => {
    if (at + chunk.length > size) {
      throw new ZipError('bomb', 'it unpacks to more than it claims');
    }
    bytes.set(chunk, at);
    at += chunk.length;
  });
  const step = 65536;
  try {
    for (let from = 0; from < packed.length; from += step) {
      stream.push(packed.subarray(from, from + step), from + step >= packed.length);
    }
  } catch (error) {
    throw error instanceof ZipError ? error : new ZipError('damaged', 'its bytes are damaged');
  }
  return bytes.subarray(0, at);
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) {
    value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return value;
});

/** @param {Uint8Array} bytes @returns {number} */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[i]) & 255];
  }
  return (crc ^ 0xffffffff) >>> 0;
}
