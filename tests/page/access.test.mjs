// Everyone can use the page: axe-core finds nothing, the keyboard reaches everything, nothing is
// wider than a small phone. The screenshots of these states go to build/screenshots.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { chooseFolder, missingForBrowser, openPage, screenshots, waitForRanking, usePage } from './browser.mjs';
import { makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser();
const axeFile = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const shared = usePage();
before(() => mkdir(screenshots, { recursive: true }));

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page @returns {Promise<string[]>} what axe-core finds, with the elements */
async function findProblems(page) {
  const source = await readFile(axeFile, 'utf8');
  // By the debugger, which the page's security policy does not bind.
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ['violations'] }));
  return violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ { target }) => target.join(' ')).join(', ')}`);
}

/** @param {Page} page @returns {Promise<number>} pixels that lie beside the window */
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** @type {Record<string, import('playwright-core').BrowserContextOptions>} */
const views = {
  'desktop light': { colorScheme: 'light' },
  'desktop dark': { colorScheme: 'dark' },
  'phone light': { colorScheme: 'light', viewport: { width: 320, height: 720 } },
  'phone dark': { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
  'desktop Chinese': { locale: 'zh-CN' },
};

/** @type {Record<string, {classes?: Record<string, number>, others?: Record<string, string>, act?(page: Page): Promise<void>}>} */
const states = {
  empty: {},
  ranking: { classes: { birds: 9, 'a class with a rather long name, as people give them': 8, fish: 7, insects: 6 } },
  cost: { classes: { birds: 6, fish: 6 }, act: (page) => page.locator('#tab-plot').click() },
  web: { classes: { birds: 6, fish: 6 }, act: (page) => page.locator('#tab-map').click() },
  why: { classes: { birds: 6, fish: 6 }, act: (page) => page.locator('#tab-why').click() },
  errors: { classes: { birds: 6, fish: 5 }, others: { 'birds/broken.png': 'x', 'fish/empty.jpg': '', 'fish/notes.pdf': '%PDF' } },
};

for (const [state, { classes, others, act }] of Object.entries(states)) {
  test(`axe-core finds nothing, and nothing is too wide: ${state}`, { skip }, async () => {
    const sample = classes ? await makeFolder(classes, others) : undefined;
    for (const [view, options] of Object.entries(views)) {
      const { page, complaints, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block', ...options });
      if (sample) {
        await chooseFolder(page, sample.folder);
        await waitForRanking(page);
        await act?.(page);
        await page.locator('#result-panel :not([aria-busy="true"])').first().waitFor();
        await page.waitForTimeout(300);
      }
      await page.screenshot({ path: join(screenshots, `${state} ${view}.png`.replaceAll(' ', '-')), fullPage: true });
      assert.deepEqual(await findProblems(page), [], view);
      assert.ok(await overflow(page) <= 0, `${view}: ${await overflow(page)} px too wide`);
      assert.deepEqual(complaints, [], view);
      await close();
    }
    await sample?.remove();
  });
}

test('sixty classes are listed, ranked and scrolled in their own box', { skip }, async () => {
  const { folder, remove } = await makeFolder(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`class ${i}`, 2])));
  const { page, complaints, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
  await chooseFolder(page, folder);
  await waitForRanking(page);
  assert.equal(await page.locator('.class-card').count(), 60);
  const height = await page.locator('.class-list').evaluate((list) => list.getBoundingClientRect().height);
  assert.ok(height <= 1000, `${height} px`);
  await page.screenshot({ path: join(screenshots, 'sixty-classes.png') });
  assert.deepEqual(await findProblems(page), []);
  assert.deepEqual(complaints, []);
  await close();
  await remove();
});

test('the keyboard alone opens an example, looks at the views and chooses a model', { skip }, async () => {
  const { page, complaints, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute('data-sample') || document.activeElement?.className || '');
  /** @param {string} wanted @param {string} [key] */
  const tabTo = async (wanted, key = 'Tab') => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press(key);
      if ((await focused()).includes(wanted)) {
        return;
      }
    }
    assert.fail(`the tab key does not reach ${wanted}`);
  };
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'skip-link', 'the first stop leads to the ranking');
  await tabTo('letters');
  await page.keyboard.press('Enter');
  await waitForRanking(page);
  await page.locator('#tab-table').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.locator('#tab-plot').getAttribute('aria-selected'), 'true');
  assert.equal(await focused(), 'tab-plot', 'the focus follows');
  await page.keyboard.press('ArrowLeft');
  await tabTo('model-name');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const [, second] = await page.locator('tr[data-model]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-model')));
  assert.equal(await page.locator('tr.selected').getAttribute('data-model'), second);
  assert.match(await focused(), /model-name/, 'the focus stays where it was');
  assert.deepEqual(complaints, []);
  await close();
});

test('light and dark can be switched, and the choice is kept', { skip }, async () => {
  const { page, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block', colorScheme: 'light' });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  assert.equal(await theme(), 'light');
  await page.locator('#theme').click();
  assert.equal(await theme(), 'dark');
  await page.reload();
  assert.equal(await theme(), 'dark');
  await close();
});

test('Chinese is one press away, and everything visible changes', { skip }, async () => {
  const { page, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
  await page.locator('#language').click();
  await page.getByText('你的图像', { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-Hans');
  const text = await page.locator('main').innerText();
  assert.deepEqual(text.match(/\b(images|classes|ranking|drop|choose)\b/i), null);
  await close();
});
