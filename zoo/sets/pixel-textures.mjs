// Sets whose pictures are computed pixel by pixel: textures, automata, tilings, fractals, solids.
/**
 * @typedef {import('./random.mjs').Random} Random
 * @typedef {{pixels: Uint8Array, side: number}} Raster RGB
 */

const side = 128;

/** @param {Random} random @returns {number[]} */
const tint = (random) => [random.between(0, 255), random.between(0, 255), random.between(0, 255)];

/** Colours from dark to light along one hue, so that the pattern stays visible. @param {Random} random @returns {(value: number) => number[]} */
function ramp(random) {
  const [dark, light] = [tint(random).map((part) => part * 0.35), tint(random).map((part) => 255 - (255 - part) * 0.4)];
  return (value) => dark.map((part, i) => part + (light[i] - part) * Math.max(0, Math.min(1, value)));
}

/** @param {(x: number, y: number) => number[]} paint red, green, blue of a pixel @returns {Raster} */
export function raster(paint) {
  const pixels = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      pixels.set(paint(x, y).map((part) => Math.max(0, Math.min(255, Math.round(part)))), (y * side + x) * 3);
    }
  }
  return { pixels, side };
}

/** Values on a lattice, smoothly joined. @param {Random} random @param {number} cell pixels @returns {(x: number, y: number) => number} in [0, 1] */
function valueNoise(random, cell) {
  const columns = Math.ceil(side / cell) + 2;
  const lattice = Float64Array.from({ length: columns * columns }, random.next);
  const smooth = (/** @type {number} */ t) => t * t * (3 - 2 * t);
  return (x, y) => {
    const [i, j] = [Math.floor(x / cell), Math.floor(y / cell)];
    const [u, v] = [smooth(x / cell - i), smooth(y / cell - j)];
    const at = (/** @type {number} */ di, /** @type {number} */ dj) => lattice[(j + dj) * columns + i + di];
    return (at(0, 0) * (1 - u) + at(1, 0) * u) * (1 - v) + (at(0, 1) * (1 - u) + at(1, 1) * u) * v;
  };
}

/** @param {Random} random @param {number} cell @returns {(x: number, y: number) => number} in [0, 1] */
function cloudNoise(random, cell) {
  const octaves = [1, 2, 4, 8].map((factor) => valueNoise(random, Math.max(2, cell / factor)));
  return (x, y) => octaves.reduce((sum, octave, i) => sum + octave(x, y) / 2 ** (i + 1), 0);
}

/** @param {Random} random @returns {(x: number, y: number) => number[]} distances to the two nearest of some places */
function cells(random) {
  const places = Array.from({ length: random.integer(20, 60) }, () => [random.between(-8, side + 8), random.between(-8, side + 8)]);
  return (x, y) => {
    let [first, second] = [Infinity, Infinity];
    for (const [px, py] of places) {
      const distance = (x - px) ** 2 + (y - py) ** 2;
      if (distance < first) {
        [first, second] = [distance, first];
      } else if (distance < second) {
        second = distance;
      }
    }
    return [Math.sqrt(first), Math.sqrt(second)];
  };
}

/** @type {Record<string, (random: Random) => (x: number, y: number) => number>} */
const textures = {
  grain: (random) => () => random.next(),
  clouds: (random) => cloudNoise(random, random.between(24, 48)),
  blobs: (random) => ((noise) => (x, y) => (noise(x, y) > 0.5 ? 1 : 0))(valueNoise(random, random.between(8, 16))),
  cracks: (random) => ((near) => (x, y) => { const [a, b] = near(x, y); return (b - a) / 3; })(cells(random)),
  pebbles: (random) => ((near) => (x, y) => 1 - near(x, y)[0] / 12)(cells(random)),
  stripes: (random) => ((turn, step) => (x, y) => 0.5 + 0.5 * Math.sin((x * Math.cos(turn) + y * Math.sin(turn)) * step))(random.between(0, Math.PI), random.between(0.3, 0.9)),
  marble: (random) => ((noise, step) => (x, y) => 0.5 + 0.5 * Math.sin(x * step + 14 * noise(x, y)))(cloudNoise(random, 40), random.between(0.05, 0.15)),
  wood: (random) => ((noise, far) => (x, y) => (Math.hypot(x - far, (y - 64) * 0.4) / 7 + 2 * noise(x, y)) % 1)(valueNoise(random, 32), random.between(-60, 0)),
  weave: (random) => ((step) => (x, y) => ((Math.floor(x / step) + Math.floor(y / step)) % 2 ? (x % step) / step : (y % step) / step))(random.integer(5, 12)),
  checks: (random) => ((step) => (x, y) => (Math.floor(x / step) + Math.floor(y / step)) % 2)(random.integer(5, 16)),
};
export const textureNames = Object.keys(textures);

/** @param {string} name @param {Random} random */
export function paintTexture(name, random) {
  const [value, colours] = [textures[name](random), ramp(random)];
  return raster((x, y) => colours(value(x, y)));
}

export const automata = ['30', '45', '54', '73', '90', '105', '110', '150', '184'];

/** One row after another of an elementary cellular automaton. @param {string} name Wolfram's number @param {Random} random */
export function paintAutomaton(name, random) {
  const rule = Number(name);
  const [scale, colours] = [random.pick([1, 2]), ramp(random)];
  const width = side / scale;
  const density = random.between(0.1, 0.5);
  /** @type {number[]} */
  let row = Array.from({ length: width }, () => (random.next() < density ? 1 : 0));
  const rows = [row];
  while (rows.length < width) {
    const above = row;
    row = above.map((cell, i) => (rule >> (above[(i + width - 1) % width] * 4 + cell * 2 + above[(i + 1) % width])) & 1);
    rows.push(row);
  }
  return raster((x, y) => colours(rows[Math.floor(y / scale)][Math.floor(x / scale)]));
}

/** The motif's coordinates of a place in a tile from 0 to 1, by symmetry. @type {Record<string, (u: number, v: number) => [number, number]>} */
const symmetries = {
  shifts: (u, v) => [u, v],
  'half-turns': (u, v) => (v < 0.5 ? [u, v] : [1 - u, 1 - v]),
  'one-mirror': (u, v) => [u < 0.5 ? u : 1 - u, v],
  'two-mirrors': (u, v) => [u < 0.5 ? u : 1 - u, v < 0.5 ? v : 1 - v],
  glide: (u, v) => (u < 0.5 ? [u, v] : [u - 0.5, 1 - v]),
  'quarter-turns': (u, v) => (u < 0.5 ? (v < 0.5 ? [u, v] : [1 - v, u]) : (v < 0.5 ? [v, 1 - u] : [1 - u, 1 - v])),
  'eight-mirrors': (u, v) => { const [a, b] = [Math.min(u, 1 - u), Math.min(v, 1 - v)]; return a < b ? [a, b] : [b, a]; },
};
export const symmetryNames = Object.keys(symmetries);

/** @param {string} name of the symmetry of a tiling @param {Random} random */
export function paintTiling(name, random) {
  const tile = random.pick([32, 43, 64]);
  const [noise, colours] = [valueNoise(random, random.between(20, 32)), ramp(random)];
  const levels = random.integer(2, 4);
  return raster((x, y) => {
    const [u, v] = symmetries[name]((x % tile) / tile, (y % tile) / tile);
    return colours(Math.round(noise(u * 120, v * 120) * levels) / levels);
  });
}

/** Maps drawn at random, again and again: a b c d e f of each. @type {Record<string, number[][]>} */
const functionSystems = {
  triangle: [[0.5, 0, 0, 0.5, 0, 0], [0.5, 0, 0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5, 0.25, 0.5]],
  carpet: [0, 1, 2].flatMap((i) => [0, 1, 2].filter((j) => i !== 1 || j !== 1).map((j) => [1 / 3, 0, 0, 1 / 3, i / 3, j / 3])),
  dragon: [[0.5, -0.5, 0.5, 0.5, 0.25, 0.1], [-0.5, -0.5, 0.5, -0.5, 0.9, 0.35]],
  fern: [[0, 0, 0, 0.16, 0.5, 0], [0.85, 0.04, -0.04, 0.85, 0.06, 0.16], [0.2, -0.26, 0.23, 0.22, 0.4, 0.05], [-0.15, 0.28, 0.26, 0.24, 0.55, 0]],
  vicsek: [[0, 0], [2, 0], [0, 2], [2, 2], [1, 1]].map(([i, j]) => [1 / 3, 0, 0, 1 / 3, i / 3, j / 3]),
  tree: [[0.05, 0, 0, 0.4, 0.47, 0], [0.42, -0.42, 0.42, 0.42, 0.5, 0.3], [0.42, 0.42, -0.42, 0.42, 0.08, 0.72], [0.3, 0, 0, 0.3, 0.35, 0.3]],
};
export const fractalNames = ['julia', ...Object.keys(functionSystems)];

/** @param {string} name @param {Random} random */
export function paintFractal(name, random) {
  return name === 'julia' ? paintJulia(random) : paintSystem(functionSystems[name], random);
}

/** @param {number[][]} maps @param {Random} random */
function paintSystem(maps, random) {
  const hits = new Float64Array(side * side);
  const [turn, size, colours] = [random.between(-0.5, 0.5), random.between(80, 110), ramp(random)];
  const areas = maps.map(([a, b, c, d]) => Math.max(0.02, Math.abs(a * d - b * c)));
  const weighted = areas.flatMap((area, i) => Array(Math.ceil(area * 50)).fill(i));
  let [x, y] = [0.5, 0.5];
  for (let step = 0; step < 24000; step++) {
    const [a, b, c, d, e, f] = maps[random.pick(weighted)];
    [x, y] = [a * x + b * y + e, c * x + d * y + f];
    const [u, v] = [x - 0.5, 0.5 - y];
    const column = Math.round(side / 2 + size * (u * Math.cos(turn) - v * Math.sin(turn)));
    const row = Math.round(side / 2 + size * (u * Math.sin(turn) + v * Math.cos(turn)));
    if (step > 20 && column >= 0 && column < side && row >= 0 && row < side) {
      hits[row * side + column]++;
    }
  }
  return raster((column, row) => colours(hits[row * side + column] / 2));
}

/** @param {Random} random */
function paintJulia(random) {
  const [a, b] = random.pick([[-0.8, 0.156], [-0.4, 0.6], [0.285, 0.01], [-0.7269, 0.1889], [-0.1, 0.651]]);
  const [da, db, zoom, colours] = [random.between(-0.02, 0.02), random.between(-0.02, 0.02), random.between(40, 60), ramp(random)];
  return raster((column, row) => {
    let [x, y] = [(column - side / 2) / zoom, (row - side / 2) / zoom];
    let step = 0;
    for (; step < 48 && x * x + y * y < 4; step++) {
      [x, y] = [x * x - y * y + a + da, 2 * x * y + b + db];
    }
    return colours(step / 48);
  });
}
