// The picture of the evaluation's curve: quality of the ranking against the models that were run.
import { reasonOf } from '../../wasm/cli/failure.mjs';

/** @typedef {import('./report.mjs').Report} Report */

/** Rankings that the curve is seen against: without images, and with every model run. */
const references = ['static prior', 'ridge', 'logme'];
const colours = { curve: '#0b6e99', reference: '#767676' };

/** @returns {Promise<{Plot: typeof import('@observablehq/plot'), document: Document}>} */
async function loadPlot() {
  try {
    const [Plot, { parseHTML }] = await Promise.all([import('@observablehq/plot'), import('linkedom')]);
    return { Plot, document: parseHTML('<html><body></body></html>').document };
  } catch (error) {
    throw new Error(`the picture needs the repository's development packages (npm ci): ${reasonOf(error)}`);
  }
}

/** @param {Report} report @returns {Promise<string>} an SVG file */
export async function curvePicture({ curve, rankings, dataSets }) {
  const { Plot, document } = await loadPlot();
  const levels = rankings.filter(({ name }) => references.includes(name));
  const picture = Plot.plot({
    document,
    width: 720,
    height: 400,
    marginRight: 90,
    style: { background: 'white', color: '#222', fontFamily: 'sans-serif', fontSize: '12px' },
    x: { label: 'models run on the images', domain: [0, curve.length - 1], ticks: curve.length - 1 },
    y: { label: `truth-weighted tau, mean over ${dataSets} held-out data sets`, domain: [0.4, 1], grid: true },
    marks: [
      Plot.ruleY(levels, { y: 'weightedTau', stroke: colours.reference, strokeDasharray: '4 3' }),
      Plot.text(levels, { x: curve.length - 1, y: 'weightedTau', text: 'name', textAnchor: 'start', dx: 6, fill: colours.reference }),
      Plot.line(curve, { x: 'k', y: 'weightedTau', stroke: colours.curve, strokeWidth: 2 }),
      Plot.dot(curve, { x: 'k', y: 'weightedTau', fill: colours.curve, r: 3 }),
    ],
  });
  picture.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return `${picture.outerHTML}\n`;
}
