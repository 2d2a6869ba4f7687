// How the page tells whether a browser falsifies what is read from a canvas.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, probePixels } from '../../web/images/probe.mjs';

test('pixels that come back as they went are exact', () => {
  assert.equal(judge(probePixels()), 'exact');
});

test('one value that is off by one is noise', () => {
  const read = probePixels();
  read[100] += read[100] === 255 ? -1 : 1;
  assert.equal(judge(read), 'noisy');
});

test('a white or random picture is false', () => {
  assert.equal(judge(probePixels().fill(255)), 'false');
  assert.equal(judge(probePixels().map((value, i) => value ^ ((i * 73) & 255))), 'false');
});
