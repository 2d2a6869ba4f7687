// The page's state, and who wants to know when it changes. Changes of one moment are told once.

/**
 * @template {object} State
 */
export class Store {
  #state;
  #isTold = true;
  /** @type {((always: boolean) => void)[]} */
  #listeners = [];

  /** @param {State} initial */
  constructor(initial) {
    this.#state = initial;
  }

  get state() {
    return this.#state;
  }

  /** @param {Partial<State>} change */
  update(change) {
    this.#state = { ...this.#state, ...change };
    if (this.#isTold) {
      this.#isTold = false;
      queueMicrotask(() => this.#tell());
    }
  }

  #tell() {
    this.#isTold = true;
    this.#listeners.forEach((look) => look(false));
  }

  /**
   * Calls render now, and whenever what select returns has changed.
   *
   * @param {(state: State) => unknown[]} select
   * @param {(state: State) => void} render
   */
  watch(select, render) {
    /** @type {unknown[]} */
    let seen = [];
    /** @param {boolean} always */
    const look = (always) => {
      const values = select(this.#state);
      if (always || values.length !== seen.length || values.some((value, i) => value !== seen[i])) {
        seen = values;
        render(this.#state);
      }
    };
    this.#listeners.push(look);
    look(true);
  }

  /** Has everything drawn again, as after a change of language. */
  redraw() {
    this.#listeners.forEach((look) => look(true));
  }
}

/**
 * Snapshots of a value that never changes itself, for undo and redo.
 *
 * @template Value
 */
export class History {
  /** @type {Value[]} */
  #past = [];
  /** @type {Value[]} */
  #future = [];
  #limit;

  /** @param {number} limit how many steps are kept */
  constructor(limit) {
    this.#limit = limit;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  /** @param {Value} before the value that a change is about to replace */
  record(before) {
    this.#past = [...this.#past, before].slice(-this.#limit);
    this.#future = [];
  }

  /** @param {Value} now @returns {Value} the value before the last change */
  undo(now) {
    const value = this.#past.pop();
    if (value === undefined) {
      return now;
    }
    this.#future.push(now);
    return value;
  }

  /** @param {Value} now @returns {Value} the value before the last undo */
  redo(now) {
    const value = this.#future.pop();
    if (value === undefined) {
      return now;
    }
    this.#past.push(now);
    return value;
  }
}
