// <time-line>: what happened, in words, newest first.

import { make } from "./dom.js";

/** @import { Store } from "./store.js" */
/** @import { Happened } from "./types.js" */

const SHOWN = 200;

export class Timeline extends HTMLElement {
  constructor() {
    super();
    this.list = make("ol", "happenings");
  }

  connectedCallback() {
    if (!this.list.isConnected) this.append(this.list);
  }

  /** @param {Store} store */
  show(store) {
    this.#draw(store);
    store.watch((event) => {
      if (event.type === "timeline_told") this.#draw(store);
      if (event.type !== "happened") return;
      this.list.querySelector(".empty")?.remove();
      this.list.prepend(this.#entry(event, true));
      while (this.list.children.length > SHOWN) this.list.lastElementChild?.remove();
    });
  }

  /** @param {Store} store */
  #draw(store) {
    this.list.replaceChildren(
      ...store.timeline
        .slice(-SHOWN)
        .reverse()
        .map((event) => this.#entry(event, false)),
    );
    if (store.timeline.length === 0) this.list.append(make("li", "empty", "Nothing has happened yet."));
  }

  /**
   * @param {Happened} event
   * @param {boolean} isNew
   */
  #entry(event, isNew) {
    const item = make("li", isNew ? "added" : "");
    const time = make("time", "", new Date(event.at * 1000).toLocaleTimeString([], { hour12: false }));
    const where = make("span", `where ${event.source}`, event.place || event.source);
    const what = make("span", "what", event.text);
    if (event.detail) what.append(make("small", "", event.detail));
    item.append(time, where, what);
    return item;
  }
}
