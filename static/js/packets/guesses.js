// Keeps in the browser what a learner guessed about a sandbox, and which measured grid was laid over it, so that both are
// there after a reload. When a browser keeps nothing, both are there for as long as the page is open.

const PREFIX = "reach:";

/** @typedef {"" | "yes" | "no"} Guess */

export class Guesses {
  /**
   * @param {Storage | undefined} storage
   * @param {string} about the sandbox and its generation; "" keeps nothing
   */
  constructor(storage, about) {
    this.storage = about ? storage : undefined;
    this.key = PREFIX + about;
    /** @type {Map<string, Guess>} by `how source target` */
    this.all = new Map();
    this.asked = ""; // the id of the grid that was laid over them
    this.#load();
  }

  /** @param {string} pair */
  get(pair) {
    return this.all.get(pair) ?? "";
  }

  /**
   * @param {string} pair
   * @param {Guess} guess
   */
  set(pair, guess) {
    this.all.set(pair, guess);
    this.#save();
  }

  /** @param {string} asked */
  measured(asked) {
    this.asked = asked;
    this.#save();
  }

  clear() {
    this.all.clear();
    this.measured("");
  }

  #load() {
    try {
      const kept = JSON.parse(this.storage?.getItem(this.key) ?? "{}");
      this.asked = String(kept.asked ?? "");
      for (const [pair, guess] of Object.entries(kept.guesses ?? {}))
        if (guess === "yes" || guess === "no") this.all.set(pair, guess);
    } catch {
      // something else is stored under this key; it is ignored
    }
  }

  #save() {
    try {
      for (const key of Object.keys(this.storage ?? {})) {
        if (key.startsWith(PREFIX) && key !== this.key) this.storage?.removeItem(key); // of sandboxes that are over
      }
      this.storage?.setItem(this.key, JSON.stringify({ asked: this.asked, guesses: Object.fromEntries(this.all) }));
    } catch {
      // the storage is full or blocked
    }
  }
}
