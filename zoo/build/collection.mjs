// A folder of labelled data sets, NAME/CLASS/*, and the one order in which a data set's images are
// used: a prefix of it is a smaller sample with the same share of every class.
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { byCodeUnits } from '../../wasm/cli/images.mjs';

/**
 * @typedef {{file: string, label: number}} Candidate file: CLASS/name
 * @typedef {{name: string, folder: string, classes: string[], candidates: Candidate[]}} DataSet
 */

/** @param {string} root @returns {Promise<string[]>} names, sorted */
export async function listDataSets(root) {
  return listFolders(root);
}

/** @param {string} folder */
async function listFolders(folder) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name).sort(byCodeUnits);
}

/**
 * Classes take turns; within a class, files come in the order of the SHA-256 of their path, which
 * is a shuffle that does not change when files are added elsewhere.
 *
 * @param {string} root
 * @param {string} name
 * @param {number} [classLimit] the first so many classes alone
 * @returns {Promise<DataSet>}
 */
export async function openDataSet(root, name, classLimit = Infinity) {
  const folder = join(root, name);
  const classes = (await listFolders(folder)).slice(0, classLimit);
  const byClass = await Promise.all(classes.map(async (className) => {
    const entries = await readdir(join(folder, className), { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => `${className}/${entry.name}`)
      .map((file) => ({ file, key: createHash('sha256').update(file).digest('hex') }))
      .sort((a, b) => byCodeUnits(a.key, b.key));
  }));
  /** @type {Candidate[]} */
  const candidates = [];
  const longest = Math.max(0, ...byClass.map((files) => files.length));
  for (let turn = 0; turn < longest; turn++) {
    byClass.forEach((files, label) => {
      if (turn < files.length) {
        candidates.push({ file: files[turn].file, label });
      }
    });
  }
  return { name, folder, classes, candidates };
}
