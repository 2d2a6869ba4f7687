// Sets whose pictures come from packages: a class is a list of files.
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byCodeUnits } from '../../wasm/cli/images.mjs';

/** @typedef {Record<string, string[]>} FilesByClass */

/** Where npm ci puts this folder's packages. */
const npmHome = fileURLToPath(new URL('node_modules', import.meta.url));
const stamps = '/usr/share/tuxpaint/stamps';
const clipart = '/usr/share/openclipart/png';
const wesnoth = '/usr/share/games/wesnoth/1.16/data/core/images';

/** @param {string} path of a file or folder that the package holds @param {string} remedy */
function need(path, remedy) {
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: ${remedy}`);
  }
  return path;
}

/** @param {string} name @param {string} [file] @returns {string} */
export const npmFile = (name, file = '') => need(join(npmHome, name, file), 'npm ci --prefix zoo/sets brings it');

/** @param {string} path @param {string} name of a Debian package @returns {string} */
export const debianFile = (path, name) => need(path, `apt-get install ${name} brings it`);

/** @param {string} folder @param {RegExp} [pattern] of the path within it @returns {Promise<string[]>} */
async function filesBelow(folder, pattern = /\.(png|svg)$/) {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => pattern.test(file)).sort(byCodeUnits).map((file) => join(folder, file));
}

/** A class for each of the named folders. @param {string} root @param {Record<string, string | string[]>} folders @param {RegExp} [pattern] @returns {Promise<FilesByClass>} */
async function byFolder(root, folders, pattern) {
  /** @type {FilesByClass} */
  const classes = {};
  for (const [name, each] of Object.entries(folders)) {
    classes[name] = (await Promise.all([each].flat().map((folder) => filesBelow(join(root, folder), pattern)))).flat();
  }
  return classes;
}

/**
 * @typedef {{category: string, subcategory: string, image: string, short_name: string,
 *   has_img_google: boolean, skin_variations?: Record<string, {image: string, has_img_google: boolean}>}} Emoji
 */

/** @returns {Promise<Emoji[]>} */
async function readEmoji() {
  const list = JSON.parse(await readFile(npmFile('emoji-datasource-google', 'emoji.json'), 'utf8'));
  return list.filter((/** @type {Emoji} */ { has_img_google: isThere }) => isThere)
    .sort((/** @type {Emoji} */ a, /** @type {Emoji} */ b) => byCodeUnits(a.image, b.image));
}

/** @param {string} image @returns {string} */
const emojiFile = (image) => npmFile('emoji-datasource-google', join('img/google/64', image));

/** @param {(emoji: Emoji) => string | undefined} classOf @returns {Promise<FilesByClass>} */
async function emojiBy(classOf) {
  /** @type {FilesByClass} */
  const classes = {};
  for (const emoji of await readEmoji()) {
    const name = classOf(emoji);
    if (name !== undefined) {
      (classes[name] ??= []).push(emojiFile(emoji.image));
    }
  }
  return classes;
}

/** @param {Record<string, string>} classOfSubcategory */
const emojiBySubcategory = (classOfSubcategory) => emojiBy(({ subcategory }) => classOfSubcategory[subcategory]);

const emojiCategories = /** @type {Record<string, string>} */ ({
  'Smileys & Emotion': 'smileys', 'People & Body': 'people', 'Animals & Nature': 'nature', 'Food & Drink': 'food',
  'Travel & Places': 'places', Activities: 'activities', Objects: 'objects', Symbols: 'symbols',
});

export const emoji = {
  categories: () => emojiBy(({ category }) => emojiCategories[category]),
  animals: () => emojiBySubcategory({
    'animal-mammal': 'mammal', 'animal-bird': 'bird', 'animal-marine': 'marine', 'animal-bug': 'bug', 'plant-flower': 'plant', 'plant-other': 'plant',
  }),
  food: () => emojiBySubcategory({
    'food-prepared': 'prepared', 'food-vegetable': 'vegetable', 'food-fruit': 'fruit', 'food-asian': 'asian', 'food-sweet': 'sweet', drink: 'drink',
  }),
  things: () => emojiBySubcategory({
    clothing: 'clothing', tool: 'tool', household: 'household', office: 'office', computer: 'device', phone: 'device', 'book-paper': 'paper',
    'musical-instrument': 'music', music: 'music', 'light & video': 'light',
  }),
  places: () => emojiBySubcategory({
    'transport-ground': 'road', 'transport-air': 'air', 'transport-water': 'water', 'place-building': 'building', 'place-religious': 'building',
    'sky & weather': 'sky', time: 'clock',
  }),
  /** Persons alone: faces, roles, sports. */
  async tones() {
    const names = /** @type {Record<string, string>} */ ({ '1F3FB': 'light', '1F3FC': 'medium-light', '1F3FD': 'medium', '1F3FE': 'medium-dark', '1F3FF': 'dark' });
    /** @type {FilesByClass} */
    const classes = {};
    for (const { subcategory, skin_variations: tones = {} } of await readEmoji()) {
      for (const [tone, { image, has_img_google: isThere }] of Object.entries(tones)) {
        if (isThere && names[tone] && subcategory.startsWith('person')) {
          (classes[names[tone]] ??= []).push(emojiFile(image));
        }
      }
    }
    return classes;
  },
};

/** @returns {Promise<FilesByClass>} the continent of a country's flag */
export async function flagsByContinent() {
  const countries = JSON.parse(await readFile(npmFile('flag-icons', 'country.json'), 'utf8'));
  /** @type {FilesByClass} */
  const classes = {};
  for (const { continent, flag_4x3: file, iso } of countries) {
    if (continent && iso) {
      (classes[continent.toLowerCase().replaceAll(' ', '-')] ??= []).push(npmFile('flag-icons', file));
    }
  }
  return classes;
}

export const icons = {
  families: async () => ({
    material: await filesBelow(npmFile('@material-design-icons/svg', 'outlined')),
    remix: await filesBelow(npmFile('remixicon', 'icons'), /-line\.svg$/),
    tabler: await filesBelow(npmFile('@tabler/icons', 'icons/outline')),
    bootstrap: await filesBelow(npmFile('bootstrap-icons', 'icons')),
    lucide: await filesBelow(npmFile('lucide-static', 'icons')),
  }),
  styles: () => byFolder(npmFile('@material-design-icons/svg'), {
    filled: 'filled', outlined: 'outlined', round: 'round', sharp: 'sharp', 'two-tone': 'two-tone',
  }),
  topics: () => byFolder(npmFile('remixicon', 'icons'), {
    arrows: 'Arrows', buildings: 'Buildings', device: 'Device', document: 'Document', editor: 'Editor', finance: 'Finance',
    map: 'Map', media: 'Media', people: 'User & Faces', weather: 'Weather',
  }, /-fill\.svg$/),
  logos: async () => ({
    logo: await filesBelow(npmFile('remixicon', 'icons/Logos'), /-line\.svg$/),
    food: await filesBelow(npmFile('remixicon', 'icons/Food'), /-line\.svg$/),
    health: await filesBelow(npmFile('remixicon', 'icons/Health & Medical'), /-line\.svg$/),
    development: await filesBelow(npmFile('remixicon', 'icons/Development'), /-line\.svg$/),
    communication: await filesBelow(npmFile('remixicon', 'icons/Communication'), /-line\.svg$/),
    business: await filesBelow(npmFile('remixicon', 'icons/Business'), /-line\.svg$/),
  }),
};

/** @param {Record<string, string | string[]>} folders @param {RegExp} [pattern] */
const fromStamps = (folders, pattern) => byFolder(debianFile(stamps, 'tuxpaint-stamps-default'), folders, pattern);
/** @param {Record<string, string | string[]>} folders */
const fromClipart = (folders) => byFolder(debianFile(clipart, 'openclipart-png'), folders);
/** @param {Record<string, string | string[]>} folders @param {RegExp} [pattern] */
const fromWesnoth = (folders, pattern) => byFolder(debianFile(wesnoth, 'wesnoth-1.16-data'), folders, pattern);

export const folders = {
  stamps: () => fromStamps({
    animals: 'animals', clothes: 'clothes', food: 'food', household: 'household', people: 'people', plants: 'plants',
    sports: 'sports', symbols: 'symbols', town: 'town', vehicles: 'vehicles', space: 'space', seasonal: 'seasonal',
  }, /\.png$/),
  /** All photographs with transparent ground that are large enough to be changed. */
  photographs: () => fromStamps({ all: ['animals', 'food', 'plants'] }, /^(?!.*cartoon).*\.png$/),
  clipart: () => fromClipart({
    animals: 'animals', buildings: 'buildings', computer: 'computer', education: 'education', food: 'food', people: 'people',
    plants: 'plants', signs: 'signs_and_symbols', tools: 'tools', transport: 'transportation', geography: 'geography', shapes: 'shapes',
  }),
  clipartAnimals: () => fromClipart({ birds: 'animals/birds', bugs: 'animals/bugs', fish: 'animals/fish', mammals: 'animals/mammals' }),
  clipartFood: () => fromClipart({
    beverages: 'food/beverages', bread: 'food/breads_and_carbs', desserts: 'food/desserts', fruit: 'food/fruit',
    meat: 'food/meats_and_eggs',
  }),
  clipartLeisure: () => fromClipart({
    games: 'recreation/games', holiday: 'recreation/holiday', music: 'recreation/music',
    party: 'recreation/party', religion: 'recreation/religion', sports: 'recreation/sports', toys: 'recreation/toys',
  }),
  units: () => fromWesnoth({
    drakes: 'units/drakes', dunefolk: 'units/dunefolk', dwarves: 'units/dwarves', elves: 'units/elves-wood',
    loyalists: 'units/human-loyalists', magi: 'units/human-magi', outlaws: 'units/human-outlaws', merfolk: 'units/merfolk',
    orcs: 'units/orcs', saurians: 'units/saurians', skeletons: 'units/undead-skeletal', trolls: 'units/trolls',
  }, /^[^/\d]*\.png$/),
  // Of an animation only the frames without a number.
  monsters: () => fromWesnoth({ monsters: 'units/monsters', nagas: 'units/nagas', ogres: 'units/ogres', goblins: 'units/goblins', necromancers: 'units/undead-necromancers', undead: 'units/undead' }, /^[^\d]*\.png$/),
  terrain: () => fromWesnoth({
    forest: 'terrain/forest', hills: 'terrain/hills', mountains: 'terrain/mountains', village: 'terrain/village', castle: 'terrain/castle',
    water: 'terrain/water', flat: 'terrain/flat', swamp: 'terrain/swamp', sand: 'terrain/sand', cave: 'terrain/cave', frozen: 'terrain/frozen', grass: 'terrain/grass',
  }),
  items: () => fromWesnoth({ items: 'items', portraits: 'portraits', attacks: 'attacks', scenery: 'scenery', halo: 'halo', icons: 'icons', misc: 'misc' }),
};
