// A store that shows the sandbox as it is now, or as it was at a chosen moment. While it shows the past, the real store behind
// it goes on taking events.

import { History } from "./history.js";
import { gone, Store } from "./store.js";

/** @import { Past } from "./history.js" */
/** @import { Happened, StreamEvent } from "./types.js" */

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
    /** @type {((before: number) => Promise<Past | null>) | null} asks the server what was before an event */
    this.askPast = null;
    this.asked = 0; // the beginning before which it was asked last
    this.noPast = ""; // why there is no more of it
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

  /** Fetches what happened before this page was opened, once for each beginning. */
  async reachBack() {
    const { first, trimmed } = this.history;
    if (!this.askPast || !first || trimmed || this.asked === first) return;
    this.asked = first;
    this.noPast = "";
    let past = null;
    try {
      past = await this.askPast(first);
      if (!past) this.noPast = "What was before is no longer kept";
    } catch {
      this.noPast = "What was before could not be fetched; open this tab again to try again";
      this.asked = 0;
    }
    if (past && this.history.precede(past)) {
      this.asked = this.history.first; // it told all there is
      this.source.apply({ type: "timeline_told", number: 0, at: 0, happenings: this.#lines(past) });
    } else for (const turned of this.turned) turned(this.moment);
  }

  /** The lines there were, and those that only what happened tells. @param {Past} past @returns {Happened[]} */
  #lines({ number, before, events }) {
    const known = this.source.timeline;
    const between = events.map((event) => (event.type === "place_gone" ? gone(event) : event));
    return [
      ...known.filter((line) => line.number <= number),
      ...between.filter((event) => event.type === "happened"),
      ...known.filter((line) => line.number > before),
    ];
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
