// The model as a file, and the lines of code that use it.
import { announce } from '../announce.mjs';
import { assetUrl, modelPath } from '../assets.mjs';
import { el, icon } from '../dom.mjs';
import { t } from '../i18n.mjs';
import { javascriptSnippet, pythonSnippet } from '../snippets.mjs';

/** @param {import('../assets.mjs').ModelEntry} entry */
export function codePanel(entry) {
  return el('section', { class: 'code-panel' },
    el('a', { class: 'button', href: assetUrl(modelPath(entry)), download: `${entry.id}.onnx` }, icon('download'), t('try.download')),
    snippet('JavaScript', javascriptSnippet(entry)),
    snippet('Python', pythonSnippet(entry)));
}

/** @param {string} language @param {string} code */
function snippet(language, code) {
  return el('details', { class: 'snippet' },
    el('summary', { 'data-focus': `code-${language}` }, t('code.title', language)),
    el('button', {
      type: 'button', class: 'quiet small',
      async onclick() {
        // Refused, the lines can still be selected by hand.
        await navigator.clipboard.writeText(code).then(() => announce(t('code.copied')), () => {});
      },
    }, t('code.copy')),
    el('pre', { tabindex: 0, 'aria-label': language }, el('code', {}, code)));
}
