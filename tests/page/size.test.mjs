// What the built page weighs.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtPage, missingForBrowser } from './browser.mjs';
import { weighPage } from './weigh.mjs';

const skip = missingForBrowser();

test('the first paint takes at most 100 KB, all scripts together at most 250 KB', { skip }, async () => {
  const { firstPaint, scripts } = await weighPage();
  assert.ok(firstPaint <= 100_000, `first paint: ${firstPaint} bytes, gzipped`);
  assert.ok(scripts <= 250_000, `scripts: ${scripts} bytes, gzipped`);
});

test('the page asks for nothing by an absolute address, so that it works below any path', { skip }, async () => {
  const html = await readFile(join(builtPage, 'index.html'), 'utf8');
  const addresses = [...html.matchAll(/\b(?:src|href)="([^"#]+)"/g)].map(([, address]) => address);
  assert.ok(addresses.length >= 3);
  assert.deepEqual(addresses.filter((address) => !address.startsWith('./')), []);
});

test('plots are no part of what the page starts with', { skip }, async () => {
  const html = await readFile(join(builtPage, 'index.html'), 'utf8');
  const scripts = (await readdir(join(builtPage, 'assets'))).filter((name) => name.endsWith('.js'));
  const largest = (await Promise.all(scripts.map(async (name) => ({ name, size: (await readFile(join(builtPage, 'assets', name))).length }))))
    .sort((a, b) => b.size - a.size)[0];
  assert.equal(html.includes(largest.name), false);
});
