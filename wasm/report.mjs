// A ranking as people and other programs read it: table, JSON, CSV, Markdown.

/**
 * @typedef {{low: number, mid: number, high: number}} Interval
 * @typedef {{rank: number, model: string, name: string, score: number, rank_low: number,
 *   rank_high: number, static_rank: number, expected_accuracy: Interval, reranked: boolean,
 *   params: number, macs: number, download_bytes: number, licence: string}} RankedModel ranks
 *   start at 1; static_rank is the place in the default order, which no image changes
 * @typedef {{schema: 1, zoo: string,
 *   engine: {version: string, simd: boolean, workers: number},
 *   task: {images: number, classes: {name: string, images: number}[],
 *     skipped: {file: string, reason: string}[]},
 *   ranking: RankedModel[], order_change: number,
 *   seconds: {decode: number, encode: number, score: number, rerank: number, total: number}}} RankResult
 */

// SPDX identifiers of licences that ask for no more than a notice.
const permissive = /^(0BSD|Apache-2\.0|BSD-[23]-Clause|CC0-1\.0|CC-BY-[34]\.0|ISC|MIT|Unlicense|Zlib)$/;

/** @param {{licence: string}} model @returns {boolean} whether its licence is a permissive one */
export const isPermissive = ({ licence }) => permissive.test(licence);

/**
 * Columns of text, as wide as their content; no header where there are no titles.
 *
 * @param {string[]} titles
 * @param {string[][]} rows
 * @returns {string}
 */
export function textTable(titles, rows) {
  const all = titles.length > 0 ? [titles, ...rows] : rows;
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => widthOf(row[column]))));
  return all.map((row) => `${row.map((cell, column) =>
    cell + ' '.repeat(widths[column] - widthOf(cell))).join('  ').trimEnd()}\n`).join('');
}

/** Code points; wide characters, which only names from outside have, are not worth a table here. */
const widthOf = (/** @type {string} */ text) => [...text].length;

/** @param {RankResult} result @returns {string} */
export function toJson(result) {
  return `${JSON.stringify(result, null, 2)}\n`;
}

/** @param {number} value @returns {string} as 2.2 M */
export function compactCount(value) {
  const units = ['', ' k', ' M', ' G', ' T'];
  const power = value > 0 ? Math.min(Math.floor(Math.log10(value) / 3), units.length - 1) : 0;
  const scaled = value / 1000 ** power;
  return `${scaled.toFixed(power > 0 && scaled < 10 ? 1 : 0)}${units[power]}`;
}

/** @param {number} share @returns {string} */
const percent = (share) => `${(share * 100).toFixed(0)} %`;

/** @param {RankedModel} model @returns {string} how far the images moved it, as ↑3 */
function movement({ rank, static_rank: before }) {
  if (rank === before) {
    return '=';
  }
  return rank < before ? `↑${before - rank}` : `↓${rank - before}`;
}

const titles = ['rank', 'range', 'model', 'expected accuracy', 'moved', 'parameters', 'MACs', 'download', 'licence'];

/** @param {RankedModel} model @returns {string[]} */
function cellsOf(model) {
  const { low, mid, high } = model.expected_accuracy;
  return [
    String(model.rank),
    `${model.rank_low}–${model.rank_high}`,
    model.name + (model.reranked ? ' *' : ''),
    `${percent(mid)} (${percent(low)} – ${percent(high)})`,
    movement(model),
    compactCount(model.params),
    compactCount(model.macs),
    `${(model.download_bytes / 1e6).toFixed(1)} MB`,
    model.licence,
  ];
}

/** @param {RankResult} result @returns {string} one sentence on the task */
function summaryOf({ task, seconds }) {
  return `${task.images} images in ${task.classes.length} classes, ${seconds.total.toFixed(1)} s`;
}

const footnote = '* run on your images; "moved" is against the order that ignores them';

/** @param {RankResult} result @returns {string} */
export function toTable(result) {
  const isReranked = result.ranking.some(({ reranked }) => reranked);
  return `${textTable(titles, result.ranking.map(cellsOf))}\n${summaryOf(result)}\n${isReranked ? `${footnote}\n` : ''}`;
}

/** @param {RankResult} result @returns {string} */
export function toMarkdown(result) {
  const row = (/** @type {string[]} */ cells) => `| ${cells.map(escapeMarkdown).join(' | ')} |\n`;
  const classes = result.task.classes.map(({ name, images }) => `${name} (${images})`).join(', ');
  return `${row(titles)}|${titles.map(() => '---').join('|')}|\n${result.ranking.map((model) => row(cellsOf(model))).join('')}
${escapeMarkdown(`${summaryOf(result)}: ${classes}`)}
`;
}

/** @param {string[][]} rows the first has the titles; text of ours, not escaped @returns {string} */
export function markdownTable([head, ...rows]) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** @param {string} text @returns {string} */
function escapeMarkdown(text) {
  return text.replace(/[\\`*_{}[\]()#+!|~<>&-]/g, (character) => `\\${character}`).replace(/\s+/g, ' ');
}

/**
 * @param {RankResult} result
 * @returns {string} RFC 4180, safe to open in a spreadsheet
 */
export function toCsv({ ranking }) {
  const rows = ranking.map((model) => [model.rank, model.model, model.name, model.score, model.rank_low, model.rank_high,
    model.static_rank, model.expected_accuracy.low, model.expected_accuracy.mid, model.expected_accuracy.high,
    model.reranked, model.params, model.macs, model.download_bytes, model.licence]);
  const header = ['rank', 'model', 'name', 'score', 'rank_low', 'rank_high', 'static_rank', 'accuracy_low',
    'accuracy_mid', 'accuracy_high', 'reranked', 'params', 'macs', 'download_bytes', 'licence'];
  return csvOf([header, ...rows]);
}

/** @param {(string | number | boolean)[][]} rows @returns {string} */
export function csvOf(rows) {
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

/**
 * Text that a spreadsheet would take for a formula gets an apostrophe; numbers are numbers.
 *
 * @param {string | number | boolean} value
 * @returns {string}
 */
function csvCell(value) {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
