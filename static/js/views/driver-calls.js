// <driver-calls>: the calls that Docker made to a driver which is a program on this host, its answers, and what then changed
// in the kernel. The newest call is the last. Each call opens to the JSON of both sides.

import { make } from "../page/dom.js";

/** @import { Store } from "../stream/store.js" */
/** @import { Call, Happened, Observation } from "../stream/types.js" */

const GLOW = 5_000;
const BEFORE = 0.3; // the kernel's change may be seen a moment before the call is
const AFTER = 3; // and no later than this

/**
 * Which changes belong to which call: those whose cause names the driver and the method, given to the last such call before.
 * @param {Call[]} calls
 * @param {Happened[]} timeline
 * @param {string} host
 * @returns {Map<string, string[]>}
 */
export function effects(calls, timeline, host) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const event of timeline) {
    const because = event.source === "kernel" && event.detail.startsWith("because: ") ? event.detail.slice(9) : "";
    if (!because || event.place !== host) continue;
    const words = because.split(/[ ,]+/);
    const call = calls.findLast(
      (one) =>
        words[0] === one.driver && words.includes(one.method) && event.at >= one.at - BEFORE && event.at <= one.at + AFTER,
    );
    if (!call) continue;
    found.set(call.key, [...(found.get(call.key) ?? []), event.text]);
  }
  return found;
}

export class DriverCalls extends HTMLElement {
  constructor() {
    super();
    this.place = "";
    /** @type {Store | null} */
    this.store = null;
    /** @type {Observation | undefined} */
    this.observation = undefined;
    /** @type {Set<string>} */
    this.opened = new Set();
    /** @type {Map<string, number>} */
    this.fresh = new Map();
    /** @type {Map<string, { looks: string, node: HTMLElement }>} */
    this.rows = new Map();
    this.head = make("p", "calls-head pt-0.5 pb-2 px-4 text-muted text-md");
    this.list = make("ol", "calls");
  }

  connectedCallback() {
    if (!this.head.isConnected) this.append(this.head, this.list);
  }

  /**
   * @param {string} place
   * @param {Observation | undefined} observation
   */
  show(place, observation) {
    if (place !== this.place) this.opened.clear();
    this.place = place;
    this.observation = observation;
    this.rows.clear();
    this.draw();
  }

  /**
   * @param {Observation} observation
   * @param {string[]} added
   */
  update(observation, added) {
    for (const key of added) this.fresh.set(key, Date.now());
    this.observation = observation;
    this.draw();
  }

  draw() {
    const lines = this.observation?.lines ?? [];
    const items = /** @type {Call[]} */ (this.observation?.items ?? []);
    const calls = new Map(items.map((call) => [call.key, call]));
    const caused = effects(items, this.store?.timeline ?? [], this.place);
    const kept = new Map();
    const nodes = lines.map((line) => {
      const call = calls.get(line.key);
      const changes = caused.get(line.key) ?? [];
      const looks = JSON.stringify([line, call, changes]);
      const before = this.rows.get(line.key);
      const node = before?.looks === looks ? before.node : this.#row(line, call, changes);
      kept.set(line.key, { looks, node });
      return node;
    });
    this.rows = kept;
    this.head.textContent =
      nodes.length === 0
        ? "No driver of its own has been asked anything on this host."
        : `What Docker asked, and what the driver answered${this.observation?.truncated ? " (the newest)" : ""}. Select a call to read it whole.`;
    this.#place(nodes);
  }

  /** @param {HTMLElement[]} nodes */
  #place(nodes) {
    nodes.forEach((node, at) => {
      if (this.list.children[at] !== node) this.list.insertBefore(node, this.list.children[at] ?? null);
    });
    while (this.list.children.length > nodes.length) this.list.lastElementChild?.remove();
  }

  /**
   * @param {import("../stream/types.js").Line} line
   * @param {Call | undefined} call
   * @param {string[]} changes
   */
  #row(line, call, changes) {
    const item = make("li", "item call py-0.5 pr-4 pl-[calc(var(--spacing-4)_-_3px)] text-md");
    item.dataset.key = line.key;
    const age = Date.now() - (this.fresh.get(line.key) ?? 0);
    if (age < GLOW) {
      item.classList.add("added");
      item.style.setProperty("--age", `${-age}ms`);
    }
    if (!call) {
      item.append(make("code", "junk", line.text));
      return item;
    }
    item.append(this.#details(call, line.why));
    if (changes.length) {
      const list = make(
        "ul",
        "effects pl-[calc(var(--spacing-16)_+_var(--spacing-6))] font-medium text-sm leading-relaxed font-mono @max-sm:pl-0",
      );
      list.append(...changes.map((text) => make("li", "wrap-anywhere before:content-['↳_'] before:text-host", text)));
      item.append(list);
    }
    return item;
  }

  /**
   * @param {Call} call
   * @param {string} why
   */
  #details(call, why) {
    const details = make("details");
    details.open = this.opened.has(call.key);
    details.addEventListener("toggle", () => {
      if (details.open) this.opened.add(call.key);
      else this.opened.delete(call.key);
    });
    const summary = make(
      "summary",
      "grid grid-cols-[4.6rem_12rem_minmax(9rem,1fr)_minmax(9rem,1.2fr)] gap-y-1 gap-x-3 items-baseline py-0.5 cursor-pointer hover:bg-host-tint/65 @max-sm:grid-cols-[4.3rem_minmax(0,1fr)]",
    );
    const time = make("time", "text-muted tabular-nums", new Date(call.at * 1000).toLocaleTimeString([], { hour12: false }));
    const state = call.seconds === null ? "waiting" : call.error ? "refused" : "";
    const answer = make(
      "span",
      `reply font-normal text-sm leading-normal font-mono wrap-anywhere before:content-['→_'] before:text-muted @max-sm:col-start-2 ${state}`,
      reply(call),
    );
    const name = make("span", "method wrap-anywhere");
    name.append(make("b", "", call.method), make("small", "ml-2 text-host font-mono", call.driver));
    summary.append(
      time,
      name,
      make("span", "asked font-normal text-sm leading-normal font-mono wrap-anywhere @max-sm:col-start-2", call.what),
      answer,
    );
    details.append(summary);
    if (why) details.append(make("p", "why", why));
    const sides = make(
      "div",
      "sides grid grid-cols-[repeat(auto-fit,minmax(min(19rem,100%),1fr))] gap-2 pt-1 pb-2 pl-[calc(var(--spacing-16)_+_var(--spacing-6))] @max-sm:pl-0",
    );
    sides.append(side("Docker asked", call.asked), side(`${call.driver} answered`, call.answer || "(no answer yet)"));
    details.append(sides);
    return details;
  }
}

/** @param {Call} call */
function reply(call) {
  if (call.seconds === null) return "no answer yet";
  if (call.error) return call.error;
  const text = call.answer.replace(/\s+/g, " ");
  return text.length > 90 ? `${text.slice(0, 89)}…` : text;
}

/**
 * @param {string} title
 * @param {string} text
 */
function side(title, text) {
  const box = make("div", "side");
  const pre = make(
    "pre",
    "max-h-[16rem] py-2 px-3 border border-line rounded-md overflow-auto font-normal text-xs leading-normal font-mono whitespace-pre-wrap wrap-anywhere",
    text,
  );
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", title);
  box.append(make("h4", "text-muted text-sm font-semibold", title), pre);
  return box;
}
