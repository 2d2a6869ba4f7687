// The ranking as a spider's web: the spider sits at the user's task, every model on a thread of
// its own, and the further out, the worse it is expected to be. Walking the spiral is the ranking.
import { el, svg } from '../dom.mjs';
import { formatPercent, t } from '../i18n.mjs';
import { accuracyScale } from './accuracy-bar.mjs';

/** @typedef {import('../../wasm/report.mjs').RankedModel} RankedModel */

const width = 860;
const height = 560;
const centre = { x: width / 2, y: height / 2 };
const innerRadius = 34;
const outerRadius = 224;
const namedTop = 3;

/**
 * @param {RankedModel[]} ranking best first
 * @param {{selected: string | undefined, select(id: string): void}} options
 */
export function webMap(ranking, { selected, select }) {
  const { low, high } = accuracyScale(ranking);
  const radiusOf = (/** @type {number} */ accuracy) =>
    innerRadius + ((high - accuracy) / Math.max(high - low, 1e-6)) * (outerRadius - innerRadius);
  const angleOf = (/** @type {number} */ i) => (i / ranking.length) * 2 * Math.PI - Math.PI / 2;
  const place = (/** @type {number} */ i, /** @type {number} */ radius) =>
    `${(centre.x + radius * Math.cos(angleOf(i))).toFixed(1)} ${(centre.y + radius * Math.sin(angleOf(i))).toFixed(1)}`;
  const drawing = svg('svg', {
    class: 'web-map', viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': t('map.label', ranking.slice(0, namedTop).map(({ name }) => name).join(', ')),
  },
  ...rings({ low, high }, radiusOf, ranking.length),
  svg('path', { class: 'map-spiral', d: `M${ranking.map(({ expected_accuracy: { mid } }, i) => place(i, radiusOf(mid))).join('L')}` }),
  ...ranking.map((model, i) => modelThread(model, {
    angle: angleOf(i),
    ray: `M${centre.x} ${centre.y}L${place(i, outerRadius)}`,
    interval: `M${place(i, radiusOf(model.expected_accuracy.low))}L${place(i, radiusOf(model.expected_accuracy.high))}`,
    dot: place(i, radiusOf(model.expected_accuracy.mid)).split(' '),
    isSelected: model.model === selected,
    select,
  })),
  spiderAtCentre());
  return el('figure', { class: 'map' }, drawing, el('figcaption', { class: 'soft small' }, t('map.caption')));
}

/**
 * Sagging threads at round accuracies.
 *
 * @param {{low: number, high: number}} scale
 * @param {(accuracy: number) => number} radiusOf
 * @param {number} spokes
 */
function rings({ low, high }, radiusOf, spokes) {
  const step = high - low > 0.35 ? 0.1 : 0.05;
  const count = Math.round((high - low) / step);
  return Array.from({ length: count + 1 }, (_, i) => high - i * step).flatMap((accuracy, i) => {
    const radius = radiusOf(accuracy);
    // Between the last thread and the first, where no model is.
    const angle = -Math.PI / 2 - Math.PI / spokes;
    const label = svg('text', {
      class: 'map-tick', x: (centre.x + radius * Math.cos(angle)).toFixed(1), y: (centre.y + radius * Math.sin(angle) + 4).toFixed(1),
    }, formatPercent(accuracy));
    return [svg('path', { class: 'map-ring', d: ringPath(radius, spokes) }), i > 0 && label];
  });
}

/** @param {number} radius @param {number} spokes */
function ringPath(radius, spokes) {
  const point = (/** @type {number} */ i, /** @type {number} */ r) => {
    const angle = (i / spokes) * 2 * Math.PI - Math.PI / 2;
    return `${(centre.x + r * Math.cos(angle)).toFixed(1)} ${(centre.y + r * Math.sin(angle)).toFixed(1)}`;
  };
  const sag = 1 - 1.1 * (1 - Math.cos(Math.PI / spokes)) - 0.04;
  return Array.from({ length: spokes }, (_, i) =>
    `${i === 0 ? `M${point(0, radius)}` : ''}Q${point(i + 0.5, radius * sag)} ${point(i + 1, radius)}`).join('');
}

/**
 * @param {RankedModel} model
 * @param {{angle: number, ray: string, interval: string, dot: string[], isSelected: boolean,
 *   select(id: string): void}} options
 */
function modelThread({ model, name, rank, expected_accuracy: { mid } }, { angle, ray, interval, dot, isSelected, select }) {
  const [x, y] = [centre.x + (outerRadius + 12) * Math.cos(angle), centre.y + (outerRadius + 12) * Math.sin(angle)];
  const isMiddle = Math.abs(Math.cos(angle)) < 0.02;
  const anchor = isMiddle ? 'middle' : Math.cos(angle) > 0 ? 'start' : 'end';
  const drop = isMiddle ? (Math.sin(angle) < 0 ? -2 : 12) : 4;
  return svg('g', {
    class: `map-model${rank <= namedTop ? ' top' : ''}${isSelected ? ' chosen' : ''}`, onclick: () => select(model),
  },
  svg('title', {}, `${rank}. ${name}, ${formatPercent(mid)}`),
  svg('path', { class: 'map-ray', d: ray }),
  svg('path', { class: 'map-interval', d: interval }),
  svg('circle', { cx: dot[0], cy: dot[1], r: isSelected ? 8 : 6 }),
  svg('text', { x: x.toFixed(1), y: (y + drop).toFixed(1), 'text-anchor': anchor }, `${rank} ${shortened(name)}`));
}

const nameLimit = 22;

/** @param {string} name */
const shortened = (name) => ([...name].length > nameLimit ? `${[...name].slice(0, nameLimit - 1).join('')}…` : name);

function spiderAtCentre() {
  const size = 44;
  return svg('svg', { class: 'brand-mark', x: centre.x - size / 2, y: centre.y - size / 2 - 2, width: size, height: size, viewBox: '0 0 32 32' },
    svg('use', { href: '#spider' }));
}
