// Paths of dropped files -> classes. A class is a folder; what lies above the class folders and
// holds nothing else is only wrapping.

/**
 * @typedef {{blob: Blob, entry?: import('../../wasm/zip.mjs').ZipEntry}} Source a file, or a file in
 *   the zip that blob is; workers read it
 * @typedef {{path: string, source: Source}} Candidate path: with /, from what was dropped
 * @typedef {{name: string, images: Candidate[]}} GroupedClass
 * @typedef {{classes: GroupedClass[], loose: Candidate[], skipped: import('../task.mjs').Skipped[]}} Grouped
 */

/** @param {string} a @param {string} b the same on every machine */
export const byCodeUnits = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Files that systems leave in folders. @param {string} path */
export const isHidden = (path) => path.split('/').some((name) =>
  name.startsWith('.') || name === '__MACOSX' || name === 'Thumbs.db' || name === 'desktop.ini');

/**
 * @param {Candidate[]} candidates images of one drop
 * @returns {{classes: GroupedClass[], loose: Candidate[]}}
 */
export function groupByFolder(candidates) {
  const split = candidates.map((candidate) => ({ candidate, folders: candidate.path.split('/').slice(0, -1) }));
  const depth = wrappingDepth(split.map(({ folders }) => folders));
  /** @type {Map<string, Candidate[]>} */
  const classes = new Map();
  /** @type {Candidate[]} */
  const loose = [];
  for (const { candidate, folders } of split) {
    const name = folders[depth];
    if (name === undefined) {
      loose.push(candidate);
    } else {
      const images = classes.get(name) ?? [];
      images.push(candidate);
      classes.set(name, images);
    }
  }
  return { classes: [...classes].map(([name, images]) => ({ name, images })), loose };
}

/**
 * How many folders at the top are only wrapping: one folder alone is, if there are folders in it.
 *
 * @param {string[][]} paths folders of each file
 */
function wrappingDepth(paths) {
  for (let depth = 0; ; depth++) {
    const names = new Set(paths.map((folders) => folders[depth]).filter((name) => name !== undefined));
    const goesDeeper = paths.some((folders) => folders.length > depth + 1);
    if (names.size !== 1 || !goesDeeper) {
      return depth;
    }
  }
}
