// Writes the English strings into index.html, so that the first paint needs no script. The page
// puts another language in their place when it starts.
import { strings } from '../strings/en.mjs';

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** @param {string} text */
const escapeHtml = (text) => text.replace(/[&<>"]/g, (character) => escapes[/** @type {'&'} */ (character)]);

/** @param {string} key */
function lookUp(key) {
  const text = /** @type {Record<string, unknown>} */ (strings)[key];
  if (typeof text !== 'string') {
    throw new Error(`index.html asks for the string ${key}, which strings/en.mjs does not have`);
  }
  return escapeHtml(text);
}

/** @returns {import('vite').Plugin} */
export function textPlugin() {
  return {
    name: 'modelspider-text',
    transformIndexHtml(html) {
      return html
        .replace(/(<[a-z0-9]+\b[^>]*\bdata-text="([^"]+)"[^>]*>)(?=<\/)/g, (_, tag, key) => tag + lookUp(key))
        .replace(/\bdata-label="([^"]+)"/g, (whole, key) => `${whole} aria-label="${lookUp(key)}"`)
        .replace(/\bdata-title="([^"]+)"/g, (whole, key) => `${whole} title="${lookUp(key)}"`);
    },
  };
}
