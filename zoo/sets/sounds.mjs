// Spectrograms of synthesised sounds: what an image model sees of hearing.
/** @typedef {import('./random.mjs').Random} Random */

const side = 128;
const windowSize = 256;
const hop = 96;
const sampleCount = windowSize + hop * (side - 1);

/** Phase in cycles -> a wave from -1 to 1. */
const sine = (/** @type {number} */ phase) => Math.sin(2 * Math.PI * phase);
const square = (/** @type {number} */ phase) => (phase % 1 < 0.5 ? 1 : -1);
const saw = (/** @type {number} */ phase) => 2 * (phase % 1) - 1;

/** A wave whose frequency is a function of time, in cycles per sample. @param {(phase: number) => number} wave @param {(t: number) => number} frequency t: from 0 to 1 @returns {Float64Array} */
function swept(wave, frequency) {
  let phase = 0;
  return Float64Array.from({ length: sampleCount }, (_, i) => {
    phase += frequency(i / sampleCount);
    return wave(phase);
  });
}

/** @type {Record<string, (random: Random) => Float64Array>} */
const sounds = {
  tone: (random) => ((f) => swept(sine, () => f))(random.between(0.03, 0.4)),
  square: (random) => ((f) => swept(square, () => f))(random.between(0.01, 0.05)),
  saw: (random) => ((f) => swept(saw, () => f))(random.between(0.01, 0.04)),
  rising: (random) => ((f, g) => swept(sine, (t) => f + g * t))(random.between(0.02, 0.12), random.between(0.12, 0.3)),
  falling: (random) => ((f, g) => swept(sine, (t) => f - g * t))(random.between(0.3, 0.45), random.between(0.12, 0.25)),
  siren: (random) => ((f, g, n) => swept(sine, (t) => f + g * sine(n * t)))(random.between(0.15, 0.3), random.between(0.04, 0.1), random.between(2, 7)),
  noise: (random) => Float64Array.from({ length: sampleCount }, () => random.between(-1, 1)),
  clicks: (random) => ((gap) => Float64Array.from({ length: sampleCount }, (_, i) => (i % gap < 4 ? 1 : 0)))(random.integer(700, 2500)),
  melody: (random) => ((notes) => swept(sine, (t) => notes[Math.floor(t * 8)]))(Array.from({ length: 8 }, () => random.between(0.04, 0.3))),
  pulses: (random) => ((f, n) => swept(sine, () => f).map((value, i) => value * (square(n * i / sampleCount) > 0 ? 1 : 0)))(random.between(0.05, 0.35), random.between(4, 14)),
};
export const soundNames = Object.keys(sounds);

/** The power of half the frequencies of a window, by the definition. @param {Float64Array} samples @param {number} start @returns {number[]} */
function powers(samples, start) {
  const shaped = Float64Array.from({ length: windowSize }, (_, i) => samples[start + i] * (0.5 - 0.5 * tables.cosine[i]));
  return Array.from({ length: side }, (_, k) => {
    let [real, imaginary] = [0, 0];
    for (let i = 0; i < windowSize; i++) {
      const turn = (i * k) % windowSize;
      real += shaped[i] * tables.cosine[turn];
      imaginary += shaped[i] * tables.sine[turn];
    }
    return real * real + imaginary * imaginary;
  });
}

const tables = {
  cosine: Float64Array.from({ length: windowSize }, (_, i) => Math.cos(2 * Math.PI * i / windowSize)),
  sine: Float64Array.from({ length: windowSize }, (_, i) => Math.sin(2 * Math.PI * i / windowSize)),
};

/** Time to the right, frequency upwards, loudness as light. @param {string} name @param {Random} random */
export function paintSound(name, random) {
  const hiss = random.between(0.005, 0.15);
  const samples = sounds[name](random).map((value) => value + hiss * random.normal());
  const pixels = new Uint8Array(side * side * 3);
  const colours = random.pick([[1, 1, 1], [1.4, 0.9, 0.4], [0.5, 1.2, 0.8]]);
  for (let x = 0; x < side; x++) {
    powers(samples, x * hop).forEach((power, k) => {
      const light = 255 * Math.max(0, Math.min(1, (Math.log10(power + 1e-6) + 2) / 6));
      pixels.set(colours.map((part) => Math.min(255, Math.round(light * part))), ((side - 1 - k) * side + x) * 3);
    });
  }
  return { pixels, side };
}
