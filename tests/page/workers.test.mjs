// The built page in Chromium: how many workers there are, and what they hold on to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFolder, missingForBrowser, openPage, servePage, usePage, waitForRanking } from './browser.mjs';
import { makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser();
const shared = usePage();

/** Put before the scripts of workers: they tell how many bitmaps are open, and which models are loaded. */
const watchers = {
  'image-worker': `{ const own = Math.random(); const channel = new BroadcastChannel('watch'); let open = 0; let most = 0;
    const tell = (change) => { open += change; most = Math.max(most, open); channel.postMessage({ kind: 'bitmaps', own, open, most }); };
    const make = self.createImageBitmap;
    self.createImageBitmap = async (...args) => { const bitmap = await make(...args); tell(1); return bitmap; };
    const close = ImageBitmap.prototype.close;
    ImageBitmap.prototype.close = function () { if (this.width > 0) { close.call(this); tell(-1); } };
    const post = self.postMessage.bind(self);
    self.postMessage = (message, options) => { post(message, options); if (message.result instanceof ImageBitmap) tell(-1); }; }\n`,
  'worker-browser': `{ const own = Math.random(); const channel = new BroadcastChannel('watch'); const loaded = new Set(); let most = 0;
    addEventListener('message', ({ data: { op, args } }) => {
      if (op === 'load' && args.key !== 'encoder') loaded.add(args.key);
      if (op === 'unload') loaded.delete(args.key);
      most = Math.max(most, loaded.size);
      channel.postMessage({ kind: 'models', own, open: loaded.size, most }); }); }\n`,
};

/** @typedef {{kind: string, own: number, open: number, most: number}} Told */

test('as many workers as the device has cores; bitmaps are closed, and each holds one model at most', { skip }, async () => {
  const watched = await servePage((path, content) => {
    const watcher = Object.entries(watchers).find(([name]) => path.includes(name))?.[1];
    return watcher ? watcher + content.toString('utf8') : content;
  });
  const { folder, remove } = await makeFolder({ circles: 6, squares: 6 });
  const { page, complaints, close } = await openPage(shared.browser, watched.address, { serviceWorkers: 'block' });
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => 3 });
    const told = /** @type {any} */ (globalThis).told = new Map();
    new BroadcastChannel('watch').addEventListener('message', ({ data }) => told.set(data.own, data));
  });
  await page.reload();
  await page.locator('body[data-ready]').waitFor();
  await page.getByText('3 workers').waitFor();
  await chooseFolder(page, folder);
  await waitForRanking(page);
  await page.locator('#run-top').click();
  await page.getByText('3 models were run').waitFor();
  await page.locator('[data-held="next"]').waitFor();
  /** @returns {Promise<Told[]>} */
  const told = () => page.evaluate(() => [.../** @type {any} */ (globalThis).told.values()]);
  await page.waitForFunction(() => [.../** @type {any} */ (globalThis).told.values()].every(({ open }) => open === 0));
  const workers = await told();
  const models = workers.filter(({ kind }) => kind === 'models');
  assert.equal(models.length, 3);
  models.forEach(({ most }) => assert.ok(most <= 1, `${most} models in one worker`));
  assert.ok(models.some(({ most }) => most === 1));
  const bitmaps = workers.filter(({ kind }) => kind === 'bitmaps');
  assert.ok(bitmaps.length >= 2, 'images were decoded');
  // A thumbnail is made of a bitmap, and is one itself.
  bitmaps.forEach(({ most }) => assert.ok(most >= 1 && most <= 2, `${most} bitmaps open in one worker`));
  assert.deepEqual(complaints, []);
  await close();
  await watched.close();
  await remove();
});
