// A session file holds what was put in, and a damaged one is refused with what is wrong in it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readZipDirectory, readZipEntry } from '../../wasm/zip.mjs';
import { groupByFolder } from '../../web/intake/group.mjs';
import { packZip } from '../../web/session/pack-zip.mjs';
import { readSession, sessionName, writeSession } from '../../web/session/session-file.mjs';
import { addImages, emptyTask, restoreTask, useClass } from '../../web/task.mjs';

const made = { encoder: 'a'.repeat(64), featureCount: 3 };

/** @param {Blob} blob @returns {import('../../wasm/zip.mjs').ReadAt} */
const readBlob = (blob) => async (offset, size) => new Uint8Array(await blob.slice(offset, offset + size).arrayBuffer());

/** @param {Blob} zip */
async function open(zip) {
  const entries = await readZipDirectory(readBlob(zip), zip.size);
  return readSession(entries, zip, (entry) => readZipEntry(readBlob(zip), entry));
}

function exampleTask() {
  const paths = ['x/cat/1.png', 'x/cat/2.png', 'x/__proto__/<b>.png', 'x/dog/1.png'];
  const grouped = groupByFolder(paths.map((path) => ({ path, source: { blob: new Blob([`pixels of ${path}`]) } })));
  const task = addImages(emptyTask, { ...grouped, skipped: [] });
  return useClass(task, task.classes[2].id, false);
}

/** @param {boolean} hasPixels */
async function exampleSession(hasPixels) {
  const task = exampleTask();
  const images = task.classes.flatMap((own) => own.images);
  // The last image could not be read: it has no features.
  const features = new Map(images.slice(0, -1).map((image, i) => [image, new Float32Array([i, -i / 3, 1e-30])]));
  const observed = new Map([['posenet', { accuracy: 0.75, hasFeatures: true }]]);
  const zip = await packZip(writeSession({ task, observed, made, hasPixels, featuresOf: (image) => features.get(image) }));
  return { task, images, features, zip };
}

for (const hasPixels of [false, true]) {
  test(`classes, features and observations come back ${hasPixels ? 'with' : 'without'} the images`, async () => {
    const { task, images, features, zip } = await exampleSession(hasPixels);
    const session = await open(zip);
    assert.deepEqual(session.made, made);
    assert.deepEqual([...session.observed], [['posenet', { accuracy: 0.75, hasFeatures: false }]]);
    const restored = restoreTask(session.classes);
    const shape = (/** @type {typeof task} */ { classes }) => classes.map((own) => [own.name, own.isUsed, own.images.map(({ path }) => path)]);
    assert.deepEqual(shape(restored), shape(task));
    const again = restored.classes.flatMap((own) => own.images);
    again.forEach((image, i) => assert.deepEqual(session.features.get(image.source), features.get(images[i])));
    for (const [i, { source: { blob, entry } }] of again.entries()) {
      const text = entry ? new TextDecoder().decode(await readZipEntry(readBlob(blob), entry)) : await blob.text();
      assert.equal(text, hasPixels ? `pixels of ${images[i].path}` : '');
    }
  });
}

/** @param {(stored: any) => void} change */
async function damage(change) {
  const { zip } = await exampleSession(false);
  const entries = await readZipDirectory(readBlob(zip), zip.size);
  return readSession(entries, zip, async (entry) => {
    const bytes = await readZipEntry(readBlob(zip), entry);
    if (entry.path !== sessionName) {
      return bytes;
    }
    const stored = JSON.parse(new TextDecoder().decode(bytes));
    change(stored);
    return new TextEncoder().encode(JSON.stringify(stored));
  });
}

/** @type {Record<string, (stored: any) => void>} */
const damages = {
  'another schema': (stored) => { stored.schema = 2; },
  'no classes': (stored) => { delete stored.classes; },
  'a class without a name': (stored) => { stored.classes[0].name = ''; },
  'a class that is null': (stored) => { stored.classes[0] = null; },
  'an image that is null': (stored) => { stored.classes[0].images[0] = null; },
  'a row that does not exist': (stored) => { stored.classes[0].images[0].row = 99; },
  'rows that do not fill the features': (stored) => { stored.rowCount = 2; },
  'a feature count beyond all bounds': (stored) => { stored.featureCount = 1e9; },
  'pixels that are not in the file': (stored) => { stored.classes[0].images[0].pixels = 'images/0'; },
  'an accuracy above 1': (stored) => { stored.observed.posenet.accuracy = 2; },
  'an observation that is null': (stored) => { stored.observed.posenet = null; },
  'a path of a megabyte': (stored) => { stored.classes[0].images[0].path = 'x'.repeat(2 ** 20); },
};

for (const [name, change] of Object.entries(damages)) {
  test(`a session with ${name} is refused`, async () => {
    await assert.rejects(damage(change), (/** @type {any} */ { reason }) => reason.code === 'session');
  });
}

test('a session whose text is no JSON is refused', async () => {
  const { zip } = await exampleSession(false);
  const entries = await readZipDirectory(readBlob(zip), zip.size);
  await assert.rejects(readSession(entries, zip, async () => new TextEncoder().encode('{')),
    (/** @type {any} */ { reason }) => reason.code === 'session');
});
