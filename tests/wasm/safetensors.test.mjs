import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHalf, toHalf } from '../../wasm/half.mjs';
import { SafetensorsError, readSafetensors, writeSafetensors } from '../../wasm/safetensors.mjs';

/** @type {Map<string, import('../../wasm/safetensors.mjs').Tensor>} */
const tensors = new Map([
  ['odd', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ['wide', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -2.5, 1e-30, 3e38) }],
  ['half', { dtype: 'F16', shape: [3], data: Float32Array.of(0.5, -1024, 65504) }],
  ['count', { dtype: 'I32', shape: [1], data: Int32Array.of(-7) }],
  ['none', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
]);

test('what was written is read', () => {
  const read = readSafetensors(writeSafetensors(tensors, { zoo: 'browser' }));
  assert.deepEqual(new Map([...read.tensors].sort()), new Map([...tensors].sort()));
  assert.deepEqual([...read.metadata], [['zoo', 'browser']]);
});

test('halves are exact both ways: all 65536 of them', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = fromHalf(bits);
    assert.ok(Number.isNaN(value) || toHalf(value) === bits, `${bits}`);
  }
});

// IEEE 754: 1 + 2^-11 lies between 1 and 1 + 2^-10 and goes to the even one, 65520 goes to infinity.
test('numbers between halves go to the nearest, ties to even', () => {
  assert.equal(fromHalf(toHalf(1 + 2 ** -11)), 1);
  assert.equal(fromHalf(toHalf(1 + 3 * 2 ** -11)), 1 + 2 ** -9);
  assert.equal(fromHalf(toHalf(65519)), 65504);
  assert.equal(fromHalf(toHalf(65520)), Infinity);
  assert.equal(fromHalf(toHalf(2 ** -25)), 0);
  assert.equal(fromHalf(toHalf(3 * 2 ** -25)), 2 ** -23);
});

test('a file that ends anywhere, or has any bit flipped, fails in one sentence or reads', () => {
  const bytes = writeSafetensors(tensors, { zoo: 'browser' });
  for (let size = 0; size < bytes.length; size++) {
    assert.throws(() => readSafetensors(bytes.subarray(0, size)), SafetensorsError, `cut to ${size}`);
  }
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] ^= 1 << at % 8;
    try {
      readSafetensors(damaged);
    } catch (error) {
      assert.ok(error instanceof SafetensorsError, `byte ${at}: ${error}`);
    }
  }
});
