// <recorded-sandbox>: the map and the views of a lesson's step from a recording. It uses the same elements as a live sandbox,
// but has no websocket and no terminals, and nothing looks as if it happened now.

import { announce } from "../page/dom.js";
import { toast } from "../page/toast.js";
import { Store } from "../stream/store.js";

/** @import { LiveViews } from "../views/live-views.js" */
/** @import { NetMap } from "../map/net-map.js" */
/** @import { Snapshot } from "../stream/types.js" */

/** @typedef {"before" | "after"} Moment */

export class RecordedSandbox extends HTMLElement {
  connectedCallback() {
    if (this.store) return;
    this.store = new Store();
    queueMicrotask(() => this.#start());
  }

  disconnectedCallback() {
    if (this.isConnected) return;
    document.body.removeEventListener("htmx:afterSettle", this.onStep);
    document.body.removeEventListener("command", this.onCommand);
  }

  get views() {
    return /** @type {LiveViews} */ (this.querySelector("live-views"));
  }

  get map() {
    return /** @type {NetMap} */ (this.querySelector("net-map"));
  }

  #start() {
    if (!this.store) return;
    this.map.show(this.store);
    this.views.show(this.store);
    this.addEventListener("place", (event) => this.views.choose(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("chosen", (event) => this.map.choose(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("terminal-wanted", this.onCommand);
    for (const button of this.#buttons()) {
      button.addEventListener("click", () => this.#show(/** @type {Moment} */ (button.dataset.moment)));
    }
    document.body.addEventListener("htmx:afterSettle", this.onStep);
    document.body.addEventListener("command", this.onCommand);
    this.#fetch();
  }

  /** @type {(event: Event) => void} */
  onStep = (event) => {
    if (/** @type {HTMLElement} */ (event.target).id === "step") this.#fetch();
  };

  /** @type {(event: Event) => void} */
  onCommand = (event) => {
    event.preventDefault();
    toast("This is a recording: there is no terminal to type into.");
  };

  #buttons() {
    return /** @type {NodeListOf<HTMLButtonElement>} */ (this.querySelectorAll("[data-moment]"));
  }

  async #fetch() {
    const step = /** @type {HTMLElement | null} */ (document.querySelector("#step"))?.dataset.step ?? "";
    const url = (this.dataset.url ?? "").replace("STEP", encodeURIComponent(step));
    this.wanted = url;
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const moments = await answer.json();
      if (this.wanted !== url) return; // the reader has moved on
      this.moments = moments;
      this.#say("");
      this.#show("after");
    } catch {
      if (this.wanted === url) this.#say("The recording of this step could not be read. Reload the page to try again.");
    }
  }

  /** @param {Moment} moment */
  #show(moment) {
    const snapshot = this.moments?.[moment];
    if (!snapshot || !this.store) return;
    for (const button of this.#buttons()) button.setAttribute("aria-pressed", String(button.dataset.moment === moment));
    this.store.apply({ type: "snapshot_taken", number: 0, at: snapshot.at, snapshot, resync: false });
    this.classList.add("seen");
    announce(moment === "after" ? "Recorded after this step." : "Recorded before this step.");
  }

  /** @param {string} trouble */
  #say(trouble) {
    const banner = /** @type {HTMLElement | null} */ (this.querySelector(".link-banner"));
    if (!banner) return;
    banner.hidden = trouble === "";
    banner.textContent = trouble;
  }

  /** @type {Store | undefined} */
  store = undefined;
  /** @type {Record<Moment, Snapshot> | undefined} */
  moments = undefined;
  wanted = "";
}
