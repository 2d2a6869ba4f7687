// Sets of what machines and people read: scripts in the Noto fonts, weights of letters, bar codes.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { debianFile, npmFile } from './packages.mjs';
import { contrast, side, svg } from './svg.mjs';

/** @typedef {import('./random.mjs').Random} Random */

const require = createRequire(import.meta.url);
const noto = () => debianFile('/usr/share/fonts/truetype/noto', 'fonts-noto-core');

/** The font of a script, and the first and last of its letters. @type {Record<string, [string, number, number]>} */
const scripts = {
  latin: ['NotoSans', 0x61, 0x7a],
  greek: ['NotoSans', 0x3b1, 0x3c9],
  cyrillic: ['NotoSans', 0x430, 0x44f],
  armenian: ['NotoSansArmenian', 0x561, 0x586],
  hebrew: ['NotoSansHebrew', 0x5d0, 0x5ea],
  devanagari: ['NotoSansDevanagari', 0x905, 0x939],
  thai: ['NotoSansThai', 0xe01, 0xe2e],
  georgian: ['NotoSansGeorgian', 0x10d0, 0x10f0],
  ethiopic: ['NotoSansEthiopic', 0x1200, 0x1240],
  cherokee: ['NotoSansCherokee', 0x13a0, 0x13ef],
  runic: ['NotoSansRunic', 0x16a0, 0x16ea],
  tifinagh: ['NotoSansTifinagh', 0x2d30, 0x2d65],
};
export const scriptNames = Object.keys(scripts);

/** The fonts of one family, by style. @type {Record<string, string>} */
const styles = {
  'sans-regular': 'NotoSans-Regular', 'sans-bold': 'NotoSans-Bold', 'sans-italic': 'NotoSans-Italic',
  'serif-regular': 'NotoSerif-Regular', 'serif-bold': 'NotoSerif-Bold', 'serif-italic': 'NotoSerif-Italic',
};
export const styleNames = Object.keys(styles);

/** @type {Map<string, any>} */
const fonts = new Map();

/** @param {string} file @returns {any} */
function loadFont(file) {
  const opentype = require(npmFile('opentype.js'));
  const font = fonts.get(file) ?? opentype.loadSync(join(noto(), file));
  fonts.set(file, font);
  return font;
}

/** Two lines of letters, one glyph each. @param {any} font @param {() => string} letter @param {Random} random */
function drawWords(font, letter, random) {
  const { ink, ground } = contrast(random);
  const size = random.between(20, 34);
  const lines = [0.4, 0.75].map((height) => {
    let x = random.between(4, 16);
    return Array.from({ length: 6 }, () => {
      const glyph = font.charToGlyph(letter());
      const path = glyph.getPath(x, side * height, size).toPathData(1);
      x += glyph.advanceWidth * size / font.unitsPerEm;
      return path;
    }).join('');
  });
  return svg(ground, `<path d="${lines.join('')}" fill="${ink}" transform="rotate(${random.integer(-8, 8)} 64 64)"/>`);
}

/** @param {string} name @param {Random} random */
export function drawScript(name, random) {
  const [font, first, last] = scripts[name];
  return drawWords(loadFont(`${font}-Regular.ttf`), () => String.fromCodePoint(random.integer(first, last)), random);
}

/** @param {string} name @param {Random} random */
export function drawStyle(name, random) {
  return drawWords(loadFont(`${styles[name]}.ttf`), () => String.fromCodePoint(random.integer(0x61, 0x7a)), random);
}

/** What each kind encodes: digits of a length, or letters. @type {Record<string, [string, number | undefined]>} */
const barcodes = {
  'code-128': ['code128', undefined], 'code-39': ['code39', undefined], 'ean-13': ['ean13', 12], interleaved: ['interleaved2of5', 10],
  qr: ['qrcode', undefined], 'data-matrix': ['datamatrix', undefined], aztec: ['azteccode', undefined], pdf417: ['pdf417', undefined],
  maxicode: ['maxicode', undefined], postnet: ['postnet', 9],
};
export const barcodeNames = Object.keys(barcodes);

/** @param {string} name @param {Random} random */
export function drawBarcode(name, random) {
  const bwip = require(npmFile('bwip-js'));
  const [bcid, digits] = barcodes[name];
  const letters = digits === undefined ? 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789' : '0123456789';
  const text = Array.from({ length: digits ?? random.integer(6, 12) }, () => random.pick(letters)).join('');
  const drawn = bwip.toSVG({ bcid, text, scale: 2 });
  const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(drawn) ?? [];
  const scale = random.between(88, 112) / Math.max(Number(width), Number(height));
  const { ink, ground } = { ink: '#000', ground: `hsl(${random.integer(0, 359)},30%,${random.integer(82, 98)}%)` };
  const body = drawn.replace(/^<svg[^>]*>|<\/svg>\s*$/g, '').replaceAll('#000000', ink);
  const [x, y] = [(side - Number(width) * scale) / 2, (side - Number(height) * scale) / 2];
  return svg(ground, `<g transform="rotate(${random.integer(-20, 20)} 64 64) translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${scale.toFixed(4)})">${body}</g>`);
}
