import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../wasm/cli/assets.mjs';
import { fromHalf, toHalf } from '../../zoo/convert/float16.mjs';
import { readLiteral } from '../../zoo/convert/js-literal.mjs';
import { measure } from '../../zoo/convert/measure.mjs';
import { convertModel } from '../../zoo/convert/convert.mjs';
import { readRecipes } from '../../zoo/convert/main.mjs';
import { locateSource } from '../../zoo/convert/source.mjs';

test('every half survives the way to a number and back', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromHalf(bits);
    if (!Number.isNaN(value)) {
      assert.equal(toHalf(value), bits);
    }
  }
});

test('a number becomes the nearest half, the even one of two', () => {
  assert.equal(fromHalf(0x3c00), 1);
  assert.equal(fromHalf(0x7bff), 65504);
  assert.equal(fromHalf(0x0001), 2 ** -24);
  assert.equal(toHalf(1 + 2 ** -11), 0x3c00);
  assert.equal(toHalf(1 + 3 * 2 ** -11), 0x3c02);
  assert.equal(toHalf(1 + 2 ** -11 + 2 ** -20), 0x3c01);
  assert.equal(toHalf(65520), 0x7c00);
  assert.equal(toHalf(-0), 0x8000);
  assert.equal(toHalf(1.5 * 2 ** -24), 0x0002);
  assert.equal(toHalf(0.5 * 2 ** -24), 0x0000);
  assert.equal(toHalf(NaN) & 0x7fff, 0x7e00);
});

test('a literal is read out of minified JavaScript', () => {
  const text = 'f(x={a:[1,-.5,2e-3],"b-c":!0,d:!1,e:null,f:\'it\\\'s\',g:{},h:[],2:"\\u00e9"})';
  assert.deepEqual(readLiteral(text, 4), {
    a: [1, -0.5, 0.002], 'b-c': true, d: false, e: null, f: "it's", g: {}, h: [], 2: 'é',
  });
});

test('what is no literal is refused with its place', () => {
  for (const text of ['{a:1', '[1 2]', 'f()', '"open', '{a}', '[,]', `${'['.repeat(1000)}`, '{a:new X}']) {
    assert.throws(() => readLiteral(text, 0), /at character \d+: wanted/, text);
  }
});

test('MobileNetV2 of the encoder, to its last layer, has the parameters and products that its paper counts', async () => {
  const [encoder] = await readRecipes();
  const input = { ...encoder.input, width: 224, height: 224 };
  const { params, macs } = measure(await convertModel({ ...encoder, input, taps: ['FeatureExtractor/MobilenetV2/Conv_1/Relu6'] }));
  // 3.4 M parameters with, 2.2 M without the classifier; 300 M multiply-adds at 224.
  assert.ok(params > 2.15e6 && params < 2.25e6, `${params} parameters`);
  assert.ok(macs > 295e6 && macs < 305e6, `${macs} multiply-adds`);
});

test('a package that nobody has published is named, and what names none is not asked for', async () => {
  const [recipe] = await readRecipes();
  const changed = (change) => locateSource({ source: { ...recipe.source, ...change } });
  await assert.rejects(
    changed({ package: '@nobody-at-all/nothing', version: '1.2.3' }),
    /the package @nobody-at-all\/nothing@1\.2\.3 is not installed, and cannot be fetched: /,
  );
  for (const change of [{ package: '--help' }, { package: '../x' }, { package: 'a/b' }, { version: 'file:.' }, { version: 'latest' }]) {
    await assert.rejects(changed(change), /names no version of an npm package$/);
  }
});

test('another hash and a missing file are refused', async () => {
  const recipe = (await readRecipes()).find(({ id }) => id === 'liveness');
  const changed = (change) => locateSource({ source: { ...recipe.source, ...change } });
  const wrongHash = changed({ sha256: '0'.repeat(64) });
  await assert.rejects(wrongHash, /^ConversionError: models\/liveness\.json: the SHA-256 is/);
  await assert.rejects(changed({ file: 'models/no.json' }), /models\/no\.json: cannot be read \(ENOENT\)/);
  await assert.rejects(changed({ size: 10 ** 9 }), /bytes, wanted are 0 to 1000000000/);
});

test('a package of another version is fetched, without what it depends on', async (t) => {
  const cache = mkdtempSync(join(tmpdir(), 'modelspider-'));
  t.after(() => rmSync(cache, { recursive: true }));
  process.env.MODELSPIDER_CACHE = cache;
  t.after(() => delete process.env.MODELSPIDER_CACHE);
  const source = { package: 'fflate', version: '0.8.2', file: 'package.json', format: 'tflite', sha256: 'none' };
  const fetched = [];
  const options = { anyHash: true, onFetch: (name) => fetched.push(name) };
  for (let i = 0; i < 2; i++) {
    const { files } = await locateSource({ source }, options);
    assert.equal(JSON.parse(Buffer.from(files[0].bytes).toString()).version, '0.8.2');
  }
  assert.deepEqual(fetched, ['fflate@0.8.2']);
  assert.deepEqual(readdirSync(join(cache, 'packages')), ['fflate@0.8.2']);
});

test('a package below another root is found there', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'modelspider-'));
  t.after(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'node_modules/somewhere');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"version": "1.0.0"}');
  writeFileSync(join(folder, 'model.tflite'), 'no model');
  const source = {
    ...{ package: 'somewhere', version: '1.0.0' },
    ...{ file: 'model.tflite', format: 'tflite', sha256: 'none' },
  };
  const { files } = await locateSource({ source }, { packageRoot: root, anyHash: true });
  assert.equal(Buffer.from(files[0].bytes).toString(), 'no model');
  const recipe = { source, taps: ['x'], input: {}, licence: '' };
  await assert.rejects(convertModel(recipe, { packageRoot: root }), /SHA-256/);
});

test('the command converts what it is told to, once, and leaves nothing half written', (t) => {
  const out = mkdtempSync(join(tmpdir(), 'modelspider-'));
  t.after(() => rmSync(out, { recursive: true }));
  const command = [join(packageRoot, 'zoo/convert/main.mjs'), 'liveness', 'emotion', '--out', out];
  execFileSync(process.execPath, command, { stdio: 'pipe' });
  assert.deepEqual(readdirSync(out).sort(), [
    'emotion.onnx', 'emotion.onnx.recipe', 'liveness.onnx', 'liveness.onnx.recipe',
  ]);
  const before = statSync(join(out, 'liveness.onnx')).mtimeMs;
  const again = spawnSync(process.execPath, command, { encoding: 'utf8' });
  assert.equal(again.status, 0);
  assert.equal(again.stderr, 'liveness: kept\nemotion: kept\n');
  assert.equal(statSync(join(out, 'liveness.onnx')).mtimeMs, before);
  writeFileSync(join(out, 'emotion.onnx.recipe'), 'another recipe');
  const bytes = readFileSync(join(out, 'emotion.onnx'));
  const third = spawnSync(process.execPath, command, { encoding: 'utf8' });
  assert.equal(third.stderr, 'liveness: kept\nemotion: converted\n');
  assert.ok(readFileSync(join(out, 'emotion.onnx')).equals(bytes));
});

test('the command refuses an unknown model', () => {
  const command = [join(packageRoot, 'zoo/convert/main.mjs'), 'nobody'];
  const { status, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.equal(stderr, 'no recipe is called nobody\n');
});
