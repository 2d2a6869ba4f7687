// The built page in Firefox: it works there, and ranks as in Chromium.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { zipSync } from 'fflate';
import { missingForBrowser, openPage, usePage, waitForRanking } from './browser.mjs';
import { Firefox, missingFirefox } from './marionette.mjs';
import { drawPicture, makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser() ?? missingFirefox();
const shared = usePage();
/** @type {Firefox | undefined} */
let running;
before(async () => {
  running = skip === undefined ? await Firefox.start() : undefined;
});
after(() => running?.close());

const ranked = '#ranking[aria-busy="false"] table.ranking';

/** @returns {Promise<Firefox>} with the page as new, which notes what goes wrong in it */
async function openInFirefox() {
  const firefox = /** @type {Firefox} */ (running);
  await firefox.open('about:blank');
  await firefox.open(shared.server.address);
  await firefox.read(() => {
    const complaints = /** @type {any} */ (window).complaints = /** @type {string[]} */ ([]);
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => complaints.push(`${violatedDirective} ${blockedURI}`));
    addEventListener('error', ({ message }) => complaints.push(message));
    addEventListener('unhandledrejection', ({ reason }) => complaints.push(String(reason)));
  });
  await firefox.waitFor('body[data-ready]');
  return firefox;
}

/** @param {Firefox} firefox @returns {Promise<string[]>} */
const complaintsOf = (firefox) => firefox.read(() => /** @type {any} */ (window).complaints);

// Its pictures are opaque: both browsers give their very values. Those of transparent ones differ by one in
// 255, because each rounds them its own way.
test('Firefox ranks an example as Chromium does, to the last digit of its link', { skip }, async () => {
  const { page, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
  await page.locator('[data-sample=fashion]').click();
  await waitForRanking(page);
  await page.locator('[data-focus=export]').click();
  await page.locator('[data-export=link]').click();
  const inChromium = await page.evaluate(() => location.hash);
  await close();
  const firefox = await openInFirefox();
  await firefox.click('[data-sample=fashion]');
  await firefox.waitFor(ranked);
  await firefox.click('[data-focus=export]');
  await firefox.click('[data-export=link]');
  const inFirefox = await firefox.read(() => location.hash);
  const contentOf = (/** @type {string} */ link) => JSON.parse(atob(link.split('=')[1].replaceAll('-', '+').replaceAll('_', '/')));
  assert.deepEqual(contentOf(inFirefox), contentOf(inChromium));
  assert.deepEqual(await complaintsOf(firefox), []);
});

test('in Firefox a zip is read, what is broken in it is said, and a model is run on the rest', { skip }, async () => {
  const { folder, remove } = await makeFolder({});
  /** @type {Record<string, Uint8Array>} */
  const files = { 'circles/broken.png': new TextEncoder().encode('x') };
  for (let i = 0; i < 12; i++) {
    files[`${i < 6 ? 'circles' : '<img src=x onerror=alert(1)>'}/${i}.png`] = await drawPicture(i < 6 ? 0 : 1, () => (i * 0.37) % 1);
  }
  await writeFile(join(folder, 'shapes.zip'), zipSync(files));
  const firefox = await openInFirefox();
  await firefox.chooseFiles('input[type=file]:not([webkitdirectory])', [join(folder, 'shapes.zip')]);
  await firefox.waitFor(ranked);
  assert.deepEqual(await firefox.read(() => [...document.querySelectorAll('.class-card .class-name')].map(({ textContent }) => textContent)),
    ['<img src=x onerror=alert(1)>', 'circles']);
  assert.match(await firefox.read(() => document.querySelector('.skipped')?.textContent ?? ''), /broken\.png.*it is not an image/);
  await firefox.click('[data-focus=sort-size]');
  await firefox.click('.model-name');
  await firefox.click('.run-one');
  await firefox.waitFor('.held-viewer .picture.made');
  assert.match(await firefox.read(() => /** @type {HTMLElement} */ (document.querySelector('.facts')).innerText), /Measured here\s+\d+%/);
  assert.deepEqual(await complaintsOf(firefox), []);
  await remove();
});
