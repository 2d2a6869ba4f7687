// The webcam, which Chromium plays a film of its own into.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingForBrowser, openPage, rankedModels, usePage, waitForRanking } from './browser.mjs';

const skip = missingForBrowser();
const shared = usePage({ flags: ['--use-fake-device-for-media-stream'] });

/** @param {import('playwright-core').Page} page @param {string} name */
async function record(page, name) {
  await page.locator('#camera-class').fill(name);
  await page.locator('#hold-to-record').hover();
  await page.mouse.down();
  await page.getByText(/[5-9] frames/).waitFor();
  await page.mouse.up();
  await page.locator('.class-card .class-name', { hasText: name }).waitFor();
}

test('classes are recorded while a button is held, and the webcam checks a model live', { skip }, async () => {
  const { page, complaints, requests, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block', permissions: ['camera'] });
  await page.locator('#use-camera').click();
  await page.locator('.camera-picture').waitFor();
  await record(page, 'first');
  await record(page, 'second');
  // The keyboard holds the button just as well.
  await page.locator('#camera-class').fill('third');
  await page.locator('#hold-to-record').focus();
  await page.keyboard.down('Space');
  await page.getByText(/[2-4] frames/).waitFor();
  await page.getByText(/[5-9] frames/).waitFor();
  await page.keyboard.up('Space');
  await page.locator('.class-card .class-name', { hasText: 'third' }).waitFor();
  await page.locator('#close-camera').click();
  await waitForRanking(page);
  assert.equal(await page.locator('.camera-picture').count(), 0);
  assert.ok((await rankedModels(page)).length > 1);

  await page.locator('[data-focus="sort-size"]').click();
  await page.locator('.model-name').first().click();
  await page.locator('.run-one').click();
  await page.locator('#check-live').click();
  await page.locator('.guesses li').first().waitFor();
  assert.match(await page.locator('.guesses li').first().innerText(), /(first|second|third)\s+\d+%/);
  assert.equal(await page.locator('#check-live').getAttribute('aria-pressed'), 'true');
  await page.locator('#check-live').click();
  assert.equal(await page.locator('.camera-picture').count(), 0);
  assert.deepEqual(complaints, []);
  assert.deepEqual(requests.filter((url) => !url.startsWith(shared.server.address) && !url.startsWith('blob:')), []);
  await close();
});

test('a webcam that is not allowed is said, and the page goes on', { skip }, async () => {
  const { page, complaints, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block', permissions: [] });
  await page.locator('#use-camera').click();
  await page.locator('.camera-panel', { hasText: 'The browser did not allow the webcam' }).waitFor();
  await page.locator('.camera-panel button').click();
  assert.equal(await page.locator('.camera-panel').count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});
