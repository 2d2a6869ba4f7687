// Fashion-MNIST's IDX files -> a folder of PNG files per class.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';

const classes = ['t-shirt', 'trouser', 'pullover', 'dress', 'coat', 'sandal', 'shirt', 'sneaker', 'bag', 'ankle-boot'];
const imagesPerClass = 20;
const side = 28;

/**
 * @param {string} file an .idx.gz of bytes
 * @param {number} dimensions
 * @returns {Promise<Buffer>} its values
 */
async function readIdx(file, dimensions) {
  const bytes = gunzipSync(await readFile(file), { maxOutputLength: 2 ** 27 });
  const headerSize = 4 + dimensions * 4;
  let count = 1;
  for (let i = 0; i < dimensions; i++) {
    count *= bytes.readUInt32BE(4 + i * 4);
  }
  if (bytes.readUInt32BE(0) !== 0x0800 + dimensions || bytes.length !== headerSize + count) {
    throw new Error(`${file} is not an IDX file of ${dimensions} dimensions`);
  }
  return bytes.subarray(headerSize);
}

/** The first test images of each class. @param {string} from @param {string} to */
export async function writeFashion(from, to) {
  const images = await readIdx(join(from, 't10k-images-idx3-ubyte.gz'), 3);
  const labels = await readIdx(join(from, 't10k-labels-idx1-ubyte.gz'), 1);
  const counts = classes.map(() => 0);
  await Promise.all(classes.map((name) => mkdir(join(to, name))));
  for (const [i, label] of labels.entries()) {
    if (counts[label] < imagesPerClass) {
      counts[label]++;
      const pixels = images.subarray(i * side * side, (i + 1) * side * side);
      await sharp(pixels, { raw: { width: side, height: side, channels: 1 } })
        .png().toFile(join(to, classes[label], `${String(i).padStart(5, '0')}.png`));
    }
  }
}
