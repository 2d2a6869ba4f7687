// What the page reads from the first bytes of a file. The pictures are sharp's, so that their sizes
// come from another hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { readImageHeader, sniffImage, sniffZip } from '../../web/images/header.mjs';

const picture = sharp({ create: { width: 123, height: 45, channels: 3, background: '#258' } });

for (const format of /** @type {const} */ (['jpeg', 'png', 'webp', 'gif', 'avif'])) {
  test(`the size of a ${format} file is in its header`, async () => {
    const bytes = await picture.clone().toFormat(format).toBuffer();
    assert.deepEqual(readImageHeader(bytes), { type: `image/${format}`, width: 123, height: 45 });
  });
}

test('the size of lossless and of transparent WebP files is in their headers', async () => {
  const lossless = await picture.clone().webp({ lossless: true }).toBuffer();
  const transparent = await picture.clone().ensureAlpha(0.5).webp().toBuffer();
  for (const bytes of [lossless, transparent]) {
    assert.deepEqual(readImageHeader(bytes), { type: 'image/webp', width: 123, height: 45 });
  }
});

test('the size of a JPEG behind a long preview is found', async () => {
  const bytes = await picture.clone().withExif({ IFD0: { ImageDescription: 'x'.repeat(20_000) } }).jpeg().toBuffer();
  assert.deepEqual(readImageHeader(bytes), { type: 'image/jpeg', width: 123, height: 45 });
});

test('a header that is cut anywhere gives no size or the right one', async () => {
  for (const format of /** @type {const} */ (['jpeg', 'png', 'webp', 'gif', 'avif'])) {
    const bytes = await picture.clone().toFormat(format).toBuffer();
    for (let size = 0; size < Math.min(bytes.length, 700); size++) {
      const header = readImageHeader(bytes.subarray(0, size));
      assert.ok(header?.width === undefined || (header.width === 123 && header.height === 45), `${format} cut at ${size}`);
    }
  }
});

test('other files are no images, and archives are told', () => {
  const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);
  assert.equal(sniffImage(bytes('<svg xmlns="http://www.w3.org/2000/svg"/>')), undefined);
  assert.equal(sniffImage(bytes('')), undefined);
  assert.equal(sniffZip(bytes('PK\x03\x04more')), true);
  assert.equal(sniffZip(bytes('PK')), false);
});
