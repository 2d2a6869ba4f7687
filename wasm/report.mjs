// A ranking as people and other programs read it: table, JSON, CSV, Markdown.

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
