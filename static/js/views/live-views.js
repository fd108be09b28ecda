// <live-views>: the choice of a place, a tab for each group of views in the page's table, and the tabs of the tools: Journey,
// Capture, Reach, Added, Timeline.

import { PacketCapture } from "../packets/packet-capture.js";
import { PacketJourney } from "../packets/packet-journey.js";
import { ReachGrid } from "../packets/reach-grid.js";
import { button, make, refill, remember, remembered, rove } from "../page/dom.js";
import { views } from "../page/tables.js";
import { inOrder } from "../stream/store.js";
import { DriverCalls } from "./driver-calls.js";
import { LiveTable } from "./live-table.js";
import { placeChip, placeName } from "./place-chip.js";
import { Timeline } from "./time-line.js";
import { WhatAdded } from "./what-added.js";

/** @import { Store } from "../stream/store.js" */
/** @import { ViewRow } from "../page/tables.js" */
/** @import { Place, StreamEvent, View, ViewChanged } from "../stream/types.js" */

/** @typedef {{ id: string, label: string, views: ViewRow[] }} Tab */
/** @type {Tab[]} what has an element of its own and is no view of a place */
const TOOLS = ["Journey", "Capture", "Reach", "Added", "Timeline"].map((label) => ({
  id: label.toLowerCase(),
  label,
  views: [],
}));
const FRESH = 16_000;

/** The tabs of the page's table of views, then the tools. @returns {Tab[]} */
export function allTabs() {
  /** @type {Map<string, Tab>} */
  const tabs = new Map();
  for (const row of views()) {
    const tab = tabs.get(row.tab) ?? { id: row.tab.toLowerCase(), label: row.tab, views: [] };
    tab.views.push(row);
    tabs.set(row.tab, tab);
  }
  return [...tabs.values(), ...TOOLS];
}

/**
 * @param {ViewRow} row
 * @param {Place | undefined} place
 */
function isOffered(row, place) {
  if (row.shown === "machine") return place?.kind === "machine";
  if (row.shown === "seen") return place?.views[row.view] !== undefined;
  return row.shown === "always" || Boolean(place?.views[row.view]?.lines.length);
}

export class LiveViews extends HTMLElement {
  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    this.place = "";
    this.tab = "";
    /** @type {Map<View, LiveTable | DriverCalls>} */
    this.tables = new Map();
    this.places = make("div", "places flex gap-1 min-w-0 overflow-x-auto p-[3px] max-md:flex-1");
    this.bar = make("div", "view-tabs flex gap-0.5 overflow-x-auto min-w-0 max-md:order-2 max-md:basis-full");
    this.panel = make("div", "view-panel relative flex-1 min-h-0 overflow-auto pt-2 pb-4 overscroll-contain @container");
    this.timeline = new Timeline();
    this.added = new WhatAdded();
    this.journey = new PacketJourney();
    this.capture = new PacketCapture();
    this.reach = new ReachGrid();
    /** @type {Map<string, number>} places and "place tab" pairs that changed out of sight, and when */
    this.news = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.sweep = undefined;
    this.soon = 0;
  }

  connectedCallback() {
    if (this.places.isConnected) return;
    this.places.setAttribute("role", "radiogroup");
    this.places.setAttribute("aria-label", "Place to look at");
    this.bar.setAttribute("role", "tablist");
    this.bar.setAttribute("aria-label", "What to look at");
    this.panel.setAttribute("role", "tabpanel");
    this.panel.id = "view-panel";
    this.panel.tabIndex = 0;
    rove(this.places, "button", { activate: true });
    rove(this.bar, "button", { activate: true });
    const top = make("div", "views-top flex flex-wrap items-center gap-x-4 flex-none pt-0.5 px-2 border-b border-line");
    top.append(this.places, this.bar, this.#explainSwitch());
    this.append(top, this.panel);
    this.addEventListener("owner", (event) => this.#showOwner(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {Store} store */
  show(store) {
    this.store = store;
    this.timeline.show(store);
    this.journey.show(store);
    this.capture.show(store);
    const { sandbox, generation } = /** @type {HTMLElement | null} */ (this.closest("live-sandbox"))?.dataset ?? {};
    this.reach.show(store, sandbox, Number(generation || 1));
    this.added.show(store);
    store.watch((event) => this.#notice(event));
    this.#settle();
  }

  /** @param {string} place */
  choose(place) {
    if (!this.store?.places.has(place)) return;
    this.place = place;
    this.news.delete(place);
    this.#drawPlaces();
    this.#drawTabs();
    this.#drawPanel();
    this.dispatchEvent(new CustomEvent("chosen", { detail: place, bubbles: true }));
  }

  /**
   * Shows everything that has the same cause as a line.
   * @param {string} owner
   */
  #showOwner(owner) {
    this.#open("added");
    this.added.choose(this.store?.places.get(this.place), owner);
    this.panel.scrollTop = 0;
    /** @type {HTMLElement | null} */ (this.added.querySelector("[data-id=back]"))?.focus();
  }

  #explainSwitch() {
    const label = make(
      "label",
      "explain-switch flex items-center gap-2 flex-none ml-auto py-1 text-muted text-sm cursor-pointer",
    );
    const box = make("input", "toggle toggle-xs");
    box.type = "checkbox";
    box.checked = remembered("explained", "0") === "1";
    const set = () => this.panel.classList.toggle("explain-all", box.checked);
    box.addEventListener("change", () => {
      remember("explained", box.checked ? "1" : "0");
      set();
    });
    set();
    label.append(box, make("span", "", "explain every line"));
    return label;
  }

  #settle() {
    const places = this.store?.places;
    if (!places || places.size === 0) return;
    if (!places.has(this.place)) this.place = inOrder(places.values())[0].id;
    this.choose(this.place);
  }

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "view_changed") this.#viewChanged(event);
    else if (event.type === "happened" || event.type === "timeline_told") this.#calls()?.draw();
    else if (event.type === "snapshot_taken") this.#settle();
    else if (event.type === "place_seen") {
      if (!this.place) this.#settle();
      else {
        this.#placesSoon();
        if (event.place.id === this.place) {
          this.#drawTabs();
          this.#drawPanel();
        }
      }
    } else if (event.type === "place_gone") {
      if (event.place === this.place) this.#settle();
      else this.#placesSoon();
    }
  }

  #calls() {
    return [...this.tables.values()].find((one) => one instanceof DriverCalls);
  }

  /** @param {ViewChanged} event */
  #viewChanged(event) {
    const structural = event.added.length > 0 || event.removed.length > 0;
    const tab = allTabs().find((one) => one.views.some((row) => row.view === event.view));
    if (!tab) return;
    if (event.place === this.place && !this.bar.querySelector(`[data-tab="${tab.id}"]`)) {
      this.#drawTabs();
      this.#mark(tab.id);
    } else if (event.place === this.place) {
      if (tab.id === this.tab) {
        const table = this.tables.get(event.view);
        if (table) {
          table.update(event.observation, event.added, event.changed, event.removed);
          this.#bringIntoView(table);
        }
        if (!table) this.#drawPanel();
      } else if (structural) this.#mark(tab.id);
    } else if (structural) {
      this.#tell(event.place);
      this.#tell(`${event.place} ${tab.id}`);
      this.#placesSoon();
    }
  }

  /**
   * Scrolls the panel to what is new, unless somebody is using the panel.
   * @param {LiveTable | DriverCalls} table
   */
  #bringIntoView(table) {
    const fresh = table.querySelector(".item.added");
    if (!fresh || this.panel.matches(":hover, :focus-within")) return;
    const box = fresh.getBoundingClientRect();
    const panel = this.panel.getBoundingClientRect();
    if (box.top >= panel.top && box.bottom <= panel.bottom) return;
    this.panel.scrollTop +=
      box.bottom > panel.bottom ? Math.min(box.bottom - panel.bottom + 8, box.top - panel.top - 8) : box.top - panel.top - 8;
  }

  /** @param {string} tab */
  #mark(tab) {
    this.#tell(`${this.place} ${tab}`);
    this.bar.querySelector(`[data-tab="${tab}"]`)?.classList.add("news");
  }

  /**
   * Marks on places and tabs are removed after a while.
   * @param {string} what
   */
  #tell(what) {
    this.news.set(what, Date.now());
    this.sweep ??= setTimeout(() => this.#forget(), FRESH / 2);
  }

  #forget() {
    this.sweep = undefined;
    for (const [what, at] of this.news) if (Date.now() - at > FRESH) this.news.delete(what);
    if (this.news.size) this.sweep = setTimeout(() => this.#forget(), FRESH / 2);
    this.#drawPlaces();
    this.#drawTabs();
  }

  /** Draws the row once with the browser's next frame, however many events came until then. */
  #placesSoon() {
    this.soon ||= requestAnimationFrame(() => this.#drawPlaces());
  }

  #drawPlaces() {
    cancelAnimationFrame(this.soon);
    this.soon = 0;
    const focused = this.places.contains(document.activeElement);
    const places = inOrder(this.store?.places.values() ?? []);
    const chips = places.map((place) =>
      placeChip(place, place.id === this.place, this.news.has(place.id), () => this.choose(place.id)),
    );
    refill(
      this.places,
      chips,
      places.findIndex((place) => place.id === this.place),
    );
    if (focused) /** @type {HTMLElement | null} */ (this.places.querySelector("[aria-checked=true]"))?.focus();
  }

  #drawTabs() {
    const place = this.store?.places.get(this.place);
    const live = this.closest("live-sandbox") !== null;
    const tabs = allTabs().filter((tab) =>
      tab.views.length ? tab.views.some((row) => isOffered(row, place)) : tab.id !== "capture" || live,
    );
    if (!tabs.some((tab) => tab.id === this.tab)) this.tab = tabs[0].id;
    const focused = this.bar.contains(document.activeElement);
    const buttons = tabs.map((tab) => {
      const made = button(
        "view-tab flex-none py-1 px-2 border-b-2 border-b-transparent text-muted text-md font-medium cursor-pointer hover:text-base-content aria-selected:border-primary aria-selected:text-base-content",
        tab.label,
        () => this.#open(tab.id),
      );
      made.setAttribute("role", "tab");
      made.dataset.tab = tab.id;
      made.id = `tab-${tab.id}`;
      const chosen = tab.id === this.tab;
      made.setAttribute("aria-selected", String(chosen));
      made.setAttribute("aria-controls", "view-panel");
      made.tabIndex = chosen ? 0 : -1;
      made.classList.toggle("news", !chosen && this.news.has(`${this.place} ${tab.id}`));
      return made;
    });
    refill(
      this.bar,
      buttons,
      tabs.findIndex((tab) => tab.id === this.tab),
    );
    this.panel.setAttribute("aria-labelledby", `tab-${this.tab}`);
    if (focused) /** @type {HTMLElement | null} */ (this.bar.querySelector("[aria-selected=true]"))?.focus();
  }

  /**
   * Another part of the page asks to show the journey of this packet.
   * @param {{ source: string, target: string, kind?: string, port?: number }} wish
   */
  follow(wish) {
    this.#open("journey");
    this.journey.ask(wish);
  }

  /**
   * A lesson's text asks to show a tab, of a place or with a packet to follow.
   * @param {{ tab: string, place?: string, source?: string, target?: string, kind?: string, port?: string }} wish
   */
  look({ tab, place, source, target, kind, port }) {
    if (source && target) return this.follow({ source, target, kind, port: Number(port) || undefined });
    if (place) this.choose(place);
    return this.#open(tab);
  }

  /** @param {string} tab */
  #open(tab) {
    this.tab = tab;
    this.#drawTabs();
    this.#drawPanel();
  }

  #drawPanel() {
    const tabs = allTabs();
    const tab = tabs.find((one) => one.id === this.tab) ?? tabs[0];
    this.news.delete(`${this.place} ${tab.id}`);
    this.bar.querySelector(`[data-tab="${tab.id}"]`)?.classList.remove("news");
    this.tables.clear();
    if (tab.id === "timeline") {
      if (!this.timeline.isConnected) {
        this.panel.replaceChildren(this.timeline);
        this.panel.scrollTop = 0; // its tools and the newest line, however far down the last view was
      }
      return;
    }
    if (tab.id === "journey") {
      this.panel.replaceChildren(this.journey);
      return;
    }
    if (tab.id === "reach") {
      this.panel.replaceChildren(this.reach);
      this.reach.draw();
      return;
    }
    const place = this.store?.places.get(this.place);
    if (tab.id === "capture") {
      this.panel.replaceChildren(this.capture);
      this.capture.choose(place);
      return;
    }
    if (tab.id === "added") {
      this.panel.replaceChildren(this.added);
      this.added.choose(place);
      return;
    }
    const nodes = [];
    if (place?.netns) {
      const number = make(
        "p",
        "netns float-right sticky right-0 pt-0.5 px-4 text-muted font-normal text-xs leading-tight font-mono",
        `net:[${place.netns}]`,
      );
      number.title = "The number of this network namespace, as readlink /proc/self/ns/net says it there";
      nodes.push(number);
    }
    if (place?.shares)
      nodes.push(make("p", "empty", `${place.id} has no network namespace of its own: it lives in that of ${place.shares}.`));
    if (place?.error) nodes.push(make("p", "empty trouble", `This place cannot be read: ${place.error}`));
    for (const { view, heading, shown, drawn } of tab.views) {
      const seen = place?.views[view];
      const several = tab.views.length > 1;
      if (several && shown === "filled" && !seen?.lines.length && !seen?.error) continue;
      if (several) nodes.push(make("h3", "view-title", heading));
      const table = drawn === "calls" ? new DriverCalls() : new LiveTable();
      if (table instanceof DriverCalls) table.store = this.store;
      else {
        table.folds = drawn === "folded";
        table.named = place ? placeName(place) : this.place;
      }
      this.tables.set(view, table);
      nodes.push(table);
    }
    this.panel.replaceChildren(...nodes);
    for (const [view, table] of this.tables) table.show(this.place, place?.views[view]);
    if (this.#calls()) this.panel.scrollTop = this.panel.scrollHeight;
  }
}
