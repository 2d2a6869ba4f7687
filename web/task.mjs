// The user's task as the page holds it: classes of images that are not read yet. Values never
// change; every edit makes a new one, so that undo is only a matter of keeping the old.
import { byCodeUnits } from './intake/group.mjs';
import { stampOf } from './intake/stamp.mjs';

/**
 * @typedef {import('./intake/group.mjs').Candidate} Candidate
 * @typedef {import('./intake/group.mjs').Grouped} Grouped
 * @typedef {{file: string, reason: import('./reasons.mjs').Reason}} Skipped
 * @typedef {Candidate & {id: number}} TaskImage
 * @typedef {{id: number, name: string, isUsed: boolean, images: TaskImage[]}} TaskClass
 * @typedef {{classes: TaskClass[], loose: TaskImage[], skipped: Skipped[]}} Task loose: images that
 *   came without a class
 */

/** @type {Task} */
export const emptyTask = { classes: [], loose: [], skipped: [] };

let lastId = 0;

/** @param {Candidate} candidate @returns {TaskImage} */
const withId = (candidate) => ({ ...candidate, id: ++lastId });

/**
 * @param {TaskImage[]} images
 * @param {Candidate[]} added
 * @returns {{images: TaskImage[], skipped: Skipped[]}} sorted by path; what was there already is skipped
 */
function joinImages(images, added) {
  const present = new Map(images.map((image) => [image.path, image]));
  const doubles = new Set(added.filter(({ path, source }) => {
    const other = present.get(path);
    return other && stampOf(other.source) === stampOf(source);
  }));
  const fresh = added.filter((candidate) => !doubles.has(candidate));
  return {
    images: [...images, ...fresh.map(withId)].sort((a, b) => byCodeUnits(a.path, b.path)),
    skipped: [...doubles].map(({ path }) => ({ file: path, reason: { code: 'duplicate' } })),
  };
}

/**
 * Files whose paths the task has, too: whether they are the same, addImages asks stamp.mjs.
 *
 * @param {Task} task
 * @param {Grouped} grouped
 * @returns {import('./intake/group.mjs').Source[]}
 */
export function samePaths(task, { classes, loose }) {
  const present = [...task.classes.flatMap(({ images }) => images), ...task.loose];
  const added = [...classes.flatMap(({ images }) => images), ...loose];
  const [before, after] = [present, added].map((images) => new Set(images.map(({ path }) => path)));
  return [...present, ...added].filter(({ path }) => before.has(path) && after.has(path)).map(({ source }) => source);
}

/** @param {Task} task @param {Grouped} grouped @returns {Task} */
export function addImages(task, { classes: added, loose, skipped }) {
  const classes = new Map(task.classes.map((own) => [own.name, own]));
  const refused = [...skipped];
  for (const { name, images } of added) {
    const own = classes.get(name) ?? { id: ++lastId, name, isUsed: true, images: [] };
    const joined = joinImages(own.images, images);
    classes.set(name, { ...own, images: joined.images });
    refused.push(...joined.skipped);
  }
  const joinedLoose = joinImages(task.loose, loose);
  return {
    classes: [...classes.values()].sort((a, b) => byCodeUnits(a.name, b.name)),
    loose: joinedLoose.images,
    skipped: [...task.skipped, ...refused, ...joinedLoose.skipped],
  };
}

/**
 * The task of a session, as it was.
 *
 * @param {{name: string, isUsed: boolean, images: Candidate[]}[]} classes
 * @returns {Task}
 */
export const restoreTask = (classes) => ({
  ...emptyTask,
  classes: classes.map(({ name, isUsed, images }) => ({ id: ++lastId, name, isUsed, images: images.map(withId) })),
});

/** @param {Task} task @param {number} id @param {Partial<TaskClass>} change @returns {Task} */
function changeClass(task, id, change) {
  return { ...task, classes: task.classes.map((own) => (own.id === id ? { ...own, ...change } : own)) };
}

/** @param {Task} task @param {number} id @param {boolean} isUsed @returns {Task} */
export const useClass = (task, id, isUsed) => changeClass(task, id, { isUsed });

/** A name that another class has joins the two. @param {Task} task @param {number} id @param {string} name @returns {Task} */
export function renameClass(task, id, name) {
  const other = task.classes.find((own) => own.name === name && own.id !== id);
  if (other) {
    return mergeClasses(task, id, other.id);
  }
  const renamed = changeClass(task, id, { name });
  return { ...renamed, classes: renamed.classes.toSorted((a, b) => byCodeUnits(a.name, b.name)) };
}

/** @param {Task} task @param {number} from @param {number} into @returns {Task} */
export function mergeClasses(task, from, into) {
  const source = task.classes.find(({ id }) => id === from);
  const target = task.classes.find(({ id }) => id === into);
  if (!source || !target || source === target) {
    return task;
  }
  const images = [...target.images, ...source.images].sort((a, b) => byCodeUnits(a.path, b.path));
  return changeClass(removeClass(task, from), into, { images });
}

/** @param {Task} task @param {number} id @returns {Task} */
export const removeClass = (task, id) => ({ ...task, classes: task.classes.filter((own) => own.id !== id) });

/** Gives the loose images a class. @param {Task} task @param {string} name @returns {Task} */
export function assignLoose(task, name) {
  return addImages({ ...task, loose: [] }, { classes: [{ name, images: task.loose }], loose: [], skipped: [] });
}

/** @param {Task} task @returns {Task} */
export const dropLoose = (task) => ({ ...task, loose: [] });

/** @param {Task} task @returns {TaskClass[]} what a ranking looks at */
export const usedClasses = (task) => task.classes.filter(({ isUsed, images }) => isUsed && images.length > 0);

/** Whether there is any image to look at; a session may have come without. @param {Task} task */
export const hasPixels = (task) => task.classes.some(({ images }) => images.some(({ source }) => source.blob.size > 0));

/** @param {Task} task @returns {number} */
export const imageCount = (task) => task.classes.reduce((sum, { images }) => sum + images.length, 0);
