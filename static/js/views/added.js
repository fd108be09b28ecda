// What each network and container put on its host: the same answer as `explorer/network/added.py`, for the page. Pure.

import { views } from "../page/tables.js";
import { partOf, projectsOf, summaryOf } from "../stream/projects.js";

/** @import { DockerContainer, DockerNetwork, DockerState, Gone, Line, Place, View } from "../stream/types.js" */

/** @typedef {{ places: Map<string, Place>, docker: Map<string, DockerState>, gone: Gone[] }} Picture */
/** @typedef {View | "namespaces"} Kind */
/**
 * @typedef {{ place: string, kind: Kind, key: string, lines: string[], why: string, about: string[], since: number,
 *   changed: number, owner: string }} Entry
 * @typedef {{ cause: string, entries: Entry[] }} Group
 * @typedef {{ owner: string, detail: string, count: number }} Owner
 * @typedef {{ host: string, owner: string, detail: string, created: number, watched: boolean, groups: Group[],
 *   others: Owner[], changed: Entry[], unknown: Entry[], before: Entry[], notes: string[] }} Added
 */

export const MOMENT = 3;
export const UNKNOWN = "unknown";
const PROJECT = "project:";
const FRAME = ["table:", "commit:", "comment:", "blank:"];
const OVERLAY = " (overlay)";

/**
 * @param {Picture} picture
 * @param {string} host
 * @param {string} owner
 * @returns {Added}
 */
export function added(picture, host, owner) {
  const entries = everything(picture, host);
  return owner.startsWith(PROJECT) ? byProject(picture, host, owner, entries) : byOne(picture, host, owner, entries);
}

/**
 * @param {Picture} picture
 * @param {string} host
 * @param {string} owner
 * @param {Entry[]} entries
 * @returns {Added}
 */
function byOne(picture, host, owner, entries) {
  const thing = things(picture, host).find((one) => ownerOf(one) === owner);
  const created = thing?.created ?? 0;
  const began = picture.places.get(host)?.since ?? 0;
  const watched = created > 0 && began > 0 && created >= began;
  const fitting = entries.filter((entry) => entry.owner === owner);
  const own = fitting.filter((entry) => !watched || entry.since >= created);
  const seen = own.map((entry) => entry.since).filter(Boolean);
  const births = seen.length ? seen : [created];
  return {
    host,
    owner,
    detail: detailOf(thing),
    created,
    watched,
    groups: inGroups(own),
    others: others(entries, owner),
    changed: entries.filter(
      (entry) => watched && entry.owner !== owner && entry.since < created && near(entry.changed, births),
    ),
    unknown: entries.filter((entry) => watched && owner !== UNKNOWN && entry.owner === UNKNOWN && near(entry.since, births)),
    before: fitting.filter((entry) => !own.includes(entry)),
    notes: notes(host, thing, own, watched),
  };
}

/**
 * What a Compose project added: what its networks and containers added.
 * @param {Picture} picture
 * @param {string} host
 * @param {string} owner
 * @param {Entry[]} entries
 * @returns {Added}
 */
function byProject(picture, host, owner, entries) {
  const members = projectsOf(picture.docker.get(host)).get(owner.slice(PROJECT.length)) ?? [];
  const parts = members.map((thing) => byOne(picture, host, ownerOf(thing), entries));
  const own = new Set(parts.map((part) => part.owner));
  const groups = parts.map((part) => ({ cause: part.owner, entries: part.groups.flatMap((group) => group.entries) }));
  const born = parts.map((part) => part.created).filter(Boolean);
  /** @param {Entry[]} all */
  const joined = (all) => [...new Set(all)].filter((entry) => !own.has(entry.owner));
  return {
    host,
    owner,
    detail: members.length ? summaryOf(members) : "",
    created: born.length ? Math.min(...born) : 0,
    watched: parts.length > 0 && parts.every((part) => part.watched),
    groups: groups.filter((group) => group.entries.length),
    others: [],
    changed: joined(parts.flatMap((part) => part.changed)),
    unknown: joined(parts.flatMap((part) => part.unknown)),
    before: parts.flatMap((part) => part.before),
    notes: [...new Set(parts.flatMap((part) => part.notes))],
  };
}

/**
 * The owners of things on this host: Compose projects, networks, then containers, then all others.
 * @param {Picture} picture
 * @param {string} host
 * @returns {Owner[]}
 */
export function owners(picture, host) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const entry of everything(picture, host)) counts.set(entry.owner, (counts.get(entry.owner) ?? 0) + 1);
  const named = new Map(things(picture, host).map((thing) => [ownerOf(thing), detailOf(thing)]));
  const all = [...named.keys(), ...[...counts.keys()].filter((name) => !named.has(name))];
  const whole = [...projectsOf(picture.docker.get(host))].map(([name, members]) => ({
    owner: PROJECT + name,
    detail: summaryOf(members),
    count: [...new Set(members.map(ownerOf))].reduce((sum, one) => sum + (counts.get(one) ?? 0), 0),
  }));
  return [...whole, ...all.map((name) => ({ owner: name, detail: named.get(name) ?? "", count: counts.get(name) ?? 0 }))];
}

/**
 * What a removed network or container had put there and is still there.
 * @param {Picture} picture
 * @param {Gone} gone
 */
export function leftBehind(picture, gone) {
  const put = new Set(gone.put.map((one) => JSON.stringify([one.place, one.view, one.key])));
  return everything(picture, gone.host).filter(
    (entry) => put.has(JSON.stringify([entry.place, entry.kind, entry.key])) && entry.since <= gone.at,
  );
}

/** @param {DockerNetwork | DockerContainer} thing */
export function ownerOf(thing) {
  return "driver" in thing ? `network:${thing.name}` : `container:${thing.name}`;
}

/**
 * @param {Picture} picture
 * @param {string} host
 * @returns {Entry[]}
 */
export function everything(picture, host) {
  /** @type {Entry[]} */
  const found = [];
  for (const place of picture.places.values()) {
    if ((place.host || place.id) !== host || place.shares) continue;
    const whose = namespaceOf(picture, place);
    if (place.id !== host && place.netns) found.push(namespace(place, whose, joinedBy(picture, place)));
    for (const { view } of views().filter((row) => row.owned)) found.push(...entriesOf(place, view, whose));
  }
  return found;
}

/**
 * @param {Picture} picture
 * @param {Place} place
 */
function namespaceOf(picture, place) {
  const docker = picture.docker.get(place.host);
  if (docker && place.kind === "container") {
    const container = docker.containers.find((one) => one.name === place.name);
    return container ? ownerOf(container) : "";
  }
  if (docker && place.kind === "namespace" && place.name.endsWith(OVERLAY))
    return `network:${place.name.slice(0, -OVERLAY.length)}`;
  return "";
}

/**
 * The container whose namespace this place's container was started in, when it is now in another one.
 * @param {Picture} picture
 * @param {Place} place
 */
function joinedBy(picture, place) {
  const docker = picture.docker.get(place.host);
  const own = docker?.containers.find((one) => one.name === place.name);
  const target = own?.network_mode.startsWith("container:") ? own.network_mode.slice("container:".length) : "";
  return (target && docker?.containers.find((one) => target === one.id || target === one.name)?.name) || "";
}

/**
 * @param {Place} place
 * @param {string} whose
 * @param {string} joined
 * @returns {Entry}
 */
function namespace(place, whose, joined) {
  const name = whose.slice(whose.indexOf(":") + 1);
  const left = `A namespace that ${name} still uses and that ${joined} has left: Docker connects nothing to it any more.`;
  const own = `The network namespace of ${name}: interfaces, routes and rules of its own.`;
  return {
    place: place.id,
    kind: "namespaces",
    key: `netns:${place.netns}`,
    lines: [`${place.id}  net:[${place.netns}]`],
    why: whose ? (joined ? left : own) : "",
    about: whose ? [whose] : [],
    since: place.since ?? 0,
    changed: 0,
    owner: whose || UNKNOWN,
  };
}

/**
 * @param {Place} place
 * @param {View} view
 * @param {string} whose
 * @returns {Entry[]}
 */
function entriesOf(place, view, whose) {
  const seen = place.views[view];
  /** @type {Map<string, Line[]>} */
  const byKey = new Map();
  for (const line of seen?.lines ?? []) {
    if (!line.key || FRAME.some((start) => line.key.startsWith(start))) continue;
    const lines = byKey.get(line.key);
    if (lines) lines.push(line);
    else byKey.set(line.key, [line]);
  }
  return [...byKey].map(([key, lines]) => {
    const said = lines[0].about ?? [];
    const about = whose && said[0] === "kernel" ? [whose, ...said] : said;
    return {
      place: place.id,
      kind: view,
      key,
      lines: lines.map((line) => line.text),
      why: lines[0].why,
      about,
      since: seen?.since?.[key] ?? 0,
      changed: seen?.changed?.[key] ?? 0,
      owner: about[0] ?? UNKNOWN,
    };
  });
}

/**
 * @param {Picture} picture
 * @param {string} host
 * @returns {(DockerNetwork | DockerContainer)[]}
 */
function things(picture, host) {
  const docker = picture.docker.get(host);
  return docker ? [...docker.networks, ...docker.containers] : [];
}

/** @param {DockerNetwork | DockerContainer | undefined} thing */
function detailOf(thing) {
  if (!thing) return "";
  const words = "driver" in thing ? [`driver ${thing.driver}`] : [thing.image, thing.state];
  return [...words, partOf(thing)].filter(Boolean).join(", ");
}

/**
 * @param {Entry[]} entries
 * @returns {Group[]}
 */
function inGroups(entries) {
  /** @type {Map<string, Entry[]>} */
  const groups = new Map();
  for (const entry of entries) {
    const cause = entry.about[1] ?? "";
    groups.set(cause, [...(groups.get(cause) ?? []), entry]);
  }
  const causes = [...groups.keys()].sort((a, b) => Number(a === "kernel") - Number(b === "kernel") || (a < b ? -1 : 1));
  return causes.map((cause) => ({ cause, entries: groups.get(cause) ?? [] }));
}

/**
 * @param {Entry[]} entries
 * @param {string} owner
 * @returns {Owner[]}
 */
function others(entries, owner) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const entry of entries)
    if (entry.about.slice(1).includes(owner)) counts.set(entry.owner, (counts.get(entry.owner) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ owner: name, detail: "", count }));
}

/**
 * @param {number} at
 * @param {number[]} births
 */
function near(at, births) {
  return at > 0 && births.some((birth) => Math.abs(at - birth) <= MOMENT);
}

/**
 * @param {string} host
 * @param {DockerNetwork | DockerContainer | undefined} thing
 * @param {Entry[]} own
 * @param {boolean} watched
 */
function notes(host, thing, own, watched) {
  const found = [];
  if (thing && !watched) found.push(`Its beginning was not watched: this is what the lines themselves say of ${thing.name}.`);
  if (!thing || "driver" in thing) return found;
  if (thing.network_mode === "host")
    found.push(`On network host: no namespace of its own. It uses ${host}'s interfaces, routes and rules.`);
  else if (thing.network_mode.startsWith("container:")) {
    if (!own.length) found.push("No namespace of its own: it uses that of another container.");
  } else if (thing.state !== "running" && own.length === 0)
    found.push(`It is ${thing.state}: while it does not run it has nothing on ${host}.`);
  if (thing.ports.length)
    found.push("Each published port also has a process, docker-proxy, that listens on the host; a process is no line here.");
  return found;
}
