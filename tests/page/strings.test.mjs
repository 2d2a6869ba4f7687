// The page's languages have the same strings, and the page uses each of them.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { strings as english } from '../../web/strings/en.mjs';
import { strings as chinese } from '../../web/strings/zh.mjs';

const web = fileURLToPath(new URL('../../web', import.meta.url));

/** Keys that are put together at run time. */
const composed = /^(reason|samples|kind|head)\./;

async function readPage() {
  const names = await readdir(web, { recursive: true });
  const sources = names.filter((name) => /\.(mjs|html)$/.test(name) && !/^(strings|build)\//.test(name));
  return (await Promise.all(sources.map((name) => readFile(join(web, name), 'utf8')))).join('\n');
}

test('English and Chinese have the same keys with the same kind of value', () => {
  const kinds = (/** @type {Record<string, unknown>} */ strings) =>
    Object.fromEntries(Object.entries(strings).map(([key, value]) =>
      [key, typeof value === 'function' ? `function of ${value.length}` : typeof value]).sort());
  // English plurals may take the same count twice, so only the number of values is compared.
  assert.deepEqual(kinds(chinese), kinds(english));
});

test('every string that the page asks for exists', async () => {
  const text = await readPage();
  const asked = [...text.matchAll(/\bt\(\s*'([\w.-]+)'|data-(?:text|label|title)="([\w.-]+)"/g)].map(([, a, b]) => a ?? b);
  assert.ok(asked.length > 50, `only ${asked.length} uses found`);
  assert.deepEqual(asked.filter((key) => !Object.hasOwn(english, key)), []);
});

test('no string is without use', async () => {
  const text = await readPage();
  const unused = Object.keys(english).filter((key) => !composed.test(key) && !text.includes(`'${key}'`) && !text.includes(`"${key}"`));
  assert.deepEqual(unused.filter((key) => !/^ranking\.(table|plot|map|why)$/.test(key)), []);
});
