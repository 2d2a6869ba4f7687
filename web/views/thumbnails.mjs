// Small pictures of images, made when they come into view, by a worker of their own.
import { el } from '../dom.mjs';
import { ImagePool } from '../images/image-pool.mjs';

/** @typedef {import('../task.mjs').TaskImage} TaskImage */

const side = 96;
const pictureSide = 224;
const pool = new ImagePool(1);
/** Canvases by image, so that a card that is drawn anew keeps its pictures. @type {WeakMap<TaskImage, HTMLCanvasElement>} */
const canvases = new WeakMap();
/** Larger ones by file, so that what is drawn anew does not flicker. @type {WeakMap<object, HTMLCanvasElement>} */
const pictures = new WeakMap();
/** @type {WeakMap<Element, TaskImage>} */
const waiting = new WeakMap();

const observer = new IntersectionObserver((entries) => {
  entries.filter(({ isIntersecting }) => isIntersecting).forEach(({ target }) => {
    observer.unobserve(target);
    const image = waiting.get(target);
    if (image) {
      waiting.delete(target);
      paint(/** @type {HTMLCanvasElement} */ (target), image.source);
    }
  });
}, { rootMargin: '200px' });

/** Starts the worker before it is needed. */
export const warmUpThumbnails = () => pool.warmUp();

/** @param {HTMLCanvasElement} canvas @param {import('../intake/group.mjs').Source} source */
async function paint(canvas, source) {
  try {
    const bitmap = await pool.thumbnail(source, canvas.width);
    canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
    canvas.classList.add('made');
  } catch {
    // The list of files that could not be used says why.
    canvas.classList.add('broken');
  }
}

/** A larger picture of one image, made at once. @param {import('../intake/group.mjs').Source} source */
export function pictureOf(source) {
  const known = pictures.get(source.entry ?? source.blob);
  if (known) {
    return known;
  }
  const canvas = el('canvas', { class: 'picture', width: pictureSide, height: pictureSide, 'aria-hidden': 'true' });
  pictures.set(source.entry ?? source.blob, canvas);
  paint(canvas, source);
  return canvas;
}

/** @param {TaskImage[]} images @returns {HTMLCanvasElement[]} */
export function thumbnailsOf(images) {
  return images.map((image) => {
    const known = canvases.get(image);
    if (known) {
      return known;
    }
    const canvas = el('canvas', { class: 'thumbnail', width: side, height: side });
    canvases.set(image, canvas);
    waiting.set(canvas, image);
    observer.observe(canvas);
    return canvas;
  });
}
