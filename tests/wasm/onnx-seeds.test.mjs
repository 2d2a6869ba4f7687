// The networks that the fuzzer starts from: each of them runs, and no operator is left out.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { operatorNetworks, seededOperators } from '../../fuzz/onnx-seeds.mjs';
import { createEngine } from '../../wasm/modelspider.mjs';
import { readWasm } from './wasm-file.mjs';
import { randomImage, tinyInput } from './tiny-network.mjs';

const engine = await createEngine(await readWasm());

operatorNetworks().forEach((bytes, i) => {
  test(`network ${i} of the fuzzer's loads and runs`, () => {
    const network = engine.loadNetwork(bytes, tinyInput);
    assert.ok(network.embed(randomImage(1, 16, 16)).length > 0);
    network.destroy();
  });
});

test('the networks have every operator of the engine', async () => {
  const table = await readFile(new URL('../../src/nn/op_table.c', import.meta.url), 'utf8');
  const rows = [...table.matchAll(/(?:[A-Z]+\(|\{)"(\w+)", (\w+)/g)];
  const names = rows.filter(([, , since]) => since !== 'INTERNAL').map(([, name]) => name);
  assert.ok(names.length > 80);
  assert.deepEqual([...new Set(names)].sort().filter((name) => !seededOperators().includes(name)), []);
});
