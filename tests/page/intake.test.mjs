// The built page in Chromium: all the ways in, and files that are not what they should be.
import assert from 'node:assert/strict';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { chooseFolder, dropPaths, missingForBrowser, openPage, rankedModels, servePage, waitForRanking, usePage } from './browser.mjs';
import { drawPicture, makeFolder } from './sample-folder.mjs';

const skip = missingForBrowser();
const shared = usePage();

/**
 * @param {string} name
 * @param {Record<string, number>} classes of the folder
 * @param {(page: import('playwright-core').Page, folder: string) => Promise<void>} body
 */
function intakeTest(name, classes, body) {
  test(name, { skip }, async () => {
    const { folder, remove } = await makeFolder(classes);
    const { page, complaints, close } = await openPage(shared.browser, shared.server.address, { serviceWorkers: 'block' });
    page.on('dialog', () => assert.fail('a dialog opened'));
    try {
      await body(page, folder);
      assert.deepEqual(complaints, []);
    } finally {
      await close();
      await remove();
    }
  });
}

/** The files that could not be used, with the page's reasons. @param {import('playwright-core').Page} page */
const reasons = async (page) => Object.fromEntries(await page.locator('.skipped li').evaluateAll((items) =>
  items.map(({ firstChild, lastChild }) => [firstChild?.textContent?.split('/').at(-1), lastChild?.textContent])));

/** @param {import('playwright-core').Page} page */
const classNames = (page) => page.locator('.class-card .class-name').allTextContents();

const picture = () => drawPicture(0, () => 0.5);

intakeTest('a dropped folder is read to its end, however many files and folders are in it', {}, async (page, folder) => {
  // Chromium hands over 100 entries at a time.
  const [png, deep] = [await picture(), join(folder, 'set/deep/er')];
  await Promise.all(['many', 'few', 'deep/er'].map((name) => mkdir(join(folder, 'set', name), { recursive: true })));
  await Promise.all(Array.from({ length: 250 }, (_, i) => writeFile(join(folder, 'set/many', `${i}.png`), png)));
  await Promise.all([writeFile(join(folder, 'set/few/1.png'), png), writeFile(join(deep, '1.png'), png), writeFile(join(folder, 'set/few/.hidden.png'), png)]);
  await dropPaths(page, [join(folder, 'set')]);
  await page.locator('.task-bar', { hasText: '3 classes, 252 images' }).waitFor();
  assert.deepEqual(await classNames(page), ['deep', 'few', 'many']);
});

intakeTest('loose files ask for a class, and pasted ones join them', { circles: 4, squares: 4 }, async (page, folder) => {
  await dropPaths(page, [0, 1, 2].map((i) => join(folder, 'circles', `00${i}.png`)));
  await page.getByText('3 images came without a folder').waitFor();
  const pasted = [...await picture()];
  await page.evaluate((bytes) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(bytes)], 'pasted.png', { type: 'image/png' }));
    dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
  }, pasted);
  await page.getByText('4 images came without a folder').waitFor();
  await page.locator('[data-focus="loose-name"]').fill('round <b>');
  await page.keyboard.press('Enter');
  await page.locator('.class-card').waitFor();
  assert.deepEqual(await classNames(page), ['round <b>']);
  await dropPaths(page, [join(folder, 'squares')]);
  await waitForRanking(page);
  assert.deepEqual(await classNames(page), ['round <b>', 'squares']);
});

/** A PNG whose header claims a size that its data has not. @param {number} width @param {number} height */
async function falsePng(width, height) {
  const bytes = Buffer.from(await picture());
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

/** @param {string} type @param {Buffer} data @returns {Buffer} a chunk of a PNG */
function pngChunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
  }
  const size = Buffer.alloc(4);
  const sum = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  sum.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return Buffer.concat([size, body, sum]);
}

/** A picture as the first of two frames, the second of which is cut short. @param {Buffer} png */
function animatedPng(png) {
  const headEnd = 8 + 25;
  const control = Buffer.alloc(26);
  png.copy(control, 4, 16, 24);
  control.writeUInt16BE(1, 20);
  const later = Buffer.from(control);
  later.writeUInt32BE(1, 0);
  const end = png.length - 12;
  return Buffer.concat([png.subarray(0, headEnd), pngChunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])), pngChunk('fcTL', control),
    png.subarray(headEnd, end), pngChunk('fcTL', later), pngChunk('fdAT', Buffer.from([0, 0, 0, 2, 1, 2, 3])), png.subarray(end)]);
}

intakeTest('files that are not what they should be are named with their reasons, and the rest is ranked', { circles: 4, squares: 4 }, async (page, folder) => {
  const png = await picture();
  const frames = Buffer.concat([0, 1].map((i) => Buffer.alloc(16 * 16 * 3, 90 * i)));
  const animation = sharp(frames, { raw: { width: 16, height: 32, channels: 3, pageHeight: 16 } });
  const files = {
    'bomb.png': await falsePng(60_000, 60_000),
    'cut.png': png.subarray(0, 60),
    'text.jpg': Buffer.from('no picture'),
    'empty.png': Buffer.alloc(0),
    'drawing.svg': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    'page.html': Buffer.from('<script>alert(1)</script>'),
    'right.jpg': png,
    'nameless': png,
    'animated.gif': await animation.clone().gif({ delay: [80, 80] }).toBuffer(),
    'animated.webp': await animation.clone().webp({ delay: [80, 80] }).toBuffer(),
    'animated.png': animatedPng(png),
  };
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, 'circles', name), content)));
  await writeFile(join(folder, 'circles', 'huge.png'), png);
  await truncate(join(folder, 'circles', 'huge.png'), 257 * 2 ** 20);
  await chooseFolder(page, folder);
  await waitForRanking(page);
  assert.deepEqual(await reasons(page), {
    'bomb.png': '60000 × 60000 pixels are more than the 67 million that fit',
    'cut.png': 'this browser cannot decode it',
    'text.jpg': 'it is not an image',
    'empty.png': 'it is empty',
    'drawing.svg': 'it is not an image',
    'page.html': 'it is not an image',
    'huge.png': 'it is larger than 256 MiB',
  });
  // 4 pictures, 6 that were refused, and 5 that are good whatever their names say or however many
  // frames they have.
  assert.match(await page.locator('.class-card .class-meta').first().innerText(), /15 images · 6 unreadable/);
  assert.ok((await rankedModels(page)).length > 1);
});

/** Finds the entry of a name in a zip's directory. @param {Buffer} zip @param {string} name */
function directoryEntry(zip, name) {
  const at = zip.lastIndexOf(name) - 46;
  assert.equal(zip.readUInt32LE(at), 0x02014b50);
  return at;
}

/** A zip of two good classes and all that a zip may do wrong. */
async function hostileZip() {
  const png = await picture();
  const longName = 'x'.repeat(300);
  /** @type {Record<string, Uint8Array>} */
  const files = {
    'set/__proto__/1.png': png, 'set/<img src=x onerror=alert(1)>/1.png': png, [`set/${longName}/1.png`]: png, 'set/صور/1.png': png, 'set/🕷️/1.png': png,
    '/etc/absolute.png': png, '../climb.png': png, 'set/a/../../climb2.png': png, 'C:\\windows\\back.png': png,
    'set/🕷️/nested.zip': zipSync({ 'a.png': png }), 'set/🕷️/notes.txt': Buffer.from('x'), 'set/🕷️/false.png': png, 'set/🕷️/bomb.png': new Uint8Array(2 ** 24),
    'set/.hidden/1.png': png, '__MACOSX/set/1.png': png,
  };
  const zip = Buffer.from(zipSync(files, { level: 6 }));
  zip.writeUInt32LE(7, directoryEntry(zip, 'set/🕷️/false.png') + 24);
  return { zip, classes: ['<img src=x onerror=alert(1)>', '__proto__', longName, 'صور', '🕷️'] };
}

intakeTest('a hostile zip gives its good pictures, and a reason for every other file', {}, async (page, folder) => {
  const { zip, classes } = await hostileZip();
  await writeFile(join(folder, 'hostile.zip'), zip);
  await dropPaths(page, [join(folder, 'hostile.zip')]);
  await waitForRanking(page);
  assert.deepEqual((await classNames(page)).sort(), [...classes].sort());
  const found = await reasons(page);
  assert.deepEqual(Object.keys(found).sort(), ['absolute.png', 'back.png', 'bomb.png', 'climb.png', 'climb2.png', 'false.png', 'nested.zip', 'notes.txt']);
  assert.equal(found['nested.zip'], 'it is an archive inside an archive');
  assert.equal(found['notes.txt'], 'it is not an image');
  Object.values(found).forEach((reason) => assert.ok(reason.length > 5));
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${overflow} px too wide`);
  assert.equal(await page.evaluate(() => /** @type {any} */ ({}).images), undefined, 'no prototype was touched');
});

intakeTest('a folder or file whose reading fails is named with its reason, and the rest is taken', { circles: 3, squares: 3 }, async (page, folder) => {
  await page.evaluate(() => {
    const file = (/** @type {string} */ name, /** @type {boolean} */ isLost) => ({
      name, isDirectory: false,
      file: (/** @type {(file: File) => void} */ resolve, /** @type {(error: Error) => void} */ reject) =>
        (isLost ? reject(new DOMException('gone', 'NotFoundError')) : resolve(new File(['text'], name))),
    });
    const directory = (/** @type {string} */ name, /** @type {any[]} */ parts) => ({
      name, isDirectory: true,
      createReader: () => ({
        readEntries: (/** @type {(entries: any[]) => void} */ resolve, /** @type {(error: Error) => void} */ reject) => {
          const part = parts.shift() ?? [];
          return part === 'locked' ? reject(new DOMException('no', 'NotReadableError')) : resolve(part);
        },
      }),
    });
    const root = directory('set', [[directory('locked', ['locked']), file('lost.png', true)], [file('notes.txt', false)]]);
    const event = new Event('drop', { cancelable: true });
    const item = { kind: 'file', webkitGetAsEntry: () => root, getAsFile: () => null };
    Object.defineProperty(event, 'dataTransfer', { value: { types: ['Files'], items: [item] } });
    dispatchEvent(event);
  });
  await page.locator('.skipped li').nth(2).waitFor();
  assert.deepEqual(await reasons(page), { locked: 'it cannot be read', 'lost.png': 'it cannot be read', 'notes.txt': 'it is not an image' });
  await chooseFolder(page, folder);
  await waitForRanking(page);
});

intakeTest('files that vanish after they were chosen are named, and what can be read is ranked', { circles: 4, squares: 4 }, async (page, folder) => {
  // One class alone is not ranked yet, so that its files are read later.
  await dropPaths(page, [join(folder, 'circles')]);
  await page.getByText('A task needs at least two classes').waitFor();
  await rm(join(folder, 'circles/001.png'));
  await dropPaths(page, [join(folder, 'squares')]);
  await waitForRanking(page);
  assert.deepEqual(await reasons(page), { '001.png': 'it cannot be read' });
  assert.ok((await rankedModels(page)).length > 1);
  // The session cannot hold what is gone.
  await page.locator('[data-focus="export"]').click();
  await page.locator('[data-export="session-images"]').click();
  await page.locator('.notice', { hasText: 'The session could not be saved: it cannot be read' }).waitFor();
});

intakeTest('a damaged zip is refused in words', { circles: 3, squares: 3 }, async (page, folder) => {
  await writeFile(join(folder, 'broken.zip'), Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(100)]));
  await chooseFolder(page, folder);
  await waitForRanking(page);
  assert.match((await reasons(page))['broken.zip'], /\w+ \w+/);
});

intakeTest('filters that leave nothing say so, and how to go on', { circles: 3, squares: 3 }, async (page, folder) => {
  await chooseFolder(page, folder);
  await waitForRanking(page);
  // Every model that was made for objects is larger than 1 MB.
  await page.locator('[data-focus="filter-kind"]').selectOption('objects');
  await page.locator('[data-focus="filter-size"]').selectOption({ index: 3 });
  await page.getByText('No model is left').waitFor();
  assert.deepEqual(await rankedModels(page), []);
  await page.locator('[data-focus="filter-kind"]').selectOption('any');
  assert.ok((await rankedModels(page)).length > 0);
});

/** What a browser that guards against fingerprinting does, put before the worker's own script. @type {Record<string, string>} */
const falsifiers = {
  noisy: 'data[5] ^= 1',
  false: 'data.fill(255)',
};

for (const [verdict, change] of Object.entries(falsifiers)) {
  test(`a browser whose canvas is ${verdict} is found, and the user is told`, { skip }, async () => {
    const prefix = `{ const own = OffscreenCanvasRenderingContext2D.prototype.getImageData;
      OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...args) {
        const image = own.apply(this, args); const { data } = image; ${change}; return image; }; }\n`;
    const guarded = await servePage((path, content) => (/image-worker/.test(path) ? prefix + content.toString('utf8') : content));
    const { folder, remove } = await makeFolder({ circles: 3, squares: 3 });
    const { page, close } = await openPage(shared.browser, guarded.address, { serviceWorkers: 'block' });
    await page.locator('.notice', { hasText: verdict === 'noisy' ? 'slightly alters' : 'hides image contents' }).waitFor();
    await chooseFolder(page, folder);
    if (verdict === 'noisy') {
      await waitForRanking(page);
    } else {
      await page.getByRole('heading', { name: 'The ranking stopped' }).waitFor();
    }
    await close();
    await guarded.close();
    await remove();
  });
}
