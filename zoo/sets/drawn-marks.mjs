// Sets of marks and their arrangement: polygons, counts, arrows, strokes, dots, pips, graphs.
import { shuffled } from './random.mjs';
import { box, circle, colour, contrast, line, onCircle, placed, polygon, side, stroke, svg } from './svg.mjs';

/**
 * @typedef {import('./random.mjs').Random} Random
 * @typedef {import('./svg.mjs').Point} Point
 */

/** @param {string} name of 3 to 8 corners, or star @param {Random} random */
export function drawPolygon(name, random) {
  const { ink, ground } = contrast(random);
  const corners = name === 'star' ? 10 : Number(name[0]);
  const radius = (/** @type {number} */ i) => (name === 'star' && i % 2 === 1 ? 20 : 45) * random.between(0.92, 1.05);
  const points = Array.from({ length: corners }, (_, i) => onCircle(i / corners, radius(i)));
  const fill = random.next() < 0.5 ? ink : 'none';
  return svg(ground, placed(random, polygon(points, fill, `stroke="${ink}" stroke-width="4"`), random.between(0, 360)));
}

/** Places in the picture that keep a distance. @param {Random} random @param {number} count @param {number} gap @returns {Point[]} */
function scatter(random, count, gap) {
  /** @type {Point[]} */
  const points = [];
  for (let tries = 0; points.length < count && tries < 5000; tries++) {
    /** @type {Point} */
    const point = [random.between(14, side - 14), random.between(14, side - 14)];
    if (points.every(([x, y]) => (x - point[0]) ** 2 + (y - point[1]) ** 2 > gap * gap)) {
      points.push(point);
    }
  }
  return points;
}

/** @param {string} name the count @param {Random} random */
export function drawCount(name, random) {
  const { ink, ground } = contrast(random);
  const radius = random.between(6, 11);
  const isRound = random.next() < 0.5;
  const marks = scatter(random, Number(name), 24).map(([x, y]) =>
    (isRound ? circle([x, y], radius, ink) : box(x - radius, y - radius, radius * 2, radius * 2, ink)));
  return svg(ground, marks.join(''));
}

export const directions = ['north', 'north-east', 'east', 'south-east', 'south', 'south-west', 'west', 'north-west'];

/** @param {string} name @param {Random} random */
export function drawArrow(name, random) {
  const { ink, ground } = contrast(random);
  const [shaft, head] = [random.between(3, 10), random.between(16, 28)];
  /** @type {Point[]} */
  const points = [[0, -46], [head, -46 + head], [shaft, -46 + head], [shaft, 44], [-shaft, 44], [-shaft, -46 + head], [-head, -46 + head]];
  return svg(ground, placed(random, polygon(points, ink), directions.indexOf(name) * 45 + random.between(-9, 9)));
}

/** From 0 to 1 along the stroke, a place within 45 of the middle. @type {Record<string, (t: number) => Point>} */
const strokes = {
  spiral: (t) => onCircle(t * 3, 45 * t),
  wave: (t) => [90 * t - 45, 25 * Math.sin(6 * Math.PI * t)],
  zigzag: (t) => [90 * t - 45, 25 * (Math.abs((t * 6) % 2 - 1) * 2 - 1)],
  loops: (t) => [70 * t - 35 + 18 * Math.cos(8 * Math.PI * t), 18 * Math.sin(8 * Math.PI * t)],
  circle: (t) => onCircle(t, 40),
  eight: (t) => [40 * Math.sin(2 * Math.PI * t), 25 * Math.sin(4 * Math.PI * t)],
  line: (t) => [90 * t - 45, 0],
  arc: (t) => onCircle(0.5 * t - 0.25, 42),
  square: (t) => [Math.max(-35, Math.min(35, 70 * (Math.abs(((t * 4 + 3.5) % 4) - 2) - 1))), Math.max(-35, Math.min(35, 70 * (Math.abs(((t * 4 + 2.5) % 4) - 2) - 1)))],
  scribble: (t) => [40 * Math.sin(17 * t) * Math.cos(5 * t), 40 * Math.sin(13 * t + 1) * Math.cos(9 * t)],
};
export const strokeNames = Object.keys(strokes);

/** A pen that is not quite steady. @param {string} name @param {Random} random */
export function drawStroke(name, random) {
  const { ink, ground } = contrast(random);
  const [a, b, c] = [random.between(0, 6), random.between(0, 6), random.between(1, 4)];
  const points = Array.from({ length: 81 }, (_, i) => {
    const [x, y] = strokes[name](i / 80);
    return /** @type {Point} */ ([x + c * Math.sin(i / 9 + a), y + c * Math.sin(i / 7 + b)]);
  });
  return svg(ground, placed(random, stroke(points, ink, random.between(2, 6)), random.between(-40, 40)));
}

/** @type {Record<string, (random: Random) => Point[]>} */
const dots = {
  grid: (random) => lattice(random, 0),
  jittered: (random) => lattice(random, 4),
  random: (random) => Array.from({ length: 64 }, () => [random.between(6, 122), random.between(6, 122)]),
  clusters: (random) => scatter(random, 4, 40).flatMap(([x, y]) =>
    Array.from({ length: 16 }, () => /** @type {Point} */ ([x + 5 * random.normal(), y + 5 * random.normal()]))),
  ring: (random) => Array.from({ length: 64 }, () => onCircle(random.next(), 46 + 2 * random.normal(), [64, 64])),
  stripe: (random) => Array.from({ length: 64 }, () => [64 + 5 * random.normal(), random.between(6, 122)]),
  'thinning-out': (random) => Array.from({ length: 64 }, () => [6 + 116 * random.next() ** 2.5, random.between(6, 122)]),
  spaced: (random) => scatter(random, 64, 11),
};
export const dotNames = Object.keys(dots);

/** @param {Random} random @param {number} jitter @returns {Point[]} */
function lattice(random, jitter) {
  return Array.from({ length: 64 }, (_, i) =>
    [8 + 16 * (i % 8) + random.between(-jitter, jitter), 8 + 16 * Math.floor(i / 8) + random.between(-jitter, jitter)]);
}

/** @param {string} name @param {Random} random */
export function drawDots(name, random) {
  const { ink, ground } = contrast(random);
  const radius = random.between(1.5, 3.5);
  const marks = dots[name](random).map((point) => circle(point, radius, ink)).join('');
  return svg(ground, `<g transform="rotate(${random.pick([0, 90, 180, 270])} 64 64)">${marks}</g>`);
}

/** Columns of pips as on playing cards: how many in the left and right, and in the middle. @type {[number, number][]} */
const pipLayouts = [[0, 1], [0, 2], [0, 3], [2, 0], [2, 1], [3, 0], [3, 1], [3, 2], [4, 1], [4, 2]];
const suits = [
  'M0 8C-14 -2 -8 -11 0 -4C8 -11 14 -2 0 8Z',
  'M0 -10L7 0L0 10L-7 0Z',
  'M0 -10C14 0 8 9 1 4L3 10H-3L-1 4C-8 9 -14 0 0 -10Z',
  'M0 -10A5 5 0 0 1 4 -3A5 5 0 1 1 1 4L3 10H-3L-1 4A5 5 0 1 1 -4 -3A5 5 0 0 1 0 -10Z',
];

/** @param {string} name the number of pips @param {Random} random */
export function drawPips(name, random) {
  const [columns, middle] = pipLayouts[Number(name) - 1];
  const path = random.pick(suits);
  const ink = random.pick(['#c01828', '#101018', '#1850a0', '#187030']);
  const rows = (/** @type {number} */ x, /** @type {number} */ count) => Array.from({ length: count }, (_, i) =>
    `<path d="${path}" fill="${ink}" transform="translate(${x} ${count === 1 ? 0 : 72 * i / (count - 1) - 36})"/>`).join('');
  const card = `<rect x="-38" y="-54" width="76" height="108" rx="7" fill="#fcfcf4" stroke="#777"/>`;
  return svg(colour(random), placed(random, card + rows(-20, columns) + rows(20, columns) + rows(0, middle)));
}

/** Edges among n nodes. @type {Record<string, (n: number, random: Random) => [number, number][]>} */
const graphs = {
  path: (n) => range(n - 1).map((i) => [i, i + 1]),
  cycle: (n) => range(n).map((i) => [i, (i + 1) % n]),
  star: (n) => range(n - 1).map((i) => [0, i + 1]),
  complete: (n) => range(n).flatMap((i) => range(i).map((j) => /** @type {[number, number]} */ ([i, j]))),
  tree: (n) => range(n - 1).map((i) => [Math.floor(i / 2), i + 1]),
  matching: (n) => range(Math.floor(n / 2)).map((i) => [2 * i, 2 * i + 1]),
  bipartite: (n) => range(Math.floor(n / 2)).flatMap((i) => range(n - Math.floor(n / 2)).map((j) =>
    /** @type {[number, number]} */ ([i, Math.floor(n / 2) + j]))),
};
export const graphNames = Object.keys(graphs);

/** @param {number} count */
const range = (count) => Array.from({ length: count }, (_, i) => i);

/** @param {string} name @param {Random} random */
export function drawGraph(name, random) {
  const { ink, ground } = contrast(random);
  const n = random.integer(6, 9);
  const places = shuffled(range(n), random).map((i) => onCircle((i + random.between(-0.2, 0.2)) / n, random.between(36, 52), [64, 64]));
  const edges = graphs[name](n, random).map(([a, b]) => stroke([places[a], places[b]], ink, 2)).join('');
  return svg(ground, edges + places.map((place) => circle(place, 5, colour(random), `stroke="${ink}"`)).join(''));
}

/** Cubic curves from one side to another, which cross or do not. @param {string} name the number of strands @param {Random} random */
export function drawStrands(name, random) {
  const { ground } = contrast(random);
  const strands = range(Number(name)).map(() => {
    const [a, b, c, d] = range(4).map(() => random.integer(6, 122));
    return line(`M0 ${a}C40 ${b} 88 ${c} 128 ${d}`, colour(random), random.between(3, 6));
  });
  return svg(ground, strands.join(''));
}
