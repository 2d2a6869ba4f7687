// Words of SVG that several sets draw with.
/** @typedef {import('./random.mjs').Random} Random */
/** @typedef {[number, number]} Point */

/** The side of a drawn picture, in pixels. */
export const side = 128;

/** @param {number} value */
const short = (value) => Number(value.toFixed(2));

/** @param {Random} random @param {number} [lightness] percent @returns {string} */
export const colour = (random, lightness = random.between(25, 75)) =>
  `hsl(${random.integer(0, 359)},${random.integer(30, 95)}%,${short(lightness)}%)`;

/** A dark colour and a light one, either of which may be the ground. @param {Random} random */
export function contrast(random) {
  const pair = [colour(random, random.between(12, 35)), colour(random, random.between(72, 95))];
  return random.next() < 0.5 ? { ink: pair[0], ground: pair[1] } : { ink: pair[1], ground: pair[0] };
}

/** @param {string} ground @param {string} body @returns {string} */
export const svg = (ground, body) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect width="${side}" height="${side}" fill="${ground}"/>${body}</svg>`;

/** Somewhere near the middle, turned and scaled. @param {Random} random @param {string} body @param {number} [turn] degrees @returns {string} */
export function placed(random, body, turn = random.between(-15, 15)) {
  const [x, y] = [side / 2 + random.between(-10, 10), side / 2 + random.between(-10, 10)];
  return `<g transform="translate(${short(x)} ${short(y)}) rotate(${short(turn)}) scale(${short(random.between(0.75, 1.15))})">${body}</g>`;
}

/** @param {Point[]} points @returns {string} the value of a points attribute, or of a path after M */
export const pointList = (points) => points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ');

/** @param {Point[]} points @param {string} ink @param {number} width @returns {string} */
export const stroke = (points, ink, width) =>
  `<polyline points="${pointList(points)}" fill="none" stroke="${ink}" stroke-width="${short(width)}" stroke-linecap="round" stroke-linejoin="round"/>`;

/** @param {Point[]} points @param {string} fill @param {string} [more] attributes @returns {string} */
export const polygon = (points, fill, more = '') => `<polygon points="${pointList(points)}" fill="${fill}" ${more}/>`;

/** @param {Point} centre @param {number} radius @param {string} fill @param {string} [more] attributes @returns {string} */
export const circle = ([x, y], radius, fill, more = '') =>
  `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" fill="${fill}" ${more}/>`;

/** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} fill @returns {string} */
export const box = (x, y, width, height, fill) =>
  `<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" fill="${fill}"/>`;

/** @param {number} turn in parts of a full circle, clockwise from the top @param {number} radius @param {Point} [centre] @returns {Point} */
export const onCircle = (turn, radius, [x, y] = [0, 0]) =>
  [x + radius * Math.sin(2 * Math.PI * turn), y - radius * Math.cos(2 * Math.PI * turn)];

/** @param {string} path @param {string} ink @param {number} width @returns {string} */
export const line = (path, ink, width) => `<path d="${path}" fill="none" stroke="${ink}" stroke-width="${short(width)}" stroke-linecap="round"/>`;
