// Expected accuracy against cost, with the models that nothing beats in both. Observable Plot is
// fetched when this is first looked at.
import { el, replace, svg } from '../dom.mjs';
import { formatBytes, formatMacs, formatPercent, t } from '../i18n.mjs';
import { paretoFront } from '../listing.mjs';
import { placeLabels } from './place-labels.mjs';
import { saveButtons } from './save-figure.mjs';

/**
 * @typedef {import('../../wasm/report.mjs').RankedModel} RankedModel
 * @typedef {import('../state.mjs').Cost} Cost
 */

/** @type {Record<Cost, (value: number) => string>} */
const formats = { download_bytes: formatBytes, macs: formatMacs };

/**
 * @param {RankedModel[]} ranking
 * @param {{cost: Cost, selected: string | undefined, chooseCost(cost: Cost): void, select(id: string): void}} options
 */
export function costPlot(ranking, { cost, selected, chooseCost, select }) {
  const figure = el('figure', { class: 'plot', 'aria-busy': 'true' });
  const costs = /** @type {Cost[]} */ (['download_bytes', 'macs']);
  const chooser = el('div', { class: 'plot-tools' },
    el('label', {}, t('plot.cost'), ' ', el('select', {
      'data-focus': 'plot-cost',
      onchange: (/** @type {Event} */ event) =>
        chooseCost(/** @type {Cost} */ (/** @type {HTMLSelectElement} */ (event.currentTarget).value)),
    }, ...costs.map((value) => el('option', { value, selected: value === cost }, t(value === 'macs' ? 'column.macs' : 'column.size'))))),
    saveButtons(figure, 'ranking'));
  draw(figure, ranking, { cost, selected, select });
  return el('div', {}, chooser, figure, frontSentence(ranking, cost));
}

/** The plot's message in words. @param {RankedModel[]} ranking @param {Cost} cost */
function frontSentence(ranking, cost) {
  const names = paretoFront(ranking, (model) => model[cost]).map(({ name }) => name);
  return el('p', { class: 'soft small' }, t('plot.front', names.join(', ')));
}

/**
 * @param {HTMLElement} figure
 * @param {RankedModel[]} ranking
 * @param {{cost: Cost, selected: string | undefined, select(id: string): void}} options
 */
async function draw(figure, ranking, { cost, selected, select }) {
  const Plot = await import('@observablehq/plot');
  const front = paretoFront(ranking, (model) => model[cost]);
  // Drawn in this order, so that what matters lies on top.
  const models = [...ranking.filter((model) => !front.includes(model)).reverse(), ...front];
  const x = (/** @type {RankedModel} */ model) => model[cost];
  const mid = (/** @type {RankedModel} */ model) => model.expected_accuracy.mid;
  const width = Math.max(figure.clientWidth, 280);
  const chart = Plot.plot({
    className: 'model-plot',
    width,
    height: width < 480 ? 340 : 460,
    marginLeft: 46,
    marginRight: 16,
    marginTop: 28,
    marginBottom: 44,
    x: { type: 'log', label: `${t(cost === 'macs' ? 'column.macs' : 'column.size')} →`, tickFormat: formats[cost], ticks: width < 480 ? 3 : 5 },
    y: { label: `↑ ${t('column.accuracy')}`, tickFormat: formatPercent, grid: true, nice: true },
    marks: [
      Plot.ruleX(models, {
        x,
        y1: (/** @type {RankedModel} */ model) => model.expected_accuracy.low,
        y2: (/** @type {RankedModel} */ model) => model.expected_accuracy.high,
        stroke: 'var(--line)',
        strokeWidth: 2,
      }),
      Plot.line(front, { x, y: mid, curve: 'step-after', stroke: 'var(--gold)', strokeWidth: 2 }),
      Plot.dot(models, {
        x,
        y: mid,
        r: (/** @type {RankedModel} */ { model }) => (model === selected ? 8 : 5.5),
        stroke: 'var(--card)',
        strokeWidth: 1.5,
        fill: (/** @type {RankedModel} */ model) => (front.includes(model) ? 'var(--ember)' : 'var(--ink-soft)'),
        title: (/** @type {RankedModel} */ model) => `${model.name}\n${formats[cost](model[cost])}, ${formatPercent(mid(model))}`,
        className: 'model-dots',
      }),
    ],
    r: { type: 'identity' },
    color: { type: 'identity' },
    style: { background: 'none', fontSize: '12px', fontFamily: 'inherit' },
  });
  // One label for the whole picture; labels of its parts would have no role to stand on.
  chart.setAttribute('role', 'img');
  chart.setAttribute('aria-label', t('plot.label'));
  chart.querySelectorAll('g[aria-label]').forEach((group) => group.removeAttribute('aria-label'));
  chart.querySelectorAll('.model-dots > *').forEach((dot, i) => {
    dot.addEventListener('click', () => select(models[i].model));
  });
  addNames(chart, ranking, { front, selected, cost, width });
  replace(figure, chart);
  figure.removeAttribute('aria-busy');
}

/**
 * Names of the chosen model, of the front, and of others where there is room.
 *
 * @param {import('@observablehq/plot').Plot & (SVGSVGElement | HTMLElement)} chart
 * @param {RankedModel[]} ranking
 * @param {{front: RankedModel[], selected: string | undefined, cost: Cost, width: number}} options
 */
function addNames(chart, ranking, { front, selected, cost, width }) {
  const [across, up] = [chart.scale('x'), chart.scale('y')];
  const importance = (/** @type {RankedModel} */ model) =>
    (model.model === selected ? 0 : front.includes(model) ? 1 : 2);
  const models = ranking.toSorted((a, b) => importance(a) - importance(b) || a.rank - b.rank);
  const points = models.map((model) => ({
    x: across?.apply(model[cost]), y: up?.apply(model.expected_accuracy.mid), text: model.name, isNeeded: importance(model) < 2,
  }));
  placeLabels(points, { left: 48, right: width }).forEach((place, i) => {
    if (place) {
      const isStrong = importance(models[i]) < 2;
      chart.append(svg('text', {
        x: place.x, y: place.y, 'text-anchor': place.anchor, fill: isStrong ? 'var(--ink)' : 'var(--ink-soft)',
        stroke: 'var(--card)', 'stroke-width': 4, 'paint-order': 'stroke', 'font-weight': isStrong ? 600 : 400,
      }, models[i].name));
    }
  });
}
