// <class-wall>: the seats of a class as tiles. The server draws them at first; this element keeps them up to date, marks
// changes, sorts and filters them.

import { announce, make } from "../page/dom.js";
import { WallSocket } from "./socket.js";
import { arrange, classes, flag, fold, railMarks, since } from "./words.js";

/** @import { Counts, Tile, WallMessage } from "./words.js" */

const SETTLE = 1_500; // milliseconds between two changes of the order: tiles under a finger must not run away
const DENSE = 36; // seats from which tiles are smaller
const CROWD = 60;
const LIT = ["i", "d", "h", "b", "w", "k"]; // what lights a whole tile; a new event lights its own line

/** What each part of a tile shows. @type {[string, (tile: Tile, now: number) => string][]} */
const PARTS = [
  [".seat-name", (tile) => tile.n],
  [".seat-flag", flag],
  [".seat-step", (tile) => (tile.i ? `${tile.i}/${tile.o}` : "")],
  [".seat-title", (tile) => tile.t],
  [".seat-checks", (tile) => (tile.c ? `${tile.d} of ${tile.c}` : "")],
  [".seat-words", (tile) => tile.w],
  [".seat-idle", (tile, now) => since(now - tile.a)],
  [".seat-last", (tile) => tile.e],
  [".seat-why", (tile) => tile.k],
];

export class ClassWall extends HTMLElement {
  connectedCallback() {
    if (this.socket) return;
    this.list = /** @type {HTMLElement} */ (this.querySelector(".seats"));
    this.sort = this.dataset.sort ?? "help";
    this.show = this.dataset.show ?? "all";
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (this.list.querySelectorAll("[data-seat]")))
      this.items.set(item.dataset.seat ?? "", item);
    if (!this.hasAttribute("data-live")) return;
    this.querySelector(".wall-choices")?.addEventListener("click", (event) => this.#choose(event));
    const order = /** @type {HTMLSelectElement | null} */ (this.querySelector(".wall-order select"));
    order?.addEventListener("change", () => this.#arrangeBy(order.value, this.show));
    this.list.addEventListener("pointermove", () => this.#hold());
    this.list.addEventListener("pointerdown", () => this.#hold());
    const path = `/ws/wall/${encodeURIComponent(this.dataset.class ?? "")}/`;
    this.socket = new WallSocket(
      path,
      (message) => this.#hear(message),
      (trouble) => this.#dim(trouble),
    );
    this.clock = setInterval(() => this.#tick(), 1_000);
  }

  disconnectedCallback() {
    this.socket?.stop();
    clearInterval(this.clock);
    clearTimeout(this.due);
  }

  /** @param {WallMessage} message */
  #hear(message) {
    const changed = fold(this.tiles, message);
    const now = Date.now() / 1000;
    for (const [seat, keys] of changed) {
      const tile = this.tiles.get(seat);
      if (!keys || !tile) {
        this.items.get(seat)?.remove();
        this.items.delete(seat);
        continue;
      }
      const item = this.items.get(seat) ?? this.#make(seat);
      this.#fill(item, tile, now);
      if (this.seen) this.#light(item, tile, keys);
    }
    if (message.counts) this.#count(message.counts);
    const first = !this.seen;
    this.seen = true;
    if (first) this.#arrange();
    else if (changed.size) this.#soon();
  }

  /** @param {string} seat */
  #make(seat) {
    const template = /** @type {HTMLTemplateElement} */ (this.querySelector("template"));
    const item = /** @type {HTMLElement} */ (/** @type {Element} */ (template.content.firstElementChild).cloneNode(true));
    item.dataset.seat = seat;
    item.querySelector("a")?.setAttribute("href", `${location.pathname}seats/${encodeURIComponent(seat)}/`);
    this.items.set(seat, item);
    return item;
  }

  /**
   * @param {HTMLElement} item
   * @param {Tile} tile
   * @param {number} now
   */
  #fill(item, tile, now) {
    const lit = ["lit", "news"].filter((name) => item.classList.contains(name));
    item.className = ["seat-tile", classes(tile), ...lit].join(" ");
    for (const [selector, words] of PARTS) write(item, selector, words(tile, now));
    const rail = /** @type {HTMLElement} */ (item.querySelector(".seat-rail"));
    if (rail.dataset.rail === tile.r) return;
    rail.dataset.rail = tile.r;
    rail.replaceChildren(...railMarks(tile.r).map((mark) => make("i", mark)));
  }

  /**
   * What just changed lights up.
   * @param {HTMLElement} item
   * @param {Tile} tile
   * @param {string[]} keys
   */
  #light(item, tile, keys) {
    const name = keys.some((key) => LIT.includes(key)) ? "lit" : keys.includes("e") || keys.includes("f") ? "news" : "";
    if (name) {
      item.classList.remove(name);
      requestAnimationFrame(() => item.classList.add(name));
    }
    if (keys.includes("h") && tile.h) announce(`${tile.n} asks for help.`);
  }

  /** @param {Counts} counts */
  #count(counts) {
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll(".wall-choices [data-show]"))) {
      const many = String(counts[/** @type {"all"} */ (link.dataset.show ?? "all")]);
      write(link, "b", many);
    }
    const many = new Map(counts.steps.map(([lesson, number, seats]) => [`${lesson}\n${number}`, seats]));
    for (const lesson of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll(".spread-lesson"))) {
      lesson.hidden = !counts.steps.some(([title]) => title === lesson.dataset.lesson);
      for (const step of /** @type {NodeListOf<HTMLElement>} */ (lesson.querySelectorAll("[data-number]"))) {
        const seats = many.get(`${lesson.dataset.lesson}\n${step.dataset.number}`) ?? 0;
        step.dataset.many = String(seats);
        step.style.setProperty("--part", String(counts.all ? seats / counts.all : 0));
        write(step, "b", seats ? String(seats) : "");
      }
    }
    this.list?.classList.toggle("dense", counts.all > DENSE && counts.all <= CROWD);
    this.list?.classList.toggle("crowd", counts.all > CROWD);
  }

  #soon() {
    this.due ??= setTimeout(() => this.#arrange(), SETTLE);
  }

  /** Somebody is about to press a tile. */
  #hold() {
    this.held = performance.now();
  }

  #arrange() {
    this.due = undefined;
    if (performance.now() - this.held < SETTLE) return this.#soon();
    const list = /** @type {HTMLElement} */ (this.list);
    const focused = document.activeElement;
    const wanted = arrange(this.tiles, this.sort, this.show);
    let before = list.firstElementChild;
    for (const seat of wanted) {
      const item = /** @type {HTMLElement} */ (this.items.get(seat));
      if (item === before) before = before.nextElementSibling;
      else list.insertBefore(item, before);
    }
    while (before) {
      const next = before.nextElementSibling;
      before.remove(); // not shown now; kept in `items`
      before = next;
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement && list.contains(focused)) focused.focus();
    const empty = /** @type {HTMLElement | null} */ (this.querySelector(".wall-empty"));
    if (empty) {
      empty.hidden = wanted.length > 0;
      if (this.tiles.size) empty.textContent = "No seat is like that now.";
    }
    return undefined;
  }

  /** @param {Event} event */
  #choose(event) {
    const link = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-show]"));
    if (!link || !this.seen || /** @type {MouseEvent} */ (event).ctrlKey || /** @type {MouseEvent} */ (event).metaKey) return;
    event.preventDefault();
    this.#arrangeBy(this.sort, link.dataset.show ?? "all");
  }

  /**
   * @param {string} sort
   * @param {string} show
   */
  #arrangeBy(sort, show) {
    this.sort = sort;
    this.show = show;
    history.replaceState(history.state, "", `?show=${show}&sort=${sort}`);
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (this.querySelectorAll(".wall-choices [data-show]"))) {
      link.href = `?show=${link.dataset.show}&sort=${sort}`;
      if (link.dataset.show === show) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.held = 0;
    if (this.seen) this.#arrange();
  }

  /** Idle times count on by themselves. */
  #tick() {
    const now = Date.now() / 1000;
    for (const [seat, tile] of this.tiles) {
      const item = this.items.get(seat);
      if (!item?.isConnected) continue;
      write(item, ".seat-idle", since(now - tile.a));
      write(item, ".seat-flag", flag(tile, now));
    }
    if (this.sort === "idle") this.#soon();
  }

  /** @param {string} trouble */
  #dim(trouble) {
    const banner = /** @type {HTMLElement | null} */ (this.querySelector(".link-banner"));
    if (!banner) return;
    banner.hidden = trouble === "";
    banner.textContent = trouble;
    this.classList.toggle("stale", trouble !== "");
  }

  /** @type {Map<string, Tile>} */
  tiles = new Map();
  /** @type {Map<string, HTMLElement>} */
  items = new Map();
  /** @type {HTMLElement | undefined} */
  list = undefined;
  /** @type {WallSocket | undefined} */
  socket = undefined;
  sort = "help";
  show = "all";
  seen = false;
  held = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  clock = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  due = undefined;
}

/**
 * Only what is different is written: a hundred tiles stand still most of the time.
 * @param {Element} item
 * @param {string} selector
 * @param {string} words
 */
function write(item, selector, words) {
  const part = item.querySelector(selector);
  if (part && part.textContent !== words) part.textContent = words;
}
