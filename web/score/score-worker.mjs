// The worker that ranks: it keeps the task, so that ranking again after a model was run is quick.
//
// Operations, with worker-client.mjs's messages:
//   start       {module, tokens, known}       → ScorerFacts of score-client.mjs, before all others
//   rank        {sample, zoo, workers, shown} → RankResult; sample: an EmbeddedSample of the encoder's own
//                                               features; shown: what those of its companions show
//   again       {observed, rerankSeconds}     → RankResult of the same task
//   suggest     {observed}                    → the id of the model that is worth running next
//   confusions  {}                            → Confusions of head.mjs, in the encoder's eyes
//   nearest     {classes, rows}               → Guess[][] of head.mjs: rows judged by labelled classes
//   web         {}                            → KnownWeb of known-tasks.mjs, or undefined
//   around      {}                            → Surroundings of known-tasks.mjs, or undefined
import { createEngine } from '../../wasm/modelspider.mjs';
import { createTask, observeEncoder, rankTask, rememberShown, suggestModel } from '../../wasm/ranking.mjs';
import { NearestHead, findConfusions } from '../head.mjs';
import { knownWeb, lookAround, readKnownTasks } from './known-tasks.mjs';
import { answerRequests } from '../worker-client.mjs';

/** @type {{engine: import('../../wasm/modelspider.mjs').Engine, scorer: import('../../wasm/modelspider.mjs').Scorer,
 *   known: import('./known-tasks.mjs').KnownTasks | undefined}} known: none if another encoder made them */
let started;
/** @type {{task: import('../../wasm/modelspider.mjs').Task, sample: import('../../wasm/sample.mjs').EmbeddedSample,
 *   zoo: import('../../wasm/ranking.mjs').ListedZoo, workers: number} | undefined} */
let current;

function kept() {
  if (!current) {
    throw new Error('there is no task');
  }
  return current;
}

/** @param {Map<string, number>} observed @param {number} rerank seconds */
function rank(observed, rerank) {
  return rankTask({ ...started, ...kept(), observed, seconds: { rerank } });
}

answerRequests({
  async start({ module, tokens, known: bytes }) {
    const engine = await createEngine(module);
    const scorer = engine.loadScorer(tokens);
    const known = readKnownTasks(bytes);
    started = { engine, scorer, known: known.encoderHash === scorer.encoderHash ? known : undefined };
    return { version: engine.version, encoderHash: scorer.encoderHash, featureCount: scorer.featureCount, modelIds: scorer.modelIds };
  },
  rank({ sample, zoo, workers, shown }) {
    current?.task.destroy();
    current = undefined;
    rememberShown(sample, shown);
    current = { task: createTask(started.engine, sample.classes), sample, zoo, workers };
    return rank(new Map(), 0);
  },
  again: ({ observed, rerankSeconds }) => rank(observed, rerankSeconds),
  web: () => started.known && knownWeb(started.known),
  suggest({ observed }) {
    const shown = observeEncoder({ engine: started.engine, zoo: kept().zoo, sample: kept().sample });
    return suggestModel(started.scorer, kept().task, new Map([...shown, ...observed]));
  },
  around: () => started.known && lookAround(started.known, kept().sample.classes),
  nearest({ classes, rows }) {
    const head = new NearestHead(classes);
    return rows.map((/** @type {Float32Array} */ row) => head.guess(row));
  },
  confusions: () => findConfusions(kept().sample.classes),
});
