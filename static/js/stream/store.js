// Takes the numbered events of one sandbox and holds the state that the page shows. Pure: no page, no socket, no clock.

/** @import { CaptureFacts, DockerState, Gone, Happened, LessonMoved, Place, SandboxChanged, StreamEvent, TerminalFacts } from "./types.js" */

export const TIMELINE_KEPT = 400;
export const GONE_KEPT = 20;

/** @typedef {"applied" | "repeated" | "gap"} Outcome */

export class Store {
  constructor() {
    this.number = 0;
    this.seen = false; // a snapshot arrived: the picture is whole
    /** @type {Map<string, Place>} */
    this.places = new Map();
    /** @type {Map<string, DockerState>} */
    this.docker = new Map();
    /** @type {Gone[]} networks and containers that were removed, the newest last */
    this.gone = [];
    /** @type {Happened[]} */
    this.timeline = [];
    this.noCommands = ""; // why the commands given are not listed, where they are not
    /** @type {TerminalFacts[]} */
    this.terminals = [];
    this.terminalsKnown = false;
    /** @type {CaptureFacts[]} */
    this.captures = [];
    /** @type {SandboxChanged | null} */
    this.sandbox = null;
    /** @type {LessonMoved | null} */
    this.lesson = null;
    /** @type {Set<(event: StreamEvent, store: Store) => void>} */
    this.watchers = new Set();
  }

  /**
   * Every event has its effect once: a number already folded in is left out, a number too far ahead is a gap, and the
   * caller asks the server again from `number`. Events numbered 0 come from the edge itself and stand outside the count.
   * @param {StreamEvent} event
   * @returns {Outcome}
   */
  apply(event) {
    if (event.type === "snapshot_taken") this.#startOver(event);
    else if (event.number > 0) {
      if (event.number <= this.number) return "repeated";
      if (this.number > 0 && event.number > this.number + 1) return "gap";
      this.number = event.number;
    }
    this.#fold(event);
    for (const watcher of this.watchers) watcher(event, this);
    return "applied";
  }

  /** @param {(event: StreamEvent, store: Store) => void} watcher */
  watch(watcher) {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** @param {import("./types.js").SnapshotTaken} event */
  #startOver(event) {
    this.number = Math.max(event.number, event.snapshot.number);
    this.seen = true;
    this.places = new Map(Object.entries(event.snapshot.places));
    this.docker = new Map(Object.entries(event.snapshot.docker));
    this.gone = event.snapshot.gone ?? [];
    this.noCommands = event.snapshot.no_commands ?? this.noCommands;
  }

  /** @param {Happened} line */
  #line(line) {
    this.timeline.push(line);
    if (this.timeline.length > TIMELINE_KEPT) this.timeline.splice(0, this.timeline.length - TIMELINE_KEPT);
  }

  /** @param {StreamEvent} event */
  #fold(event) {
    switch (event.type) {
      case "sandbox_changed":
        this.sandbox = event;
        break;
      case "place_seen":
        this.places.set(event.place.id, event.place);
        break;
      case "place_gone":
        this.#line(gone(event));
        this.places.delete(event.place);
        break;
      case "view_changed": {
        const place = this.places.get(event.place);
        if (place) this.places.set(event.place, { ...place, views: { ...place.views, [event.view]: event.observation } });
        break;
      }
      case "docker_changed":
        this.docker.set(event.docker.host, event.docker);
        break;
      case "owner_gone":
        this.gone = [...this.gone, event.gone].slice(-GONE_KEPT);
        break;
      case "happened":
        this.#line(event);
        break;
      case "timeline_told":
        this.timeline = event.happenings.slice(-TIMELINE_KEPT);
        break;
      case "lesson_moved":
        this.lesson = event;
        break;
      case "captures_changed":
        this.captures = event.captures;
        break;
      case "terminals_changed":
        this.terminals = event.terminals;
        this.terminalsKnown = true;
        break;
    }
  }
}

/**
 * The kernel removes a place before its daemon reports that. So the line that reports it is a moment to look back to.
 * @param {import("./types.js").PlaceGone} event
 * @returns {Happened}
 */
export function gone({ number, at, place }) {
  return {
    type: "happened",
    number,
    at,
    source: "kernel",
    place,
    text: `${place} is gone: no process of it is left`,
    detail: "",
  };
}

/**
 * Places in the order a person looks for them: each host, its containers, then the machines outside.
 * @param {Iterable<Place>} places
 */
export function inOrder(places) {
  const rank = { host: 0, container: 0, namespace: 0, machine: 1 };
  /** @param {Place} place */
  const key = (place) => [
    rank[place.kind] ?? 2,
    place.host || place.id,
    place.kind === "host" ? 0 : place.kind === "namespace" ? 2 : 1,
    place.id,
  ];
  return [...places].sort((a, b) => {
    const left = key(a);
    const right = key(b);
    for (let at = 0; at < left.length; at += 1) {
      if (left[at] !== right[at]) return left[at] < right[at] ? -1 : 1;
    }
    return 0;
  });
}
