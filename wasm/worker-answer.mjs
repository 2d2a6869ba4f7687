// The worker's side of worker-link.mjs.

/**
 * Answers one request after another.
 *
 * @param {{run(op: string, args: any): any, transferOf(result: any): any[],
 *   describe(error: unknown): any, post(reply: import('./worker-link.mjs').Reply, transfer: any[]): void}} options
 *   run gives the result, or a promise of it; transferOf says what of it is given away; describe what
 *   is said of a failure
 * @returns {(request: import('./worker-link.mjs').Request) => void}
 */
export function createAnswerer({ run, transferOf, describe, post }) {
  let queue = Promise.resolve();
  return ({ id, op, args }) => {
    queue = queue.then(async () => {
      try {
        const result = await run(op, args);
        post({ id, ok: true, result }, transferOf(result));
      } catch (error) {
        post({ id, ok: false, error: describe(error) }, []);
      }
    });
  };
}
