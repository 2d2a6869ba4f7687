// The multiply+add peak of this machine's SIMD128, by a WebAssembly module that is assembled here: the
// measure of what a kernel could reach.

const chains = 13;
const rounds = 20000;

/** A count in front of a section's or a function's bytes. @param {number[]} bytes below 2^14 of them */
const sized = (bytes) => [(bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];

/** @param {number} value @returns {number[]} f32.const value, f32x4.splat */
const splat = (value) => [0x43, ...new Uint8Array(new Float32Array([value]).buffer), 0xfd, 0x13];

const multiply = [0xfd, 0xe6, 0x01];
const add = [0xfd, 0xe4, 0x01];

/**
 * A module with run(count), which takes count rounds of x = x / 2 + 1 in each of the chains: as many
 * as hide the latency of both operations, and as stay in registers.
 *
 * @returns {Uint8Array<ArrayBuffer>}
 */
function assemble() {
  const all = Array.from({ length: chains }, (_, i) => i + 1);
  const half = chains + 1;
  const one = chains + 2;
  const body = [
    1, one, 0x7b, // locals of v128
    ...all.flatMap((x) => [...splat(x), 0x21, x]),
    ...splat(0.5), 0x21, half,
    ...splat(1), 0x21, one,
    0x03, 0x40, // loop
    ...all.flatMap((x) => [0x20, x, 0x20, half, ...multiply, 0x20, one, ...add, 0x21, x]),
    0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, // count - 1, and again unless that is 0
    0x0b,
    0x20, 1, ...all.slice(1).flatMap((x) => [0x20, x, ...add]), 0xfd, 0x1f, 0, // a lane of the sum
    0x0b,
  ];
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, ...sized([1, 0x60, 1, 0x7f, 1, 0x7d]), // f32 run(i32)
    3, ...sized([1, 0]),
    7, ...sized([1, 3, 0x72, 0x75, 0x6e, 0, 0]),
    10, ...sized([1, ...sized(body)]),
  ]);
}

/** @returns {() => number} which measures once, in GFLOP/s; the best of many is the peak */
export function makePeak() {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble()));
  const run = /** @type {(count: number) => number} */ (exports.run);
  return () => {
    const started = performance.now();
    run(rounds);
    return (rounds * chains * 8) / (performance.now() - started) / 1e6;
  };
}
