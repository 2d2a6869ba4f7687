// What the page remembers between visits: theme and language, and nothing about images.

/** @param {string} key @returns {string | undefined} */
export function readPreference(key) {
  try {
    return localStorage.getItem(`modelspider.${key}`) ?? undefined;
  } catch {
    // Storage can be switched off; the page then starts with the system's choice.
    return undefined;
  }
}

/** @param {string} key @param {string} value */
export function writePreference(key, value) {
  try {
    localStorage.setItem(`modelspider.${key}`, value);
  } catch {
    // As above.
  }
}
