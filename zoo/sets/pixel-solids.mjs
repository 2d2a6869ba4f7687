// Solids with light on them, each found along the rays of a camera by its distance function; and
// bumpy ground lit from one side.
import { raster } from './pixel-textures.mjs';

/**
 * @typedef {import('./random.mjs').Random} Random
 * @typedef {[number, number, number]} Vector
 */

const side = 128;

/** @param {number[]} values */
const length = (...values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** @param {number} x @param {number} y the excess over a box's half sides */
const outside = (x, y) => length(Math.max(x, 0), Math.max(y, 0)) + Math.min(Math.max(x, y), 0);

/** Distances from a place to the solid's surface. @type {Record<string, (x: number, y: number, z: number) => number>} */
const solids = {
  sphere: (x, y, z) => length(x, y, z) - 1,
  cube: (x, y, z) => length(...[x, y, z].map((part) => Math.max(Math.abs(part) - 0.75, 0)))
    + Math.min(Math.max(Math.abs(x), Math.abs(y), Math.abs(z)) - 0.75, 0),
  cylinder: (x, y, z) => outside(length(x, z) - 0.7, Math.abs(y) - 0.85),
  torus: (x, y, z) => length(length(x, z) - 0.75, y) - 0.3,
  cone: (x, y, z) => Math.max(0.9 * (length(x, z) - 0.45 * (1 - y)), Math.abs(y) - 1),
  octahedron: (x, y, z) => (Math.abs(x) + Math.abs(y) + Math.abs(z) - 1.2) * 0.577,
  capsule: (x, y, z) => length(x, y - Math.max(-0.6, Math.min(0.6, y)), z) - 0.45,
};
export const solidNames = Object.keys(solids);

/** A rotation about x, then about y. @param {number} a @param {number} b @returns {(v: Vector) => Vector} */
function rotation(a, b) {
  const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
  return ([x, y, z]) => {
    const [u, v] = [ca * y - sa * z, sa * y + ca * z];
    return [cb * x + sb * v, u, cb * v - sb * x];
  };
}

/** @param {(x: number, y: number, z: number) => number} solid @param {(v: Vector) => Vector} turn @param {Vector} from @param {Vector} along @returns {Vector | undefined} */
function meet(solid, turn, from, along) {
  let way = 0;
  for (let step = 0; step < 40 && way < 6; step++) {
    const place = /** @type {Vector} */ (from.map((part, i) => part + along[i] * way));
    const distance = solid(...turn(place));
    if (distance < 0.004) {
      return place;
    }
    way += distance * 0.9;
  }
  return undefined;
}

/** @param {string} name @param {Random} random */
export function paintSolid(name, random) {
  const solid = solids[name];
  const turn = rotation(random.between(0.2, 1.2), random.between(0, 6));
  const light = [random.between(-1, 1), random.between(0.3, 1), random.between(-1.2, -0.5)];
  const [paint, ground] = [0, 1].map(() => [random.between(40, 255), random.between(40, 255), random.between(40, 255)]);
  const [dx, dy, far] = [random.between(-0.2, 0.2), random.between(-0.2, 0.2), random.between(1.15, 1.6)];
  const at = (/** @type {Vector} */ place) => solid(...turn(place));
  return raster((column, row) => {
    const [x, y] = [(column / side * 2 - 1) * far + dx, (1 - row / side * 2) * far + dy];
    const place = meet(solid, turn, [x, y, -3], [0, 0, 1]);
    if (place === undefined) {
      return ground.map((part) => part * (0.7 + 0.3 * row / side));
    }
    const here = at(place);
    const normal = place.map((_, i) => at(/** @type {Vector} */ (place.map((part, j) => part + (i === j ? 0.01 : 0)))) - here);
    const shine = normal.reduce((sum, part, i) => sum + part * light[i], 0) / (length(...normal) * length(...light) || 1);
    return paint.map((part) => part * (0.25 + 0.75 * Math.max(0, shine)));
  });
}

export const lights = ['north', 'north-east', 'east', 'south-east', 'south', 'south-west', 'west', 'north-west'];

/** Round bumps and dents lit from one direction. @param {string} name @param {Random} random */
export function paintLit(name, random) {
  const turn = lights.indexOf(name) * Math.PI / 4 + random.between(-0.2, 0.2);
  const bumps = Array.from({ length: random.integer(5, 12) }, () =>
    [random.between(0, side), random.between(0, side), random.between(10, 26)]);
  const colour = [random.between(90, 255), random.between(90, 255), random.between(90, 255)];
  return raster((x, y) => {
    let [slopeX, slopeY] = [0, 0];
    for (const [px, py, radius] of bumps) {
      const weight = Math.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * radius * radius)) * 20 / radius;
      slopeX += weight * (x - px) / radius;
      slopeY += weight * (y - py) / radius;
    }
    const shine = 0.5 + 0.45 * (slopeX * Math.sin(turn) - slopeY * Math.cos(turn));
    return colour.map((part) => part * Math.max(0.05, Math.min(1, shine)) + 6 * random.normal());
  });
}
