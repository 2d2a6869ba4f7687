// The ranking as a file: JSON, CSV, Markdown; and the whole session, which can be opened again.
import { toCsv, toJson, toMarkdown } from '../../wasm/report.mjs';
import { saveFile } from '../download.mjs';
import { el } from '../dom.mjs';
import { t } from '../i18n.mjs';
import { popUp } from './pop-up.mjs';

/** @typedef {import('../state.mjs').RankResult} RankResult */

/** @type {{text: string, name: string, type: string, write(result: RankResult): string}[]} */
const formats = [
  { text: 'JSON', name: 'ranking.json', type: 'application/json', write: toJson },
  { text: 'CSV', name: 'ranking.csv', type: 'text/csv', write: toCsv },
  { text: 'Markdown', name: 'ranking.md', type: 'text/markdown', write: toMarkdown },
];

/**
 * @param {RankResult} result
 * @param {{isShared: boolean, copyLink(): void, saveSession(hasPixels: boolean): void}} options isShared:
 *   whether it came with a link, so that there is nothing else to save
 */
export function exportMenu(result, { isShared, copyLink, saveSession }) {
  return popUp({ text: t('export.title'), focusKey: 'export' }, [...formats.map(({ text, name, type, write }) =>
    el('button', { type: 'button', 'data-export': name, onclick: () => saveFile(name, type, write(result)) }, text)),
  el('button', { type: 'button', 'data-export': 'link', onclick: copyLink }, t('export.link')),
  ...(isShared ? [] : [el('button', { type: 'button', 'data-export': 'session', onclick: () => saveSession(false) }, t('export.session')),
  el('button', { type: 'button', 'data-export': 'session-images', onclick: () => saveSession(true) }, t('export.session-images'))])]);
}
