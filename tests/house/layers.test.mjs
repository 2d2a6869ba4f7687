// Who may include or import whom. kernel <- core <- image, nn, transfer <- task, scorer, zoo in C;
// wasm <- web, command line and zoo tools in JavaScript.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dirname, join, normalize } from 'node:path';
import { listFiles, readText } from './tree.mjs';

/** @type {Record<string, number>} a module includes those of its own tier and below */
const tiers = { kernel: 0, core: 1, image: 2, nn: 2, transfer: 2, task: 3, scorer: 3, zoo: 3 };

/**
 * @param {string} text of a C file
 * @returns {string[]} the modules that it includes, and 'public' for the public header
 */
function includedModules(text) {
  return [...text.matchAll(/^\s*#\s*include\s*"([^"]+)"/gm)].map(([, path]) => (
    path === 'modelspider/modelspider.h' ? 'public' : path.split('/')[0]));
}

test('every folder of src has its place in the order', () => {
  const folders = new Set(listFiles('src/*/*').map((path) => path.split('/')[1]));
  assert.deepEqual([...folders].filter((name) => !Object.hasOwn(tiers, name)), []);
});

test('C modules include only what lies at their height or below', async () => {
  const wrong = [];
  for (const path of listFiles('src/*.c', 'src/*.h')) {
    const own = path.split('/')[1];
    for (const other of includedModules(await readText(path))) {
      // Kernels know nothing of contexts and statuses, so neither of the public header.
      const fits = other === 'public' ? own !== 'kernel' : tiers[other] <= tiers[own];
      if (!fits) {
        wrong.push(`${path} includes ${other}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('an include that climbs is found', () => {
  assert.deepEqual(includedModules('#include "zoo/json.h"\n#include <math.h>\n # include "core/size.h"'), ['zoo', 'core']);
});

/** @type {Record<string, string[]>} where a folder's files may import from, itself included */
const importers = {
  'wasm/binding': ['wasm/binding'],
  wasm: ['wasm', 'wasm/binding'],
  'wasm/cli': ['wasm', 'wasm/cli', 'zoo'],
  web: ['wasm', 'web'],
  'web/bundle': ['wasm', 'wasm/cli', 'web', 'web/bundle', 'zoo'],
  zoo: ['wasm', 'wasm/cli', 'zoo'],
};

/** @param {string} path @returns {string} the layer of a JavaScript file: its longest prefix above */
function layerOf(path) {
  const layers = Object.keys(importers).filter((layer) => path.startsWith(`${layer}/`));
  return layers.sort((a, b) => b.length - a.length)[0] ?? path;
}

/** @param {string} text @returns {string[]} what a module imports by a relative path */
function relativeImports(text) {
  const code = text.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|new URL\(\s*)['"](\.[^'"]*)['"]/g)].map(([, path]) => path);
}

test('JavaScript imports only what lies below', async () => {
  const wrong = [];
  const isBuild = (/** @type {string} */ name) => name === 'web/vite.config.mjs';
  for (const path of listFiles('wasm/*.mjs', 'web/*.mjs', 'zoo/*.mjs').filter((name) => !isBuild(name))) {
    for (const other of relativeImports(await readText(path)).filter((name) => /\.m?js$/.test(name))) {
      const target = normalize(join(dirname(path), other));
      if (!importers[layerOf(path)].includes(layerOf(target))) {
        wrong.push(`${path} imports ${target}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

/**
 * @param {RegExp} pattern
 * @param {(path: string) => boolean} isExempt
 * @returns {Promise<string[]>} where JavaScript matches a pattern
 */
async function findInScripts(pattern, isExempt) {
  const found = [];
  for (const path of listFiles('wasm/*.mjs', 'web/*.mjs', 'zoo/*.mjs', 'bench/*.mjs').filter((name) => !isExempt(name))) {
    const match = pattern.exec(await readText(path));
    if (match) {
      found.push(`${path} has ${match[0]}`);
    }
  }
  return found;
}

test('one file knows the memory of the wasm, and so pointers', async () => {
  const pattern = /\.ms_[a-z]|\bmemory\.buffer\b|\.(malloc|free)\(|\bHEAP/;
  assert.deepEqual(await findInScripts(pattern, (path) => path === 'wasm/binding/core.mjs'), []);
});

test('only the binding calls the functions of the wasm, others import it by its public name', async () => {
  assert.deepEqual(await findInScripts(/['`]ms_[a-z]/, (path) => path.startsWith('wasm/binding/')), []);
  assert.deepEqual(await findInScripts(/from '[^']*\/binding\/|import\('[^']*\/binding\//, (path) => path === 'wasm/modelspider.mjs'), []);
});

test('what the page loads uses nothing of Node', async () => {
  const wrong = [];
  for (const path of listFiles('wasm/*.mjs', 'web/*.mjs').filter((name) => !/^wasm\/cli\/|^web\/bundle\/|-node\.mjs$|vite\.config/.test(name))) {
    if (/\bfrom\s+['"]node:|\bimport\(\s*['"]node:/.test(await readText(path))) {
      wrong.push(path);
    }
  }
  assert.deepEqual(wrong, []);
});
