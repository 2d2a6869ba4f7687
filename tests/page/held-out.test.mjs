// Which images are kept from the heads, and how what the heads say of them is counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdOut, scoreHead } from '../../web/held-out.mjs';

/** @param {string} name @param {number} count @returns {import('../../web/held-out.mjs').SeenClass} */
const seen = (name, count) => ({
  name,
  images: Array.from({ length: count }, (_, i) => ({ image: /** @type {any} */ ({ id: `${name} ${i}` }), features: Float32Array.of(i) })),
});

test('a quarter of each class is held out, never all of it, and no image is on both sides', () => {
  const classes = [seen('one', 1), seen('two', 2), seen('five', 5), seen('many', 40)];
  const { fit, held } = holdOut(classes);
  const heldOf = (/** @type {string} */ name) => held.filter((image) => image.name === name);
  assert.deepEqual(classes.map(({ name }) => heldOf(name).length), [0, 1, 1, 10]);
  classes.forEach(({ name, images }, i) => {
    const all = [...fit[i].features, ...heldOf(name).map(({ features }) => features)];
    assert.equal(new Set(all).size, images.length, name);
  });
});

test('the same images are held out every time, and the classes are mixed', () => {
  const classes = [seen('a', 40), seen('b', 40)];
  const names = (/** @type {ReturnType<typeof holdOut>} */ { held }) => held.map(({ image }) => image.id);
  assert.deepEqual(names(holdOut(classes)), names(holdOut(classes)));
  const first = holdOut(classes).held.slice(0, 10).map(({ name }) => name);
  assert.equal(new Set(first).size, 2);
});

/** @param {string} name @param {string} guess */
const judged = (name, guess) => /** @type {any} */ ({
  name, guesses: { linear: [{ name: guess, share: 1 }], nearest: [{ name, share: 1 }] },
});

test('each head is counted by itself, with what it took for what, the worst class first', () => {
  const images = [judged('a', 'a'), judged('b', 'a'), judged('b', 'c'), judged('b', 'a'), judged('b', 'b'), judged('__proto__', '__proto__')];
  const { right, total, classes } = scoreHead(images, 'linear');
  assert.deepEqual([right, total], [3, 6]);
  assert.deepEqual(classes, [
    { name: 'b', right: 1, total: 4, taken: [{ name: 'a', count: 2 }, { name: 'c', count: 1 }] },
    { name: '__proto__', right: 1, total: 1, taken: [] },
    { name: 'a', right: 1, total: 1, taken: [] },
  ]);
  assert.deepEqual([scoreHead(images, 'nearest').right], [6]);
});
