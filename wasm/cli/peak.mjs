// The multiply+add peak: the most that f32x4.mul and f32x4.add reach here with everything in registers,
// in the fastest of several loops, which are assembled here. It is to be measured right before and
// after what is compared with it, as the clocks of shared machines change by a quarter within seconds.

const rounds = 100000;
const warmUps = 200;

const get = 0x20;
const set = 0x21;
const multiply = [0xfd, 0xe6, 0x01];
const add = [0xfd, 0xe4, 0x01];

/** A count in front of a section's or a function's bytes. @param {number[]} bytes below 2^14 of them */
const sized = (bytes) => [(bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];

/** @param {number} value @returns {number[]} f32.const value, f32x4.splat */
const splat = (value) => [0x43, ...new Uint8Array(new Float32Array([value]).buffer), 0xfd, 0x13];

/** @param {number} count */
const indices = (count) => [...Array(count).keys()];

/**
 * A function of a count, which runs a body so often on vectors in its locals 1 …
 *
 * @param {number[]} starts what they hold before
 * @param {number} sums how many of them make up the result, so that none is left out
 * @param {number[]} body
 */
function loop(starts, sums, body) {
  return [
    1, starts.length, 0x7b,
    ...starts.flatMap((start, i) => [...splat(start), set, i + 1]),
    0x03, 0x40, ...body,
    get, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, // count - 1, and again unless that is 0
    get, 1, ...indices(sums - 1).flatMap((i) => [get, i + 2, ...add]), 0xfd, 0x1f, 0, // a lane of all
    0x0b,
  ];
}

/** Chains x = x / 2 + 1. @param {number} count */
function chains(count) {
  const half = count + 1;
  const one = count + 2;
  const body = indices(count).flatMap((i) => [get, i + 1, get, half, ...multiply, get, one, ...add, set, i + 1]);
  return { operations: count, code: loop([...indices(count), 0.5, 1], count, body) };
}

/**
 * Sums of the products of each of some vectors with each of others.
 *
 * @param {number} rows
 * @param {number} columns
 * @param {number} times that all are added before the loop counts
 */
function products(rows, columns, times) {
  const sums = rows * columns;
  const once = indices(sums).flatMap((i) => {
    const row = sums + 1 + Math.floor(i / columns);
    const column = sums + rows + 1 + (i % columns);
    return [get, row, get, column, ...multiply, get, i + 1, ...add, set, i + 1];
  });
  const body = indices(times).flatMap(() => once);
  return { operations: sums * times, code: loop([...indices(sums), ...indices(rows), ...indices(columns)], sums, body) };
}

/**
 * A module of functions f32 (i32), each exported as its index.
 *
 * @param {number[][]} functions
 * @returns {Uint8Array<ArrayBuffer>}
 */
function assemble(functions) {
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, ...sized([1, 0x60, 1, 0x7f, 1, 0x7d]),
    3, ...sized([functions.length, ...functions.map(() => 0)]),
    7, ...sized([functions.length, ...functions.flatMap((_, i) => [1, 0x30 + i, 0, i])]),
    10, ...sized([functions.length, ...functions.flatMap(sized)]),
  ]);
}

/**
 * @returns {() => number} which measures once, in a tenth of a millisecond, in GFLOP/s; its loop
 *   is the one that was fastest when all were tried here, after the engine has compiled them for speed
 */
export function makePeak() {
  // Both operations take 3 to 4 cycles each, and two of each start in one: 12 chains or 6 sums hide that
  // where there are 16 registers; where there are 32, and four start in one, 12 sums do.
  const loops = [chains(12), chains(13), products(4, 1, 1), products(3, 2, 1), products(3, 2, 4), products(4, 3, 1)];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(loops.map(({ code }) => code))));
  const measures = loops.map(({ operations }, i) => {
    const run = /** @type {(count: number) => number} */ (exports[i]);
    return () => {
      const started = performance.now();
      run(rounds);
      return (rounds * operations * 8) / (performance.now() - started) / 1e6;
    };
  });
  const speeds = measures.map(() => /** @type {number[]} */ ([]));
  for (let i = 0; i < warmUps; i++) {
    measures.forEach((measure, at) => speeds[at].push(measure()));
  }
  // The first runs are of code that is not compiled for speed yet, and single ones may be of a clock that ticked late.
  const typical = speeds.map((all) => all.toSorted((a, b) => b - a)[warmUps / 4]);
  return measures[typical.indexOf(Math.max(...typical))];
}
