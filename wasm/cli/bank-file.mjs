// What train and eval share: their options, and the zoo's task bank.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readBank } from '../../zoo/build/bank.mjs';
import { Failure, reasonOf } from './failure.mjs';
import { readWhole } from './files.mjs';
import { integerOption } from './options.mjs';

/** @type {import('./options.mjs').Command['options']} */
export const trainingOptions = {
  zoo: { type: 'string', value: 'NAME|DIR', default: 'browser', help: 'which zoo, or a folder with one (default: browser)' },
  steps: { type: 'string', value: 'N', help: 'steps of gradient descent after the closed form' },
  width: { type: 'string', value: 'N', help: 'length of the tokens' },
  seed: { type: 'string', value: 'N', help: 'of what is random in training' },
  set: { type: 'string', multiple: true, value: 'NAME=X', help: "an option of the trainer, as ridge=2.5" },
};

/**
 * @param {import('./assets.mjs').Zoo} zoo
 * @returns {Promise<import('../../zoo/build/bank.mjs').Bank>}
 */
export async function loadBank(zoo) {
  const file = join(zoo.folder, 'bank.safetensors');
  if (!existsSync(file)) {
    throw new Failure('asset', `${file} is missing: the npm package leaves the task bank out, the repository has it; zoo bank makes one`);
  }
  const bytes = await readWhole(file, 'asset');
  let bank;
  try {
    bank = readBank(bytes);
  } catch (error) {
    throw new Failure('asset', `${file} is damaged: ${reasonOf(error)}`);
  }
  if (bank.encoderHash !== zoo.encoder.onnx.sha256) {
    throw new Failure('asset', `${file} was made with the encoder ${bank.encoderHash}, the zoo's is ${zoo.encoder.onnx.sha256}`);
  }
  return bank;
}

/**
 * @param {import('./options.mjs').Values} values
 * @param {import('../../zoo/build/learn.mjs').Recipe} fallback
 * @returns {import('../../zoo/build/learn.mjs').Recipe}
 */
export function recipeOf(values, fallback) {
  const pairs = (values.set ?? []).map((/** @type {string} */ text) => {
    const [, name, value] = /^([a-z]+)=(.+)$/i.exec(text) ?? [];
    if (name === undefined || !Number.isFinite(Number(value))) {
      throw new Failure('usage', `--set wants NAME=NUMBER, not ${text}`);
    }
    return [name, Number(value)];
  });
  return {
    steps: integerOption(values, 'steps', { min: 0, max: 1e6, fallback: fallback.steps }) ?? 0,
    width: integerOption(values, 'width', { min: 1, max: 1024, fallback: fallback.width }) ?? 1,
    seed: integerOption(values, 'seed', { min: 0, max: 2 ** 32 - 1, fallback: fallback.seed }) ?? 0,
    options: { ...fallback.options, ...Object.fromEntries(pairs) },
  };
}
