// <seat-tile>: what the wall knows of one seat, as a sentence on the seat's page. It fetches the parts of the page that
// changed.

import { WallSocket } from "./socket.js";
import { fold, inOneSentence } from "./words.js";

/** @import { Tile, WallMessage } from "./words.js" */

const PROGRESS = ["i", "d", "l", "p", "b"];

export class SeatTile extends HTMLElement {
  connectedCallback() {
    if (this.socket || !this.hasAttribute("data-live")) return;
    const { class: klass = "", seat = "" } = this.dataset;
    const path = `/ws/wall/${encodeURIComponent(klass)}/?seat=${encodeURIComponent(seat)}`;
    this.socket = new WallSocket(
      path,
      (message) => this.#hear(message),
      (trouble) => this.#say(trouble),
    );
    this.clock = setInterval(() => this.#say(""), 5_000);
  }

  disconnectedCallback() {
    this.socket?.stop();
    clearInterval(this.clock);
  }

  get tile() {
    return this.tiles.get(this.dataset.seat ?? "");
  }

  /** @param {WallMessage} message */
  #hear(message) {
    const before = this.tile;
    const keys = fold(this.tiles, message).get(this.dataset.seat ?? "");
    if (keys === null || !this.tile) return this.#say("This seat was removed from the class.");
    this.#say("");
    if (!before || !keys) return undefined;
    if (keys.some((key) => PROGRESS.includes(key))) this.#fetch("progress", "#seat-progress", "innerHTML");
    const opened = keys.includes("v") && !this.hasAttribute("data-readable"); // terminals come and go with the invitation
    if (opened || keys.includes("x") || (keys.includes("z") && !document.querySelector("live-sandbox")))
      this.#fetch("sandbox", "#sandbox", "outerHTML");
    return undefined;
  }

  /**
   * @param {string} part
   * @param {string} target
   * @param {string} swap
   */
  #fetch(part, target, swap) {
    const { htmx } = /** @type {{ htmx?: import("../workbench/lesson-step.js").Htmx }} */ (/** @type {unknown} */ (globalThis));
    htmx?.ajax("GET", `${this.dataset.here}?part=${part}`, { target, swap });
  }

  /** @param {string} trouble */
  #say(trouble) {
    const words = trouble || (this.tile ? inOneSentence(this.tile, Date.now() / 1000) : "");
    const line = this.querySelector(".seat-now");
    if (line && words && line.textContent !== words) line.textContent = words;
    this.classList.toggle("help", Boolean(this.tile?.h));
    this.querySelector(".seat-helped")?.toggleAttribute("hidden", this.tile ? !this.tile.h : true);
    this.classList.toggle("stuck", Boolean(this.tile?.k));
  }

  /** @type {Map<string, Tile>} */
  tiles = new Map();
  /** @type {WallSocket | undefined} */
  socket = undefined;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  clock = undefined;
}
