// Sets of photographs that were changed: the class is what was done to them.
import sharp from 'sharp';
import { folders } from './packages.mjs';
import { colour } from './svg.mjs';

/**
 * @typedef {import('./random.mjs').Random} Random
 * @typedef {import('sharp').Sharp} Sharp
 */

const side = 128;

/**
 * A photograph on a plain ground.
 *
 * @param {string} file
 * @param {Random} random
 * @returns {Sharp}
 */
const photograph = (file, random) => sharp(file).flatten({ background: groundOf(random) })
  .resize(side, side, { fit: 'cover' });

/** @param {Random} random @returns {string} */
const groundOf = (random) => {
  const part = () => random.integer(60, 220).toString(16).padStart(2, '0');
  return `#${part()}${part()}${part()}`;
};

/** @param {Sharp} image @param {(pixels: Buffer) => void} change of RGB bytes, in place @returns {Promise<Sharp>} */
async function withPixels(image, change) {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  change(data);
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } });
}

const hues = ['red', 'orange', 'yellow', 'green', 'cyan', 'blue', 'violet', 'pink'];
const tints = [[1, 0.6, 0.6], [1, 0.8, 0.55], [1, 1, 0.55], [0.6, 1, 0.6], [0.55, 1, 1], [0.6, 0.65, 1], [0.8, 0.6, 1], [1, 0.6, 0.9]];

/** @type {Record<string, {classes: string[], change(image: Sharp, level: number, random: Random): Sharp | Promise<Sharp>}>} */
export const changes = {
  blur: { classes: ['none', 'slight', 'some', 'strong', 'extreme'], change: (image, level) => (level === 0 ? image : image.blur([0, 0.8, 1.8, 4, 8][level])) },
  noise: {
    classes: ['none', 'slight', 'some', 'strong', 'extreme'],
    change: (image, level, random) => withPixels(image, (pixels) => {
      for (let i = 0; i < pixels.length; i++) {
        pixels[i] = Math.max(0, Math.min(255, Math.round(pixels[i] + [0, 6, 16, 36, 70][level] * random.normal())));
      }
    }),
  },
  jpeg: {
    classes: ['best', 'good', 'fair', 'poor', 'worst'],
    change: async (image, level) => sharp(await image.jpeg({ quality: [95, 50, 22, 9, 3][level] }).toBuffer()),
  },
  cast: {
    classes: hues,
    change: (image, level, random) => withPixels(image, (pixels) => {
      const strength = random.between(0.5, 1);
      for (let i = 0; i < pixels.length; i++) {
        pixels[i] = Math.round(pixels[i] * (1 - strength * (1 - tints[level][i % 3])));
      }
    }),
  },
  turn: { classes: ['upright', 'right', 'over', 'left'], change: async (image, level) => sharp(await image.png().toBuffer()).rotate(level * 90) },
  size: {
    classes: ['128', '64', '32', '16', '8'],
    change: async (image, level) => sharp(await image.resize(side >> level).png().toBuffer()).resize(side, side, { kernel: 'cubic' }),
  },
  light: { classes: ['night', 'dusk', 'day', 'glare'], change: (image, level, random) => image.linear([0.22, 0.5, 1, 1.7][level] * random.between(0.9, 1.1), [0, 5, 0, 30][level]) },
};

/**
 * Each photograph is used in one class only.
 *
 * @param {string} name of the change
 * @returns {Promise<import('./collection.mjs').PictureList>}
 */
export async function changedPhotographs(name) {
  const { classes, change } = changes[name];
  const files = (await folders.photographs()).all;
  return Object.fromEntries(classes.map((className, level) => [className,
    files.filter((_, i) => i % classes.length === level).map((file) => ({
      key: file,
      render: async (/** @type {Random} */ random) => change(photograph(file, random), level, random),
    }))]));
}

/** A file of a package on a ground of one colour, smaller than the picture. @param {string} file @returns {(random: Random) => Promise<Sharp>} */
export const onGround = (file) => async (random) => {
  const inner = await sharp(file, { density: 200 }).resize(104, 104, { fit: 'inside', kernel: 'cubic' }).png().toBuffer();
  const ground = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128"><rect width="128" height="128" fill="${colour(random, random.between(70, 97))}"/></svg>`);
  return sharp(ground).composite([{ input: inner, gravity: 'centre' }]);
};
