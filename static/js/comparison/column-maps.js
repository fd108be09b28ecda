// <column-maps>: the maps of all columns side by side, and the same request played on all of them at the same time.

import { hopItem } from "../packets/hop-item.js";
import { announce } from "../page/dom.js";
import { Store } from "../stream/store.js";

/** @import { NetMap } from "../map/net-map.js" */
/** @import { Hop, Journeys, Snapshot } from "../stream/types.js" */

/** @typedef {{ box: HTMLElement, map: NetMap, store: Store, picture: string, journeys: Record<string, Journeys>,
 *   untold: Record<string, string>, hops: Hop[] }} One
 *   `untold`: why a request was not followed there */

const PACE = 1100; // milliseconds a step is shown while playing
const SOON = "400px"; // maps this near to the window are fetched

export class ColumnMaps extends HTMLElement {
  connectedCallback() {
    if (this.ones.length) return;
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll(".column-map"))) {
      const map = /** @type {NetMap} */ (box.querySelector("net-map"));
      this.ones.push({ box, map, store: new Store(), picture: "", journeys: {}, untold: {}, hops: [] });
    }
    this.addEventListener("click", (event) => this.#clicked(/** @type {Element} */ (event.target)));
    this.closest("live-comparison")?.addEventListener("renewed", this.onRenewed);
    this.sight = new IntersectionObserver(
      (seen) => {
        if (!seen.some((one) => one.isIntersecting)) return;
        this.near = true;
        this.#fetchAll();
      },
      { rootMargin: SOON },
    );
    this.sight.observe(this);
  }

  disconnectedCallback() {
    if (this.isConnected) return;
    clearInterval(this.playing);
    this.sight?.disconnect();
    this.closest("live-comparison")?.removeEventListener("renewed", this.onRenewed);
  }

  onRenewed = () => this.#fetchAll();

  // --- what there is to be seen ---

  #fetchAll() {
    if (this.near) for (const one of this.ones) void this.#fetch(one);
  }

  /** @param {One} one */
  async #fetch(one) {
    const head = document.querySelector(`th[data-column="${CSS.escape(one.box.dataset.column ?? "")}"]`);
    const picture = head?.getAttribute("data-picture") ?? "";
    if (!picture || picture === one.picture) return;
    one.picture = picture;
    try {
      const answer = await fetch(one.box.dataset.url ?? "");
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      /** @type {{ snapshot: Snapshot, journeys: Record<string, Journeys>, untold: Record<string, string> }} */
      const told = await answer.json();
      one.journeys = told.journeys;
      one.untold = told.untold;
      const first = !one.store.seen;
      one.store.apply({ type: "snapshot_taken", number: 0, at: told.snapshot.at, snapshot: told.snapshot, resync: false });
      if (first) one.map.show(one.store);
      one.box.classList.add("drawn");
      this.#say(one, "");
      if (this.way) this.#lay(one);
    } catch {
      one.picture = "";
      this.#say(one, "Its picture could not be read. Reload the page to try again.");
    }
  }

  // --- one request on each ---

  /** @param {Element} target */
  #clicked(target) {
    const way = /** @type {HTMLElement | null} */ (target.closest("[data-way]"));
    const step = /** @type {HTMLElement | null} */ (target.closest("[data-step]"));
    if (way) this.#choose(way.dataset.way ?? "");
    else if (step) this.#by(Number(step.dataset.step));
    else if (target.closest("[data-play]")) this.#play();
  }

  /** @param {string} way */
  #choose(way) {
    this.#stop();
    this.way = way;
    this.at = -1;
    for (const button of this.querySelectorAll("[data-way]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-way") === way));
    }
    for (const one of this.ones) this.#lay(one);
    this.#tell();
  }

  /** The hops of the chosen direction as a list: in words, what is played on the map. @param {One} one */
  #lay(one) {
    const journeys = one.journeys[this.way];
    const journey = journeys?.request;
    one.hops = journey?.hops ?? [];
    const list = one.box.querySelector(".hops");
    list?.replaceChildren(...one.hops.map((hop, at) => hopItem(hop, at, () => this.#look(at))));
    const untold = one.untold[this.way] ?? "Drawn once it has been looked at.";
    const end = journey ? `${one.hops.length} steps: ${journey.end}` : journeys?.error || untold;
    this.#say(one, end, Boolean(journey && journey.ending !== "arrived") || !journey);
    if (this.at >= 0) this.#show(one);
  }

  get #last() {
    return Math.max(0, ...this.ones.map((one) => one.hops.length)) - 1;
  }

  /** @param {number} by */
  #by(by) {
    this.#stop();
    this.#begin();
    this.#look(this.at + by);
  }

  #begin() {
    if (!this.way) this.#choose(this.querySelector("[data-way]")?.getAttribute("data-way") ?? "");
  }

  /** @param {number} at */
  #look(at) {
    this.at = Math.max(0, Math.min(this.#last, at));
    for (const one of this.ones) this.#show(one);
    this.#tell();
  }

  /** A packet that has arrived stays where it is while the others go on. @param {One} one */
  #show(one) {
    const items = [...one.box.querySelectorAll(".hop")];
    const at = Math.min(this.at, items.length - 1);
    items.forEach((item, number) => {
      item.classList.toggle("now", number === at);
      item.classList.toggle("later", number > at);
    });
    const item = items[at];
    const list = item?.parentElement;
    if (item && list) list.scrollTop = /** @type {HTMLElement} */ (item).offsetTop - list.offsetTop - list.clientHeight / 2;
    if (one.hops[at]) one.map.follow(one.hops[at]);
  }

  #play() {
    if (this.playing) return this.#stop();
    this.#begin();
    if (this.at >= this.#last) this.at = -1;
    this.#mark("Pause");
    const next = () => {
      this.#look(this.at + 1);
      if (this.at >= this.#last) this.#stop();
    };
    this.playing = setInterval(next, PACE);
    next();
    return undefined;
  }

  #stop() {
    clearInterval(this.playing);
    this.playing = undefined;
    this.#mark("Play");
  }

  /** @param {string} word */
  #mark(word) {
    const button = this.querySelector("[data-play]");
    button?.setAttribute("aria-label", word);
    button?.setAttribute("title", word);
    button?.classList.toggle("playing", word === "Pause");
  }

  #tell() {
    const line = this.querySelector(".journey-at");
    const text = this.#last < 0 ? "" : `Step ${Math.max(0, this.at + 1)} of ${this.#last + 1}`;
    if (line) line.textContent = text;
    if (this.at < 0)
      announce(this.ones.map((one) => `${one.box.getAttribute("aria-label")}: ${one.hops.length} steps`).join(", "));
  }

  /**
   * @param {One} one
   * @param {string} text
   * @param {boolean} [trouble]
   */
  #say(one, text, trouble = false) {
    const line = one.box.querySelector(".column-said");
    if (!line) return;
    line.textContent = text;
    line.classList.toggle("trouble", trouble);
  }

  /** @type {One[]} */
  ones = [];
  /** @type {IntersectionObserver | undefined} */
  sight = undefined;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  playing = undefined;
  near = false;
  way = "";
  at = -1;
}
