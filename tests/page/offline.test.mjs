// After the first visit the page needs no server any more.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chooseFolder, missingForBrowser, openPage, servePage, startBrowser, waitForRanking } from './browser.mjs';
import { makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser();
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  if (!skip) {
    browser = await startBrowser();
  }
});

after(() => browser?.close());

/** @param {import('playwright-core').Page} page */
const waitForWorker = (page) => page.evaluate(async () => {
  await navigator.serviceWorker.ready;
  while (!navigator.serviceWorker.controller) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test('with the server gone, the page opens again and ranks, and its licences can be read', { skip }, async () => {
  const { folder, remove } = await makeFolder({ circles: 5, squares: 5 });
  const server = await servePage();
  const { page, close } = await openPage(browser, server.address);
  await waitForWorker(page);
  await server.close();
  await page.reload();
  await page.locator('body[data-ready]').waitFor();
  await chooseFolder(page, folder);
  await waitForRanking(page);
  const [licences] = await Promise.all([page.context().waitForEvent('page'), page.locator('.footer a').click()]);
  assert.match(await licences.locator('body').innerText(), /d3-array[\s\S]*cJSON[\s\S]*Apache License/);
  await close();
  await remove();
});

test('a new version is offered, and comes when the user takes it', { skip }, async () => {
  let isNew = false;
  // Another list of files is another version.
  const server = await servePage((path, content) => {
    if (isNew && path === 'service-worker.js') {
      return content.toString('utf8').replace(/const version = '\w+'/, "const version = 'newer'");
    }
    return isNew && path === 'index.html' ? content.toString('utf8').replace('</body>', '<p id="newer"></p></body>') : content;
  });
  const { page, close } = await openPage(browser, server.address);
  await waitForWorker(page);
  isNew = true;
  await page.reload();
  await page.locator('.notice', { hasText: 'A new version of this page is ready' }).waitFor();
  assert.equal(await page.locator('#newer').count(), 0, 'the page does not change under the hands of the user');
  await page.getByRole('button', { name: 'Use it now' }).click();
  await page.locator('#newer').waitFor({ state: 'attached' });
  await page.locator('body[data-ready]').waitFor();
  const caches = await page.evaluate(() => globalThis.caches.keys());
  assert.deepEqual(caches.filter((name) => name.startsWith('modelspider-page-')), ['modelspider-page-newer']);
  await close();
  await server.close();
});

test('the page cannot send anything anywhere', { skip }, async () => {
  const server = await servePage();
  const { page, close } = await openPage(browser, server.address, { serviceWorkers: 'block' });
  const refused = await page.evaluate(async () => {
    /** @type {string[]} */
    const violated = [];
    addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violated.push(effectiveDirective));
    await fetch('https://example.invalid/', { method: 'POST', body: 'pixels' }).catch(() => {});
    navigator.sendBeacon('https://example.invalid/', 'pixels');
    const image = new Image();
    image.src = 'https://example.invalid/pixels.png';
    await new Promise((resolve) => image.addEventListener('error', resolve));
    const form = document.createElement('form');
    form.action = 'https://example.invalid/';
    document.body.append(form);
    form.submit();
    while (violated.length < 4) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return violated.sort();
  });
  assert.deepEqual(refused, ['connect-src', 'connect-src', 'form-action', 'img-src']);
  await close();
  await server.close();
});

test('nothing is asked of any other server', { skip }, async () => {
  const { folder, remove } = await makeFolder({ circles: 5, squares: 5 });
  const server = await servePage();
  const { page, requests, close } = await openPage(browser, server.address);
  await page.locator('[data-sample]').first().click();
  await waitForRanking(page);
  await page.locator('#tab-plot').click();
  await page.locator('.model-plot').waitFor();
  assert.deepEqual(requests.filter((url) => !url.startsWith(server.address) && !url.startsWith('blob:')), []);
  await close();
  await server.close();
  await remove();
});
