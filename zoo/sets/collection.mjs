// The sets of the collection: what each shows, from where and on which terms, and its pictures.
import sharp from 'sharp';
import { changedPhotographs, changes, onGround } from './changed.mjs';
import * as marks from './drawn-marks.mjs';
import * as signs from './drawn-signs.mjs';
import { emoji, flagsByContinent, folders, icons } from './packages.mjs';
import * as solids from './pixel-solids.mjs';
import * as pixels from './pixel-textures.mjs';
import { paintSound, soundNames } from './sounds.mjs';
import * as written from './written.mjs';

/**
 * @typedef {import('./random.mjs').Random} Random
 * @typedef {import('sharp').Sharp} Sharp
 * @typedef {{key: string, render(random: Random): Promise<Sharp>}} Picture key: seeds its
 *   random choices and decides which pictures a class with too many keeps
 * @typedef {Record<string, Picture[]>} PictureList by class
 * @typedef {{name: string, about: string, source: string, terms: string, group?: string,
 *   list(): Promise<PictureList>}} CollectedSet group: of zoo/browser/groups.json
 */

/** Pictures that a drawn class has, and that a class of files has at most. */
export const picturesPerClass = 24;
/** A class with fewer is left out. */
export const fewestPictures = 15;
/** A set has at most so many classes, */
export const mostClasses = 12;
/** and so many pictures. */
export const mostPictures = 240;

/** @param {string | {pixels: Uint8Array, side: number}} drawn SVG or RGB @returns {Sharp} */
function toSharp(drawn) {
  return typeof drawn === 'string'
    ? sharp(Buffer.from(drawn))
    : sharp(drawn.pixels, { raw: { width: drawn.side, height: drawn.side, channels: 3 } });
}

/**
 * A set that this repository draws.
 *
 * @param {string} name
 * @param {string} about
 * @param {string[]} classes
 * @param {(className: string, random: Random) => string | {pixels: Uint8Array, side: number}} draw
 * @param {Partial<CollectedSet>} [more]
 * @returns {CollectedSet}
 */
function drawn(name, about, classes, draw, more) {
  return {
    name,
    about,
    source: 'drawn here',
    terms: 'as this repository',
    list: async () => Object.fromEntries(classes.map((className) => [className,
      Array.from({ length: picturesPerClass }, (_, i) => ({ key: String(i), render: async (random) => toSharp(draw(className, random)) }))])),
    ...more,
  };
}

/** @typedef {Pick<CollectedSet, 'source' | 'terms' | 'group'>} Origin */

/** @param {string} name @param {string} about @param {Origin} origin @param {() => Promise<Record<string, string[]>>} files @returns {CollectedSet} */
function collected(name, about, origin, files) {
  return {
    name,
    about,
    ...origin,
    list: async () => Object.fromEntries(Object.entries(await files()).map(([className, list]) =>
      [className, list.map((file) => ({ key: file.slice(file.lastIndexOf('/') + 1), render: onGround(file) }))])),
  };
}

/** @type {Record<string, Origin>} */
const origins = {
  emoji: { source: 'npm emoji-datasource-google (Noto Emoji)', terms: 'Apache-2.0', group: 'emoji' },
  flags: { source: 'npm flag-icons', terms: 'MIT' },
  icons: { source: 'npm @material-design-icons/svg, remixicon, @tabler/icons, bootstrap-icons, lucide-static', terms: 'Apache-2.0, Apache-2.0, MIT, MIT, ISC', group: 'icons' },
  stamps: { source: 'Debian tuxpaint-stamps-default', terms: 'GPL-2, public domain', group: 'stamps' },
  clipart: { source: 'Debian openclipart-png', terms: 'public domain', group: 'clipart' },
  wesnoth: { source: 'Debian wesnoth-1.16-data', terms: 'GPL-2+', group: 'wesnoth' },
  noto: { source: 'Debian fonts-noto-core, read by npm opentype.js', terms: 'OFL-1.1', group: 'fonts' },
  barcodes: { source: 'npm bwip-js', terms: 'MIT' },
};

const digits = (/** @type {number} */ first, /** @type {number} */ last) =>
  Array.from({ length: last - first + 1 }, (_, i) => String(first + i));

/** @type {CollectedSet[]} */
const drawnSets = [
  drawn('polygon_corners', 'corners of a polygon', ['3-corners', '4-corners', '5-corners', '6-corners', '8-corners', 'star'], marks.drawPolygon),
  drawn('mark_count', 'how many marks', digits(1, 8), marks.drawCount),
  drawn('arrow_direction', 'where an arrow points', marks.directions, marks.drawArrow),
  drawn('pen_stroke', 'the way of a pen', marks.strokeNames, marks.drawStroke),
  drawn('dot_pattern', 'how dots are arranged', marks.dotNames, marks.drawDots),
  drawn('card_pips', 'pips of a playing card', digits(1, 10), marks.drawPips),
  drawn('graph_kind', 'kind of a graph of nodes and edges', marks.graphNames, marks.drawGraph),
  drawn('strand_count', 'how many curved strands', digits(1, 6), marks.drawStrands),
  drawn('chart_kind', 'kind of a chart', signs.chartNames, signs.drawChart),
  drawn('clock_hour', 'hour of a clock with hands', digits(1, 12), signs.drawClock),
  drawn('die_value', 'value of a die', digits(1, 6), signs.drawDie),
  drawn('segment_digit', 'digit of a seven-segment display', digits(0, 9), signs.drawDigit),
  drawn('drawn_mood', 'mood of a drawn face', signs.moodNames, signs.drawFace),
  drawn('circuit_symbol', 'symbol of a circuit diagram', signs.circuitNames, signs.drawCircuit),
  drawn('music_symbol', 'note or rest on a staff', signs.musicNames, signs.drawMusic),
  drawn('texture_process', 'process that made a texture', pixels.textureNames, pixels.paintTexture),
  drawn('automaton_rule', 'rule of a cellular automaton', pixels.automata, pixels.paintAutomaton),
  drawn('tiling_symmetry', 'symmetry of a tiling', pixels.symmetryNames, pixels.paintTiling),
  drawn('fractal_kind', 'kind of a fractal', pixels.fractalNames, pixels.paintFractal),
  drawn('solid_kind', 'kind of a lit solid', solids.solidNames, solids.paintSolid),
  drawn('light_direction', 'side that the light comes from', solids.lights, solids.paintLit),
  drawn('sound_kind', 'kind of a sound, by its spectrogram', soundNames, paintSound),
  drawn('barcode_kind', 'kind of a bar code', written.barcodeNames, written.drawBarcode, origins.barcodes),
  drawn('script_kind', 'script of two lines of letters', written.scriptNames, written.drawScript, origins.noto),
  drawn('letter_style', 'style of two lines of letters', written.styleNames, written.drawStyle, origins.noto),
];

/** @type {CollectedSet[]} */
const packageSets = [
  collected('emoji_category', 'category of an emoji', origins.emoji, emoji.categories),
  collected('emoji_animal', 'kind of animal or plant of an emoji', origins.emoji, emoji.animals),
  collected('emoji_food', 'kind of food of an emoji', origins.emoji, emoji.food),
  collected('emoji_thing', 'kind of thing of an emoji', origins.emoji, emoji.things),
  collected('emoji_place', 'kind of vehicle or place of an emoji', origins.emoji, emoji.places),
  collected('emoji_tone', 'skin tone of an emoji', origins.emoji, emoji.tones),
  collected('flag_continent', "continent of a country's flag", origins.flags, flagsByContinent),
  collected('icon_family', 'family of an icon', origins.icons, icons.families),
  collected('icon_style', "style of a family's icon", origins.icons, icons.styles),
  collected('icon_topic', 'topic of an icon', origins.icons, icons.topics),
  collected('icon_field', 'field of an icon', origins.icons, icons.logos),
  collected('stamp_kind', 'kind of thing of a stamp', origins.stamps, folders.stamps),
  collected('clipart_kind', 'kind of thing of a clip-art picture', origins.clipart, folders.clipart),
  collected('clipart_animal', 'kind of animal of a clip-art picture', origins.clipart, folders.clipartAnimals),
  collected('clipart_food', 'kind of food of a clip-art picture', origins.clipart, folders.clipartFood),
  collected('clipart_leisure', 'kind of leisure of a clip-art picture', origins.clipart, folders.clipartLeisure),
  collected('game_unit', "people of a game's unit", origins.wesnoth, folders.units),
  collected('game_monster', "kind of a game's monster", origins.wesnoth, folders.monsters),
  collected('game_terrain', "kind of a game's terrain", origins.wesnoth, folders.terrain),
  collected('game_picture', "purpose of a game's picture", origins.wesnoth, folders.items),
];

const abouts = /** @type {Record<string, string>} */ ({
  blur: 'how blurred', noise: 'how noisy', jpeg: 'how badly compressed', cast: 'colour cast', turn: 'which way turned', size: 'how coarse', light: 'how bright',
});

/** @type {CollectedSet[]} */
const changedSets = Object.keys(changes).map((name) => ({
  name: `photo_${name}`, about: `${abouts[name]} a photograph is`, ...origins.stamps, list: () => changedPhotographs(name),
}));

export const sets = [...drawnSets, ...packageSets, ...changedSets];
