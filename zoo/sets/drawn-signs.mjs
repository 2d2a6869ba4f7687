// Sets of signs that a person reads: charts, clocks, dice, digits, faces, circuit and music symbols.
import { box, circle, colour, contrast, line, onCircle, placed, polygon, stroke, svg } from './svg.mjs';

/**
 * @typedef {import('./random.mjs').Random} Random
 * @typedef {import('./svg.mjs').Point} Point
 */

/** @param {Random} random @param {number} count @returns {number[]} each from 0 to 1 */
const values = (random, count) => Array.from({ length: count }, () => random.between(0.1, 1));

/** Within a frame from 16 to 112. @type {Record<string, (random: Random, ink: string) => string>} */
const charts = {
  columns: (random, ink) => values(random, 7).map((value, i) => box(18 + 13 * i, 112 - 90 * value, 10, 90 * value, ink)).join(''),
  bars: (random, ink) => values(random, 7).map((value, i) => box(16, 18 + 13 * i, 90 * value, 10, ink)).join(''),
  lines: (random, ink) => [ink, colour(random)].map((each) =>
    stroke(values(random, 8).map((value, i) => [16 + 13 * i, 112 - 90 * value]), each, 3)).join(''),
  area: (random, ink) => polygon([[16, 112], ...values(random, 8).map((value, i) => /** @type {Point} */ ([16 + 13 * i, 112 - 90 * value])), [107, 112]], ink),
  scatter: (random, ink) => values(random, 30).map((value) => circle([random.between(18, 112), 112 - 90 * value], 2.5, ink)).join(''),
  pie: (random) => slices(random, 0),
  ring: (random) => slices(random, 24),
  heatmap: (random) => values(random, 36).map((value, i) =>
    box(18 + 15 * (i % 6), 18 + 15 * Math.floor(i / 6), 15, 15, `hsl(${240 - 240 * value},80%,50%)`)).join(''),
};
export const chartNames = Object.keys(charts);

/** @param {Random} random @param {number} hole its radius */
function slices(random, hole) {
  const parts = values(random, random.integer(3, 6));
  const sum = parts.reduce((total, value) => total + value);
  let from = 0;
  const drawn = parts.map((value) => {
    const to = from + value / sum;
    const points = Array.from({ length: 25 }, (_, i) => onCircle(from + (to - from) * i / 24, 46, [64, 64]));
    from = to;
    return polygon([[64, 64], ...points], colour(random));
  });
  return drawn.join('') + (hole > 0 ? circle([64, 64], hole, 'white') : '');
}

/** @param {string} name @param {Random} random */
export function drawChart(name, random) {
  const ground = colour(random, random.between(90, 98));
  const frame = random.next() < 0.6 ? stroke([[14, 14], [14, 114], [114, 114]], '#444', 1.5) : '';
  return svg(ground, charts[name](random, colour(random)) + frame);
}

/** @param {string} name the hour @param {Random} random */
export function drawClock(name, random) {
  const { ink, ground } = contrast(random);
  const minutes = random.pick([0, 0.125, 0.25, 0.375, 0.5]);
  const marks = Array.from({ length: 12 }, (_, i) => stroke([onCircle(i / 12, 40), onCircle(i / 12, 45)], ink, i % 3 ? 1.5 : 3.5)).join('');
  const hands = stroke([[0, 0], onCircle((Number(name) + minutes) / 12, 24)], ink, 5) + stroke([[0, 0], onCircle(minutes, 38)], random.pick([ink, '#d02020']), 2.5);
  return svg(ground, placed(random, circle([0, 0], 48, 'none', `stroke="${ink}" stroke-width="3"`) + marks + hands, random.between(-4, 4)));
}

/** The pips of a die as rows of three. */
const dice = ['    #    ', '#       #', '#   #   #', '# #   # #', '# # # # #', '# ## ## #'];

/** @param {string} name the value @param {Random} random */
export function drawDie(name, random) {
  const { ink, ground } = contrast(random);
  const face = colour(random, random.between(80, 97));
  const pips = [...dice[Number(name) - 1]].map((mark, i) => (mark === '#' ? circle([22 * (i % 3) - 22, 22 * Math.floor(i / 3) - 22], 7, '#181818') : '')).join('');
  return svg(ground, placed(random, `<rect x="-40" y="-40" width="80" height="80" rx="${random.integer(4, 18)}" fill="${face}" stroke="${ink}"/>${pips}`, random.between(0, 360)));
}

/** Which of the segments top, upper left, upper right, middle, lower left, lower right, bottom shine. */
const digits = ['1110111', '0010010', '1011101', '1011011', '0111010', '1101011', '1101111', '1010010', '1111111', '1111011'];
/** @type {[Point, Point][]} */
const segments = [[[-18, -38], [18, -38]], [[-20, -36], [-20, -2]], [[20, -36], [20, -2]], [[-18, 0], [18, 0]], [[-20, 2], [-20, 36]], [[20, 2], [20, 36]], [[-18, 38], [18, 38]]];

/** @param {string} name the digit @param {Random} random */
export function drawDigit(name, random) {
  const ground = colour(random, random.between(4, 16));
  const [shine, off] = [colour(random, random.between(55, 75)), colour(random, random.between(14, 24))];
  const body = segments.map((ends, i) => stroke(ends, digits[Number(name)][i] === '1' ? shine : off, random.between(5, 9))).join('');
  return svg(ground, placed(random, `<g transform="skewX(${random.integer(-14, 2)})">${body}</g>`, random.between(-6, 6)));
}

/** Mouth and brows of a mood. @type {Record<string, [string, string]>} */
const moods = {
  happy: ['M-20 12Q0 34 20 12', 'M-26 -20L-12 -22M12 -22L26 -20'],
  sad: ['M-20 26Q0 8 20 26', 'M-26 -16L-12 -24M12 -24L26 -16'],
  angry: ['M-18 24Q0 14 18 24', 'M-26 -26L-10 -16M10 -16L26 -26'],
  surprised: ['M-8 22A8 10 0 1 0 8 22A8 10 0 1 0 -8 22', 'M-26 -28Q-18 -34 -10 -28M10 -28Q18 -34 26 -28'],
  neutral: ['M-18 20H18', 'M-26 -22H-12M12 -22H26'],
  smirking: ['M-18 22Q8 24 20 10', 'M-26 -22H-12M12 -26Q20 -32 26 -24'],
};
export const moodNames = Object.keys(moods);

/** @param {string} name @param {Random} random */
export function drawFace(name, random) {
  const skin = colour(random, random.between(55, 85));
  const ink = colour(random, random.between(8, 25));
  const [mouth, brows] = moods[name];
  const width = random.between(2.5, 5);
  const eyes = [-18, 18].map((x) => circle([x, -8], random.between(3, 6), ink)).join('');
  const hair = random.next() < 0.5 ? polygon([[-44, -14], [-30, -46], [0, -54], [30, -46], [44, -14], [0, -36]], colour(random)) : '';
  return svg(colour(random), placed(random, circle([0, 0], 46, skin) + hair + eyes + line(mouth, ink, width) + line(brows, ink, width)));
}

/** Paths with their ends at the sides. @type {Record<string, string>} */
const circuit = {
  resistor: 'M-50 0H-30L-25 -12L-15 12L-5 -12L5 12L15 -12L25 12L30 0H50',
  capacitor: 'M-50 0H-6M-6 -20V20M6 -20V20M6 0H50',
  inductor: 'M-50 0H-32A8 8 0 0 1 -16 0A8 8 0 0 1 0 0A8 8 0 0 1 16 0A8 8 0 0 1 32 0H50',
  diode: 'M-50 0H-14M-14 -18V18L14 0ZM14 -18V18M14 0H50',
  lamp: 'M-50 0H-20M20 0H50M-20 0A20 20 0 1 0 20 0A20 20 0 1 0 -20 0M-14 -14L14 14M-14 14L14 -14',
  switch: 'M-50 0H-20L18 -22M20 0H50M-20 -2V2M20 -2V2',
  battery: 'M-50 0H-15M-15 -22V22M-5 -10V10M5 -22V22M15 -10V10M15 0H50',
  ground: 'M0 -45V0M-30 0H30M-20 12H20M-9 24H9',
  fuse: 'M-50 0H50M-26 -11H26V11H-26Z',
};
export const circuitNames = Object.keys(circuit);

/** @param {string} name @param {Random} random */
export function drawCircuit(name, random) {
  const { ink, ground } = contrast(random);
  return svg(ground, placed(random, line(circuit[name], ink, random.between(2, 4.5)), random.pick([0, 90]) + random.between(-12, 12)));
}

/** A head, a stem and what hangs on it. @type {Record<string, (ink: string) => string>} */
const music = {
  whole: (ink) => head('none', ink),
  half: (ink) => head('none', ink) + line('M11 18V-40', ink, 3),
  quarter: (ink) => head(ink, ink) + line('M11 18V-40', ink, 3),
  eighth: (ink) => head(ink, ink) + line('M11 18V-40C14 -24 28 -22 24 -4', ink, 3),
  sixteenth: (ink) => head(ink, ink) + line('M11 18V-40C14 -24 28 -22 24 -4M11 -24C14 -8 28 -6 24 12', ink, 3),
  'half-rest': (ink) => box(-14, -8, 28, 9, ink),
  'quarter-rest': (ink) => line('M-6 -30L8 -12L-4 0L10 18C-4 10 -10 22 2 32', ink, 5),
  'eighth-rest': (ink) => circle([-8, -12], 6, ink) + line('M-8 -8C0 -6 8 -12 12 -18L0 30', ink, 3),
};
export const musicNames = Object.keys(music);

/** @param {string} fill @param {string} ink */
const head = (fill, ink) => `<ellipse cx="0" cy="20" rx="12" ry="8" fill="${fill}" stroke="${ink}" stroke-width="3.5" transform="rotate(-18 0 20)"/>`;

/** On a staff, at any height. @param {string} name @param {Random} random */
export function drawMusic(name, random) {
  const { ink, ground } = contrast(random);
  const staff = [-24, -12, 0, 12, 24].map((y) => line(`M-60 ${y}H60`, ink, 1.2)).join('');
  const mark = `<g transform="translate(${random.integer(-30, 30)} ${6 * random.integer(-3, 3)})">${music[name](ink)}</g>`;
  return svg(ground, placed(random, staff + mark, random.between(-5, 5)));
}
