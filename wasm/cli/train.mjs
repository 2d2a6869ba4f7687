// modelspider train: a zoo's task bank becomes its token file.
import { join } from 'node:path';
import { defaultRecipe, predictHeldOut, trainScorer } from '../../zoo/build/learn.mjs';
import { loadEngine, readZoo } from './assets.mjs';
import { loadBank, recipeOf, trainingOptions } from './bank-file.mjs';
import { replaceFile } from './files.mjs';
import { exactly } from './options.mjs';

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'train',
  summary: "Learns a scorer and the tokens of a zoo's models from its task bank",
  usage: 'train [options]',
  options: {
    ...trainingOptions,
    output: { type: 'string', short: 'o', value: 'FILE', help: "where the tokens go (default: the zoo's tokens.safetensors)" },
  },
  async run({ values, positionals, terminal }) {
    exactly(positionals, []);
    const engine = await loadEngine();
    const zoo = await readZoo(values.zoo, engine);
    const bank = await loadBank(zoo);
    const recipe = recipeOf(values, defaultRecipe);
    const heldOut = await predictHeldOut(engine, bank, recipe, (done, all) =>
      terminal.progress(`held-out predictions: ${done}/${all} groups`));
    const file = values.output ?? join(zoo.folder, 'tokens.safetensors');
    await replaceFile(file, trainScorer(engine, bank, recipe, heldOut));
    terminal.note(`${file}: ${bank.models.length} models, learned from ${bank.tasks.length} data sets`);
  },
};
