// The built page in Chromium: running models, sessions, and what many images and rankings cost.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unzipSync } from 'fflate';
import {
  chooseFolder, dropPaths, missingForBrowser, openPage, rankedModels, traceTasks, waitForRanking, usePage,
} from './browser.mjs';
import { makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser();
const shared = usePage();

/**
 * @param {string} name
 * @param {Record<string, number>} classes
 * @param {(open: import('./browser.mjs').OpenPage, folder: string) => Promise<void>} body
 */
function rankedTest(name, classes, body) {
  test(name, { skip }, async () => {
    const { folder, remove } = await makeFolder(classes);
    const open = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
    try {
      await chooseFolder(open.page, folder);
      await waitForRanking(open.page);
      await body(open, folder);
      assert.deepEqual(open.complaints, []);
    } finally {
      await open.close();
      await remove();
    }
  });
}

/** The rows of the table with their figures, without times, which are each device's own. @param {import('playwright-core').Page} page */
const rows = async (page) => (await page.locator('tr[data-model]').allInnerTexts()).map((text) => text.replace(/(≈ )?[\d.,]+ ms[^]*/, ''));

/** Sorts the table by size, so that its order stays when ranks change. @param {import('playwright-core').Page} page */
const sortBySize = (page) => page.locator('[data-focus="sort-size"]').click();

/**
 * Runs a model that is fetched and run in a moment, and does not run with the encoder anyway.
 *
 * @param {import('playwright-core').Page} page
 */
async function runSmallOne(page) {
  await page.locator('tr[data-model="ppocr-cls"] .model-name').click();
  await page.locator('.run-one').click();
  await page.locator('#check-image').waitFor();
}

const two = { circles: 8, squares: 8 };

rankedTest('running a model measures it, and makes the ranking anew', two, async ({ page, requests }, folder) => {
  requests.length = 0;
  await sortBySize(page);
  const before = await rows(page);
  await runSmallOne(page);
  assert.match(await page.locator('.facts').innerText(), /Measured here\s+\d+%/);
  assert.notDeepEqual(await rows(page), before);
  const model = await page.locator('tr.selected').getAttribute('data-model');
  assert.deepEqual(requests.map((url) => new URL(url).pathname.split('/').at(-1)), [`${model}.onnx`], 'only its file was asked for');
  await page.locator('#check-image ~ input').setInputFiles(join(folder, 'circles', '000.png'));
  await page.locator('.guesses li').first().waitFor();
  assert.match(await page.locator('.guesses li').first().innerText(), /circles\s+\d+%/);
});

rankedTest('each of the best models that was run makes the ranking anew', two, async ({ page }) => {
  await page.evaluate(() => {
    const seen = /** @type {any} */ (globalThis).seen = /** @type {{note: string, accuracies: string}[]} */ ([]);
    new MutationObserver(() => seen.push({
      note: document.getElementById('live')?.textContent ?? '',
      accuracies: [...document.querySelectorAll('tr[data-model] .accuracy')].map(({ textContent }) => textContent).join(),
    })).observe(/** @type {Node} */ (document.getElementById('live')), { childList: true });
  });
  await page.locator('#run-top').click();
  await page.getByText('3 models were run on your images').waitFor();
  /** @type {{note: string, accuracies: string}[]} */
  const seen = await page.evaluate(() => /** @type {any} */ (globalThis).seen);
  const finished = seen.filter(({ note }) => /^.+ was run\. Best now: .+\.$/.test(note));
  assert.equal(finished.length, 3);
  assert.equal(new Set(finished.map(({ accuracies }) => accuracies)).size, 3);
});

rankedTest('models that are being run can be cancelled, and the ranking stays', two, async ({ page }) => {
  const before = await rankedModels(page);
  await page.locator('#run-top').click();
  await page.locator('#cancel-trial').click();
  await page.locator('#run-top').waitFor();
  assert.deepEqual(await rankedModels(page), before);
});

rankedTest('a session opens again to the identical ranking, without images', two, async ({ page }) => {
  await sortBySize(page);
  await runSmallOne(page);
  const before = await rows(page);
  await page.locator('[data-focus="export"]').click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="session"]').click()]);
  const folder = await mkdtemp(join(tmpdir(), 'modelspider-session-'));
  const file = join(folder, download.suggestedFilename());
  await download.saveAs(file);
  const names = async (/** @type {string} */ path) => Object.keys(unzipSync(new Uint8Array(await readFile(path))));
  assert.deepEqual(await names(file), ['modelspider-session.json', 'features.f32'], 'no image is in it unless asked for');
  await page.locator('[data-focus="export"]').click();
  const [larger] = await Promise.all([page.waitForEvent('download'), page.locator('[data-export="session-images"]').click()]);
  await larger.saveAs(`${file}-images`);
  assert.equal((await names(`${file}-images`)).length, 2 + 16);

  const other = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
  await other.page.locator('input[type="file"]:not([webkitdirectory])').first().setInputFiles(file);
  await waitForRanking(other.page);
  await sortBySize(other.page);
  assert.deepEqual(await rows(other.page), before);
  await other.page.getByText('This session came without its images').waitFor();
  assert.equal(await other.page.locator('.run-one, #run-top').count(), 0, 'no model can be run on images that are not there');
  await other.page.getByRole('button', { name: 'Undo' }).click();
  await other.page.getByText('The ranking appears here').waitFor();
  assert.deepEqual(other.complaints, []);
  await other.close();
  await rm(folder, { recursive: true });
});

// Other work on the machine stretches even processor time, by cold caches and shared cores. What is
// really long is long every time.
const longTaskAttempts = 2;

test('2,000 images never hold the page up for longer than 100 ms', { skip }, async (context) => {
  const { folder, remove } = await makeFolder(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`class ${i}`, 100])));
  for (let attempt = 1; attempt <= longTaskAttempts; attempt++) {
    const { page, complaints, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
    const stop = await traceTasks(shared.browser, page);
    // A file chooser would hold the page up itself, before it hands over the list of files.
    await dropPaths(page, [folder]);
    await page.locator('#ranking[aria-busy="false"] table.ranking').waitFor({ timeout: 600_000 });
    await dropPaths(page, [folder]);
    await page.getByText('2,000 files could not be used').waitFor();
    // The heads on a model of many images are fitted elsewhere, too.
    await runSmallOne(page);
    const long = (await stop()).filter((milliseconds) => milliseconds > 100);
    assert.deepEqual(complaints, []);
    await close();
    if (long.length === 0) {
      break;
    }
    context.diagnostic(`attempt ${attempt}: ${long.map(Math.round)} ms`);
    assert.ok(attempt < longTaskAttempts, `${long} ms`);
  }
  await remove();
});

rankedTest('twenty rankings in a row do not grow the memory', two, async ({ page }) => {
  const session = await page.context().newCDPSession(page);
  const used = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    return usedSize;
  };
  const rankAgain = async () => {
    for (const name of ['Undo', 'Redo']) {
      await page.getByRole('button', { name }).click();
    }
    await waitForRanking(page);
  };
  await rankAgain();
  const first = await used();
  for (let i = 0; i < 20; i++) {
    await rankAgain();
  }
  const growth = (await used()) - first;
  // One ranking's features and table are about 0.4 MB; if 20 stayed, this would be 8 MB.
  assert.ok(growth < 2e6, `${growth} bytes more`);
});
