// The page's words and numbers in the user's language.
import { strings as english } from './strings/en.mjs';
import { readPreference, writePreference } from './preferences.mjs';

/** @typedef {keyof typeof english} StringKey */

/** @type {Record<string, () => Promise<{strings: Record<string, any>}>>} */
const otherLanguages = { zh: () => import('./strings/zh.mjs') };

/** @type {Record<string, any>} */
let strings = english;
let language = 'en';
/** @type {(() => void)[]} */
const listeners = [];

export const currentLanguage = () => language;

/** @param {() => void} listener called when the language has changed */
export function onLanguage(listener) {
  listeners.push(listener);
}

/**
 * @param {StringKey} key
 * @param {...any} values that the string speaks of
 * @returns {string}
 */
export function t(key, ...values) {
  const text = strings[key];
  return typeof text === 'function' ? text(...values) : text;
}

/** @param {import('./reasons.mjs').Reason} reason @returns {string} */
export function reasonText({ code, values = [], message }) {
  return message ?? t(/** @type {StringKey} */ (`reason.${code}`), ...values);
}

/** @param {string} licence as in a manifest */
export const licenceText = (licence) => (licence === 'unknown' ? t('licence.unknown') : licence);

/** The language to start with. @returns {string} */
export function preferredLanguage() {
  const chosen = readPreference('language');
  const wanted = chosen ? [chosen] : navigator.languages ?? [navigator.language];
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase())
    .find((tag) => tag === 'en' || tag in otherLanguages) ?? 'en';
}

/** @param {string} wanted */
export async function setLanguage(wanted) {
  strings = wanted in otherLanguages ? (await otherLanguages[wanted]()).strings : english;
  language = wanted in otherLanguages ? wanted : 'en';
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : 'en';
  translateDocument();
  listeners.forEach((listener) => listener());
}

/** The other language, when the user asks for it. */
export async function toggleLanguage() {
  const other = language === 'en' ? 'zh' : 'en';
  writePreference('language', other);
  await setLanguage(other);
}

/** Puts the language's strings into index.html's own elements. */
function translateDocument() {
  document.querySelectorAll('[data-text]').forEach((element) => {
    element.textContent = t(/** @type {StringKey} */ (element.getAttribute('data-text')));
  });
  document.querySelectorAll('[data-label]').forEach((element) => {
    element.setAttribute('aria-label', t(/** @type {StringKey} */ (element.getAttribute('data-label'))));
  });
  document.querySelectorAll('[data-title]').forEach((element) => {
    element.setAttribute('title', t(/** @type {StringKey} */ (element.getAttribute('data-title'))));
  });
}

/** Formats of all languages so far; making one takes longer than using it a hundred times. @type {Map<string, Intl.NumberFormat>} */
const formats = new Map();

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export function formatNumber(value, options) {
  const key = `${language} ${JSON.stringify(options)}`;
  const format = formats.get(key) ?? new Intl.NumberFormat(language, options);
  formats.set(key, format);
  return format.format(value);
}

/** @param {number} share 0 … 1 */
export const formatPercent = (share) =>
  formatNumber(share, { style: 'percent', maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0 });

/** @param {number} bytes */
export function formatBytes(bytes) {
  const [unit, size] = bytes < 1e6 ? ['KB', 1e3] : ['MB', 1e6];
  const value = bytes / size;
  return `${formatNumber(value, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
}

/** @param {number} count of multiply-accumulates */
export function formatMacs(count) {
  const [unit, size] = count < 1e9 ? ['M', 1e6] : ['G', 1e9];
  const value = count / size;
  return `${formatNumber(value, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
}

/** @param {number} seconds */
export function formatSeconds(seconds) {
  return formatNumber(seconds, { style: 'unit', unit: 'second', unitDisplay: 'short', maximumFractionDigits: seconds < 10 ? 1 : 0 });
}
