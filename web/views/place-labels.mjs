// Names beside the points of a plot, where there is room; the first in the list choose first.

/**
 * @typedef {{x: number, y: number, text: string, radius?: number, isNeeded?: boolean}} Point radius: of
 *   its dot; isNeeded: whether its name stands where it covers least when there is no room
 * @typedef {{x: number, y: number, anchor: 'start' | 'end'}} Place of the text's baseline
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 */

const letterWidth = 6.6;
const lineHeight = 14;
const gap = 3;
const dotRadius = 6;
// Beside the dot, then beside and above or below it.
const lifts = [0, -12, 12];

/** @param {Box} a @param {Box} b @returns {number} the area that both cover */
const shared = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
  * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/**
 * @param {Point[]} points
 * @param {{left: number, right: number}} room
 * @returns {(Place | undefined)[]} for each point; undefined where its name finds no room
 */
export function placeLabels(points, room) {
  /** @type {Box[]} */
  const taken = points.map(({ x, y, radius = dotRadius }) =>
    ({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }));
  return points.map(({ x, y, text, radius = dotRadius, isNeeded = false }, i) => {
    const distance = radius + gap;
    const width = [...text].length * letterWidth;
    /** @type {{box: Box, place: Place, covered: number} | undefined} */
    let best;
    for (const [lift, anchor] of lifts.flatMap((own) => /** @type {[number, 'start' | 'end'][]} */ ([[own, 'start'], [own, 'end']]))) {
      const left = anchor === 'start' ? x + distance : x - distance - width;
      const box = { left, right: left + width, top: y + lift - lineHeight / 2, bottom: y + lift + lineHeight / 2 };
      const covered = taken.reduce((sum, other, j) => (j === i ? sum : sum + shared(box, other)), 0);
      if (box.left >= room.left && box.right <= room.right && covered < (best?.covered ?? Infinity)) {
        best = { box, place: { x: anchor === 'start' ? x + distance : x - distance, y: y + lift + 4, anchor }, covered };
      }
    }
    if (!best || (best.covered > 0 && !isNeeded)) {
      return undefined;
    }
    taken.push(best.box);
    return best.place;
  });
}
