// What a model is, what it costs, and where it comes from.
import { el } from '../dom.mjs';
import { formatBytes, formatMacs, formatNumber, formatPercent, licenceText, t } from '../i18n.mjs';

/**
 * @param {import('../assets.mjs').ModelEntry} entry
 * @param {{observation: import('../state.mjs').Observation | undefined, milliseconds: number | undefined}} seen
 *   here; milliseconds: for an image
 */
export function modelFacts({ architecture, input, features, parameters, macs, onnx, licence, origin, source }, { observation, milliseconds }) {
  /** @type {[string, string][]} */
  const facts = [
    .../** @type {[string, string][]} */ (observation ? [[t('fact.measured'), formatPercent(observation.accuracy)]] : []),
    .../** @type {[string, string][]} */ (milliseconds === undefined ? []
      : [[t('fact.speed'), t('fact.per-image', formatNumber(milliseconds, { maximumFractionDigits: 1 }))]]),
    [t('fact.architecture'), architecture],
    [t('fact.input'), `${input.width} × ${input.height}`],
    [t('fact.features'), formatNumber(features)],
    [t('fact.parameters'), formatMacs(parameters)],
    [t('column.macs'), `${formatMacs(macs)} MAC`],
    [t('column.size'), formatBytes(onnx.bytes)],
    [t('fact.licence'), licenceText(licence)],
    [t('fact.origin'), origin],
    [t('fact.package'), `${source.package} ${source.version}`],
  ];
  return el('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) =>
    [el('dt', {}, name), el('dd', { class: 'number' }, value)]));
}
