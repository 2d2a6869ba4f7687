// Names beside the points of a plot, where there is room; the first in the list choose first.

/**
 * @typedef {{x: number, y: number, text: string, radius?: number}} Point radius: of its dot
 * @typedef {{x: number, y: number, anchor: 'start' | 'end'}} Place of the text's baseline
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 */

const letterWidth = 6.6;
const lineHeight = 14;
const gap = 3;
const dotRadius = 6;
// Beside the dot, then beside and above or below it.
const lifts = [0, -12, 12];

/** @param {Box} a @param {Box} b */
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/**
 * @param {Point[]} points
 * @param {{left: number, right: number}} room
 * @returns {(Place | undefined)[]} for each point; undefined where its name finds no room
 */
export function placeLabels(points, room) {
  /** @type {Box[]} */
  const taken = points.map(({ x, y, radius = dotRadius }) =>
    ({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }));
  return points.map(({ x, y, text, radius = dotRadius }, i) => {
    const distance = radius + gap;
    const width = [...text].length * letterWidth;
    for (const [lift, anchor] of lifts.flatMap((own) => /** @type {[number, 'start' | 'end'][]} */ ([[own, 'start'], [own, 'end']]))) {
      const left = anchor === 'start' ? x + distance : x - distance - width;
      const box = { left, right: left + width, top: y + lift - lineHeight / 2, bottom: y + lift + lineHeight / 2 };
      const isFree = box.left >= room.left && box.right <= room.right
        && taken.every((other, j) => j === i || !overlap(box, other));
      if (isFree) {
        taken.push(box);
        return { x: anchor === 'start' ? x + distance : x - distance, y: y + lift + 4, anchor };
      }
    }
    return undefined;
  });
}
