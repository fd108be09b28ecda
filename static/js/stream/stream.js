// The websocket of the sandbox: gives each event to the store once. After a lost connection it goes on from the last number
// that the store has.

import { openSocket } from "../embed/pass.js";
import { readPlain } from "../page/plain.js";
import { SILENT, watchSilence } from "./heartbeat.js";

/** @import { Store } from "./store.js" */
/** @import { EdgeMessage, StreamEvent } from "./types.js" */

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8_000;

const TOO_MANY = 4409; // too many pages look at this sandbox at once

/** Close codes after which the page does not connect again. */
export const FINAL_CODES = new Set([4403, 4404]);

/**
 * @param {number} attempt
 * @param {number} luck a number from 0 to 1, so that a class does not come back in one instant
 */
export function waitBefore(attempt, luck) {
  return Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt) * (0.6 + 0.4 * luck);
}

export class Stream extends EventTarget {
  /**
   * Fires `link` (detail "open", "lost", "silent", "late", "current", "crowded" or a final code) and `edge` (detail an
   * EdgeMessage).
   * @param {Store} store
   * @param {string} path without the query
   * @param {string} [asks] what stands in every query, as `watch=1`
   */
  constructor(store, path, asks = "") {
    super();
    this.asks = asks;
    this.store = store;
    this.path = path;
    this.attempt = 0;
    this.resync = false;
    this.stopped = false;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.hurry = () => this.attempt > 0 && !this.socket && this.#soon(0);
    globalThis.addEventListener?.("online", this.hurry);
  }

  connect() {
    clearTimeout(this.timer);
    const since = this.store.seen && !this.resync ? `since=${this.store.number}` : "";
    const query = [this.asks, since].filter(Boolean).join("&");
    const socket = openSocket(query ? `${this.path}?${query}` : this.path);
    this.socket = socket;
    const isBeat = watchSilence(socket, (late) => this.#say("link", late ? "late" : "current"));
    socket.onopen = () => this.#say("link", "open");
    socket.onmessage = (text) => {
      const message = readPlain(String(text.data));
      if (isBeat(message)) this.attempt = 0;
      else this.#read(message);
    };
    socket.onclose = (closed) => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (this.stopped) return;
      if (FINAL_CODES.has(closed.code)) this.#say("link", closed.code);
      else {
        this.#say("link", closed.code === TOO_MANY ? "crowded" : closed.code === SILENT ? "silent" : "lost");
        this.#soon(waitBefore(this.attempt, Math.random()));
        this.attempt += 1;
      }
    };
  }

  /** @param {object} message */
  send(message) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    globalThis.removeEventListener?.("online", this.hurry);
    this.socket?.close();
  }

  /** @param {number} wait */
  #soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  /** @param {StreamEvent | EdgeMessage} message */
  #read(message) {
    const { type } = message;
    if (
      type === "fresh" ||
      type === "refused" ||
      type === "terminal_opened" ||
      type === "ticket_given" ||
      type === "no_ticket" ||
      type === "capture_ticket_given" ||
      type === "no_capture_ticket" ||
      type === "journey_begun" ||
      type === "capture_begun" ||
      type === "weather_begun" ||
      type === "grid_begun"
    ) {
      this.#say("edge", message);
      return;
    }
    this.attempt = 0; // not before: a socket is also opened just to be told that it is one too many
    if (message.type === "snapshot_taken") this.resync = false;
    if (this.store.apply(message) === "gap") {
      this.resync = true; // the stream broke its promise: ask for everything
      this.socket?.close();
    }
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
