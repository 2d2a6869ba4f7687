// The built page in Chromium: the ways to look at a ranking.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtPage, missingForBrowser, openPage, rankedModels, usePage, waitForRanking } from './browser.mjs';

const skip = missingForBrowser();
/** One ranking, which every test looks at. @type {import('./browser.mjs').OpenPage} */
let open;

const shared = usePage({
  async prepare({ browser, server }) {
    open = await openPage(browser, server.address, { serviceWorkers: 'block' });
    await open.page.locator('[data-sample=style]').click();
    await waitForRanking(open.page);
  },
});

/** @param {'svg' | 'png'} kind @returns {Promise<Buffer>} */
async function save(kind) {
  const [download] = await Promise.all([open.page.waitForEvent('download'), open.page.locator(`[data-save=${kind}]`).click()]);
  assert.match(download.suggestedFilename(), new RegExp(`\\.${kind}$`));
  return Buffer.concat(await (await download.createReadStream()).toArray());
}

test('every row has rank, model, accuracy, change, size, compute, time and licence', { skip }, async () => {
  const { page } = open;
  const rows = await page.locator('tr[data-model]').evaluateAll((found) => found.map((row) =>
    Object.fromEntries([...row.children].map((cell) => [cell.className.split(' ')[0], /** @type {HTMLElement} */ (cell).innerText.replace(/\s+/g, ' ')]))));
  /** @type {Record<string, RegExp>} */
  const expected = {
    'cell-rank': /rank \d+(, likely between \d+ and \d+)?$/,
    'cell-model': /^\S.*\S/,
    'cell-accuracy': /^\d+% ?\d+%, likely between [\d.]+% and [\d.]+%$/,
    'cell-change': /(up|down) \d+$|same place$/,
    'cell-size': /[\d.]+ [KM]B$/,
    'cell-macs': /[\d.]+ [MG]$/,
    'cell-time': / ms /,
  };
  rows.forEach((row) => Object.entries(expected).forEach(([cell, pattern]) => assert.match(row[cell], pattern)));
  const { models } = JSON.parse(await readFile(join(builtPage, 'zoo/manifest.json'), 'utf8'));
  const ids = await rankedModels(page);
  rows.forEach((row, i) => {
    const { name, trained_for: purpose, licence } = models.find((/** @type {{id: string}} */ { id }) => id === ids[i]);
    [name, purpose, licence === 'unknown' ? 'licence unknown' : licence].forEach((part) => assert.ok(row['cell-model'].includes(part), part));
  });
});

test('every column sorts the rows, one way and the other', { skip }, async () => {
  const { page } = open;
  /** @type {Record<string, string>} */
  const cells = { rank: '.rank', accuracy: '.accuracy-value', change: '.cell-change', size: '.cell-size', macs: '.cell-macs', time: '.cell-time' };
  const units = { KB: 1e3, MB: 1e6, M: 1e6, G: 1e9 };
  const values = async (/** @type {string} */ cell) => (await page.locator(`tr[data-model] ${cell}`).allInnerTexts()).map((text) => {
    const [, sign, value, unit] = /(down)?[^\d]*([\d.,]+)?[ %]*(KB|MB|M|G)?/.exec(text.replace(/^[^]*?(?=down|up)/, '')) ?? [];
    return Number(value ?? 0) * (sign ? -1 : 1) * (units[/** @type {'M'} */ (unit)] ?? 1);
  });
  for (const [key, cell] of Object.entries(cells)) {
    await page.locator(`[data-focus="sort-${key}"]`).click();
    const first = await page.locator(`th:has([data-focus="sort-${key}"])`).getAttribute('aria-sort');
    for (const direction of first === 'ascending' ? ['ascending', 'descending'] : ['descending', 'ascending']) {
      assert.equal(await page.locator(`th:has([data-focus="sort-${key}"])`).getAttribute('aria-sort'), direction);
      const shown = await values(cell);
      const sorted = shown.toSorted((a, b) => (direction === 'ascending' ? a - b : b - a));
      assert.deepEqual(shown, sorted, `${key} ${direction}`);
      await page.locator(`[data-focus="sort-${key}"]`).click();
    }
  }
  await page.locator('[data-focus="sort-rank"]').click();
});

test('models with an unclear or strict licence can be left out', { skip }, async () => {
  const { page } = open;
  await page.locator('[data-focus="filter-licence"]').check();
  const licences = await page.locator('.model-licence').allInnerTexts();
  assert.ok(licences.length > 0 && licences.every((licence) => /^(Apache-2\.0|MIT|BSD|CC0|CC-BY-4\.0|ISC)/.test(licence)), `${licences}`);
  await page.locator('[data-focus="filter-licence"]').uncheck();
});

test('every row says how long the model takes on this device', { skip }, async () => {
  const texts = await open.page.locator('.ranking tbody .cell-time').allInnerTexts();
  assert.ok(texts.length > 1);
  texts.forEach((text) => assert.match(text, /≈ [\d.,]+ ms\s+estimated, not measured/));
});

test('times can be measured, one model after the other, until it is cancelled', { skip }, async () => {
  const { page } = open;
  const times = () => page.locator('.ranking tbody .cell-time').allInnerTexts();
  const measured = async () => (await times()).filter((text) => /^(Time here\s+)?[\d.,]+ ms\s+measured on this device$/.test(text)).length;
  assert.match(await page.locator('.timing-bar').innerText(), /0 of \d+ measured/);
  await page.locator('#time-all').click();
  await page.getByText(/^Measuring .+, ([3-9]|1\d) of \d+$/).waitFor();
  // Each appears as soon as it is there, while others are still measured.
  await page.locator('.ranking tbody .cell-time').filter({ hasText: 'measured on this device' }).nth(1).waitFor();
  assert.equal(await page.locator('#cancel-timing').count(), 1);
  await page.locator('#cancel-timing').click();
  await page.locator('#time-all').waitFor();
  const count = await measured();
  assert.match(await page.locator('.timing-bar').innerText(), new RegExp(`${count} of \\d+ measured`));
  assert.equal((await times()).filter((text) => text.includes('≈')).length, (await times()).length - count);
  // Going on measures the others, and nothing twice.
  open.requests.length = 0;
  await page.locator('#time-all').click();
  await page.getByText('All times were measured on this device.').waitFor();
  assert.equal(await measured(), (await times()).length);
  assert.equal(open.requests.filter((url) => url.includes('/zoo/models/')).length, (await times()).length - count);
  assert.equal(await page.locator('#time-all').count(), 0);
});

test('a kind of models can be chosen, and all come back', { skip }, async () => {
  const { page } = open;
  const all = await rankedModels(page);
  await page.locator('[data-focus="filter-kind"]').selectOption('faces');
  const faces = await rankedModels(page);
  assert.ok(faces.length > 0 && faces.length < all.length);
  assert.ok(faces.includes('facemesh') && !faces.includes('posenet'));
  await page.locator('[data-focus="filter-kind"]').selectOption('any');
  assert.deepEqual(await rankedModels(page), all);
});

test('two models are compared side by side, and the comparison is closed again', { skip }, async () => {
  const { page } = open;
  const [first, , third] = await rankedModels(page);
  await page.locator('[data-focus="compare"]').selectOption(third);
  const panel = page.locator('.compare-panel');
  const heads = await panel.locator('thead th').allInnerTexts();
  const names = await Promise.all([first, third].map((id) => page.locator(`tr[data-model="${id}"] .model-name`).innerText()));
  assert.deepEqual(heads, names);
  assert.match(await panel.locator('tbody tr').first().innerText(), /1 \(/);
  await panel.getByRole('button').click();
  assert.equal(await panel.count(), 0);
});

test('the map shows the task among known ones, with threads to the best, and chooses a model', { skip }, async () => {
  const { page } = open;
  const models = await rankedModels(page);
  await page.locator('#tab-map').click();
  await page.locator('.web-map').waitFor();
  assert.match(await page.locator('.map-words').innerText(), /yours looks most like: \w+/);
  assert.equal(await page.locator('.map-model').count(), models.length);
  assert.equal(await page.locator('.map-spider').count(), 1);
  await page.locator(`[data-model-dot="${models[4]}"]`).dispatchEvent('click');
  await page.locator('#tab-table').click();
  assert.equal(await page.locator('tr.selected').getAttribute('data-model'), models[4]);
});

for (const [tab, picture] of [['map', '.web-map'], ['plot', '.model-plot']]) {
  test(`what the tab ${tab} shows is saved as SVG and PNG`, { skip }, async () => {
    await open.page.locator(`#tab-${tab}`).click();
    await open.page.locator(picture).waitFor();
    if (tab === 'plot') {
      assert.match(await open.page.locator('#result-panel').innerText(), /Nothing is both cheaper and better than: \w+/);
    }
    const text = (await save('svg')).toString('utf8');
    assert.match(text, /^<svg /);
    assert.equal(text.includes('var(--'), false, 'no colour hangs on the page');
    const png = await save('png');
    assert.equal(png.subarray(1, 4).toString('latin1'), 'PNG');
    assert.ok(png.readUInt32BE(16) >= 560, 'twice as wide as it is shown');
  });
}

test('the reasons name known tasks that look alike, and classes that are mixed up', { skip }, async () => {
  const { page } = open;
  await page.locator('#tab-why').click();
  await page.getByText('Which known tasks look like yours?').waitFor();
  await page.getByText(/Closer than \d+% of all pairs of known tasks/).first().waitFor();
  await page.getByText('the most similar other image is of the same class').waitFor();
  assert.match(await page.locator('.why').innerText(), /[\d.]+% of all pairs of models swapped places/);
  await page.getByText('How sure is the first place?').waitFor();
});

for (const width of [320, 390, 700, 1440]) {
  test(`no figure of a row covers another in a window of ${width} pixels`, { skip }, async () => {
    const { page } = open;
    await page.setViewportSize({ width, height: 800 });
    await page.locator('#tab-table').click();
    const covered = await page.locator('tr[data-model]').evaluateAll((rows) => rows.flatMap((row) => {
      const boxes = [...row.children].map((cell) => {
        const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        /** @type {DOMRect[]} of text that is seen */
        const own = [];
        while (walker.nextNode()) {
          if (!walker.currentNode.parentElement?.closest('.visually-hidden')) {
            const range = document.createRange();
            range.selectNodeContents(walker.currentNode);
            own.push(...range.getClientRects());
          }
        }
        return { name: cell.className, boxes: own };
      });
      return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => a.boxes.some((one) => b.boxes.some((other) =>
        one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1))).map((b) => `${a.name} and ${b.name}`));
    }));
    assert.deepEqual(covered, []);
  });
}

test('a phone shows the best eight, and all when asked; a wide window shows all at once', { skip }, async () => {
  const { page } = open;
  await page.locator('#tab-table').click();
  const showAll = page.locator('.show-all');
  const all = (await rankedModels(page)).length;
  const seen = () => page.locator('tr[data-model]:visible').count();
  assert.deepEqual([await seen(), await showAll.isVisible()], [all, false]);
  const wide = /** @type {{width: number, height: number}} */ (page.viewportSize());
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await seen(), 8);
  assert.equal(await showAll.innerText(), `Show all ${all} models`);
  await showAll.click();
  assert.deepEqual([await seen(), await showAll.count()], [all, 0]);
  await page.setViewportSize(wide);
});

test('beside a ranking longer than the window both other steps stay in view', { skip }, async () => {
  const { page } = open;
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  for (const column of ['.column-images', '.column-try']) {
    const box = /** @type {{y: number, height: number}} */ (await page.locator(column).boundingBox());
    const height = page.viewportSize()?.height ?? 0;
    assert.ok(box.y < height / 2 && box.y + box.height > height / 4, `${column} from ${box.y}, ${box.height} high`);
  }
  await page.evaluate(() => scrollTo(0, 0));
});

test('looking at all that asked for nothing foreign and broke no rule', { skip }, () => {
  assert.deepEqual(open.complaints, []);
  assert.deepEqual(open.requests.filter((url) => !url.startsWith(shared.server.address) && !url.startsWith('blob:')), []);
});
