// <class-seat>: hears from its websocket that something of the class has changed, and fetches the bar inside it again. The
// open websocket also shows the wall that the learner has a page open.

import { announce } from "../page/dom.js";
import { watchSilence } from "../stream/heartbeat.js";
import { FINAL_CODES, waitBefore } from "../stream/stream.js";

const SPREAD = 400; // milliseconds: a class that is told something does not ask all at once

/**
 * What a screen reader should say when it changes in the bar: name → text.
 * @param {ParentNode} bar
 */
export function sayings(bar) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (bar.querySelectorAll("[data-announce]"))) {
    found.set(part.dataset.announce ?? "", (part.textContent ?? "").replace(/\s+/g, " ").trim());
  }
  return found;
}

export class ClassSeat extends HTMLElement {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  due = undefined;

  connectedCallback() {
    if (this.socket || "over" in this.dataset) return;
    this.attempt = 0;
    this.stopped = false;
    this.said = sayings(this);
    this.addEventListener("htmx:afterSettle", () => this.#announce());
    this.#connect();
  }

  disconnectedCallback() {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.due);
    this.socket?.close();
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/seat/${encodeURIComponent(this.dataset.class ?? "")}/`);
    this.socket = socket;
    socket.onopen = () => this.#soon(); // what changed while nobody listened
    const isBeat = watchSilence(socket);
    socket.onmessage = (text) => {
      if (isBeat(JSON.parse(String(text.data)))) return;
      this.attempt = 0;
      this.#soon();
    };
    socket.onclose = (closed) => {
      if (this.stopped) return;
      if (FINAL_CODES.has(closed.code)) {
        this.#soon(); // taken out, or over: the bar says which
        return;
      }
      const attempt = this.attempt ?? 0;
      this.timer = setTimeout(() => this.#connect(), waitBefore(attempt, Math.random()));
      this.attempt = attempt + 1;
    };
  }

  #soon() {
    this.due ??= setTimeout(() => {
      this.due = undefined;
      this.dispatchEvent(new CustomEvent("class-changed", { bubbles: true }));
    }, Math.random() * SPREAD);
  }

  #announce() {
    const now = sayings(this);
    const news = [...now].filter(([word]) => !this.said?.has(word)).map(([, text]) => text);
    this.said = now;
    if (news.length) announce(news.join(" "));
  }
}
