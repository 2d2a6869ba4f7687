// zoo/Snakefile from pictures to a report, on three models and five data sets.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readBank } from '../../zoo/build/bank.mjs';
import { writeTask, writeTinyZoo } from '../cli/tiny-zoo.mjs';

const snakefile = fileURLToPath(new URL('../../zoo/Snakefile', import.meta.url));
const models = ['a', 'b', 'c'];
const sets = ['fifth', 'first', 'fourth', 'second', 'third'];
const isThere = spawnSync('snakemake', ['--version']).error === undefined;

test('snakemake builds bank, tokens and report once, and anew what another limit changes',
  { skip: !isThere && 'snakemake is not installed: apt-get install snakemake' }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'modelspider-snakemake-'));
    const run = (/** @type {string} */ flag = '--printshellcmds', /** @type {string[]} */ ...more) => {
      const { status, stdout, stderr } = spawnSync('snakemake', ['--snakefile', snakefile, '--directory', folder, '--cores', '1',
        flag, '--config', 'datasets=sets', 'bank=cells', `zoo=${join(folder, 'zoo')}`, 'report=eval', ...more], { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      return stdout + stderr;
    };
    try {
      await writeTinyZoo(join(folder, 'zoo'), models);
      await writeFile(join(folder, 'zoo/landmarks.json'), JSON.stringify({ schema: 1, widths: [4, 4], joint: 2 }));
      await writeFile(join(folder, 'zoo/groups.json'), JSON.stringify({ schema: 1, groups: {} }));
      // Training wants three sets on which models differ; on these they do by 0.05 to 0.12.
      for (const [i, name] of sets.entries()) {
        await writeTask(join(folder, 'sets', name), ['x', 'y', 'z'].slice(0, 2 + i % 2), 8, 6 + i);
      }
      run();
      const bank = readBank(await readFile(join(folder, 'zoo/bank.safetensors')));
      assert.deepEqual([bank.models, bank.tasks.map(({ name }) => name)], [models, sets]);
      assert.match(await readFile(join(folder, 'eval/report.md'), 'utf8'), /5 data sets/);
      assert.match(run('--dry-run'), /Nothing to be done/);
      const again = run('--dry-run', 'limit=6');
      for (const line of [/^cell +20 /m, /^judgement +15 /m, /^bank +1 /m, /^tokens +1 /m, /^evaluation +1 /m]) {
        assert.match(again, line, 'another limit makes everything anew');
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
