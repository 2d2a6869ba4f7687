import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NpyError, readNpy, writeNpy } from '../../wasm/npy.mjs';

/** A file as numpy 1.24 writes it. @param {string} dict @param {ArrayBufferView} data @param {number} [version] */
function npy(dict, data, version = 1) {
  const prefix = version === 1 ? 10 : 12;
  const header = dict.padEnd(Math.ceil((prefix + dict.length + 1) / 64) * 64 - prefix - 1) + '\n';
  const bytes = Buffer.concat([Buffer.from([0x93]), Buffer.from('NUMPY'), Buffer.from([version, 0]),
    version === 1 ? Buffer.from([header.length & 255, header.length >> 8]) : Buffer.from(Uint32Array.of(header.length).buffer),
    Buffer.from(header), Buffer.from(data.buffer)]);
  return new Uint8Array(bytes);
}

test('what was written is read', () => {
  const rows = [Float32Array.of(1, 2.5, -3), Float32Array.of(4, 5, 1e-30)];
  const { rows: count, columns, data } = readNpy(writeNpy(rows));
  assert.deepEqual([count, columns, [...data]], [2, 3, [...rows[0], ...rows[1]]]);
});

test('a file that is a view of other memory, as small Node Buffers are, is read', () => {
  const around = Buffer.alloc(1000, 0x55);
  around.set(writeNpy([Float32Array.of(1, 2)]), 3);
  assert.deepEqual([...readNpy(around.subarray(3, 3 + 136)).data], [1, 2]);
});

test('the data start at a multiple of 64, as the format asks', () => {
  assert.equal((writeNpy([new Float32Array(3)]).length - 12) % 64, 0);
});

test('numpy files of both versions and both types are read', () => {
  const dict = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }";
  for (const version of [1, 2]) {
    const { data, columns } = readNpy(npy(dict, Float64Array.of(1, 2, 3, 4), version));
    assert.deepEqual([columns, [...data]], [2, [1, 2, 3, 4]]);
  }
  const vector = readNpy(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", Float32Array.of(1, 2, 3)));
  assert.deepEqual([vector.rows, vector.columns], [3, 1]);
});

for (const [what, dict, reason] of [
  ['Fortran order', "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", /Fortran/],
  ['integers', "{'descr': '<i4', 'fortran_order': False, 'shape': (1, 2), }", /<i4/],
  ['big-endian floats', "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 2), }", />f4/],
  ['objects', "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }", /\|O/],
  ['three dimensions', "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2), }", /3 dimensions/],
  ['more values than there are', "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }", /8 bytes of data/],
  ['absurd shapes', "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999), }", /more than/],
  ['a key twice', "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", /damaged/],
  ['code', "{'descr': __import__('os'), 'fortran_order': False, 'shape': (1, 2), }", /damaged/],
]) {
  test(`a file with ${what} is refused`, () => {
    assert.throws(() => readNpy(npy(/** @type {string} */ (dict), Float32Array.of(1, 2))), (error) => {
      assert.ok(error instanceof NpyError);
      assert.match(error.message, /** @type {RegExp} */ (reason));
      return true;
    });
  });
}

test('a file that ends anywhere is refused, not misread', () => {
  const whole = writeNpy([Float32Array.of(1, 2)]);
  for (let size = 0; size < whole.length; size++) {
    assert.throws(() => readNpy(whole.subarray(0, size)), NpyError);
  }
});
