// The user's task: how dropped paths become classes, and what edits do to them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupByFolder } from '../../web/intake/group.mjs';
import { History } from '../../web/store.mjs';
import { addImages, assignLoose, emptyTask, imageCount, mergeClasses, removeClass, renameClass, useClass, usedClasses } from '../../web/task.mjs';

/** @param {...string} paths */
const candidates = (...paths) => paths.map((path) => ({ path, source: { blob: new Blob([path]) } }));

/** @param {...string} paths */
function shapeOf(...paths) {
  const { classes, loose } = groupByFolder(candidates(...paths));
  return {
    classes: Object.fromEntries(classes.map(({ name, images }) => [name, images.map(({ path }) => path)])),
    loose: loose.map(({ path }) => path),
  };
}

/** @param {...string} paths */
const taskOf = (...paths) => addImages(emptyTask, { ...groupByFolder(candidates(...paths)), skipped: [] });

/** @param {import('../../web/task.mjs').Task} task */
const namesOf = ({ classes }) => classes.map(({ name, images }) => `${name} ${images.length}`);

test('the folders in one dropped folder are its classes', () => {
  assert.deepEqual(shapeOf('pets/cat/1.png', 'pets/dog/1.png'),
    { classes: { cat: ['pets/cat/1.png'], dog: ['pets/dog/1.png'] }, loose: [] });
});

test('several dropped folders are classes, whatever lies in them', () => {
  assert.deepEqual(shapeOf('cat/2020/1.png', 'dog/1.png'),
    { classes: { cat: ['cat/2020/1.png'], dog: ['dog/1.png'] }, loose: [] });
});

test('one folder of images is one class', () => {
  assert.deepEqual(shapeOf('cat/1.png', 'cat/2.png'), { classes: { cat: ['cat/1.png', 'cat/2.png'] }, loose: [] });
});

test('wrapping folders are looked through', () => {
  assert.deepEqual(Object.keys(shapeOf('data/train/cat/1.png', 'data/train/dog/1.png').classes), ['cat', 'dog']);
});

test('images beside class folders, and without a folder, are loose', () => {
  assert.deepEqual(shapeOf('pets/1.png', 'pets/cat/1.png', 'pets/dog/1.png').loose, ['pets/1.png']);
  assert.deepEqual(shapeOf('1.png', '2.png'), { classes: {}, loose: ['1.png', '2.png'] });
});

test('class names that objects have are names like others', () => {
  const { classes } = groupByFolder(candidates('x/__proto__/1.png', 'x/constructor/1.png', 'x/toString/1.png'));
  assert.deepEqual(classes.map(({ name }) => name), ['__proto__', 'constructor', 'toString']);
  assert.deepEqual(namesOf(taskOf('x/__proto__/1.png', 'x/constructor/1.png')), ['__proto__ 1', 'constructor 1']);
});

test('the same file twice is there once, and said', () => {
  const files = { ...groupByFolder(candidates('cat/1.png', 'cat/2.png')), skipped: [] };
  const twice = addImages(addImages(emptyTask, files), files);
  assert.deepEqual(namesOf(twice), ['cat 2']);
  assert.deepEqual(twice.skipped.map(({ file, reason }) => [file, reason.code]),
    [['cat/1.png', 'duplicate'], ['cat/2.png', 'duplicate']]);
});

test('a class takes the name of another by joining it', () => {
  const task = taskOf('cat/1.png', 'dog/1.png', 'dog/2.png');
  const [cat, dog] = task.classes;
  assert.deepEqual(namesOf(renameClass(task, cat.id, 'dog')), ['dog 3']);
  assert.deepEqual(namesOf(renameClass(task, cat.id, 'eel')), ['dog 2', 'eel 1']);
  assert.deepEqual(namesOf(mergeClasses(task, dog.id, cat.id)), ['cat 3']);
  assert.equal(mergeClasses(task, cat.id, cat.id), task);
});

test('classes that are off or removed are not ranked', () => {
  const task = taskOf('cat/1.png', 'dog/1.png');
  const [cat] = task.classes;
  assert.deepEqual(usedClasses(useClass(task, cat.id, false)).map(({ name }) => name), ['dog']);
  assert.deepEqual(namesOf(removeClass(task, cat.id)), ['dog 1']);
  assert.equal(imageCount(task), 2);
});

test('loose images go to the class that they are given', () => {
  const task = assignLoose(taskOf('1.png', '2.png'), 'cat');
  assert.deepEqual(namesOf(task), ['cat 2']);
  assert.deepEqual(task.loose, []);
});

test('undo and redo walk the same steps, and a new step forgets what was undone', () => {
  /** @type {History<number>} */
  const history = new History(2);
  [0, 1, 2].forEach((value) => history.record(value));
  assert.equal(history.undo(3), 2);
  assert.equal(history.redo(2), 3);
  assert.equal(history.undo(3), 2);
  assert.equal(history.undo(2), 1);
  assert.equal(history.canUndo, false, 'the oldest step was given up');
  history.record(1);
  assert.equal(history.canRedo, false);
});
