// A sandbox as the stream tells it, for tests: places, views, Docker's names, and events that are numbered by themselves.

const NOON = Date.UTC(2026, 10, 29, 12, 0, 0) / 1000;

/** @param {string} text @param {object} [facts] */
export const line = (text, facts = {}) => ({ text, key: text, why: "", about: [], ...facts });

/** A view as it was read: its lines (texts or lines), and what else. @param {(string | object)[]} lines @param {object} [facts] */
export const view = (lines, facts = {}) => ({
  command: "ip addr",
  lines: lines.map((one) => (typeof one === "string" ? line(one) : one)),
  items: [],
  error: "",
  truncated: false,
  since: {},
  changed: {},
  ...facts,
});

/** @param {string} id as `h1`, `h1/web`, `outside` @param {object} [facts] */
export function place(id, facts = {}) {
  const [host, name] = id.split("/");
  const kind = name ? "container" : id.startsWith("h") ? "host" : "machine";
  return {
    id,
    kind,
    host: kind === "machine" ? "" : host,
    name: name ?? id,
    netns: 4_026_532_000,
    shares: "",
    error: "",
    since: NOON - 100,
    views: { interfaces: view([`lo of ${id}`]) },
    ...facts,
  };
}

/** An interface as an item of a view. @param {string} name @param {string} kind @param {string} cidr @param {object} [facts] */
export const face = (name, kind = "veth", cidr = "", facts = {}) => ({
  kind_of: "interface",
  key: name,
  index: 1,
  name,
  kind,
  mac: "",
  mtu: 1500,
  state: "UP",
  master: "",
  peer_index: null,
  peer_name: "",
  peer_place: "",
  addresses: cidr ? [{ cidr, family: "inet", scope: "global" }] : [],
  ...facts,
});

/** The events of one sandbox, each with the next number, folded into a store. */
export class Telling {
  /** @param {{ apply: (event: object) => string }} store @param {object[]} [places] @param {object[]} [docker] */
  constructor(store, places, docker = []) {
    this.store = store;
    this.number = 0;
    if (places) this.picture(places, docker);
  }

  /** @param {object} event */
  tell(event) {
    this.number += 1;
    const whole = { number: this.number, at: NOON + this.number, ...event };
    const outcome = this.store.apply(whole);
    if (outcome !== "applied") throw new Error(`${event.type} was not applied: ${outcome}`);
    return whole;
  }

  /** Something that stands outside the count. @param {object} event */
  aside(event) {
    this.store.apply({ number: 0, at: NOON, ...event });
  }

  /** @param {object[]} places @param {object[]} [docker] @param {object} [facts] */
  picture(places, docker = [], facts = {}) {
    const snapshot = {
      sandbox: "s",
      generation: 1,
      number: this.number + 1,
      at: NOON,
      places: Object.fromEntries(places.map((one) => [one.id, one])),
      docker: Object.fromEntries(docker.map((one) => [one.host, one])),
      probes: {},
      gone: [],
      ...facts,
    };
    this.tell({ type: "snapshot_taken", resync: false, snapshot });
  }

  /** @param {string} where @param {string} name @param {object} observation @param {object} [facts] */
  changed(where, name, observation, facts = {}) {
    this.tell({
      type: "view_changed",
      place: where,
      view: name,
      observation,
      added: [],
      changed: [],
      removed: [],
      cause: "",
      ...facts,
    });
  }

  /** @param {string} text @param {object} [facts] */
  happened(text, facts = {}) {
    return this.tell({ type: "happened", source: "docker", place: "h1", text, detail: "", ...facts });
  }

  /** @param {string} id @param {object} [facts] */
  seen(id, facts) {
    this.tell({ type: "place_seen", place: place(id, facts) });
  }

  /** @param {string} id */
  gone(id) {
    this.tell({ type: "place_gone", place: id, name: id });
  }
}
