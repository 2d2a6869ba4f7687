// Where a task lies among the known ones, from the task bank that the page is built with.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeKnownTasks } from '../../web/bundle/known-tasks.mjs';
import { lookAround, readKnownTasks } from '../../web/score/known-tasks.mjs';
import { readBank } from '../../zoo/build/bank.mjs';

const bytes = new Uint8Array(await readFile(fileURLToPath(new URL('../../zoo/browser/bank.safetensors', import.meta.url))));
const bank = readBank(bytes);
const known = readKnownTasks(makeKnownTasks(bytes));

/** A task of the bank as if a user had brought it: one image of each class, its prototype. @param {(typeof bank.tasks)[number]} task */
const classesOf = ({ prototypes, classCount }) => Array.from({ length: classCount }, (_, c) =>
  ({ features: [prototypes.subarray(c * bank.featureCount, (c + 1) * bank.featureCount)] }));

test('a task that is known lies where it is, and nearest to itself', () => {
  for (const [i, task] of bank.tasks.entries()) {
    const { here, neighbours } = lookAround(known, classesOf(task));
    assert.equal(neighbours[0].name, task.name);
    assert.equal(neighbours[0].closeness, 1);
    // The file holds floats of 24 bits, and the places span a few units.
    assert.ok(Math.abs(here.x - known.places[i][0]) < 1e-3, task.name);
    assert.ok(Math.abs(here.y - known.places[i][1]) < 1e-3, task.name);
  }
});

test('the models that did best on a known task are those of the bank', () => {
  const task = bank.tasks[0];
  const [{ best }] = lookAround(known, classesOf(task)).neighbours;
  const sorted = bank.models.map((id, m) => ({ id, accuracy: task.accuracy[m] })).sort((a, b) => b.accuracy - a.accuracy);
  assert.deepEqual(best, sorted.slice(0, best.length).map(({ id }) => id));
});

test('neighbours do not depend on how many images a class has, or on the order of the classes', () => {
  const [first, ...rest] = classesOf(bank.tasks[3]);
  const other = [...rest, { features: [...first.features, ...first.features, ...first.features] }];
  const names = (/** @type {{features: Float32Array[]}[]} */ classes) => lookAround(known, classes).neighbours.map(({ name }) => name);
  assert.deepEqual(names(other), names([first, ...rest]));
});

test('the map has every model and every task of the bank, each at a finite place', () => {
  const { tasks, models } = lookAround(known, classesOf(bank.tasks[1]));
  assert.deepEqual(tasks.map(({ name }) => name), bank.tasks.map(({ name }) => name));
  assert.deepEqual(models.map(({ id }) => id), bank.models);
  assert.ok([...tasks, ...models].every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)));
});
