// What the sandbox was like at any number of its stream that is still kept, and the difference between two moments. Pure: no
// page, no clock. Each change keeps only what is new; everything else is shared with the moments before and after. When there
// is too much, the oldest changes become part of the beginning.

import { byKey, diff } from "./differ.js";

/** @import { Shown } from "./differ.js" */
/** @import { DockerState, Happened, Line, Observation, Place, Snapshot, StreamEvent } from "./types.js" */

/** @typedef {{ places: Map<string, Place>, docker: Map<string, DockerState> }} Picture */
/** @typedef {Extract<StreamEvent, { type: "snapshot_taken" | "view_changed" | "place_seen" | "place_gone" | "docker_changed" }>} Change */
/** @typedef {{ number: number, at: number, first: boolean, before: number, snapshot: Snapshot, events: StreamEvent[] }} Past */
/** @typedef {{ view: string, added: string[][], removed: string[][], changed: [string[], string[]][] }} ViewDifference */
/** @typedef {{ place: string, fate: "added" | "removed" | "both", views: ViewDifference[] }} PlaceDifference */

export const CHANGES_KEPT = 600;
export const TEXT_KEPT = 20_000_000; // characters, of everything kept

const CHANGES = new Set(["snapshot_taken", "view_changed", "place_seen", "place_gone", "docker_changed"]);

export class History {
  /** @param {{ changes?: number, text?: number }} [limits] */
  constructor({ changes = CHANGES_KEPT, text = TEXT_KEPT } = {}) {
    this.most = changes;
    this.mostText = text;
    /** @type {Picture} */
    this.base = { places: new Map(), docker: new Map() };
    this.first = 0; // the earliest number there is a picture of
    this.since = 0; // and when that was
    this.trimmed = false; // whether earlier pictures were given up
    this.complete = false; // whether it reaches back to where the sandbox began
    /** @type {{ change: Change, text: number }[]} */
    this.changes = [];
    this.text = 0;
  }

  /** @param {StreamEvent} event */
  add(event) {
    if (event.type === "snapshot_taken") this.#begin(event);
    else if (this.first && isChange(event)) this.#keep(/** @type {Change} */ (event));
  }

  /**
   * Puts before the beginning what was before it. False when the two do not join: meanwhile there is another beginning.
   * @param {Past} past
   */
  precede(past) {
    if (!this.first || this.trimmed || past.before !== this.first) return false;
    if (past.number === this.first) {
      this.complete = past.first; // there is nothing before
      return true;
    }
    const { number, at } = past;
    const joint = /** @type {Change} */ ({
      type: "snapshot_taken",
      number: this.first,
      at: this.since,
      snapshot: flat(this.base),
    });
    const changes = past.events.filter((event) => isChange(event) && event.number > number && event.number < this.first);
    const before = [.../** @type {Change[]} */ (changes), joint].map((change) => ({ change, text: weigh(change) }));
    this.base = pictureOf(past.snapshot);
    Object.assign(this, { first: number, since: at, complete: past.first });
    this.changes = [...before, ...this.changes];
    this.text += before.reduce((sum, one) => sum + one.text, 0);
    this.#trim();
    return true;
  }

  /** All of it, to be kept elsewhere: the picture it begins with, and what changed since. */
  told() {
    return { number: this.first, at: this.since, ...flat(this.base), changes: this.changes.map(({ change }) => change) };
  }

  /**
   * The picture when event `number` was the last; undefined for what is not kept.
   * @param {number} number
   * @returns {Picture | undefined}
   */
  at(number) {
    if (!this.first || number < this.first) return undefined;
    const picture = { places: new Map(this.base.places), docker: new Map(this.base.docker) };
    for (const { change } of this.changes) {
      if (change.number > number) break;
      fold(picture, change);
    }
    return picture;
  }

  /** @param {Extract<StreamEvent, { type: "snapshot_taken" }>} event */
  #begin(event) {
    this.base = pictureOf(event.snapshot);
    this.first = Math.max(event.number, event.snapshot.number);
    this.since = event.at;
    this.trimmed = false;
    this.complete = false;
    this.changes = [];
    this.text = 0;
  }

  /** @param {Change} change */
  #keep(change) {
    const text = weigh(change);
    this.changes.push({ change, text });
    this.text += text;
    this.#trim();
  }

  #trim() {
    while (this.changes.length > this.most || (this.text > this.mostText && this.changes.length)) {
      const oldest = /** @type {{ change: Change, text: number }} */ (this.changes.shift());
      fold(this.base, oldest.change);
      this.text -= oldest.text;
      this.first = oldest.change.number;
      this.since = oldest.change.at;
      this.trimmed = true;
      this.complete = false;
    }
  }
}

/** @param {StreamEvent} event */
function isChange(event) {
  return CHANGES.has(event.type);
}

/** @param {Pick<Snapshot, "places" | "docker">} snapshot @returns {Picture} */
function pictureOf({ places, docker }) {
  return { places: new Map(Object.entries(places)), docker: new Map(Object.entries(docker)) };
}

/** @param {Picture} picture @returns {any} */
function flat({ places, docker }) {
  return { places: Object.fromEntries(places), docker: Object.fromEntries(docker) };
}

/**
 * @param {Picture} picture
 * @param {Change} change
 */
function fold(picture, change) {
  const { places, docker } = picture;
  if (change.type === "snapshot_taken") Object.assign(picture, pictureOf(change.snapshot));
  else if (change.type === "place_seen") places.set(change.place.id, change.place);
  else if (change.type === "place_gone") places.delete(change.place);
  else if (change.type === "docker_changed") docker.set(change.docker.host, change.docker);
  else {
    const place = places.get(change.place);
    if (place) places.set(place.id, { ...place, views: { ...place.views, [change.view]: change.observation } });
  }
}

/** The text a change brought: lines, typed items beside them and reasons come to some three times the lines. @param {Change} change */
function weigh(change) {
  const fixed = 400;
  if (change.type === "place_gone") return fixed;
  if (change.type === "docker_changed") return fixed + 300 * (change.docker.networks.length + change.docker.containers.length);
  const places = change.type === "snapshot_taken" ? Object.values(change.snapshot.places) : [];
  if (change.type === "place_seen") places.push(change.place);
  const seen =
    change.type === "view_changed"
      ? [change.observation]
      : places.flatMap((place) => /** @type {Observation[]} */ (Object.values(place.views)));
  return seen.reduce(
    (sum, one) => sum + 3 * one.lines.reduce((all, line) => all + line.text.length + line.why.length, 0),
    fixed,
  );
}

// --- two moments ---

const TOGETHER = 0.05; // seconds: what begins so close to a command is the same job, such as the other end of a pipe

/**
 * The command that ends what a line may have caused; null when there was none since. Until then things have settled.
 * @param {Happened[]} timeline oldest first
 * @param {Happened} event
 */
export function settledAfter(timeline, event) {
  const later = (/** @type {Happened} */ one) => one.number > event.number && one.at > event.at + TOGETHER;
  return timeline.find((one) => one.source === "command" && later(one)) ?? null;
}

/**
 * What differs, by place and view. What passes by itself (counters, timers, states of connections) is no difference.
 * @param {Picture} before
 * @param {Picture} after
 * @returns {PlaceDifference[]}
 */
export function difference(before, after) {
  const ids = new Set([...before.places.keys(), ...after.places.keys()]);
  /** @type {PlaceDifference[]} */
  const found = [];
  for (const id of [...ids].sort()) {
    const was = before.places.get(id);
    const is = after.places.get(id);
    const views = viewsOf(was, is, before.docker.get(id), after.docker.get(id));
    const fate = was && is ? "both" : is ? "added" : "removed";
    if (views.length || fate !== "both") found.push({ place: id, fate, views });
  }
  return found;
}

/**
 * @param {Place | undefined} was
 * @param {Place | undefined} is
 * @param {DockerState | undefined} dockerWas
 * @param {DockerState | undefined} dockerIs
 */
function viewsOf(was, is, dockerWas, dockerIs) {
  const names = new Set([...Object.keys(was?.views ?? {}), ...Object.keys(is?.views ?? {})]);
  const pairs = [...names].map((name) => {
    const view = /** @type {import("./types.js").View} */ (name);
    return differs(view, was?.views[view], is?.views[view]);
  });
  return [differs("docker", named(dockerWas), named(dockerIs)), ...pairs].filter((one) => one !== undefined);
}

const ABSENT = { lines: [] }; // of two moments, what one of them does not have is added or removed

/**
 * The lines of each thing that differs.
 * @param {string} view
 * @param {Shown} [before]
 * @param {Shown} [after]
 * @returns {ViewDifference | undefined}
 */
function differs(view, before = ABSENT, after = ABSENT) {
  if (before === after) return undefined;
  const { added, changed, passing, removed } = diff(before, after);
  const [old, now] = [byKey(before), byKey(after)];
  const passed = new Set(passing);
  const found = {
    view,
    added: added.map((key) => textsOf(now, key)),
    removed: [...new Set(removed.map((line) => line.key || line.text))].map((key) => textsOf(old, key)),
    changed: changed
      .filter((key) => !passed.has(key))
      .map((key) => /** @type {[string[], string[]]} */ ([textsOf(old, key), textsOf(now, key)])),
  };
  return found.added.length || found.removed.length || found.changed.length ? found : undefined;
}

/**
 * @param {ReturnType<typeof byKey>} lines
 * @param {string} key
 */
function textsOf(lines, key) {
  return (lines.get(key) ?? []).map((line) => line.text);
}

/** What a daemon names, as lines. @param {DockerState | undefined} docker @returns {Shown} */
function named(docker) {
  const networks = (docker?.networks ?? []).map((one) => ({
    key: `network ${one.id}`,
    text: `network ${[one.name, one.driver, ...one.subnets].join(" ")}`,
  }));
  const containers = (docker?.containers ?? []).map((one) => {
    const ends = one.endpoints.map((end) => `${end.network} ${end.address}`.trim());
    return { key: `container ${one.id}`, text: `container ${one.name} ${one.state}: ${ends.join(", ") || one.network_mode}` };
  });
  return { lines: [...networks, ...containers] };
}
