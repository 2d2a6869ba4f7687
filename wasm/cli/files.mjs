// Files of the command line: whoever reads one sees the old content or the new, never a part.
import { unlinkSync } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure, reasonOf } from './failure.mjs';

/** Files being written now. */
const temporaries = new Set();

/** Removes what an interruption left half written. */
export function removeTemporaries() {
  for (const file of temporaries) {
    try {
      unlinkSync(file);
    } catch {
      // It was renamed or never made.
    }
  }
}

/**
 * @param {string} file its folder is made where it is missing
 * @param {string | Uint8Array | (string | Uint8Array)[]} content written one after another
 */
export async function replaceFile(file, content) {
  const temporary = `${file}.${process.pid}.part`;
  temporaries.add(temporary);
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(temporary, 'w');
    try {
      for (const part of Array.isArray(content) ? content : [content]) {
        await handle.writeFile(part);
      }
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    throw new Failure('internal', `${file} cannot be written: ${reasonOf(error)}`);
  } finally {
    removeTemporary(temporary);
  }
}

/** @param {string} file */
function removeTemporary(file) {
  temporaries.delete(file);
  try {
    unlinkSync(file);
  } catch {
    // It was renamed.
  }
}

/**
 * @param {string} file
 * @param {'data' | 'asset'} kind whose fault it is if that fails
 * @returns {Promise<Buffer>}
 */
export async function readWhole(file, kind) {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Failure(kind, `${file} cannot be read: ${reasonOf(error)}`);
  }
}

/**
 * A file in memory that workers read where it is: nothing is copied when it is posted to them.
 *
 * @param {string} file
 * @returns {Promise<Uint8Array>}
 */
export async function readShared(file) {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    let end = 0;
    for (let count = -1; end < size && count !== 0; end += count) {
      count = (await handle.read(bytes, end, size - end, end)).bytesRead;
    }
    return bytes.subarray(0, end);
  } finally {
    await handle.close();
  }
}

/**
 * @param {string} file
 * @param {'data' | 'asset'} kind
 * @returns {Promise<any>}
 */
export async function readJson(file, kind) {
  const text = (await readWhole(file, kind)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure(kind, `${file} is not valid JSON: ${reasonOf(error)}`);
  }
}
