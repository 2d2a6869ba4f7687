// The installed C library, as its users meet it.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readText, root, runTool } from './tree.mjs';

/** @type {string} */
let folder;
/** @type {string} */
let prefix;

/** @param {string} program @param {...string} args @returns {string} what it printed */
function run(program, ...args) {
  const { failed, output } = runTool(program, args);
  assert.ok(!failed, `${program} ${args.join(' ')}\n${output}`);
  return output;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelspider-install-'));
  prefix = join(folder, 'prefix');
  run('cmake', '--install', 'build/native', '--prefix', prefix);
});

after(() => rm(folder, { recursive: true, force: true }));

/** @returns {Promise<string>} */
const expectedOutput = async () => `modelspider ${JSON.parse(await readText('package.json')).version} works\n`;

test('find_package finds the shared and the static library', async () => {
  const build = join(folder, 'build');
  run('cmake', '-S', 'tests/house/consumer', '-B', build, `-DCMAKE_PREFIX_PATH=${prefix}`);
  run('cmake', '--build', build);
  for (const name of ['consumer_modelspider', 'consumer_modelspider_static']) {
    assert.equal(run(join(build, name)), await expectedOutput());
  }
});

test('pkg-config finds the library', async (t) => {
  const path = `PKG_CONFIG_PATH=${join(prefix, 'lib/pkgconfig')}`;
  const { missing } = runTool('pkg-config', ['--version']);
  if (missing) {
    t.skip('pkg-config is not installed');
    return;
  }
  const libdir = run('env', path, 'pkg-config', '--variable=libdir', 'modelspider').trim();
  const flags = run('env', path, 'pkg-config', '--cflags', '--libs', 'modelspider').trim().split(/\s+/);
  const program = join(folder, 'consumer');
  run('cc', join(root, 'tests/house/consumer/consumer.c'), '-o', program, ...flags, `-Wl,-rpath,${libdir}`);
  assert.equal(run(program), await expectedOutput());
});

test('the shared library shows the functions of the public header, nothing else', async () => {
  const header = await readText('include/modelspider/modelspider.h');
  const declared = [...header.matchAll(/\bMS_API\b[^;]*?\b(ms_\w+)\(/g)].map(([, name]) => name);
  const shown = run('nm', '-D', '--defined-only', '--format=just-symbols', join(prefix, 'lib/libmodelspider.so'));
  assert.deepEqual(shown.trim().split('\n').sort(), declared.sort());
});

test('the static library takes no name that is not ours', () => {
  const symbols = run('nm', '--extern-only', '--defined-only', '--format=just-symbols', join(prefix, 'lib/libmodelspider.a'));
  const names = symbols.split('\n').filter((line) => line !== '' && !line.endsWith(':'));
  assert.deepEqual(names.filter((name) => !name.startsWith('ms_')), []);
});

test('the header is C++ too', (t) => {
  const header = join(prefix, 'include/modelspider/modelspider.h');
  const { missing, failed, output } = runTool('clang++', ['-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-x', 'c++', header]);
  if (missing) {
    t.skip('clang++ is not installed');
    return;
  }
  assert.ok(!failed, output);
});
