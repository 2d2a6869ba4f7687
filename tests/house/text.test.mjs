// What every file of the repository keeps to: formatting, no registries' names, nothing generated.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listFiles, readBytes, readText, root, runTool } from './tree.mjs';

test('C files are as clang-format leaves them', (t) => {
  const { missing, failed, output } = runTool('clang-format', ['--dry-run', '-Werror', ...listFiles('*.c', '*.h')]);
  if (missing) {
    t.skip('clang-format is not installed');
    return;
  }
  assert.ok(!failed, output);
});

test('shell scripts pass shellcheck', (t) => {
  const { missing, failed, output } = runTool('shellcheck', ['emsdk-env.sh', '.ci/run', ...listFiles('*.sh')]);
  if (missing) {
    t.skip('shellcheck is not installed');
    return;
  }
  assert.ok(!failed, output);
});

test('JavaScript types hold', () => {
  const { failed, output } = runTool(process.execPath, ['node_modules/typescript/bin/tsc', '--project', '.']);
  assert.ok(!failed, output);
});

test('lines of C, JavaScript and scripts end without blanks, files with one newline', async () => {
  const wrong = [];
  for (const path of listFiles('*.c', '*.h', '*.mjs', '*.sh', '*.css', '*.html', '*.md', '*CMakeLists.txt', '*.cmake', '.ci/run')) {
    const text = await readText(path);
    if (/[ \t]$/m.test(text) || text.includes('\r') || !/[^\n]\n$/.test(text)) {
      wrong.push(path);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no file names a package registry', async () => {
  const hosts = /registry\.npmjs|npmjs\.(?:org|com)|(?:deb|security|snapshot|ftp)\.debian\.org|archive\.ubuntu|pypi\.org|nodesource|unpkg\.com|jsdelivr|\/(?:verdaccio|artifactory|nexus)\//i;
  const wrong = [];
  for (const path of listFiles().filter((name) => name !== 'tests/house/text.test.mjs')) {
    const found = hosts.exec((await readBytes(path)).toString('latin1'));
    if (found) {
      wrong.push(`${path} names ${found[0]}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('the lock file pins every package by hash and resolves none to an address', async () => {
  const { packages } = JSON.parse(await readText('package-lock.json'));
  const wrong = Object.entries(packages).filter(([path, entry]) => (
    path !== '' && !entry.link && (entry.resolved !== undefined || !entry.integrity?.startsWith('sha512-'))));
  assert.deepEqual(wrong.map(([path]) => path), []);
});

test('no generated, large or foreign file is tracked', () => {
  const wrong = listFiles().filter((path) => (
    /(^|\/)(build|dist|node_modules|\.cache)\//.test(path) && !path.startsWith('zoo/build/')
    || /\.(wasm|onnx|o|a|so|npy|zip|tgz|pyc)$/.test(path)
    || statSync(join(root, path)).size > (/^zoo\/.*\.safetensors$/.test(path) ? 25_000_000 : 2_000_000)));
  assert.deepEqual(wrong, []);
});

test('no file names a folder of one machine', async () => {
  const wrong = [];
  for (const path of listFiles().filter((name) => name !== 'tests/house/text.test.mjs')) {
    if (/\/(?:home|root|Users)\/\w|\/work\/(?:main|wt|scratch|shared)/.test((await readBytes(path)).toString('latin1'))) {
      wrong.push(path);
    }
  }
  assert.deepEqual(wrong, []);
});

test('sources are listed by name in CMake', async () => {
  const lists = await Promise.all(listFiles('*CMakeLists.txt', '*.cmake').map(readText));
  assert.ok(!lists.some((text) => /\bfile\s*\(\s*GLOB/i.test(text)));
  const wrong = [];
  for (const path of listFiles('src/*.c')) {
    const [, folder, name] = path.split('/');
    if (!new RegExp(`\\b${name.replace('.', '\\.')}\\b`).test(await readText(`src/${folder}/CMakeLists.txt`))) {
      wrong.push(path);
    }
  }
  assert.deepEqual(wrong, []);
});

test('one version in package.json, package-lock.json and CMake', async () => {
  const { version } = JSON.parse(await readText('package.json'));
  assert.equal(JSON.parse(await readText('package-lock.json')).version, version);
  assert.match(await readText('CMakeLists.txt'), new RegExp(`project\\(modelspider VERSION ${version.replaceAll('.', '\\.')} `));
});
