// The built page in Chromium: the live check of a model that was run.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createEngine } from '../../wasm/modelspider.mjs';
import { builtPage, chooseFolder, missingForBrowser, openPage, usePage, waitForRanking } from './browser.mjs';
import { makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser();
/** @type {import('./browser.mjs').OpenPage} */
let open;
/** @type {Awaited<ReturnType<typeof makeFolder>>} */
let sample;

usePage({
  async prepare({ browser, server }) {
    sample = await makeFolder({ circles: 12, squares: 12, triangles: 8 });
    open = await openPage(browser, server.address, { serviceWorkers: 'block' });
    await chooseFolder(open.page, sample.folder);
    await waitForRanking(open.page);
    await open.page.locator('.run-one').click();
    await open.page.locator('[data-head="linear"] strong').waitFor();
  },
});

/** What the panel says of the image that it shows. */
async function shownImage() {
  const { page } = open;
  const verdict = async (/** @type {string} */ head) => {
    const text = await page.locator(`.held-viewer [data-verdict="${head}"]`).innerText();
    const [, mark, name] = /^(right|wrong):\s[^]*?\n(\S+) \d/.exec(text) ?? assert.fail(text);
    return { isRight: mark === 'right', name };
  };
  return {
    place: await page.locator('.held-bar .number').innerText(),
    truth: await page.locator('.held-truth').innerText(),
    linear: await verdict('linear'),
    nearest: await verdict('nearest'),
  };
}

/** @param {string} head @returns {Promise<[number, number]>} right and total, as the switch says */
async function scoreOf(head) {
  const [, right, total] = /(\d+) of (\d+)/.exec(await open.page.locator(`[data-head="${head}"]`).innerText()) ?? [];
  return [Number(right), Number(total)];
}

test('held-out images are looked at one by one, and their verdicts add up to what is said of each head', { skip }, async () => {
  const { page } = open;
  // 3 of 12, 3 of 12 and 2 of 8.
  assert.match(await page.locator('.held-out').innerText(), /8 of your 32 images were kept/);
  const images = [];
  for (let i = 0; i < 8; i++) {
    images.push(await shownImage());
    await page.locator('[data-held="next"]').click();
  }
  assert.deepEqual(images.map(({ place }) => place), Array.from({ length: 8 }, (_, i) => `${i + 1} of 8`));
  assert.deepEqual(await shownImage(), images[0], 'after the last comes the first');
  await page.locator('[data-held="previous"]').click();
  assert.deepEqual(await shownImage(), images[7]);
  const truths = images.map(({ truth }) => truth).sort();
  assert.deepEqual(truths, ['circles', 'circles', 'circles', 'squares', 'squares', 'squares', 'triangles', 'triangles']);
  for (const head of /** @type {const} */ (['linear', 'nearest'])) {
    images.forEach(({ truth, [head]: { name, isRight } }) => assert.equal(isRight, name === truth));
    assert.deepEqual(await scoreOf(head), [images.filter(({ [head]: { isRight } }) => isRight).length, 8]);
  }
});

test('the other head can be chosen, and its mistakes alone be looked at', { skip }, async () => {
  const { page } = open;
  for (const head of ['nearest', 'linear']) {
    await page.locator(`[data-head="${head}"]`).click();
    assert.equal(await page.locator(`[data-head="${head}"]`).getAttribute('aria-pressed'), 'true');
    const [right, total] = await scoreOf(head);
    await page.locator('[data-focus="only-wrong"]').check();
    if (right === total) {
      await page.getByText('No mistake: this head names every held-out image right.').waitFor();
    } else {
      assert.equal((await shownImage()).place, `1 of ${total - right}`);
      assert.equal((await shownImage())[/** @type {'linear'} */ (head)].isRight, false);
    }
    await page.locator('[data-focus="only-wrong"]').uncheck();
    await page.locator('.by-class summary').click();
    const lines = await page.locator('.by-class li > .number').allInnerTexts();
    assert.equal(lines.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0), right);
  }
});

test('the picture that is shown is the one that is spoken of', { skip }, async () => {
  const { page } = open;
  await page.locator('.held-viewer .picture.made').waitFor();
  const isPainted = await page.locator('.held-viewer .picture').evaluate((canvas) => {
    const copy = new OffscreenCanvas(8, 8).getContext('2d');
    copy?.drawImage(/** @type {HTMLCanvasElement} */ (canvas), 0, 0, 8, 8);
    return new Set(copy?.getImageData(0, 0, 8, 8).data).size > 3;
  });
  assert.ok(isPainted);
});

test('an image of one\'s own is judged by both heads, and a file that is none is said', { skip }, async () => {
  const { page } = open;
  await page.locator('#check-image ~ input').setInputFiles(join(sample.folder, 'circles', '000.png'));
  await page.locator('.guesses li').first().waitFor();
  assert.deepEqual(await page.locator('.check-panel > [aria-live] [data-verdict]').evaluateAll((items) => items.map((item) => item.getAttribute('data-verdict'))), ['linear', 'nearest']);
  const shares = (await page.locator('.guesses .number').allInnerTexts()).map((text) => parseFloat(text));
  assert.equal(shares.length, 3);
  // Each is rounded to a percent.
  assert.ok(Math.abs(shares.reduce((sum, share) => sum + share) - 100) <= 2, `${shares}`);
  await page.locator('#check-image ~ input').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await page.locator('.check-panel > [aria-live]', { hasText: 'it is not an image' }).waitFor();
});

test('the model is taken along as the file that the manifest names, with where it comes from', { skip }, async () => {
  const { page } = open;
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.code-panel a[download]').click()]);
  const bytes = Buffer.concat(await (await download.createReadStream()).toArray());
  const { models } = JSON.parse(await readFile(join(builtPage, 'zoo/manifest.json'), 'utf8'));
  const entry = models.find((/** @type {any} */ { id }) => download.suggestedFilename() === `${id}.onnx`);
  const { subtle } = globalThis.crypto;
  assert.equal(Buffer.from(await subtle.digest('SHA-256', bytes)).toString('hex'), entry.onnx.sha256);
  const facts = await page.locator('.facts').innerText();
  [entry.origin, entry.source.package, entry.licence === 'unknown' ? 'licence unknown' : entry.licence].forEach((part) => assert.ok(facts.includes(part), part));
  const engine = await createEngine(await readFile(join(builtPage, 'engine/modelspider.wasm')));
  const network = engine.loadNetwork(new Uint8Array(bytes), entry.input);
  assert.equal(network.featureCount, entry.features, 'the file runs elsewhere');
  for (const language of ['JavaScript', 'Python']) {
    await page.locator(`[data-focus="code-${language}"]`).click();
    assert.ok((await page.locator(`pre[aria-label="${language}"]`).innerText()).includes(`${entry.id}.onnx`));
  }
});

test('nothing of that broke a rule, and nothing was sent', { skip }, async () => {
  assert.deepEqual(open.complaints, []);
  await sample.remove();
});
