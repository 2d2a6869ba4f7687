// Names beside the points of a plot, where there is room; the first in the list choose first.

/**
 * @typedef {{x: number, y: number, text: string}} Point
 * @typedef {{x: number, y: number, anchor: 'start' | 'end'}} Place of the text's baseline
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 */

const letterWidth = 6.6;
const lineHeight = 14;
const distance = 9;
const dotRadius = 6;

/** @param {Box} a @param {Box} b */
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/**
 * @param {Point[]} points
 * @param {{left: number, right: number}} room
 * @returns {(Place | undefined)[]} for each point; undefined where its name finds no room
 */
export function placeLabels(points, room) {
  /** @type {Box[]} */
  const taken = points.map(({ x, y }) => ({ left: x - dotRadius, right: x + dotRadius, top: y - dotRadius, bottom: y + dotRadius }));
  return points.map(({ x, y, text }, i) => {
    const width = [...text].length * letterWidth;
    for (const anchor of /** @type {const} */ (['start', 'end'])) {
      const left = anchor === 'start' ? x + distance : x - distance - width;
      const box = { left, right: left + width, top: y - lineHeight / 2, bottom: y + lineHeight / 2 };
      const isFree = box.left >= room.left && box.right <= room.right
        && taken.every((other, j) => j === i || !overlap(box, other));
      if (isFree) {
        taken.push(box);
        return { x: anchor === 'start' ? x + distance : x - distance, y: y + 4, anchor };
      }
    }
    return undefined;
  });
}
