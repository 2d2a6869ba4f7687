// The built page in Chromium: from a folder of pictures to a ranking.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../wasm/modelspider.mjs';
import { chooseFolder, missingForBrowser, openPage, rankedModels, waitForRanking, usePage } from './browser.mjs';
import { runCli } from '../cli/run-cli.mjs';
import { makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser();
const shared = usePage();

/**
 * A test with a page of its own and a folder of pictures.
 *
 * @param {string} name
 * @param {{classes: Record<string, number>, others?: Record<string, string | Uint8Array>,
 *   options?: import('playwright-core').BrowserContextOptions}} setup
 * @param {(open: import('./browser.mjs').OpenPage, folder: string) => Promise<void>} body
 */
function pageTest(name, { classes, others, options }, body) {
  test(name, { skip }, async () => {
    const { folder, remove } = await makeFolder(classes, others);
    const open = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block', ...options });
    try {
      await body(open, folder);
      assert.deepEqual(open.complaints, []);
    } finally {
      await open.close();
      await remove();
    }
  });
}

/** The models that the page's tokens tell of, read by the binding in Node. */
async function scoredModels() {
  const read = async (/** @type {string} */ path) => new Uint8Array(await (await fetch(shared.server.address + path)).arrayBuffer());
  const engine = await createEngine(await read('engine/modelspider.wasm'));
  return engine.loadScorer(await read('zoo/tokens.safetensors')).modelIds.sort();
}

const three = { circles: 8, squares: 8, triangles: 8 };

pageTest('a folder becomes classes and a ranking of every model of the zoo', { classes: three }, async ({ page }, folder) => {
  await chooseFolder(page, folder);
  await waitForRanking(page);
  assert.deepEqual(await page.locator('.class-card .class-name').allTextContents(), ['circles', 'squares', 'triangles']);
  const models = await rankedModels(page);
  assert.deepEqual([...models].sort(), await scoredModels());
  assert.match(await page.locator('tr[data-model] .accuracy').first().innerText(), /\d+%/);
  assert.match(await page.locator('#live').innerText(), /Ranking ready/);
});

pageTest('a file that cannot be read is named with its reason, and the rest is ranked', {
  classes: three,
  others: { 'circles/broken.png': new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0]), 'squares/empty.jpg': '', 'triangles/notes.txt': 'no picture' },
}, async ({ page }, folder) => {
  await chooseFolder(page, folder);
  await waitForRanking(page);
  const items = await page.locator('.skipped li').allInnerTexts();
  const reasons = Object.fromEntries(items.map((text) => [text.split('\n')[0].split('/').at(-1), text.split('\n')[1]]));
  assert.deepEqual(reasons, {
    'broken.png': 'this browser cannot decode it', 'empty.jpg': 'it is empty', 'notes.txt': 'it is not an image',
  });
  assert.equal((await rankedModels(page)).length > 1, true);
});

pageTest('while it ranks, the page asks for nothing', { classes: three }, async ({ page, requests }, folder) => {
  requests.length = 0;
  await chooseFolder(page, folder);
  await waitForRanking(page);
  assert.deepEqual(requests.filter((url) => !url.startsWith('blob:')), []);
});

pageTest('ranking works with the network cut after loading', { classes: three }, async ({ page }, folder) => {
  await page.context().setOffline(true);
  await chooseFolder(page, folder);
  await waitForRanking(page);
});

pageTest('an early ranking of the first images is shown, and the last one replaces it', { classes: { a: 40, b: 40 } }, async ({ page }, folder) => {
  await page.evaluate(() => {
    const notes = /** @type {any} */ (globalThis).notes = /** @type {string[]} */ ([]);
    new MutationObserver(() => notes.push(document.querySelector('.result-note')?.textContent ?? '')).observe(document.body, { childList: true, subtree: true });
  });
  await chooseFolder(page, folder);
  await waitForRanking(page);
  const notes = await page.evaluate(() => /** @type {any} */ (globalThis).notes.filter((/** @type {string} */ note) => note !== ''));
  assert.match(notes[0], /^Preliminary, from the first 8 images/);
  assert.equal(await page.locator('.result-note').count(), 0);
});

// How long that is by the clock, npm run measure:page says.
pageTest('cancel takes effect before anything else happens, and going on ends with a ranking', { classes: { a: 60, b: 60 } }, async ({ page }, folder) => {
  await chooseFolder(page, folder);
  await page.locator('#cancel').waitFor();
  const isBusy = await page.evaluate(async () => {
    document.getElementById('cancel')?.click();
    await new Promise((resolve) => setTimeout(resolve));
    return document.getElementById('ranking')?.getAttribute('aria-busy');
  });
  assert.equal(isBusy, 'false');
  await page.getByRole('button', { name: 'Go on' }).click();
  await waitForRanking(page);
});

pageTest('the same images give the same ranking twice, and renaming a class changes nothing', { classes: three }, async ({ page }, folder) => {
  await chooseFolder(page, folder);
  await waitForRanking(page);
  const scores = () => page.locator('tr[data-model]').allInnerTexts();
  const first = await scores();
  await page.getByRole('button', { name: 'Rename class circles' }).click();
  // A name that leaves the classes in their order: what is drawn goes by it.
  await page.keyboard.type('arcs');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Rename class arcs' }).waitFor();
  await waitForRanking(page);
  assert.deepEqual(await scores(), first);
});

pageTest('classes are merged, switched off, removed, and all of it undone', { classes: three }, async ({ page }, folder) => {
  const names = () => page.locator('.class-card .class-name').allTextContents();
  await chooseFolder(page, folder);
  await waitForRanking(page);
  await page.locator('[aria-label="More for class circles"]').click();
  await page.locator('.menu[open] select').selectOption({ label: 'squares' });
  await page.locator('.menu[open] form button').click();
  assert.deepEqual(await names(), ['squares', 'triangles']);
  await page.locator('[aria-label="More for class squares"]').click();
  await page.locator('.menu[open] > .menu-items > button').click();
  assert.deepEqual(await names(), ['triangles']);
  await page.getByText('A task needs at least two classes').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  assert.deepEqual(await names(), ['circles', 'squares', 'triangles']);
  await page.getByRole('button', { name: 'Redo' }).click();
  assert.deepEqual(await names(), ['squares', 'triangles']);
  await waitForRanking(page);
});

const hostile = ['<img src=x onerror=alert(1)>', '__proto__', 'constructor', '=1+1', 'صور القطط', '🕷️ spiders', 'x'.repeat(250)];

pageTest('strange class names are shown as they are, and nothing runs', {
  classes: Object.fromEntries(hostile.map((name, i) => [name, 3 + (i % 2)])),
}, async ({ page }, folder) => {
  page.on('dialog', () => assert.fail('a dialog opened'));
  await chooseFolder(page, folder);
  await waitForRanking(page);
  const shown = await page.locator('.class-card .class-name').allTextContents();
  assert.deepEqual(shown.sort(), [...hostile].sort());
  assert.equal(await page.locator('.class-card img').count(), 0);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
});

pageTest('one class, or no readable image, is said in words', {
  classes: { circles: 4 }, others: { 'circles/x.png': 'broken' },
}, async ({ page }, folder) => {
  await chooseFolder(page, folder);
  await page.getByText('A task needs at least two classes').waitFor();
});

pageTest('the page and the command line rank the same pictures to the last bit', { classes: three }, async ({ page }, folder) => {
  await chooseFolder(page, folder);
  await waitForRanking(page);
  await page.locator('[data-focus="export"]').click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="ranking.json"]').click()]);
  const chunks = await (await download.createReadStream()).toArray();
  const inPage = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const { code, out, err } = await runCli(['rank', folder, '--json']);
  assert.equal(code, 0, err);
  const inTerminal = JSON.parse(out);
  assert.deepEqual(inPage.ranking, inTerminal.ranking);
  assert.equal(inPage.order_change, inTerminal.order_change);
});

pageTest('the ranking is exported as JSON, CSV and Markdown', { classes: { '=cmd|x': 5, squares: 5 } }, async ({ page }, folder) => {
  await chooseFolder(page, folder);
  await waitForRanking(page);
  /** @param {string} name */
  const save = async (name) => {
    await page.locator('[data-focus="export"]').click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`[data-export="${name}"]`).click()]);
    assert.equal(download.suggestedFilename(), name);
    const chunks = await (await download.createReadStream()).toArray();
    return Buffer.concat(chunks).toString('utf8');
  };
  const json = JSON.parse(await save('ranking.json'));
  assert.equal(json.schema, 1);
  assert.deepEqual(json.task.classes, [{ name: '=cmd|x', images: 5 }, { name: 'squares', images: 5 }]);
  assert.deepEqual(json.ranking.map((/** @type {{model: string}} */ { model }) => model), await rankedModels(page));
  assert.match(await save('ranking.csv'), /^rank,model,/);
  assert.match(await save('ranking.md'), /^\| rank \|/);
});
