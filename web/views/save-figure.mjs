// A drawing as a file that needs no style sheet: SVG, or PNG at twice its size.
import { saveFile } from '../download.mjs';
import { el, svg } from '../dom.mjs';
import { t } from '../i18n.mjs';

const pngScale = 2;

/** @param {SVGSVGElement} drawn @returns {{text: string, width: number, height: number}} */
function writeSvg(drawn) {
  const style = getComputedStyle(document.documentElement);
  const { width, height } = drawn.viewBox.baseVal;
  const copy = /** @type {SVGSVGElement} */ (drawn.cloneNode(true));
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', width: String(width), height: String(height), 'font-family': 'sans-serif' };
  Object.entries(attributes).forEach(([name, value]) => copy.setAttribute(name, value));
  copy.prepend(svg('rect', { width, height, fill: 'var(--card)' }));
  // What the page keeps elsewhere comes along.
  copy.querySelectorAll('use').forEach((use) => {
    const symbol = document.querySelector(use.getAttribute('href') ?? '');
    use.replaceWith(...(symbol?.cloneNode(true).childNodes ?? []));
  });
  const text = new XMLSerializer().serializeToString(copy)
    .replaceAll(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  return { text, width, height };
}

/** @param {{text: string, width: number, height: number}} drawing @returns {Promise<Blob>} */
async function toPng({ text, width, height }) {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  try {
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(width * pngScale, height * pngScale);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob();
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** @param {HTMLElement} figure with the drawing, sooner or later @param {string} name of the file */
export function saveButtons(figure, name) {
  const button = (/** @type {'svg' | 'png'} */ kind) => el('button', {
    type: 'button', class: 'quiet small', 'data-focus': `save-${kind}`, 'data-save': kind,
    async onclick() {
      const drawn = figure.querySelector('svg');
      if (drawn) {
        const drawing = writeSvg(drawn);
        const [type, content] = kind === 'svg' ? ['image/svg+xml', drawing.text] : ['image/png', await toPng(drawing)];
        saveFile(`${name}.${kind}`, String(type), content);
      }
    },
  }, t(kind === 'svg' ? 'plot.save-svg' : 'plot.save-png'));
  return el('span', { class: 'save-buttons' }, button('svg'), button('png'));
}
