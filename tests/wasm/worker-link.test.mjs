// Requests and replies, over workers that are no threads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnswerer } from '../../wasm/worker-answer.mjs';
import { WorkerLink } from '../../wasm/worker-link.mjs';

/** @typedef {import('../../wasm/worker-link.mjs').Request} Request */

/** A link, and the workers it started: what each was asked, and its listeners. */
function createLink() {
  /** @type {(Parameters<import('../../wasm/worker-link.mjs').Spawn>[0] & {asked: Request[], isOver: boolean})[]} */
  const workers = [];
  const link = new WorkerLink((listeners) => {
    const worker = { ...listeners, asked: /** @type {Request[]} */ ([]), isOver: false };
    workers.push(worker);
    return {
      post: (request) => worker.asked.push(request),
      terminate: () => {
        worker.isOver = true;
      },
    };
  }, { ofReply: (error) => new Error(`told: ${error}`), ofCrash: (reason) => new Error(`crash: ${reason}`) });
  return { link, workers };
}

test('a reply finds its request, in whatever order replies come', async () => {
  const { link, workers } = createLink();
  const answers = [link.request('a', 1), link.request('b', 2)];
  const [{ asked, onReply }] = workers;
  assert.deepEqual(asked.map(({ op, args }) => [op, args]), [['a', 1], ['b', 2]]);
  onReply({ id: asked[1].id, ok: true, result: 'second' });
  onReply({ id: asked[0].id, ok: false, error: 'no' });
  assert.equal(await answers[1], 'second');
  await assert.rejects(answers[0], { message: 'told: no' });
});

test('a crash fails what was asked, and the next request starts another worker', async () => {
  const { link, workers } = createLink();
  const lost = link.request('a', 1);
  workers[0].onCrash('broken');
  await assert.rejects(lost, { message: 'crash: broken' });
  assert.deepEqual([link.isRunning, workers[0].isOver], [false, true]);
  const answer = link.request('a', 1);
  workers[1].onReply({ id: workers[1].asked[0].id, ok: true, result: 3 });
  assert.equal(await answer, 3);
});

test('what a stopped worker still says is not heard', async () => {
  const { link, workers } = createLink();
  const lost = link.request('a', 1);
  link.stop(new Error('stopped'));
  await assert.rejects(lost, { message: 'stopped' });
  const answer = link.request('b', 2);
  workers[0].onReply({ id: workers[1].asked[0].id, ok: true, result: 'late' });
  workers[0].onCrash('late');
  workers[1].onReply({ id: workers[1].asked[0].id, ok: true, result: 'new' });
  assert.equal(await answer, 'new');
});

test('a worker answers in the order of the requests, failures too', async () => {
  /** @type {any[]} */
  const posted = [];
  await new Promise((resolve) => {
    const answer = createAnswerer({
      run: async (op, args) => {
        await new Promise((ready) => setTimeout(ready, args));
        return op === 'fail' ? Promise.reject(new Error('no')) : op;
      },
      transferOf: (result) => [result],
      describe: (error) => String(error),
      post: (...message) => posted.push(message) === 3 && resolve(undefined),
    });
    [['slow', 20], ['fail', 10], ['quick', 0]].forEach(([op, args], id) => answer({ id, op: String(op), args }));
  });
  assert.deepEqual(posted, [
    [{ id: 0, ok: true, result: 'slow' }, ['slow']],
    [{ id: 1, ok: false, error: 'Error: no' }, []],
    [{ id: 2, ok: true, result: 'quick' }, ['quick']],
  ]);
});
