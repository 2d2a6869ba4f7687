import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { ZipError, readZipDirectory, readZipEntry, refuseZipPath } from '../../wasm/zip.mjs';
import { createRandom } from './tiny-network.mjs';

/** @param {Uint8Array} bytes @returns {import('../../wasm/zip.mjs').ReadAt} */
const reader = (bytes) => async (offset, size) => {
  if (offset < 0 || offset + size > bytes.length) {
    throw new ZipError('end', 'the archive ends too early');
  }
  return bytes.slice(offset, offset + size);
};

/** @param {Uint8Array} bytes */
async function readAll(bytes) {
  const entries = await readZipDirectory(reader(bytes), bytes.length);
  return Promise.all(entries.map(async (entry) => [entry.path, await readZipEntry(reader(bytes), entry)]));
}

const random = createRandom(7);
const noise = Uint8Array.from({ length: 5000 }, () => random() * 256);
const text = new TextEncoder().encode('spider '.repeat(500));

test('stored and deflated files are read, folders are not listed', async () => {
  const bytes = zipSync({ a: { 'noise.bin': [noise, { level: 0 }], 'text.txt': text }, empty: {} });
  assert.deepEqual(await readAll(bytes), [['a/noise.bin', noise], ['a/text.txt', text]]);
});

test('a file that unpacks to more than it claims is refused', async () => {
  const bytes = zipSync({ 'text.txt': text });
  const entries = await readZipDirectory(reader(bytes), bytes.length);
  await assert.rejects(readZipEntry(reader(bytes), { ...entries[0], size: 100 }), /more than it claims/);
});

test('a bomb is refused before it is unpacked', async () => {
  const bytes = zipSync({ 'zeros.png': [new Uint8Array(2 ** 24), { level: 9 }] });
  await assert.rejects(readAll(bytes), /more than any picture would/);
});

test('damaged bytes are found by their checksum', async () => {
  const bytes = zipSync({ 'noise.bin': [noise, { level: 0 }] });
  bytes[100] ^= 1;
  await assert.rejects(readAll(bytes), /its bytes are damaged/);
});

test('an archive that ends anywhere, or has any bit of its directory flipped, fails in one sentence or reads the same', async () => {
  const bytes = zipSync({ 'a/text.txt': text, 'b/noise.bin': [noise.subarray(0, 40), { level: 0 }] });
  for (let size = 0; size < bytes.length; size++) {
    await assert.rejects(readAll(bytes.subarray(0, size)), ZipError, `cut to ${size}`);
  }
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 1 << at % 8;
    await readAll(damaged).catch((error) => assert.ok(error instanceof ZipError, `byte ${at}: ${error.stack}`));
  }
});

test('paths that leave the archive are refused', () => {
  for (const path of ['/etc/passwd', '../up.png', 'a/../../up.png', 'C:/x.png', 'a\0b.png']) {
    assert.ok(refuseZipPath(path), path);
  }
  for (const path of ['a/b.png', '__proto__/x.png', 'a..b/c.png', '图/片.png']) {
    assert.equal(refuseZipPath(path), undefined, path);
  }
});
