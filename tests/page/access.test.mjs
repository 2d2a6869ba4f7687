// Everyone can use the page: axe-core finds nothing, the keyboard reaches everything, nothing is
// wider than a small phone. The screenshots of these states go to build/screenshots.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { builtPage, chooseFolder, missingForBrowser, openPage, screenshots, waitForRanking, usePage } from './browser.mjs';
import { readKnownTasks } from '../../web/score/known-tasks.mjs';
import { plainName } from '../../web/views/web-map.mjs';
import { drawPicture, makeFolder } from './sample-folder.mjs';

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

/** Runs the model that is fetched soonest, and waits for what the heads on it say. @param {Page} page */
async function tryOne(page) {
  await page.locator('[data-focus="sort-size"]').evaluate((button) => /** @type {HTMLElement} */ (button).click());
  await page.locator('.model-name').first().click();
  await page.locator('.run-one').click();
  await page.locator('.held-viewer .picture.made').waitFor();
  await page.locator('.by-class summary').click();
}

/** @type {Record<string, {classes?: Record<string, number>, others?: Record<string, string>, act?(page: Page): Promise<void>}>} */
const states = {
  empty: {},
  ranking: { classes: { birds: 9, 'a class with a rather long name, as people give them': 8, fish: 7, insects: 6 } },
  cost: { classes: { birds: 6, fish: 6 }, act: (page) => page.locator('#tab-plot').click() },
  web: { classes: { birds: 6, fish: 6 }, act: (page) => page.locator('#tab-map').click() },
  why: { classes: { birds: 6, fish: 6 }, act: (page) => page.locator('#tab-why').click() },
  tried: { classes: { birds: 6, fish: 6 }, act: tryOne },
  compared: { classes: { birds: 6, fish: 6 }, act: async (page) => { await page.locator('[data-focus="compare"]').selectOption({ index: 2 }); } },
  loose: { classes: { birds: 6, fish: 6 }, others: { 'loose.png': await drawPicture(0, () => 0.5) } },
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

/** Words that are the same in Chinese, but for what the manifest says of models. */
const sameInChinese = ['WebAssembly', 'COCO', 'Open Images', 'ImageNet', 'FER2013', 'modelspider', 'English', 'zip', 'ONNX', 'JavaScript', 'Python', 'Fashion-MNIST', 'MNIST', 'MAC', 'SVG', 'PNG', 'JSON', 'CSV', 'Markdown'];

/** What is to be read on the page and is not Chinese. @param {Page} page @param {string[]} names of models and files */
const foreignTexts = (page, names) => page.evaluate((known) => {
  /** @type {string[]} */
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: parent, textContent } = walker.currentNode;
    const isShown = parent && parent.getClientRects().length > 0 && !parent.closest('pre, script, style, .sample-terms ul');
    const rest = known.reduce((text, name) => text.replaceAll(name, ''), textContent ?? '');
    if (isShown && /[a-z]{3}/i.test(rest)) {
      found.push(textContent ?? '');
    }
  }
  const labels = [...document.querySelectorAll('[aria-label], [title]')].flatMap((element) => [element.getAttribute('aria-label'), element.getAttribute('title')]);
  return [...found, ...labels.filter((label) => label && /[a-z]{3}/i.test(known.reduce((text, name) => text.replaceAll(name, ''), label)))];
}, [...names, ...sameInChinese].sort((a, b) => b.length - a.length));

test('Chinese is one press away, and nothing that is to be read stays English', { skip }, async () => {
  const { folder, remove } = await makeFolder({ 甲: 5, 乙: 5 }, { '甲/坏.png': 'x', '乙/空.jpg': '' });
  const { page, complaints, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
  const manifest = JSON.parse(await readFile(join(builtPage, 'zoo/manifest.json'), 'utf8'));
  const names = [manifest, ...manifest.models].flatMap(({ name, architecture, licence, origin, source }) =>
    [name, architecture, licence, origin, source && `${source.package} ${source.version}`].filter(Boolean));
  // Data sets keep the names that they are known by.
  const { taskNames } = readKnownTasks(new Uint8Array(await readFile(join(builtPage, 'zoo/known-tasks.safetensors'))));
  const known = [...names, '甲', '乙', folder.split('/').at(-1) ?? '', '坏.png', '空.jpg', ...taskNames.map(plainName)];
  await page.locator('#language').click();
  await page.getByText('你的图像', { exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-Hans');
  // Terms of the examples are quoted as their packages have them.
  assert.deepEqual(await foreignTexts(page, known), [], 'empty');
  await chooseFolder(page, folder);
  await waitForRanking(page);
  await tryOne(page);
  await page.locator('[data-focus="compare"]').selectOption({ index: 2 });
  for (const tab of ['table', 'plot', 'map', 'why']) {
    await page.locator(`#tab-${tab}`).click();
    await page.waitForTimeout(500);
    assert.deepEqual(await foreignTexts(page, known), [], tab);
  }
  await page.locator('[data-focus="export"]').click();
  await page.locator('#privacy-more').click();
  assert.deepEqual(await foreignTexts(page, known), [], 'menus');
  assert.deepEqual(complaints, []);
  await close();
  await remove();
});

test('the page says how to check that nothing leaves the device', { skip }, async () => {
  const { page, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
  await page.locator('#privacy-more').click();
  const dialog = page.getByRole('dialog', { name: 'Nothing leaves this device' });
  assert.match(await dialog.innerText(), /open your browser’s developer tools, choose the network panel, and rank/);
  assert.deepEqual(await findProblems(page), []);
  await page.keyboard.press('Escape');
  assert.equal(await dialog.count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'privacy-more', 'the focus comes back');
  await close();
});

for (const reducedMotion of /** @type {const} */ (['reduce', 'no-preference'])) {
  test(`${reducedMotion === 'reduce' ? 'nothing moves for those who ask for less motion' : 'others see controls fade'}`, { skip }, async () => {
    const { folder, remove } = await makeFolder({ circles: 5, squares: 5 });
    const { page, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block', reducedMotion });
    await page.evaluate(() => {
      const moved = /** @type {any} */ (globalThis).moved = /** @type {string[]} */ ([]);
      ['transitionrun', 'animationstart'].forEach((type) => addEventListener(type, ({ target }) => moved.push(`${type} ${/** @type {Element} */ (target).className}`), true));
    });
    await page.locator('#choose-folder').hover();
    await chooseFolder(page, folder);
    await waitForRanking(page);
    await page.locator('#tab-map').click();
    await page.locator('#theme').click();
    await page.locator('#run-top').hover();
    // Long enough for what was begun to be seen.
    await page.waitForTimeout(300);
    const moved = await page.evaluate(() => [.../** @type {any} */ (globalThis).moved, ...document.getAnimations().map(({ id }) => `animation ${id}`)]);
    const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((element) => {
      const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
      return /[1-9]/.test(transitionDuration) || animationName !== 'none' || scrollBehavior === 'smooth';
    }).length);
    if (reducedMotion === 'reduce') {
      assert.deepEqual([moved, moving], [[], 0]);
    } else {
      assert.ok(moved.length > 0 && moving > 0);
    }
    await close();
    await remove();
  });
}
