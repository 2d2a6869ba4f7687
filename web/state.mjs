// What the page knows at a moment. Views draw it, actions replace parts of it.
import { byRank, noFilter } from './listing.mjs';
import { emptyTask } from './task.mjs';

/**
 * @typedef {import('../wasm/report.mjs').RankResult} RankResult
 * @typedef {'idle' | 'engine' | 'images' | 'score' | 'done' | 'cancelled' | 'failed'} Phase
 * @typedef {{phase: Phase, done: number, total: number, startedAt: number, error: string}} Run
 * @typedef {'table' | 'plot' | 'map' | 'why'} ResultView
 * @typedef {'download_bytes' | 'macs'} Cost
 * @typedef {{accuracy: number, milliseconds: number, hasFeatures: boolean}} Observation what running
 *   a model showed: accuracy of a linear head on the task, time for an image in one worker; hasFeatures:
 *   whether it was run in this tab, so that new images can be compared
 * @typedef {{phase: 'idle' | 'fetch' | 'run' | 'failed', model: string, done: number, total: number,
 *   error: string}} Trial of a model; done and total in bytes, then in images
 * @typedef {{guesses: import('./head.mjs').Guess[], error: string}} Check of a new image
 * @typedef {{task: import('./task.mjs').Task, canUndo: boolean, canRedo: boolean, isReading: boolean, isCameraOpen: boolean,
 *   unreadable: Map<number, import('./reasons.mjs').Reason>, run: Run, trial: Trial,
 *   observed: Map<string, Observation>, result: RankResult | undefined, isPreview: boolean,
 *   shared: import('./permalink.mjs').SharedTask | undefined,
 *   zoo: import('./assets.mjs').Manifest | undefined,
 *   engine: {version: string, workers: number, pace: number} | undefined, view: ResultView, cost: Cost,
 *   sorting: import('./listing.mjs').Sorting, filter: import('./listing.mjs').Filter,
 *   selected: string | undefined, rival: string | undefined, check: Check | undefined}} State isPreview: whether the result is of the first
 *   images only, and more are looked at; shared: what a link that was opened says of its task; pace: multiply-accumulates
 *   a millisecond of one worker; rival: the model that the chosen one is compared with; unreadable: by image id; observed: by model's id, for this task
 */

/** @type {Run} */
export const idleRun = { phase: 'idle', done: 0, total: 0, startedAt: 0, error: '' };

/** @type {Trial} */
export const idleTrial = { phase: 'idle', model: '', done: 0, total: 0, error: '' };

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
  check: undefined,
};

/** @param {State} state @returns {boolean} whether a ranking is being computed */
export const isBusy = ({ run: { phase } }) => phase === 'engine' || phase === 'images' || phase === 'score';
