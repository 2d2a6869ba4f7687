// The built page in Chromium: from left to right, one step after another, and every step back.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseFolder, dropPaths, missingForBrowser, openPage, usePage, waitForRanking } from './browser.mjs';
import { makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser();
const shared = usePage();

/** @param {import('playwright-core').BrowserContextOptions} [options] */
const open = (options) => openPage(shared.browser, shared.server.address, { serviceWorkers: 'block', ...options });

/** The task as it is seen. @param {import('playwright-core').Page} page */
const taskOf = (page) => page.evaluate(() => [
  ...[...document.querySelectorAll('.class-card')].map((card) => `${card.querySelector('.class-name')?.textContent}: ${card.querySelector('.class-meta')?.textContent}`),
  document.querySelector('.loose .small')?.textContent ?? 'no loose images',
]);

/** The task when it is another than before. @param {import('playwright-core').Page} page @param {string[]} before @param {string} why */
async function changedTask(page, before, why) {
  for (let i = 0; i < 200; i++) {
    const now = await taskOf(page);
    if (now.join() !== before.join()) {
      return now;
    }
    await page.waitForTimeout(50);
  }
  return assert.fail(`${why}, and nothing changes`);
}

/** @param {import('playwright-core').Page} page @param {string} name @param {(menu: import('playwright-core').Locator) => Promise<void>} choose */
async function fromMenu(page, name, choose) {
  await page.locator(`[aria-label="More for class ${name}"]`).click();
  await choose(page.locator('.menu[open]'));
}

test('every change of the task is undone and redone, one by one', { skip }, async () => {
  const { folder, remove } = await makeFolder({ a: 2, b: 2, c: 2, d: 2 });
  const { page, complaints, close } = await open();
  const looseForm = async () => {
    await dropPaths(page, [join(folder, 'd/000.png'), join(folder, 'd/001.png')]);
    await page.locator('.loose').waitFor();
  };
  /** @type {Record<string, () => Promise<void>>} */
  const changes = {
    'a folder is added': () => chooseFolder(page, folder),
    'a class is renamed': async () => {
      await page.getByRole('button', { name: 'Rename class a' }).click();
      await page.keyboard.type('first');
      await page.keyboard.press('Enter');
    },
    'a class is renamed to another one': async () => {
      await page.getByRole('button', { name: 'Rename class first' }).click();
      await page.keyboard.type('b');
      await page.keyboard.press('Enter');
    },
    'a class is switched off': () => page.locator('[aria-label="Use class b"]').uncheck(),
    'it is switched on again': () => page.locator('[aria-label="Use class b"]').check(),
    'two classes are merged': () => fromMenu(page, 'b', async (menu) => {
      await menu.locator('select').selectOption({ label: 'c' });
      await menu.locator('form button').click();
    }),
    'a class is removed': () => fromMenu(page, 'c', (menu) => menu.locator('.menu-items > button').click()),
    'loose files are added': looseForm,
    'they get a class': async () => {
      await page.locator('[data-focus="loose-name"]').fill('late');
      await page.keyboard.press('Enter');
    },
    'more loose files are added': looseForm,
    'they are left out': () => page.getByRole('button', { name: 'Leave out' }).click(),
    'all is given up': () => page.getByRole('button', { name: 'Start over' }).click(),
    'an example is opened': () => page.locator('[data-sample=style]').click(),
  };
  const states = [await taskOf(page)];
  for (const [name, change] of Object.entries(changes)) {
    await change();
    states.push(await changedTask(page, states[states.length - 1], name));
  }
  const undo = page.getByRole('button', { name: 'Undo' });
  const redo = page.getByRole('button', { name: 'Redo' });
  for (const [i, name] of [...Object.keys(changes).entries()].reverse()) {
    await undo.click();
    assert.deepEqual(await taskOf(page), states[i], `before ${name}`);
  }
  assert.ok(await undo.isDisabled());
  for (const [i, name] of Object.keys(changes).entries()) {
    await redo.click();
    assert.deepEqual(await taskOf(page), states[i + 1], `after ${name}`);
  }
  assert.ok(await redo.isDisabled());
  assert.deepEqual(complaints, []);
  await close();
  await remove();
});

test('every example opens with one click to the classes that it promises, and its terms are there', { skip }, async () => {
  const { page, complaints, close } = await open();
  const samples = await page.locator('[data-sample]').evaluateAll((buttons) => buttons.map((button) => button.getAttribute('data-sample')));
  assert.ok(samples.length >= 4, `${samples}`);
  await page.locator('.sample-terms summary').click();
  assert.match(await page.locator('.sample-terms ul').innerText(), /GPL-2\.0[^]*MIT/);
  for (const id of samples) {
    const promised = await page.locator(`[data-sample="${id}"] .small`).innerText();
    await page.locator(`[data-sample="${id}"]`).click();
    await page.locator('.task-bar').waitFor();
    assert.equal(await page.locator('.task-bar p').innerText(), promised);
    assert.equal(await page.locator('.skipped').count(), 0);
    await page.getByRole('button', { name: 'Start over' }).click();
  }
  assert.deepEqual(complaints, []);
  await close();
});

for (const [width, isStacked] of /** @type {[number, boolean][]} */ ([[1440, false], [360, true]])) {
  test(`the three steps lie ${isStacked ? 'below each other on a phone' : 'beside each other on a wide screen'}`, { skip }, async () => {
    const { page, close } = await open({ viewport: { width, height: 800 } });
    const [images, ranking, best] = await page.locator('.column').evaluateAll((columns) => columns.map((column) => column.getBoundingClientRect().toJSON()));
    const [edge, start] = isStacked ? /** @type {const} */ (['bottom', 'top']) : /** @type {const} */ (['right', 'left']);
    assert.ok(images[edge] <= ranking[start] && ranking[edge] <= best[start]);
    await close();
  });
}

test('thumbnails are made when they come into view', { skip }, async () => {
  const { folder, remove } = await makeFolder(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`class ${String(i).padStart(2, '0')}`, 2])));
  const { page, close } = await open();
  await chooseFolder(page, folder);
  await waitForRanking(page);
  const made = () => page.locator('.thumbnail.made').count();
  await page.locator('.class-card').first().locator('.thumbnail.made').nth(1).waitFor();
  const before = await made();
  assert.ok(before < 40, `${before} of 80 are made before anybody looks`);
  assert.equal(await page.locator('.class-card').last().locator('.made').count(), 0);
  await page.locator('.class-list').evaluate((list) => list.scrollTo(0, list.scrollHeight));
  await page.locator('.class-card').last().locator('.thumbnail.made').nth(1).waitFor();
  await close();
  await remove();
});
