// modelspider zoo judge: what zoo bank needs to know of each cell, found beforehand, a cell at a time:
// the work of a cluster's nodes.
import { resolve } from 'node:path';
import { mapOrdered } from '../map-ordered.mjs';
import { listCells, readCell } from '../../zoo/build/bank.mjs';
import { judgeCell } from '../../zoo/build/judge.mjs';
import { findEntry, readZoo, startEngine } from './assets.mjs';
import { Failure, exitCodes, reasonOf } from './failure.mjs';
import { exactly, integerOption } from './options.mjs';

/** @param {import('./options.mjs').Call} call */
export async function judgeZoo({ values, positionals, terminal }) {
  exactly(positionals, []);
  const { engine, pool } = await startEngine(integerOption(values, 'workers', { min: 1, max: 256 }));
  let problems = 0;
  try {
    const zoo = await readZoo(values.zoo, engine);
    const folder = resolve(values.bank);
    const models = values.models?.split(',').map((/** @type {string} */ id) => findEntry(zoo, id)) ?? zoo.models;
    for (const model of models) {
      const names = values.sets?.split(',') ?? await listCells(folder, model.id).catch((error) => {
        throw new Failure('data', `${folder} has no features of ${model.id}: ${reasonOf(error)}`);
      });
      await mapOrdered(names, pool.size, async (/** @type {string} */ name) => {
        const cell = await readCell(folder, model, name);
        if (cell) {
          const { mean, standardError } = await judgeCell(pool, cell);
          terminal.note(`${model.id} × ${name}: ${mean.toFixed(3)} ± ${standardError.toFixed(3)}`);
        } else {
          problems++;
          terminal.warn(`${model.id} × ${name}: no features of this very model`);
        }
      });
    }
  } finally {
    pool.destroy();
  }
  return problems > 0 ? exitCodes.data : exitCodes.ok;
}
