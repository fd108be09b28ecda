// A store to look through: it shows the sandbox as it is, or as it was at a moment. What happens meanwhile is folded silently
// into the store behind it.

import { History } from "./history.js";
import { gone, Store } from "./store.js";

/** @import { StreamEvent } from "./types.js" */

/** @typedef {{ number: number, at: number, text: string }} Moment the state before the event `text`; `number` is the last folded in */

const PICTURE = new Set(["view_changed", "place_seen", "place_gone", "docker_changed", "owner_gone"]);

export class Lens extends Store {
  /** @param {Store} source */
  constructor(source) {
    super();
    this.source = source;
    this.history = new History();
    /** @type {Moment | null} */
    this.moment = null;
    /** @type {Set<(moment: Moment | null) => void>} */
    this.turned = new Set();
    source.watch((event) => this.#pass(event));
  }

  /**
   * Shows that moment, or the present. False when there is no picture of it any more.
   * @param {Moment | null} moment
   */
  look(moment) {
    const picture = moment && this.history.at(moment.number);
    if (moment && !picture) return false;
    if (!moment && !this.moment) return true;
    this.moment = moment;
    this.#take();
    if (moment && picture) {
      this.places = picture.places;
      this.docker = picture.docker;
      this.gone = this.source.gone.filter((one) => one.at <= moment.at);
    }
    const snapshot = {
      sandbox: "",
      generation: 1,
      number: 0,
      at: moment?.at ?? 0,
      places: Object.fromEntries(this.places),
      docker: Object.fromEntries(this.docker),
      probes: {},
      gone: this.gone,
    };
    this.#tell({ type: "snapshot_taken", number: 0, at: snapshot.at, snapshot, resync: false });
    for (const turned of this.turned) turned(moment);
    return true;
  }

  /** @param {StreamEvent} event */
  #pass(event) {
    this.history.add(event);
    if (this.moment && event.type === "snapshot_taken") {
      this.moment = null; // everything began anew: the moment is no longer kept
      for (const turned of this.turned) turned(null);
    }
    if (this.moment && this.history.first > this.moment.number) this.look(null);
    this.#take();
    if (!this.moment || !PICTURE.has(event.type)) this.#tell(event);
    else if (event.type === "place_gone") this.#tell(gone(event));
  }

  /** All the source knows; of what has a past, only while the present is shown. A fact added to Store comes along. */
  #take() {
    const { watchers: _, places, docker, gone, ...always } = this.source;
    Object.assign(this, always);
    if (!this.moment) Object.assign(this, { places, docker, gone });
  }

  /** @param {StreamEvent} event */
  #tell(event) {
    for (const watcher of this.watchers) watcher(event, this);
  }
}
