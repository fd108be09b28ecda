// Keeps in the browser what a learner guessed about comparisons. Only those of the newest few are kept.

const PREFIX = "compare:";
const KEPT = 10; // comparisons
const MOST = 200; // answers of one
const LONG = 40; // characters of one

export class Guesses {
  /**
   * @param {Storage | undefined} storage
   * @param {string} comparison "" keeps nothing
   */
  constructor(storage, comparison) {
    this.storage = comparison ? storage : undefined;
    this.key = PREFIX + comparison;
    /** @type {Map<string, string>} by `column row` */
    this.all = new Map();
    try {
      const kept = JSON.parse(this.storage?.getItem(this.key) ?? "{}");
      for (const [cell, guess] of Object.entries(kept.guesses ?? {})) {
        if (typeof guess === "string" && guess.length <= LONG && this.all.size < MOST) this.all.set(cell, guess);
      }
    } catch {
      // something else is stored under this key; it is ignored
    }
  }

  /** @param {string} cell */
  get(cell) {
    return this.all.get(cell) ?? "";
  }

  /**
   * @param {string} cell
   * @param {string} guess "" takes it back
   */
  set(cell, guess) {
    if (guess) this.all.set(cell, guess);
    else this.all.delete(cell);
    this.#save();
  }

  #save() {
    try {
      this.storage?.setItem(this.key, JSON.stringify({ at: Date.now(), guesses: Object.fromEntries(this.all) }));
      this.#forget();
    } catch {
      // the storage is full or blocked
    }
  }

  /** Deletes the oldest, but not this one. */
  #forget() {
    const others = Object.keys(this.storage ?? {}).filter((key) => key.startsWith(PREFIX) && key !== this.key);
    const aged = others.map((key) => ({ key, at: this.#age(key) })).sort((a, b) => b.at - a.at);
    for (const one of aged.slice(KEPT - 1)) this.storage?.removeItem(one.key);
  }

  /** @param {string} key */
  #age(key) {
    try {
      return Number(JSON.parse(this.storage?.getItem(key) ?? "{}").at) || 0;
    } catch {
      return 0;
    }
  }
}
