// Expected accuracy against cost, with the models that nothing beats in both. Observable Plot is
// fetched when this is first looked at.
import { el, replace } from '../dom.mjs';
import { formatBytes, formatMacs, formatPercent, t } from '../i18n.mjs';
import { saveFile } from '../download.mjs';
import { paretoFront } from '../listing.mjs';

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
    el('button', { type: 'button', class: 'quiet', 'data-focus': 'plot-save', onclick: () => saveSvg(figure) }, t('plot.save')));
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
  const isNarrow = figure.clientWidth > 0 && figure.clientWidth < 480;
  const x = { x: (/** @type {RankedModel} */ model) => model[cost] };
  const mid = (/** @type {RankedModel} */ model) => model.expected_accuracy.mid;
  const named = isNarrow ? front : ranking;
  const chart = Plot.plot({
    className: 'model-plot',
    width: Math.max(figure.clientWidth, 280),
    height: isNarrow ? 320 : 440,
    marginLeft: 48,
    marginRight: isNarrow ? 24 : 150,
    marginTop: 28,
    marginBottom: 40,
    ariaLabel: t('plot.label'),
    x: { type: 'log', label: `${t(cost === 'macs' ? 'column.macs' : 'column.size')} →`, tickFormat: formats[cost], ticks: 4, nice: true },
    y: { label: `↑ ${t('column.accuracy')}`, tickFormat: formatPercent, grid: true, nice: true },
    marks: [
      Plot.line(front, { ...x, y: mid, curve: 'step-after', stroke: 'var(--gold)', strokeWidth: 2 }),
      Plot.ruleX(ranking, { ...x, y1: (/** @type {RankedModel} */ model) => model.expected_accuracy.low, y2: (/** @type {RankedModel} */ model) => model.expected_accuracy.high, stroke: 'var(--line-strong)' }),
      Plot.dot(ranking, {
        ...x, y: mid, r: 5, className: 'model-dots', stroke: 'var(--card)', strokeWidth: 1.5,
        fill: (/** @type {RankedModel} */ model) => (front.includes(model) ? 'var(--ember)' : 'var(--ink-soft)'),
        symbol: (/** @type {RankedModel} */ model) => (model.model === selected ? 'square' : 'circle'),
      }),
      Plot.text(named, { ...x, y: mid, text: 'name', dx: 9, textAnchor: 'start', fill: 'currentColor', stroke: 'var(--card)', strokeWidth: 4 }),
    ],
    style: { background: 'none', fontSize: '12px', fontFamily: 'inherit' },
  });
  chart.setAttribute('role', 'img');
  chart.querySelectorAll('.model-dots > *').forEach((dot, i) => {
    dot.addEventListener('click', () => select(ranking[i].model));
  });
  // One label for the whole picture; labels of its parts would have no role to stand on.
  chart.querySelectorAll('g[aria-label]').forEach((group) => group.removeAttribute('aria-label'));
  replace(figure, chart);
  figure.removeAttribute('aria-busy');
}

/** Writes the drawing as a file that needs no style sheet. @param {HTMLElement} figure */
function saveSvg(figure) {
  const drawn = figure.querySelector('svg');
  if (!drawn) {
    return;
  }
  const copy = /** @type {SVGSVGElement} */ (drawn.cloneNode(true));
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const style = getComputedStyle(document.documentElement);
  const text = new XMLSerializer().serializeToString(copy)
    .replaceAll(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  saveFile('ranking.svg', 'image/svg+xml', text);
}
