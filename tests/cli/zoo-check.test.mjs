// zoo check on files made here: what a network needs, and all that is missing at once.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import onnxProto from 'onnx-proto';
import { tinyNetwork } from '../wasm/tiny-network.mjs';
import { runCli } from './run-cli.mjs';

const { ModelProto } = onnxProto.onnx;
const folder = await mkdtemp(join(tmpdir(), 'modelspider-check-'));
after(() => rm(folder, { recursive: true }));

/** @param {string} name @param {Uint8Array} bytes @returns {Promise<string>} */
async function write(name, bytes) {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

const open = (/** @type {string} */ name) => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: ['n', 3, 'h', 'w'].map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size })) } } },
});

/** @param {object[]} nodes @param {number} [opset] */
function encode(nodes, opset = 13) {
  const node = nodes.map((fields, i) => ({ name: `node ${i}`, ...fields }));
  return ModelProto.encode(ModelProto.create({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: { name: 'g', node, input: [open('image')], output: [open('features')] },
  })).finish();
}

test('a network that runs is summed up, with the sizes that the file leaves open', async () => {
  const tiny = await runCli(['zoo', 'check', await write('tiny.onnx', tinyNetwork(1))]);
  // 8 filters of 3×3×3 without bias, on 8×8 pixels: 216 parameters, 13,824 multiply-adds.
  assert.equal(tiny.code, 0, tiny.err);
  assert.match(tiny.out, /^input +image, float 1×3×16×16\noutput +features, float 1×8×8×8: 8 features\nnodes +2, of which 1 .*\nparameters +216\nMACs +14 k\nmemory +0\.\d MB\n$/);
  const relu = await write('open.onnx', encode([{ opType: 'Relu', input: ['image'], output: ['features'] }]));
  const { out } = await runCli(['zoo', 'check', relu, '--size', '40', '--json']);
  assert.deepEqual(JSON.parse(out).input, { name: 'image', type: 'float', shape: [1, 3, 40, 40] });
});

test('all that is missing is listed at once, with operator, opset, node and reason', async () => {
  const file = await write('missing.onnx', encode([
    { opType: 'NonZero', input: ['image'], output: ['a'] },
    { opType: 'Fancy', domain: 'org.example', input: ['image'], output: ['b'] },
    { opType: 'Cast', input: ['image'], output: ['c'], attribute: [{ name: 'to', type: 2, i: 8 }], name: 'to \u001b[31mtext' },
    { opType: 'Add', input: ['a', 'b'], output: ['d'] },
    { opType: 'Mul', input: ['d', 'c'], output: ['features'] },
  ]));
  const { code, out, err } = await runCli(['zoo', 'check', file, '--json']);
  assert.equal(code, 3);
  const { missing, unchecked } = JSON.parse(out);
  assert.deepEqual(missing, [
    { operator: 'NonZero', opset: 13, node: 'node 0', reason: "operator NonZero of opset 13 is unsupported (node 'node 0')" },
    { operator: 'Fancy', opset: 13, node: 'node 1', reason: "operator org.example.Fancy of opset 13 is unsupported (node 'node 1')" },
    { operator: 'Cast', opset: 13, node: 'to ?[31mtext', reason: "Cast 'to ?[31mtext' (opset 13): a cast to type 8" },
  ]);
  assert.equal(unchecked, 2);
  assert.match(err, /unsupported: 3; nodes behind those that could not be checked: 2/);
  const table = await runCli(['zoo', 'check', file]);
  assert.match(table.out, /^operator +opset +node +reason\nNonZero +13 +node 0 +there is no such operator here\n/);
});

test('a hundred missing operators are all listed', async () => {
  const nodes = Array.from({ length: 100 }, (_, i) => ({ opType: `Strange${i}`, input: ['image'], output: [`v${i}`] }));
  const sum = { opType: 'Sum', input: nodes.map((_, i) => `v${i}`), output: ['features'] };
  const { code, out } = await runCli(['zoo', 'check', await write('many.onnx', encode([...nodes, sum]))]);
  assert.equal(code, 3);
  assert.equal(out.trim().split('\n').length, 101);
});

test('a file that is too new, malformed, cyclic or not there is refused with one sentence and 3', async () => {
  const newer = await runCli(['zoo', 'check', await write('new.onnx', encode([{ opType: 'Relu', input: ['image'], output: ['features'] }], 99))]);
  assert.equal(newer.code, 3);
  assert.match(newer.out, /opset 99, this version reads up to 21/);
  const cycle = encode([{ opType: 'Add', input: ['image', 'b'], output: ['a'] }, { opType: 'Relu', input: ['a'], output: ['b'] }, { opType: 'Relu', input: ['b'], output: ['features'] }]);
  for (const [bytes, reason] of /** @type {[Uint8Array, RegExp][]} */ ([
    [cycle, /depends on itself/], [new TextEncoder().encode('no network at all'), /ONNX file/], [new Uint8Array(0), /./],
  ])) {
    const { code, out, err } = await runCli(['zoo', 'check', await write('bad.onnx', bytes)]);
    assert.equal(code, 3, err);
    assert.equal(out, '');
    assert.match(err, reason);
    assert.equal(err.trim().split('\n').length, 1);
  }
  const absent = await runCli(['zoo', 'check', join(folder, 'absent.onnx')]);
  assert.equal(absent.code, 3);
  assert.match(absent.err, /does not exist/);
  assert.equal((await runCli(['zoo', 'check'])).code, 2);
});
