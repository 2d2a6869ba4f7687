// Makes modelspider.wasm shorter than wasm-opt leaves it: node shorten.mjs FROM.wat TO.wat EXPORTS
// reads what wasm-dis printed and writes what wasm-opt assembles.
//
// It does what no pass of binaryen does, or what its next pass would undo:
//   constants   become instructions that make the same bits from fewer bytes; engines compute them
//               when they compile
//   counters    that a loop adds to at its end and reads first at its start are added to where they are
//               read, which saves a set and a get
//   frames      of the stack in memory are opened and closed by two functions
//   arguments   that many calls of a function share become a function without them
//   exports     that EXPORTS (exports.txt) does not name go
// Nothing of it touches what a loop over vectors does in a step.
import { readFileSync, writeFileSync } from 'node:fs';

/** @typedef {(string | Node)[]} Node an S-expression; its first element is its name */

const [from, to, exportsFile] = process.argv.slice(2);
const module = parse(readFileSync(from, 'utf8'));
rewrite(module, []);
shareFrames(module);
shareArguments(module);
keepExports(module, readFileSync(exportsFile, 'utf8'));
writeFileSync(to, print(module));

/** @param {string} text @returns {Node} */
function parse(text) {
  /** @type {Node[]} */
  const open = [[]];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|;;.*|[()]|[^\s()]+/g)) {
    if (token.startsWith(';;')) {
      continue;
    }
    if (token === '(') {
      open.push([]);
    } else if (token === ')') {
      const node = /** @type {Node} */ (open.pop());
      /** @type {Node} */ (open.at(-1)).push(node);
    } else {
      /** @type {Node} */ (open.at(-1)).push(token);
    }
  }
  return /** @type {Node} */ (open[0][0]);
}

/** @param {string | Node} node @returns {string} */
function print(node) {
  return typeof node === 'string' ? node : `(${node.map(print).join(' ')})\n`;
}

/** @param {Node} node @param {{list: Node, at: number}[]} path the lists around it, outermost first */
function rewrite(node, path) {
  node.forEach((child, at) => {
    if (Array.isArray(child)) {
      const inner = [...path, { list: node, at }];
      rewrite(child, inner);
      node[at] = shortConstant(child);
      if (child[0] === 'loop') {
        countAtStart(child, inner);
      }
    }
  });
}

/** @param {string | Node} node @param {(node: Node) => void} act is called for each list in it, itself first */
function walk(node, act) {
  if (Array.isArray(node)) {
    act(node);
    node.forEach((child) => walk(child, act));
  }
}

// ---- Constants ----------------------------------------------------------------------------------

/** @param {Node} node @returns {Node} */
function shortConstant(node) {
  const [name, ...values] = /** @type {string[]} */ (node);
  switch (name) {
    case 'v128.const':
      return values[0] === 'i32x4' && values.slice(1).every((lane) => lane === values[1])
        ? ['i32x4.splat', ['i32.const', values[1]]] : node;
    case 'f32.const':
    case 'f64.const':
      return shortFloat(node, name, values[0]);
    case 'i64.const':
      return shortInteger(node, BigInt(values[0]));
    default:
      return node;
  }
}

/**
 * Whole numbers of up to 3 bytes, 3 to 5 instead of 5 or 9 bytes; doubles that are floats, 6 instead of 9.
 *
 * @param {Node} node @param {string} name @param {string} text
 * @returns {Node}
 */
function shortFloat(node, name, text) {
  if (/^-?[1-9][0-9]{0,5}$|^0$/.test(text)) {
    return [name.replace('const', 'convert_i32_s'), ['i32.const', text]];
  }
  return name === 'f64.const' && (/inf$/.test(text) || Number(text) === Math.fround(Number(text)))
    ? ['f64.promote_f32', ['f32.const', text]] : node;
}

/**
 * Integers with zeros at their end, masks, and the bits of doubles that are whole numbers.
 *
 * @param {Node} node @param {bigint} value
 * @returns {Node}
 */
function shortInteger(node, value) {
  const [double] = new Float64Array(BigInt64Array.of(value).buffer);
  /** @type {Node[]} */
  const ways = [node];
  for (let zeros = 1n; zeros < 64n; zeros++) {
    if (BigInt.asIntN(64, value >> zeros << zeros) === value) {
      ways.push(['i64.shl', ['i64.const', String(value >> zeros)], ['i64.const', String(zeros)]]);
    }
    if (BigInt.asUintN(64, -1n) >> zeros === value) {
      ways.push(['i64.shr_u', ['i64.const', '-1'], ['i64.const', String(zeros)]]);
    }
  }
  if (Number.isInteger(double) && double > 0 && double < 2 ** 31) {
    ways.push(['i64.reinterpret_f64', ['f64.convert_i32_s', ['i32.const', String(double)]]]);
  }
  return ways.reduce((best, way) => (sizeOf(way) < sizeOf(best) ? way : best));
}

/** @param {Node} node of integer constants @returns {number} bytes */
function sizeOf(node) {
  return node.slice(1).reduce((sum, child) => {
    return sum + (Array.isArray(child) ? sizeOf(child) : integerSize(BigInt(child)));
  }, 1);
}

/** @param {bigint} value @returns {number} bytes of signed LEB128 */
function integerSize(value) {
  return Math.ceil(((value < 0n ? ~value : value).toString(2).replace(/^0$/, '').length + 1) / 7);
}

// ---- Counters -----------------------------------------------------------------------------------

/**
 * Where a loop ends with counter += step and the one branch back, and starts by reading the counter,
 * which was set to a constant ahead of it: the constant less the step, and counter += step for
 * that read.
 *
 * @param {Node} loop
 * @param {{list: Node, at: number}[]} path
 */
function countAtStart(loop, path) {
  const label = loop[1];
  let branches = 0;
  walk(loop, (node) => {
    branches += /^br/.test(String(node[0])) ? node.filter((value) => value === label).length : 0;
  });
  const list = branches === 1 && lastList(loop, label);
  if (!list) {
    return;
  }
  for (let at = list.length - 2; isIncrement(list[at]); at--) {
    const [, counter, sum] = /** @type {[string, string, Node]} */ (list[at]);
    const step = Number(/** @type {Node} */ (sum[2])[1]);
    const isRead = list.slice(at + 1).some((node) => touches(node, counter));
    const read = isRead ? null : firstRead(loop, counter);
    const start = read && read !== sum[1] && constantBefore(path, counter);
    if (start) {
      start[1] = String(Number(start[1]) - step | 0);
      read.splice(0, read.length, 'local.tee', counter, [...sum.slice(0, 1), ['local.get', counter], sum[2]]);
      list.splice(at, 1);
    }
  }
}

/** @param {Node} loop @param {string | Node} label @returns {Node | null} the list that ends with the branch to it */
function lastList(loop, label) {
  let list = loop;
  for (;;) {
    const last = list.at(-1);
    if (!Array.isArray(last)) {
      return null;
    }
    if (last[0] === 'br') {
      return last[1] === label ? list : null;
    }
    // Newer wasm-dis puts what an if does into (then …).
    if (last[0] !== 'block' && last[0] !== 'then' && (last[0] !== 'if' || last.length > 3)) {
      return null;
    }
    list = last;
  }
}

/** @param {string | Node} node @returns {boolean} whether it is x += constant */
function isIncrement(node) {
  const [name, local, sum] = node;
  return name === 'local.set' && sum[0] === 'i32.add' && sum[1][0] === 'local.get' &&
    sum[1][1] === local && sum[2][0] === 'i32.const';
}

/** @param {string | Node} node @param {string} local */
function touches(node, local) {
  let found = false;
  walk(node, ([name, which]) => {
    found ||= which === local && String(name).startsWith('local.');
  });
  return found;
}

/**
 * @param {Node} loop @param {string} local
 * @returns {Node | null} the local.get that every turn of the loop comes to before all else that
 *   touches the local or leaves the loop
 */
function firstRead(loop, local) {
  /** @type {Node | null} */
  let read = null;
  /** @param {string | Node} node @returns {boolean} whether to go on */
  const look = (node) => {
    if (!Array.isArray(node)) {
      return true;
    }
    if (node[0] === 'local.get' && node[1] === local) {
      read = node;
      return false;
    }
    if (node[0] === 'loop' && touches(node, local)) {
      return false;
    }
    if (node[0] === 'if') {
      const condition = node.find((child) => Array.isArray(child) && child[0] !== 'result');
      return look(/** @type {Node} */ (condition)) && false;
    }
    return node.every(look) && !/^(br|return|unreachable)/.test(String(node[0])) &&
      !(String(node[0]).startsWith('local.') && node[1] === local);
  };
  loop.slice(2).every(look);
  return read;
}

/**
 * @param {Node} node
 * @returns {boolean} whether it has a branch out of itself, after which what follows it is passed over
 */
function canLeave(node) {
  const labels = new Set();
  let leaves = false;
  walk(node, ([name, ...values]) => {
    if (name === 'block' || name === 'loop') {
      labels.add(values[0]);
    } else if (/^br/.test(String(name))) {
      leaves ||= values.some((value) => typeof value === 'string' && !labels.has(value));
    }
  });
  return leaves;
}

/**
 * @param {{list: Node, at: number}[]} path @param {string} local
 * @returns {Node | null} the constant that a local has got where the path ends
 */
function constantBefore(path, local) {
  for (const { list, at } of path.toReversed()) {
    for (let before = at - 1; Array.isArray(list[before]); before--) {
      const node = /** @type {Node} */ (list[before]);
      if (node[0] === 'local.set' && node[1] === local && node[2][0] === 'i32.const') {
        return /** @type {Node} */ (node[2]);
      }
      if (touches(node, local) || canLeave(node)) {
        return null;
      }
    }
    if (list[0] !== 'block') {
      return null;
    }
  }
  return null;
}

// ---- Functions ----------------------------------------------------------------------------------

/**
 * Functions that open a frame on the stack in memory, and close it, for each common size and one for
 * the others.
 *
 * @param {Node} module
 */
function shareFrames(module) {
  /** @type {{node: Node, name: string, size: Node, result?: Node}[]} */
  const uses = [];
  for (const body of module.filter((node) => node[0] === 'func')) {
    const opened = new Set();
    walk(body, (node) => {
      const [name, , value] = /** @type {[string, string, Node]} */ (node);
      if (name === 'global.set' && value[0] === 'local.tee' && value[2][0] === 'i32.sub') {
        const [, local, sum] = /** @type {[string, string, Node]} */ (value);
        uses.push({ node, name: 'open', size: /** @type {Node} */ (sum[2]), result: ['local.set', local] });
        opened.add(print([local, sum[2]]));
      } else if (name === 'global.set' && value[0] === 'i32.add' && value[1][0] === 'local.get' &&
          opened.has(print([value[1][1], value[2]]))) {
        uses.push({ node, name: 'close', size: /** @type {Node} */ (value[2]) });
      }
    });
  }
  const made = new Set();
  for (const { node, name, size, result } of uses) {
    const pointer = String(node[1]);
    const isCommon = uses.filter((use) => use.name === name && use.size[1] === size[1]).length > 6;
    const called = `$frame_${name}${isCommon ? `_${size[1]}` : ''}`;
    const call = ['call', called, ...(isCommon ? [] : [size])];
    node.splice(0, node.length, ...(result ? [...result, call] : call));
    if (!made.has(called)) {
      made.add(called);
      const bytes = isCommon ? print(size) : '(local.get $0)';
      module.splice(functionsOf(module), 0, parse(`(func ${called} ${isCommon ? '' : '(param $0 i32)'}
        ${result ? '(result i32)' : ''}
        (global.set ${pointer} (i32.${result ? 'sub' : 'add'} (global.get ${pointer}) ${bytes}))
        ${result ? `(global.get ${pointer})` : ''})`));
    }
  }
}

/** @param {Node} module @returns {number} where its functions start */
function functionsOf(module) {
  return module.findIndex((node) => node[0] === 'func');
}

/**
 * Constants that many calls of a function pass in the same places become part of a function that
 * passes them on.
 *
 * @param {Node} module
 */
function shareArguments(module) {
  /** @type {Map<string, Node[]>} */
  const callsOf = new Map();
  walk(module, (node) => {
    if (node[0] === 'call') {
      const name = String(node[1]);
      callsOf.set(name, [...callsOf.get(name) ?? [], node]);
    }
  });
  for (const callee of module.filter((node) => node[0] === 'func' && callsOf.has(String(node[1])))) {
    let calls = callsOf.get(String(callee[1])) ?? [];
    for (let shared = mostShared(calls); shared; shared = mostShared(calls)) {
      const name = `${callee[1]}_${[...shared].map(([at, value]) => `${at}_${value[1]}`).join('_')}`;
      module.splice(functionsOf(module), 0, passOn(/** @type {Node} */ (callee), name, shared));
      const isShared = holds(shared);
      for (const call of calls.filter(isShared)) {
        const left = call.slice(2).filter((_, at) => !shared.has(at));
        call.splice(1, call.length, name, ...left);
      }
      calls = calls.filter((call) => call[1] === callee[1]);
    }
  }
}

/** @typedef {Map<number, Node>} Shared constants by the number of the parameter that gets them */

/** @param {Shared} shared @returns {(call: Node) => boolean} whether a call passes all of them */
function holds(shared) {
  return (call) => [...shared].every(([at, value]) => print(call[at + 2]) === print(value));
}

/**
 * @param {Node[]} calls of one function
 * @returns {Shared | null} those whose sharing saves most bytes, or null where nothing is saved
 */
function mostShared(calls) {
  /** @type {Map<string, {shared: Shared, count: number}>} */
  const groups = new Map();
  for (const call of calls) {
    const constants = [...call.slice(2).entries()].filter(([, value]) => /^i(32|64)\.const$/.test(String(value[0])));
    for (let choice = 1; choice < 2 ** constants.length; choice++) {
      const shared = /** @type {Shared} */ (new Map(constants.filter((_, place) => choice >> place & 1)));
      const key = print([...shared].map(([at, value]) => [String(at), value]));
      const group = groups.get(key) ?? { shared, count: 0 };
      group.count++;
      groups.set(key, group);
    }
  }
  let best = null;
  let most = 0;
  for (const { shared, count } of groups.values()) {
    const size = [...shared.values()].reduce((sum, value) => sum + sizeOf(value), 0);
    // The function: its arguments, the call, and what any function has (type, sizes, end).
    const saved = count * size - (size + 2 * (calls[0].length - 2 - shared.size) + 12);
    if (saved > most) {
      most = saved;
      best = shared;
    }
  }
  return best;
}

/** @param {Node} callee @param {string} name @param {Shared} shared @returns {Node} the function of that name */
function passOn(callee, name, shared) {
  const parameters = callee.filter((node) => node[0] === 'param');
  const result = callee.filter((node) => node[0] === 'result');
  const values = parameters.map((parameter, at) => shared.get(at) ?? ['local.get', parameter[1]]);
  return ['func', name, ...parameters.filter((_, at) => !shared.has(at)), ...result,
    ['call', callee[1], ...values]];
}

/** @param {Node} module @param {string} list the names of functions, one a line */
function keepExports(module, list) {
  const kept = new Set(['memory', '_initialize', ...list.split('\n')].map((name) => `"${name}"`));
  const gone = module.filter((node) => node[0] === 'export' && !kept.has(String(node[1])));
  gone.forEach((node) => module.splice(module.indexOf(node), 1));
}
