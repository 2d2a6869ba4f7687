// What the page knows at a moment. Views draw it, actions replace parts of it.
import { byRank, noFilter } from './listing.mjs';
import { emptyTask } from './task.mjs';

/**
 * @typedef {import('../wasm/report.mjs').RankResult} RankResult
 * @typedef {'idle' | 'engine' | 'images' | 'score' | 'done' | 'cancelled' | 'failed'} Phase
 * @typedef {{phase: Phase, done: number, total: number, startedAt: number, error: string}} Run
 * @typedef {'table' | 'plot' | 'map' | 'why'} ResultView
 * @typedef {'download_bytes' | 'macs'} Cost
 * @typedef {{accuracy: number, hasFeatures: boolean}} Observation what running a model showed:
 *   accuracy of a linear head on the task; hasFeatures: whether it was run in this tab, so that new
 *   images can be compared
 * @typedef {{phase: 'idle' | 'fetch' | 'run' | 'failed', model: string, done: number, total: number,
 *   error: string}} Trial of a model; done and total in bytes, then in images
 * @typedef {{isRunning: boolean, model: string, done: number, total: number, failed: number}} Timing of
 *   models; done, failed: models so far
 * @typedef {{judgement: import('./held-out.mjs').Judgement | undefined, error: string}} HeadTest of the
 *   heads on one model
 * @typedef {{guesses: import('./head.mjs').Guesses | undefined, error: string,
 *   image: Blob | undefined}} Check of a new image; image: none if it is the webcam's
 * @typedef {{task: import('./task.mjs').Task, canUndo: boolean, canRedo: boolean, isReading: boolean, isCameraOpen: boolean,
 *   unreadable: Map<number, import('./reasons.mjs').Reason>, run: Run, trial: Trial,
 *   speeds: Map<string, number>, timing: Timing, tests: Map<string, HeadTest>,
 *   head: import('./head.mjs').HeadName, heldOutAt: number, isOnlyWrong: boolean,
 *   observed: Map<string, Observation>, result: RankResult | undefined, isPreview: boolean,
 *   shared: import('./permalink.mjs').SharedTask | undefined,
 *   zoo: import('./assets.mjs').Manifest | undefined,
 *   engine: {version: string, workers: number, pace: number | undefined} | undefined, view: ResultView, cost: Cost,
 *   sorting: import('./listing.mjs').Sorting, filter: import('./listing.mjs').Filter,
 *   selected: string | undefined, rival: string | undefined, isWhole: boolean, check: Check | undefined}} State isPreview: whether the result is of the first
 *   images only, and more are looked at; shared: what a link that was opened says of its task; pace: multiply-accumulates
 *   a millisecond of one worker; rival: the model that the chosen one is compared with; unreadable: by image id; observed, tests: by model's id, for this task;
 *   speeds: milliseconds for an image, by the id of models that ran here; heldOutAt: which of the
 *   held-out images is looked at; isWhole: whether narrow screens show every row; isOnlyWrong: of those that the head gets wrong
 */

/** @type {Run} */
export const idleRun = { phase: 'idle', done: 0, total: 0, startedAt: 0, error: '' };

/** @type {Trial} */
export const idleTrial = { phase: 'idle', model: '', done: 0, total: 0, error: '' };

/** @type {Timing} */
export const idleTiming = { isRunning: false, model: '', done: 0, total: 0, failed: 0 };

/** @type {State} */
export const initialState = {
  task: emptyTask,
  canUndo: false,
  canRedo: false,
  isReading: false,
  isCameraOpen: false,
  unreadable: new Map(),
  run: idleRun,
  trial: idleTrial,
  speeds: new Map(),
  timing: idleTiming,
  tests: new Map(),
  head: 'linear',
  heldOutAt: 0,
  isOnlyWrong: false,
  observed: new Map(),
  result: undefined,
  isPreview: false,
  shared: undefined,
  zoo: undefined,
  engine: undefined,
  view: 'table',
  cost: 'download_bytes',
  sorting: byRank,
  filter: noFilter,
  selected: undefined,
  rival: undefined,
  isWhole: false,
  check: undefined,
};

/** @param {State} state @returns {boolean} whether a ranking is being computed */
export const isBusy = ({ run: { phase } }) => phase === 'engine' || phase === 'images' || phase === 'score';
