// One instance of the wasm: its functions, its memory, and what lies there. The only file that knows
// pointers; others hold a Place or a Handle in their stead and pass it to the functions they call.
import { ModelSpiderError } from './error.mjs';

/** @type {(import('./error.mjs').ErrorCode | 'ok')[]} by ms_status */
const statusCodes = ['ok', 'argument', 'memory', 'format', 'unsupported', 'limit', 'data', 'internal'];
const largestAllocation = 2 ** 31 - 1;

/** The key of the pointer that an object stands for: other files cannot read it. */
const address = Symbol('address');

/**
 * @typedef {Record<string, (...values: (number | bigint)[]) => any>} Functions
 * @typedef {number | bigint | {readonly [address]: number}} Argument
 * @typedef {Uint8Array | Uint32Array | Float32Array | Float64Array} Numbers
 */

/**
 * @template {Numbers} T
 * @typedef {(new (buffer: ArrayBuffer, offset: number, length: number) => T) & {BYTES_PER_ELEMENT: number}} NumbersType
 */

/** @typedef {Place<Float32Array>} FloatsPlace */

/**
 * Room for numbers in the wasm's memory, until the call that it was made for is over.
 *
 * @template {Numbers} T
 */
class Place {
  #memory;
  #Type;
  #pointer;
  #count;

  /**
   * @param {WebAssembly.Memory} memory
   * @param {NumbersType<T>} Type
   * @param {number} pointer
   * @param {number} count of numbers
   */
  constructor(memory, Type, pointer, count) {
    this.#memory = memory;
    this.#Type = Type;
    this.#pointer = pointer;
    this.#count = count;
  }

  get [address]() {
    return this.#pointer;
  }

  /** The first number. */
  get value() {
    return this.#view()[0];
  }

  /** @param {number} [count] of numbers, all unless said otherwise @returns {T} a copy */
  read(count = this.#count) {
    return /** @type {T} */ (this.#view().slice(0, count));
  }

  /** @returns {string} a C string */
  readText() {
    return textAt(this.#memory, this.#pointer);
  }

  /** @param {ArrayLike<number>} values @returns {this} */
  write(values) {
    this.#view().set(values);
    return this;
  }

  /** The same room but for its first numbers. @param {number} count how many @returns {Place<T>} */
  after(count) {
    const pointer = this.#pointer + count * this.#Type.BYTES_PER_ELEMENT;
    return new Place(this.#memory, this.#Type, pointer, this.#count - count);
  }

  /** Valid until the memory grows: never stored. */
  #view() {
    return new this.#Type(/** @type {ArrayBuffer} */ (this.#memory.buffer), this.#pointer, this.#count);
  }
}

/** @param {WebAssembly.Memory} memory @param {number} pointer of a C string @returns {string} */
function textAt(memory, pointer) {
  const bytes = new Uint8Array(memory.buffer, pointer >>> 0);
  return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
}

/** Memory of one call: all of it is returned when the call is over. */
export class Scope {
  #functions;
  #memory;
  /** @type {number[]} */
  #pointers = [];

  /** @param {Functions} functions @param {WebAssembly.Memory} memory */
  constructor(functions, memory) {
    this.#functions = functions;
    this.#memory = memory;
  }

  /**
   * @template {Numbers} T
   * @param {NumbersType<T>} Type
   * @param {number} count of numbers
   * @returns {Place<T>}
   */
  room(Type, count) {
    const size = count * Type.BYTES_PER_ELEMENT;
    const pointer = size <= largestAllocation ? this.#functions.malloc(Math.max(size, 1)) >>> 0 : 0;
    if (pointer === 0) {
      throw new ModelSpiderError('memory', `out of memory: ${size} bytes more are not there`);
    }
    this.#pointers.push(pointer);
    return new Place(this.#memory, Type, pointer, count);
  }

  /** @param {Uint8Array | Uint8ClampedArray} values */
  bytes(values) {
    return this.room(Uint8Array, values.length).write(values);
  }

  /** @param {ArrayLike<number>} values as uint32_t */
  integers(values) {
    return this.room(Uint32Array, values.length).write(values);
  }

  /** @param {ArrayLike<number>} values */
  floats(values) {
    return this.room(Float32Array, values.length).write(values);
  }

  /** @param {ArrayLike<number>} values */
  doubles(values) {
    return this.room(Float64Array, values.length).write(values);
  }

  /** @param {string} text as a C string */
  text(text) {
    return this.bytes(new TextEncoder().encode(`${text}\0`));
  }

  /** @param {string[]} texts as an array of C strings */
  texts(texts) {
    return this.integers(texts.map((text) => this.text(text)[address]));
  }

  release() {
    this.#pointers.forEach((pointer) => this.#functions.free(pointer));
  }
}

/** One instance of the wasm and its context. */
export class Core {
  #functions;
  #memory;
  #context = 0;
  /** @type {ModelSpiderError | undefined} */
  #broken;

  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    const { memory, ...functions } = instance.exports;
    this.#memory = /** @type {WebAssembly.Memory} */ (memory);
    this.#functions = /** @type {Functions} */ (/** @type {unknown} */ (functions));
    this.#functions._initialize();
    this.#context = create(this, 'ms_context_create', 0);
  }

  /** What functions take first that belong to no object. */
  get context() {
    return { [address]: this.#context };
  }

  /** In bytes. */
  get memorySize() {
    return this.#memory.buffer.byteLength;
  }

  /**
   * Calls a function of the wasm. A trap is our own mistake and leaves the instance unusable.
   *
   * @param {string} name
   * @param {...Argument} values
   * @returns {any}
   */
  call(name, ...values) {
    if (this.#broken) {
      throw this.#broken;
    }
    const passed = values.map((value) => (typeof value === 'object' ? value[address] : value));
    try {
      return this.#functions[name](...passed);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#broken = new ModelSpiderError('internal', `the engine stopped in ${name}: ${reason}`);
      throw this.#broken;
    }
  }

  /** Calls a function that returns ms_status. @param {string} name @param {...Argument} values */
  check(name, ...values) {
    const status = this.call(name, ...values);
    if (status !== 0) {
      const message = this.#context === 0 ? '' : this.text('ms_context_message', this.context);
      throw new ModelSpiderError(statusCodes[status] ?? 'internal', message || 'out of memory');
    }
  }

  /** Calls a function that returns size_t. @param {string} name @param {...Argument} values @returns {number} */
  count(name, ...values) {
    return this.call(name, ...values) >>> 0;
  }

  /** Calls a function that returns uint64_t. @param {string} name @param {...Argument} values @returns {number} */
  bigCount(name, ...values) {
    return Number(this.call(name, ...values));
  }

  /** Calls a function that returns a C string. @param {string} name @param {...Argument} values */
  text(name, ...values) {
    return textAt(this.#memory, this.call(name, ...values));
  }

  /**
   * @template T
   * @param {(scope: Scope) => T} work
   * @returns {T}
   */
  scoped(work) {
    const scope = new Scope(this.#functions, this.#memory);
    try {
      return work(scope);
    } finally {
      if (!this.#broken) {
        scope.release();
      }
    }
  }

  /**
   * The number that a function writes to its last argument.
   *
   * @template {Numbers} T
   * @param {NumbersType<T>} Type
   * @param {string} name
   * @param {(scope: Scope) => Argument[]} place gives the arguments before that
   * @returns {number}
   */
  number(Type, name, place) {
    return this.scoped((scope) => {
      const result = scope.room(Type, 1);
      this.check(name, ...place(scope), result);
      return result.value;
    });
  }
}

/**
 * @param {Core} core
 * @param {string} name of a function that leaves an object in its last argument
 * @param {...Argument} values the arguments before that
 * @returns {number} a pointer
 */
function create(core, name, ...values) {
  return core.scoped((scope) => {
    const slot = scope.integers([0]);
    core.check(name, ...values, slot);
    return slot.value;
  });
}

/** What C made and destroy() returns. Destroying twice is harmless, using it after is an error. */
export class Handle {
  #core;
  #noun;
  #pointer;

  /**
   * @param {Core} core
   * @param {string} noun as in ms_<noun>_destroy
   * @param {'create' | 'load'} verb as in ms_<noun>_create
   * @param {(scope: Scope) => Argument[]} place gives what that takes between context and result
   */
  constructor(core, noun, verb, place) {
    this.#core = core;
    this.#noun = noun;
    this.#pointer = core.scoped((scope) => create(core, `ms_${noun}_${verb}`, core.context, ...place(scope)));
  }

  /** @protected */
  get core() {
    return this.#core;
  }

  get [address]() {
    if (this.#pointer === 0) {
      throw new ModelSpiderError('argument', `this ${this.#noun} was destroyed`);
    }
    return this.#pointer;
  }

  /** Returns the memory. */
  destroy() {
    const pointer = this.#pointer;
    this.#pointer = 0;
    if (pointer !== 0) {
      this.#core.call(`ms_${this.#noun}_destroy`, pointer);
    }
  }
}
