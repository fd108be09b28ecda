// <what-added>: what each network and container put on a host. First a list of them with counts; then the things of one of
// them, by cause and kind.

import { button, make } from "../page/dom.js";
import { views } from "../page/tables.js";
import { added, leftBehind, owners } from "./added.js";

const COLUMNS = [
  "name truncate font-mono text-sm leading-tight font-medium text-host",
  "detail text-muted wrap-anywhere",
  "count tabular-nums",
];

/** @import { Added, Entry, Owner } from "./added.js" */
/** @import { Store } from "../stream/store.js" */
/** @import { Gone, Place, StreamEvent } from "../stream/types.js" */

const TELLS = new Set(["snapshot_taken", "place_seen", "place_gone", "view_changed", "docker_changed", "owner_gone"]);
const GLOW = 5_000;
const PAUSE = 150; // between two drawings, however much comes
/** @type {Record<string, string>} */
const NAMES = {
  daemon: "Docker Engine itself",
  kernel: "the kernel itself",
  lan: "the sandbox's LAN",
  host: "the host itself",
  "not-docker": "not added by Docker",
  netavark: "netavark itself",
  "not-podman": "not added by Podman",
  unknown: "cause unknown",
};

/** What an owner can have put somewhere, with the title of each. @returns {[string, string][]} */
function kinds() {
  const owned = views().filter((row) => row.owned);
  return [
    ["namespaces", "Network namespaces"],
    ...owned.map((row) => /** @type {[string, string]} */ ([row.view, capitalised(row.name)])),
  ];
}

/** @param {string} owner */
export function nameOf(owner) {
  return NAMES[owner] ?? owner.replace(":", " ");
}

/**
 * @param {string} cause
 * @param {string} owner
 */
export function causeInWords(cause, owner) {
  if (!cause) return NAMES[owner] ? "" : owner.startsWith("network:") ? "The network itself" : "The container itself";
  if (owner.startsWith("project:")) return capitalised(nameOf(cause));
  if (cause === "option:publish") return "Published ports (-p)";
  if (cause === "option:internal") return "Option --internal";
  if (cause === "option:icc") return "Option enable_icc=false: no talk between its containers";
  if (cause === "daemon") return "Made by Docker Engine when it starts";
  if (cause === "netavark") return "Made by netavark with the first container";
  if (cause === "option:isolate") return "Option isolate: apart from other networks";
  if (cause === "kernel")
    return owner.startsWith("network:") ? "The kernel's own part, for its interfaces" : "Came with its network namespace";
  if (cause.startsWith("network:")) return `For its place on network ${cause.slice(8)}`;
  return cause.startsWith("option:") ? `Option ${cause.slice(7)}` : `With ${nameOf(cause)}`;
}

/** @param {string} text */
const capitalised = (text) => text[0].toUpperCase() + text.slice(1);

export class WhatAdded extends HTMLElement {
  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    this.place = "";
    this.host = "";
    this.owner = "";
    this.asked = false;
    /** @type {Map<string, number>} what was drawn of this owner, and when it was first */
    this.known = new Map();
    this.drawn = "";
  }

  /** @param {Store} store */
  show(store) {
    this.store = store;
    store.watch((event) => this.#notice(event));
  }

  /**
   * What belongs to a place: its container's part, or the list of everybody on the host.
   * @param {Place | undefined} place
   * @param {string} [owner]
   */
  choose(place, owner) {
    this.host = place?.kind === "machine" ? "" : place?.host || place?.id || "";
    const same = this.place === (place?.id ?? "");
    this.place = place?.id ?? "";
    const own = place?.kind === "container" ? `container:${place.name}` : "";
    this.owner = owner ?? (same ? this.owner : own);
    this.draw();
  }

  /** @param {StreamEvent} event */
  #notice(event) {
    if (!this.isConnected || this.asked || !TELLS.has(event.type)) return;
    this.asked = true;
    setTimeout(() => {
      this.asked = false;
      if (this.isConnected) this.draw();
    }, PAUSE);
  }

  draw() {
    if (!this.store) return;
    const focused = this.contains(document.activeElement) ? document.activeElement?.getAttribute("data-id") : "";
    const what = `${this.host} ${this.owner}`;
    if (this.drawn !== what) this.known.clear();
    const first = this.drawn !== what;
    this.drawn = what;
    if (!this.host) this.replaceChildren(make("p", "empty", "No Docker Engine runs here: choose a host."));
    else if (this.owner) this.replaceChildren(...this.#one(first));
    else this.replaceChildren(...this.#all());
    if (!focused) return;
    const again = [...this.querySelectorAll("[data-id]")].find((one) => one.getAttribute("data-id") === focused);
    /** @type {HTMLElement | undefined} */ (again)?.focus({ preventScroll: true });
  }

  // --- everybody ---

  #all() {
    const store = /** @type {Store} */ (this.store);
    const all = owners(store, this.host);
    const gone = store.gone.filter((one) => one.host === this.host).reverse();
    const nodes = [
      make(
        "p",
        "added-lead py-0.5 px-4 text-muted text-md",
        `What put what on ${this.host} and in the namespaces of its containers.`,
      ),
    ];
    /** @type {[string, Owner[]][]} */
    const parts = [
      ["Compose projects", all.filter((one) => one.owner.startsWith("project:"))],
      ["Networks", all.filter((one) => one.owner.startsWith("network:"))],
      ["Containers", all.filter((one) => one.owner.startsWith("container:"))],
      ["Everything else", all.filter((one) => !one.owner.includes(":"))],
    ];
    const columns = make("div", "added-parts columns-[20rem]");
    for (const [title, part] of parts) {
      const rows = part.map((one) => this.#row(one));
      if (rows.length) columns.append(this.#list(title, rows));
    }
    const rows = gone.map((one) => this.#goneRow(one));
    if (rows.length) columns.append(this.#list("Removed", rows));
    nodes.push(columns);
    return nodes;
  }

  /**
   * @param {string} title
   * @param {HTMLElement[]} rows
   */
  #list(title, rows) {
    const part = make("section", "added-part break-inside-avoid");
    const list = make("ul", "added-owners px-2");
    list.append(...rows);
    part.append(make("h3", "view-title", title), list);
    return part;
  }

  /** @param {Owner} one */
  #row(one) {
    const item = make("li");
    const things = one.count === 1 ? "1 item" : `${one.count} items`;
    item.append(
      this.#button(
        "added-owner grid grid-cols-[minmax(5rem,auto)_minmax(0,1fr)_max-content] gap-y-0.5 gap-x-3 items-baseline w-full max-w-note py-0.5 px-2 rounded-sm text-left text-md cursor-pointer hover:bg-host-tint",
        one.owner,
        [short(one.owner), one.detail, things],
        () => this.#open(one.owner),
      ),
    );
    return item;
  }

  /** @param {Gone} gone */
  #goneRow(gone) {
    const item = make(
      "li",
      "added-gone grid grid-cols-[minmax(5rem,auto)_minmax(0,1fr)_max-content] gap-y-0.5 gap-x-3 items-baseline w-full max-w-note py-0.5 px-2 rounded-sm text-left text-md",
    );
    const left = leftBehind(/** @type {Store} */ (this.store), gone);
    const at = new Date(gone.at * 1000).toLocaleTimeString([], { hour12: false });
    const of = `${gone.put.length}${gone.more ? " or more" : ""}`;
    let told = `all ${of} items went with it`;
    if (left.length) told = `${left.length} of ${of} items left behind`;
    else if (!gone.put.length) told = "nothing of it was seen";
    item.classList.toggle("trouble", left.length > 0);
    item.append(
      make("span", "name font-medium text-sm leading-tight font-mono truncate text-muted", nameOf(gone.owner)),
      make("span", "detail text-muted wrap-anywhere", `${gone.detail}, removed ${at}`),
    );
    item.append(make("span", "count tabular-nums col-span-full", told));
    if (left.length) item.append(this.#entries(left, new Set()));
    return item;
  }

  /**
   * @param {string} looks
   * @param {string} id
   * @param {string[]} words
   * @param {() => void} press
   */
  #button(looks, id, words, press) {
    const made = button(looks, "", press);
    made.dataset.id = id;
    const of = words.length > 1 ? COLUMNS : [];
    made.append(...words.flatMap((word, at) => [make("span", of[at], word), " "]));
    return made;
  }

  /** @param {string} owner */
  #open(owner) {
    this.owner = owner;
    this.draw();
    /** @type {HTMLElement | null} */ (this.querySelector("[data-id=back]"))?.focus();
    if (this.parentElement) this.parentElement.scrollTop = 0;
  }

  // --- one of them ---

  /** @param {boolean} first */
  #one(first) {
    const store = /** @type {Store} */ (this.store);
    const found = added(store, this.host, this.owner);
    const gone = store.gone.findLast((one) => one.host === this.host && one.owner === this.owner);
    const fresh = this.#fresh(found, first);
    const count = found.groups.reduce((sum, group) => sum + group.entries.length, 0);
    /** @type {HTMLElement[]} */
    const nodes = [this.#head(found, count), ...found.notes.map((note) => make("p", "empty", note))];
    if (gone && !found.created) nodes.push(this.#list("Removed", [this.#goneRow(gone)]));
    else if (count === 0 && !found.notes.length) nodes.push(make("p", "empty", `Nothing on ${this.host} belongs to it.`));
    for (const group of found.groups) {
      const title = causeInWords(group.cause, this.owner);
      if (title) nodes.push(make("h3", "view-title", title));
      nodes.push(this.#entries(group.entries, fresh));
    }
    nodes.push(...this.#aside("Changed at the same moment", found.changed));
    nodes.push(...this.#aside("Appeared at the same time, cause unknown", found.unknown));
    nodes.push(...this.#aside("Fits it, but was there before it", found.before));
    const more = found.others.map((one) => this.#row(one));
    if (more.length) nodes.push(this.#list("More for its sake", more));
    return nodes;
  }

  /**
   * @param {Added} found
   * @param {number} count
   */
  #head(found, count) {
    const head = make("div", "added-head flex flex-wrap items-baseline gap-y-0.5 gap-x-4 pt-0.5 pb-1 px-4 text-md");
    const back = this.#button(
      "added-back text-host [font:inherit] linked cursor-pointer",
      "back",
      [`All of ${this.host}`],
      () => this.#back(),
    );
    const name = make("h2", "font-semibold text-base leading-tight font-mono wrap-anywhere", nameOf(this.owner));
    const things = `${found.detail ? `${found.detail} · ` : ""}${count === 1 ? "1 item" : `${count} items`}`;
    head.append(back, name, make("span", "detail text-muted wrap-anywhere", things));
    return head;
  }

  #back() {
    const from = this.owner;
    this.owner = "";
    this.draw();
    const row = [...this.querySelectorAll("[data-id]")].find((one) => one.getAttribute("data-id") === from);
    /** @type {HTMLElement | undefined} */ (row)?.focus();
  }

  /**
   * @param {string} title
   * @param {Entry[]} entries
   */
  #aside(title, entries) {
    return entries.length ? [make("h3", "view-title aside", title), this.#entries(entries, new Set())] : [];
  }

  /**
   * The keys that were not there when this owner was drawn before, for as long as they glow.
   * @param {Added} found
   * @param {boolean} first
   */
  #fresh(found, first) {
    const now = Date.now();
    const keys = found.groups.flatMap((group) => group.entries.map(idOf));
    const known = new Map(keys.map((key) => [key, this.known.get(key) ?? (first ? 0 : now)]));
    this.known = known;
    return new Set(keys.filter((key) => now - (known.get(key) ?? 0) < GLOW));
  }

  /**
   * @param {Entry[]} entries
   * @param {Set<string>} fresh
   */
  #entries(entries, fresh) {
    const box = make("div", "added-kinds col-span-full");
    const places = [...new Set([this.host, ...entries.map((entry) => entry.place)])];
    for (const [kind, title] of kinds()) {
      for (const place of kind === "namespaces" ? [""] : places) {
        const some = entries.filter((entry) => entry.kind === kind && (!place || entry.place === place));
        if (!some.length) continue;
        const where = place && place !== this.host ? `${title} in ${place}` : title;
        const list = make("ul", "added-lines");
        list.setAttribute("aria-label", where);
        list.append(...some.map((entry) => this.#entry(entry, fresh)));
        box.append(make("h4", "pt-1 pb-0.5 px-4 text-muted text-xs font-semibold", where), list);
      }
    }
    return box;
  }

  /**
   * @param {Entry} entry
   * @param {Set<string>} fresh
   */
  #entry(entry, fresh) {
    const id = idOf(entry);
    const item = make("li", fresh.has(id) ? "item added" : "item");
    if (fresh.has(id)) item.style.setProperty("--age", `${(this.known.get(id) ?? 0) - Date.now()}ms`);
    item.append(...entry.lines.map((line) => make("code", "", line || " ")));
    item.append(
      make(
        "p",
        "reason max-w-[60rem] text-muted text-md leading-snug",
        entry.why || "Unknown: nothing here says what put it there.",
      ),
    );
    return item;
  }
}

/** @param {Entry} entry */
function idOf(entry) {
  return JSON.stringify([entry.place, entry.kind, entry.key]);
}

/** @param {string} owner */
function short(owner) {
  return NAMES[owner] ?? owner.slice(owner.indexOf(":") + 1);
}
