// The web: known tasks, models and the user's task on a map. Every model lies among the tasks that
// it does better at than usual; threads lead from the spider, the user's task, to the best.
import { el, replace, svg } from '../dom.mjs';
import { t } from '../i18n.mjs';
import { placeLabels } from './place-labels.mjs';
import { saveButtons } from './save-figure.mjs';

/**
 * @typedef {import('../../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {import('../score/known-tasks.mjs').Surroundings} Surroundings
 * @typedef {import('../score/known-tasks.mjs').Spot} Spot
 * @typedef {{selected: string | undefined, select(id: string): void,
 *   lookAround(): Promise<Surroundings | undefined>}} MapOptions
 */

const namedTop = 3;
const namedTasks = 3;
const spokes = 17;
const ringDistance = 56;
const margin = 40;
const spiderSize = 44;

/** @param {RankedModel[]} ranking best first @param {MapOptions} options */
export function webMap(ranking, { selected, select, lookAround }) {
  const figure = el('figure', { class: 'map', 'aria-busy': 'true' });
  const words = el('p', { class: 'soft small map-words' });
  lookAround().then((around) => {
    if (around) {
      words.textContent = t('map.nearest', around.neighbours.slice(0, namedTasks).map(({ name }) => plainName(name)).join(', '));
      replace(figure, drawMap(ranking, around, { selected, select, width: Math.max(figure.clientWidth, 280) }));
    } else {
      replace(figure, el('p', { class: 'soft' }, t('map.unknown')));
    }
  }).catch(() => replace(figure, el('p', { class: 'soft' }, t('map.unknown'))))
    .finally(() => figure.removeAttribute('aria-busy'));
  return el('div', {},
    el('div', { class: 'plot-tools' }, words, saveButtons(figure, 'web')),
    figure,
    el('p', { class: 'soft small' }, t('map.caption')));
}

/**
 * The web before a task hangs in it, as a picture without words of its own.
 *
 * @param {import('../score/known-tasks.mjs').KnownWeb} web
 * @param {{names: Map<string, string>, width: number}} options names: of the models, by id
 */
export function waitingWeb(web, { names, width }) {
  const height = heightOf(width);
  const place = fit([...web.tasks, ...web.models], width, height);
  const tasks = web.tasks.map(({ name, ...spot }) => ({ ...place(spot), text: plainName(name), importance: 3, radius: 4 }));
  const models = web.models.map(({ id, ...spot }) => ({ ...place(spot), text: names.get(id) ?? id, importance: 2, radius: 7 }));
  return svg('svg', { class: 'web-map waiting', viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true', focusable: 'false' },
    ground({ x: width / 2, y: height * 0.42 }, Math.hypot(width, height)),
    ...tasks.map(({ x, y }) => svg('circle', { cx: x.toFixed(1), cy: y.toFixed(1), r: 3, fill: 'var(--line-strong)' })),
    ...models.map(({ x, y }) => svg('circle', { cx: x.toFixed(1), cy: y.toFixed(1), r: 6, fill: 'var(--ink-soft)', stroke: 'var(--card)', 'stroke-width': 2 })),
    ...labels([...models, ...tasks], width));
}

/** @param {number} width */
const heightOf = (width) => (width < 480 ? Math.round(width * 1.25) : 580);

/** Names of data sets as words. @param {string} name */
export const plainName = (name) => name.replaceAll('_', ' ');

/** @param {RankedModel[]} ranking @param {Surroundings} around @param {{selected: string | undefined, select(id: string): void, width: number}} options */
function drawMap(ranking, around, { selected, select, width }) {
  const height = heightOf(width);
  const place = fit([around.here, ...around.tasks, ...around.models], width, height);
  const spots = new Map(around.models.map(({ id, x, y }) => [id, place({ x, y })]));
  const models = ranking.flatMap((model) => {
    const spot = spots.get(model.model);
    return spot ? [{ ...model, ...spot }] : [];
  });
  const near = new Set(around.neighbours.slice(0, namedTasks).map(({ name }) => name));
  const tasks = around.tasks.map(({ name, ...spot }) => ({ name, ...place(spot), isNear: near.has(name) }));
  const here = place(around.here);
  const best = models.filter(({ rank }) => rank <= namedTop);
  return svg('svg', {
    class: 'web-map', viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': t('map.label', best.map(({ name }) => name).join(', '), [...near].map(plainName).join(', ')),
  },
  ground(here, Math.hypot(width, height)),
  ...tasks.filter(({ isNear }) => isNear).map((task) => thread(here, task, { stroke: 'var(--gold)', 'stroke-width': 1.5, 'stroke-dasharray': '2 4' })),
  ...best.map((model) => thread(here, model, { stroke: 'var(--ember)', 'stroke-width': 2 })),
  ...tasks.map((task) => svg('circle', { cx: task.x.toFixed(1), cy: task.y.toFixed(1), r: task.isNear ? 4.5 : 3, fill: task.isNear ? 'var(--gold)' : 'var(--line-strong)' },
    svg('title', {}, plainName(task.name)))),
  ...models.toReversed().map((model) => modelDot(model, { isSelected: model.model === selected, select })),
  spider(here),
  ...labels(captions({ models, tasks, here, selected }), width));
}

/** Fits all spots into the picture, each direction with a scale of its own. @param {Spot[]} spots @param {number} width @param {number} height @returns {(spot: Spot) => Spot} */
function fit(spots, width, height) {
  const [left, right] = [Math.min(...spots.map(({ x }) => x)), Math.max(...spots.map(({ x }) => x))];
  const [low, high] = [Math.min(...spots.map(({ y }) => y)), Math.max(...spots.map(({ y }) => y))];
  const scaleX = (width - 2 * margin) / Math.max(right - left, 1e-6);
  const scaleY = (height - 2 * margin) / Math.max(high - low, 1e-6);
  return ({ x, y }) => ({ x: margin + (x - left) * scaleX, y: margin + (high - y) * scaleY });
}

/** The web's own threads, around the spider. @param {Spot} here @param {number} reach */
function ground(here, reach) {
  const at = (/** @type {number} */ i, /** @type {number} */ radius) => {
    const angle = (i / spokes) * 2 * Math.PI - Math.PI / 2;
    return `${(here.x + radius * Math.cos(angle)).toFixed(1)} ${(here.y + radius * Math.sin(angle)).toFixed(1)}`;
  };
  const rays = Array.from({ length: spokes }, (_, i) => `M${here.x.toFixed(1)} ${here.y.toFixed(1)}L${at(i, reach)}`);
  const rings = Array.from({ length: Math.ceil(reach / ringDistance) }, (_, ring) => {
    const radius = (ring + 0.7) * ringDistance;
    return Array.from({ length: spokes }, (__, i) => `${i === 0 ? `M${at(0, radius)}` : ''}Q${at(i + 0.5, radius * 0.94)} ${at(i + 1, radius)}`).join('');
  });
  return svg('path', { d: [...rays, ...rings].join(''), fill: 'none', stroke: 'var(--line)', 'stroke-width': 1 });
}

/** @param {Spot} from @param {Spot} to @param {Record<string, string | number>} look */
function thread(from, to, look) {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 + Math.hypot(to.x - from.x, to.y - from.y) * 0.06 };
  return svg('path', {
    d: `M${from.x.toFixed(1)} ${from.y.toFixed(1)}Q${middle.x.toFixed(1)} ${middle.y.toFixed(1)} ${to.x.toFixed(1)} ${to.y.toFixed(1)}`,
    fill: 'none', 'stroke-linecap': 'round', ...look,
  });
}

/** @param {RankedModel & Spot} model @param {{isSelected: boolean, select(id: string): void}} options */
function modelDot({ model, name, rank, x, y }, { isSelected, select }) {
  return svg('circle', {
    class: 'map-model', 'data-model-dot': model, cx: x.toFixed(1), cy: y.toFixed(1), r: isSelected ? 8 : 6, stroke: 'var(--card)', 'stroke-width': 2,
    fill: rank <= namedTop || isSelected ? 'var(--ember)' : 'var(--ink-soft)', onclick: () => select(model),
  }, svg('title', {}, `${rank}. ${name}`));
}

/** @param {Spot} here */
const spider = ({ x, y }) => svg('svg', {
  x: (x - spiderSize / 2).toFixed(1), y: (y - spiderSize / 2 - 2).toFixed(1), width: spiderSize, height: spiderSize, viewBox: '0 0 32 32',
  fill: 'none', stroke: 'var(--ink)', 'stroke-width': 1.6, 'stroke-linecap': 'round', 'stroke-linejoin': 'round', class: 'map-spider',
}, svg('use', { href: '#spider' }));

/** @typedef {Spot & {text: string, importance: number, radius: number}} Caption importance: 0 most */

/**
 * Names of the best and the chosen, then of the nearest tasks, then of the others.
 *
 * @param {{models: (RankedModel & Spot)[], tasks: (Spot & {name: string, isNear: boolean})[],
 *   here: Spot, selected: string | undefined}} map
 * @returns {Caption[]}
 */
const captions = ({ models, tasks, here, selected }) => [
  { ...here, text: t('map.here'), importance: 0, radius: spiderSize / 2 },
  ...models.map(({ x, y, rank, name, model }) => ({ x, y, text: `${rank} ${name}`, importance: rank <= namedTop || model === selected ? 0 : 2, radius: 7 })),
  ...tasks.map(({ x, y, name, isNear }) => ({ x, y, text: plainName(name), importance: isNear ? 1 : 3, radius: 4 })),
];

/** Names where there is room. @param {Caption[]} all @param {number} width */
function labels(all, width) {
  const sorted = all.toSorted((a, b) => a.importance - b.importance);
  return placeLabels(sorted.map((caption) => ({ ...caption, isNeeded: caption.importance === 0 })), { left: 4, right: width - 4 }).map((place, i) => place && svg('text', {
    x: place.x.toFixed(1), y: place.y.toFixed(1), 'text-anchor': place.anchor,
    'font-size': sorted[i].importance === 3 ? 10.5 : 12, 'font-weight': sorted[i].importance === 0 ? 650 : 400,
    'font-style': sorted[i].importance % 2 === 1 ? 'italic' : undefined,
    fill: sorted[i].importance === 0 ? 'var(--ink)' : 'var(--ink-soft)', stroke: 'var(--card)', 'stroke-width': 4, 'paint-order': 'stroke',
  }, sorted[i].text)).filter((label) => label !== undefined);
}
