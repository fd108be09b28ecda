// <live-comparison>: hears from its websocket how far each column is, and fetches the table when there is something new. The
// open websocket also shows the server that somebody looks; a comparison that nobody looks at is ended.

import { openSocket } from "../embed/pass.js";
import { announce } from "../page/dom.js";
import { readPlain } from "../page/plain.js";
import { watchSilence } from "../stream/heartbeat.js";
import { FINAL_CODES, waitBefore } from "../stream/stream.js";

const FETCH_EVERY = 500; // milliseconds between two fetches, however much is told
const RETRY_AFTER = 2_000;
const DONE = 1000;

/** @typedef {{ type: "column_moved", column: string, state: string, phase: string, version: number }} ColumnMoved */
/** @typedef {{ type: "comparison_changed", state: string }} ComparisonChanged */

/**
 * Replaces what is different and leaves the rest alone, so that what a reader has opened, selected or focused stays.
 * @param {ParentNode} page
 * @param {ParentNode} fetched
 * @param {Map<string, string>} known what was last fetched of each part
 */
export function renew(page, fetched, known) {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (fetched.querySelectorAll("[data-part]"))) {
    const name = part.dataset.part ?? "";
    const text = part.outerHTML;
    if (known.get(name) === text) continue;
    known.set(name, text);
    const old = page.querySelector(`[data-part="${CSS.escape(name)}"]`);
    if (!old || old.outerHTML === text) continue;
    keep(old, part);
    old.replaceWith(part);
    /** @type {any} */ (globalThis).htmx?.process(part);
  }
}

/**
 * Copies what a reader has folded or ticked to the part that replaces the old one.
 * @param {Element} old
 * @param {Element} fresh
 */
function keep(old, fresh) {
  const both = old instanceof HTMLDetailsElement && fresh instanceof HTMLDetailsElement;
  if (both && old.open !== "open" in old.dataset) fresh.open = old.open; // not as it came: somebody's own doing
  const ticked = [...old.querySelectorAll("input[data-keep]")];
  for (const [at, box] of [...fresh.querySelectorAll("input[data-keep]")].entries()) {
    const was = ticked[at];
    if (was instanceof HTMLInputElement && box instanceof HTMLInputElement) box.checked = was.checked;
  }
}

export class LiveComparison extends HTMLElement {
  connectedCallback() {
    if (this.dataset.state !== "running" || this.socket) return;
    /** @type {Map<string, string>} */
    this.known = new Map();
    this.attempt = 0;
    this.fetched = 0;
    this.#connect();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    clearTimeout(this.due);
    this.stopped = true;
    this.socket?.close();
  }

  #connect() {
    const socket = openSocket(`/ws/comparison/${encodeURIComponent(this.dataset.comparison ?? "")}/`);
    this.socket = socket;
    const isBeat = watchSilence(socket);
    socket.onmessage = (text) => {
      const message = readPlain(String(text.data));
      if (!isBeat(message)) this.#hear(message);
    };
    socket.onclose = (closed) => {
      if (this.stopped || closed.code === DONE || FINAL_CODES.has(closed.code)) return;
      const attempt = this.attempt ?? 0;
      this.timer = setTimeout(() => this.#connect(), waitBefore(attempt, Math.random()));
      this.attempt = attempt + 1;
    };
  }

  /** @param {ColumnMoved | ComparisonChanged} message */
  #hear(message) {
    this.attempt = 0;
    if (message.type === "comparison_changed" && message.state !== "running") {
      this.dataset.state = message.state;
      this.querySelector("[data-stop]")?.remove();
      announce(message.state === "done" ? "The comparison is complete." : "The comparison was stopped.");
    }
    this.#soon();
  }

  #soon() {
    if (this.due) return;
    const wait = Math.max(0, (this.fetched ?? 0) + FETCH_EVERY - performance.now());
    this.due = setTimeout(() => this.#fetch(), wait);
  }

  async #fetch() {
    this.due = undefined;
    this.fetched = performance.now();
    try {
      const answer = await fetch(this.dataset.table ?? "", { headers: { "HX-Request": "true" } });
      if (!answer.ok) throw new Error(String(answer.status));
      renew(this, new DOMParser().parseFromString(await answer.text(), "text/html"), this.known ?? new Map());
      this.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
    } catch {
      this.due ??= setTimeout(() => this.#fetch(), RETRY_AFTER); // what was told of is still to be shown
    }
  }
}
