// The spider's web as a drawing: decoration, progress and the ground of the map.
import { svg } from './dom.mjs';

const centre = 200;
const outerRadius = 195;

/** Spokes are a little uneven, as a spider's are, and the same each time. @param {number} i @param {number} count */
function spokeAngle(i, count) {
  const unevenness = Math.sin((i % count) * 12.9898) * 0.16;
  return ((i + unevenness) / count) * 2 * Math.PI - Math.PI / 2;
}

/** @param {number} angle @param {number} radius @returns {[number, number]} */
const pointAt = (angle, radius) => [centre + radius * Math.cos(angle), centre + radius * Math.sin(angle)];

/** @param {[number, number]} point */
const written = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;

/**
 * A spiral of sagging threads from the centre outwards, one path for each stretch between spokes.
 *
 * @param {number} spokes
 * @param {number} rings
 * @returns {string[]}
 */
function spiralStretches(spokes, rings) {
  const radius = (/** @type {number} */ step) => 18 + (outerRadius - 24) * (step / (spokes * rings)) ** 0.92;
  return Array.from({ length: spokes * rings }, (_, step) => {
    const from = spokeAngle(step % spokes, spokes);
    const to = spokeAngle((step % spokes) + 1, spokes);
    const sag = (radius(step) + radius(step + 1)) / 2 * 0.88;
    return `M${written(pointAt(from, radius(step)))}Q${written(pointAt((from + to) / 2, sag))} ${written(pointAt(to, radius(step + 1)))}`;
  });
}

/**
 * @param {{spokes?: number, rings?: number, label?: string}} [options]
 * @returns {SVGSVGElement}
 */
export function drawWeb({ spokes = 17, rings = 9 } = {}) {
  const rays = Array.from({ length: spokes }, (_, i) =>
    `M${centre} ${centre}L${written(pointAt(spokeAngle(i, spokes), outerRadius))}`);
  return svg('svg', { viewBox: '0 0 400 400', class: 'web-figure', focusable: 'false', 'aria-hidden': 'true' },
    svg('path', { class: 'web-rays', d: rays.join('') }),
    svg('path', { class: 'web-spiral', d: spiralStretches(spokes, rings).join('') }));
}

/** A web that is spun as far as work is done. */
export class SpinningWeb {
  #stretches;
  #spun;
  #spider;
  #spokes = 15;
  #shown = -1;

  constructor() {
    this.#stretches = spiralStretches(this.#spokes, 7);
    this.element = drawWeb({ spokes: this.#spokes, rings: 7 });
    this.#spun = svg('path', { class: 'web-spun' });
    this.#spider = svg('circle', { class: 'web-spider', r: 7, cx: centre, cy: centre });
    this.element.append(this.#spun, this.#spider);
  }

  /** @param {number} share 0 … 1 */
  spin(share) {
    const count = Math.round(share * this.#stretches.length);
    if (count === this.#shown) {
      return;
    }
    this.#shown = count;
    this.#spun.setAttribute('d', this.#stretches.slice(0, count).join(''));
    const last = this.#stretches[Math.max(count - 1, 0)].split(' ');
    const [x, y] = count === 0 ? [centre, centre] : [last.at(-2), last.at(-1)].map(Number);
    this.#spider.setAttribute('cx', String(x));
    this.#spider.setAttribute('cy', String(y));
  }
}
