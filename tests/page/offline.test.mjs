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

test('with the server gone, the page opens again and ranks', { skip }, async () => {
  const { folder, remove } = await makeFolder({ circles: 5, squares: 5 });
  const server = await servePage();
  const { page, close } = await openPage(browser, server.address);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (!navigator.serviceWorker.controller) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  await server.close();
  await page.reload();
  await page.locator('body[data-ready]').waitFor();
  await chooseFolder(page, folder);
  await waitForRanking(page);
  await close();
  await remove();
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
