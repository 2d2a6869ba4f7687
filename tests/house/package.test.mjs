// The npm package, as its users meet it: packed, installed into an empty folder, and used.
import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readText, root, runTool } from './tree.mjs';

/** @type {string} */
let folder;
/** @type {{filename: string, size: number, files: {path: string}[]}} */
let packed;
/** @type {string} a cache with the checkout's models, but its own packages */
let cache;

/** @param {string} program @param {string[]} args @param {string} [cwd] @returns {string} what it printed */
function run(program, args, cwd) {
  const { failed, output } = runTool(program, args, cwd);
  assert.ok(!failed, `${program} ${args.join(' ')}\n${output}`);
  return output;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelspider-package-'));
  cache = `MODELSPIDER_CACHE=${join(folder, 'cache')}`;
  await mkdir(join(root, 'build/zoo/browser'), { recursive: true });
  await mkdir(join(folder, 'cache'));
  await symlink(join(root, 'build/zoo/browser'), join(folder, 'cache/browser'));
  const text = run('npm', ['pack', '--json', '--silent', '--pack-destination', folder]);
  [packed] = JSON.parse(text.slice(text.indexOf('[\n')));
  await writeFile(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', join(folder, packed.filename), 'sharp'], folder);
});

after(() => rm(folder, { recursive: true, force: true }));

test('it holds what it needs, and little', async () => {
  const paths = packed.files.map(({ path }) => path);
  for (const path of ['wasm/modelspider.wasm', 'wasm/LICENSE.cJSON', 'LICENSE', 'README.md', 'wasm/cli/library.mjs',
    'types/wasm/cli/library.d.mts', 'zoo/browser/manifest.json', 'zoo/browser/tokens.safetensors', 'zoo/convert/convert.mjs']) {
    assert.ok(paths.includes(path), path);
  }
  const tops = new Set(paths.map((path) => path.split('/')[0]));
  assert.deepEqual([...tops].sort(), ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json', 'types', 'wasm', 'zoo']);
  assert.deepEqual(paths.filter((path) => /\.test\.|fuzz|bank\.safetensors|\.(c|h|onnx)$/.test(path)), []);
  assert.ok(packed.size < 1.5e6, `${packed.size} bytes`);
});

test('packing leaves nothing behind', async () => {
  for (const path of ['wasm/modelspider.wasm', 'wasm/LICENSE.cJSON', 'types']) {
    await assert.rejects(stat(join(root, path)), { code: 'ENOENT' });
  }
});

test('its command ranks, fetches and says what the package leaves out', async () => {
  const command = join(folder, 'node_modules/.bin/modelspider');
  assert.equal(run(command, ['--version']).trim(), JSON.parse(await readText('package.json')).version);
  const { failed, output } = runTool('env', [cache, command, 'eval']);
  assert.ok(failed);
  assert.match(output, /bank\.safetensors .*: the npm package leaves the task bank out, the repository has it/);
});

test('a program ranks images with it', async () => {
  await copyFile(join(root, 'tests/house/consumer/consumer.mjs'), join(folder, 'consumer.mjs'));
  const { fromPixels, fromFiles, again, messages, reasons, rows, models, engine } = JSON.parse(
    run('env', [cache, process.execPath, 'consumer.mjs'], folder));
  const orderOf = (/** @type {any} */ { ranking }) => ranking.map((/** @type {any} */ { model, score }) => ({ model, score }));
  assert.equal(fromPixels.schema, 1);
  assert.equal(fromPixels.task.images, 15);
  assert.deepEqual(fromPixels.task.classes[0], { name: 'stripes of 2', images: 5 });
  assert.deepEqual(orderOf(again), orderOf(fromPixels), 'encoded without loss, pictures rank as their pixels do, beside another ranking');
  assert.deepEqual([fromFiles, again].map(({ task }) => task.images), [15, 15]);
  const ranOf = (/** @type {any} */ { ranking }) => ranking.filter((/** @type {any} */ { reranked }) => reranked).length;
  assert.equal(ranOf(again), 8, 'those that run with the encoder');
  assert.equal(ranOf(fromFiles), 9);
  assert.ok(messages.some((/** @type {string} */ text) => /^progress: encoder: image 15 of 15/.test(text)), messages.join('\n'));
  assert.match(reasons[0], /^usage: rank takes a path, or at least 2 classes/);
  assert.match(reasons[1], /^data: nowhere cannot be read/);
  assert.equal(rows, models + 1);
  assert.equal(engine, 'function');
});

test('a program is checked against its types', async () => {
  await copyFile(join(root, 'tests/house/consumer/consumer.mts'), join(folder, 'consumer.mts'));
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext',
    '--target', 'es2023', '--typeRoots', join(root, 'node_modules/@types'), '--types', 'node', 'consumer.mts'], folder);
});
