// The wasm's surface: what it exports and imports, how it may grow, and its size.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBytes, readText } from './tree.mjs';

const path = 'build/wasm/wasm/modelspider.wasm';
const bytes = await readBytes(path);
const module = await WebAssembly.compile(new Uint8Array(bytes));

test('the wasm exports memory and the functions of exports.txt, nothing else', async () => {
  const listed = (await readText('wasm/exports.txt')).split('\n').filter((line) => /^[a-z]/.test(line));
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  // Memory, the start function of a stand-alone module, and what Emscripten 3.1 adds on its own.
  const known = ['memory', '_initialize', '__indirect_function_table', '__errno_location',
    'stackSave', 'stackRestore', 'stackAlloc'];
  assert.deepEqual(exported.filter((name) => !known.includes(name)).sort(), [...listed].sort());
});

test('every exported function is declared in the public header', async () => {
  const header = await readText('include/modelspider/modelspider.h');
  const listed = (await readText('wasm/exports.txt')).split('\n').filter((line) => line.startsWith('ms_'));
  assert.deepEqual(listed.filter((name) => !new RegExp(`\\b${name}\\(`).test(header)), []);
});

test('the wasm asks its host for nothing but to hear of memory growth', () => {
  const imports = WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
  const allowed = ['env.emscripten_notify_memory_growth'];
  assert.deepEqual(imports.filter((name) => !allowed.includes(name)), []);
});

test('memory may grow to 2 GiB and no further', () => {
  // Section 5 of the binary format, memory: one entry with a maximum, in pages of 64 KiB.
  const { minimum, maximum } = memoryLimits(bytes);
  assert.equal(minimum * 65536, 16 << 20);
  assert.equal(maximum * 65536, 2 ** 31);
});

test('the wasm has at most 200 KB', () => {
  assert.ok(bytes.length <= 200_000, `${path} has ${bytes.length} bytes`);
});

/**
 * @param {Uint8Array} wasm
 * @returns {{minimum: number, maximum: number}} of its first memory, in pages
 */
function memoryLimits(wasm) {
  let position = 8;
  const readNumber = () => {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[position++];
      number += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return number;
      }
    }
  };
  while (position < wasm.length) {
    const id = wasm[position++];
    const size = readNumber();
    if (id === 5) {
      assert.equal(readNumber(), 1);
      assert.equal(wasm[position++], 1);
      return { minimum: readNumber(), maximum: readNumber() };
    }
    position += size;
  }
  throw new Error('the wasm has no memory of its own');
}
