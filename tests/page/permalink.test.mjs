// A link carries scores and options, nothing of the images; a damaged one is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLink, readLink, writeLink } from '../../web/permalink.mjs';
import { initialState } from '../../web/state.mjs';
import { missingForBrowser, openPage, rankedModels, waitForRanking, usePage } from './browser.mjs';

/** @param {string} id */
const entry = (id) => ({ id, name: `Model ${id}`, licence: 'MIT', parameters: 5, macs: 7, onnx: { sha256: '', bytes: 9 } });
const zoo = /** @type {any} */ ({ zoo: 'browser', models: ['a', 'b', 'c'].map(entry) });

/** @param {string} model @param {number} rank */
const ranked = (model, rank) => ({
  rank, model, name: `Model ${model}`, score: 1 / rank, rank_low: 1, rank_high: 3, static_rank: 4 - rank,
  expected_accuracy: { low: 0.5, mid: 0.625, high: 0.75 }, reranked: rank === 2, params: 5, macs: 7, download_bytes: 9, licence: 'MIT',
});
const state = /** @type {import('../../web/state.mjs').State} */ ({
  ...initialState,
  view: 'map', cost: 'macs', sorting: { key: 'size', isDescending: true }, filter: { maxBytes: 2e6, isPermissiveOnly: true, kind: 'hands' },
  selected: 'b', rival: 'c',
  result: {
    schema: 1, zoo: 'browser', engine: { version: '1', simd: true, workers: 2 }, order_change: 0.25,
    task: { images: 12, classes: [{ name: 'secret class', images: 6 }, { name: 'other', images: 6 }], skipped: [{ file: 'secret file', reason: '' }] },
    ranking: [ranked('b', 1), ranked('a', 2), ranked('c', 3)], seconds: { decode: 1, encode: 1, score: 1, rerank: 0, total: 3 },
  },
});

test('scores and options come back from a link', () => {
  const link = writeLink(state);
  assert.ok(isLink(link));
  const read = readLink(link, zoo);
  const { view, cost, sorting, filter, selected, rival } = state;
  assert.deepEqual({ ...read, result: undefined, shared: undefined }, { view, cost, sorting, filter, selected, rival, result: undefined, shared: undefined });
  assert.deepEqual(read?.shared, { classes: 2, images: 12 });
  // Scores are written with four digits, and 1 / 3 is not one of these.
  const rounded = state.result?.ranking.map((model) => ({ ...model, score: Number(model.score.toPrecision(4)) }));
  assert.deepEqual(read?.result?.ranking, rounded);
  assert.equal(read?.result?.order_change, 0.25);
});

/** @param {string} link @returns {any} */
const contentOf = (link) => JSON.parse(atob(link.split('=')[1].replaceAll('-', '+').replaceAll('_', '/')));

test('no name of a class or file is in a link', () => {
  assert.equal(JSON.stringify(contentOf(writeLink(state))).includes('secret'), false);
});

/** @type {Record<string, (stored: any) => void>} */
const damages = {
  'another format': (stored) => { stored.format = 2; },
  'another zoo': (stored) => { stored.zoo = 'other'; },
  'a model that the zoo has not': (stored) => { stored.models[0][0] = '__proto__'; },
  'a model twice': (stored) => { stored.models[1][0] = stored.models[0][0]; },
  'no models': (stored) => { stored.models = []; },
  'models that are no list': (stored) => { stored.models = { length: 1 }; },
  'a row that is null': (stored) => { stored.models[0] = null; },
  'an accuracy above 1': (stored) => { stored.models[0][7] = 2; },
  'an interval upside down': (stored) => { stored.models[0][5] = 0.9; },
  'a rank that is a text': (stored) => { stored.models[0][2] = '<img src=x onerror=alert(1)>'; },
  'an order that does not exist': (stored) => { stored.sorting[0] = 'constructor'; },
  'a view that does not exist': (stored) => { stored.view = 'toString'; },
  'a chosen model that is not in it': (stored) => { stored.selected = 'z'; },
  'a huge number of images': (stored) => { stored.images = 1e300; },
};

for (const [name, change] of Object.entries(damages)) {
  test(`a link with ${name} is refused`, () => {
    const link = writeLink(state);
    const stored = contentOf(link);
    change(stored);
    assert.equal(readLink(`${link.split('=')[0]}=${btoa(JSON.stringify(stored))}`, zoo), undefined);
  });
}

test('a link that is cut anywhere is refused', () => {
  const link = writeLink(state);
  for (let length = link.indexOf('=') + 1; length < link.length; length++) {
    assert.equal(readLink(link.slice(0, length), zoo), undefined, `${length} characters`);
  }
});

const skip = missingForBrowser();
const shared = usePage();

test('a link opens to the same ranking on another page, and images replace it', { skip }, async () => {
  const { page, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
  await page.locator('[data-sample=style]').click();
  await waitForRanking(page);
  await page.locator('[data-focus="sort-size"]').click();
  const models = await rankedModels(page);
  await page.locator('[data-focus="export"]').click();
  await page.locator('[data-export="link"]').click();
  await page.locator('.notice').waitFor();
  const address = page.url();
  await close();

  const other = await openPage(shared.browser, address, { serviceWorkers: 'block' });
  await waitForRanking(other.page);
  assert.deepEqual(await rankedModels(other.page), models);
  await other.page.getByText('This ranking came with a link').waitFor();
  assert.equal(await other.page.locator('#run-top').count(), 0);
  await other.page.locator('#tab-map').click();
  await other.page.locator('#tab-why').click();
  await other.page.getByText('What did your images change?').waitFor();
  await other.page.locator('[data-sample=style]').click();
  await other.page.locator('#run-top').waitFor();
  assert.equal(await other.page.getByText('This ranking came with a link').count(), 0);
  assert.equal(new URL(other.page.url()).hash, '');
  assert.deepEqual(other.complaints, []);
  await other.close();
});

test('a damaged link is said, and the page works as without it', { skip }, async () => {
  const { page, complaints, close } = await openPage(shared.browser, `${shared.server.address}#ranking=%F0%9F%95%B7abc`, { serviceWorkers: 'block' });
  await page.locator('.notice', { hasText: 'This link to a ranking is damaged' }).waitFor();
  await page.getByText('The ranking appears here').waitFor();
  assert.deepEqual(complaints, []);
  await close();
});
