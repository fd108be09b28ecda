// Puts the map into words: what each box is, what it is joined to, and the whole map as an outline. Pure.

import { owners } from "./model.js";

/** @import { Bond, Graph, Node } from "./model.js" */

/**
 * @typedef {{ id: string, text: string, place: string, inside: Entry[] }} Entry
 * The map in words: one entry for each box, boxes within boxes, with what each is joined to.
 * @param {Graph} graph
 * @returns {Entry[]}
 */
export function outline(graph) {
  /** @type {Map<string, Node[]>} */
  const inside = new Map();
  for (const one of graph.nodes) {
    const those = inside.get(one.parent);
    if (those) those.push(one);
    else inside.set(one.parent, [one]);
  }
  /** @param {string} parent @returns {Entry[]} */
  const below = (parent) =>
    (inside.get(parent) ?? []).map((one) => ({
      id: one.id,
      text: inWords(graph, one),
      place: one.place,
      inside: below(one.id),
    }));
  return below("");
}

const WORDS = {
  lan: "LAN",
  host: "Host",
  project: "Compose",
  machine: "Machine",
  container: "Container",
  namespace: "Namespace",
  bridge: "Bridge",
  nic: "Network card",
  link: "Interface",
  tunnel: "Tunnel end",
};

/** @type {Record<Bond, string>} */
const BONDS = {
  veth: "veth pair to",
  forward: "forwards through",
  uplink: "connected to",
  carried: "carried by",
  vxlan: "VXLAN tunnel to",
  member: "port of",
};

/**
 * @param {Graph} graph
 * @param {Node} node
 */
export function inWords(graph, node) {
  const title = [...(node.kind === "lan" ? [] : [node.title]), ...node.lines, node.note].filter(Boolean).join(" "); // as drawn
  const joined = neighboursOf(graph, node).map(([bond, other]) => `${BONDS[bond] ?? `${bond} on`} ${nameOf(other)}`);
  return [`${WORDS[node.kind]} ${title}`, ...joined].join("; ");
}

/** @param {Node} node */
export function nameOf(node) {
  return node.kind === "lan" ? `the LAN ${node.lines[0]}` : node.kind === "container" ? node.place : node.title;
}

/** @type {WeakMap<Graph, Map<string, [Bond, Node][]>>} what each box is joined to, worked out once for a graph */
const joined = new WeakMap();

/**
 * What a box is joined to, seen from it.
 * @param {Graph} graph
 * @param {Node} node
 * @returns {[Bond, Node][]}
 */
export function neighboursOf(graph, node) {
  const known = joined.get(graph) ?? readNeighbours(graph);
  joined.set(graph, known);
  return known.get(node.id) ?? [];
}

/** @param {Graph} graph */
function readNeighbours(graph) {
  const owner = owners(graph);
  /** @type {Map<string, [Bond, Node][]>} */
  const all = new Map(graph.nodes.map((one) => [one.id, []]));
  for (const { kind, from, to } of graph.edges) {
    const [here, there] = [owner.get(from), owner.get(to)];
    if (!here || !there) continue;
    all.get(here.id)?.push([kind, there]);
    if (here !== there) all.get(there.id)?.push([kind, here]);
  }
  return all;
}
