// The types of the map's graph (boxes, ports, edges), and the functions that add to it. Pure.

import { firstAddress, ipv6Address } from "./interfaces.js";

/** @import { Interface, Place } from "../stream/types.js" */

/**
 * @typedef {"lan" | "host" | "project" | "machine" | "container" | "namespace" | "bridge" | "nic" | "link" | "tunnel"} Kind
 *   `project` is a Compose project with its containers and bridges, `nic` is a host's way to a LAN, `link` any other interface that stands by itself, `tunnel` a VXLAN interface
 * @typedef {{ id: string, name: string, address: string, ipv6: string, mac: string, key: string }} Port one interface of a box
 * @typedef {{ id: string, kind: Kind, title: string, lines: string[], parent: string, place: string, key: string, faint: boolean,
 *   note: string, ports: Port[], facts: [string, string][] }} Node
 *   `place` and `key` say which place, and which item of its interfaces, the box stands for
 * @typedef {string} Bond veth, forward, uplink, carried, vxlan, member; else the kind of an interface that is made out of the
 *   one it leads to (macvlan, …: the page's table of links)
 * @typedef {{ id: string, kind: Bond, from: string, to: string, label: string, place: string, carriers: string[],
 *   weather: string }} Edge
 *   `from` and `to` name nodes or ports; `vxlan` joins two hosts and stands outside the order of the layout; `carriers` are the
 *   interfaces at its ends (`portId`) whose counters say that frames passed it; `weather` is what slows or loses them, in words
 * @typedef {{ nodes: Node[], edges: Edge[], left: number }} Graph `left`: how many namespaces were left out
 */

/** Kinds of boxes that have boxes in them. */
export const COMPOUND = new Set(["host", "project", "namespace"]);

/**
 * @param {Graph} graph
 * @param {Partial<Node> & { id: string, kind: Kind, title: string }} node
 */
export function add(graph, node) {
  const rest = { parent: "", place: "", key: "", faint: false, note: "", ports: [], facts: [], ...node };
  if (graph.nodes.some((one) => one.id === node.id)) return; // forged names may repeat; the first stays
  graph.nodes.push({
    ...rest,
    lines: (node.lines ?? []).filter(Boolean),
    facts: rest.facts.filter(([, value]) => value),
  });
}

/**
 * @param {Graph} graph
 * @param {Omit<Edge, "id" | "label" | "carriers" | "weather"> & { label?: string, carriers?: string[] }} edge
 */
export function join(graph, edge) {
  const id = `${edge.from} ${edge.kind} ${edge.to}`;
  if (!graph.edges.some((one) => one.id === id)) graph.edges.push({ label: "", carriers: [], weather: "", ...edge, id });
}

/**
 * @param {Graph} graph
 * @param {string} subnet
 */
export function lanNode(graph, subnet) {
  if (!subnet) return "";
  const id = `lan ${subnet}`;
  if (!graph.nodes.some((one) => one.id === id)) add(graph, { id, kind: "lan", title: "LAN", lines: [subnet] });
  return id;
}

/**
 * @param {Place} place
 * @param {Interface} one
 */
export const nodeId = (place, one) => `${place.id} ${one.name}`;

/**
 * @param {Place} place
 * @param {Interface} one
 */
export const portId = (place, one) => `${place.id}:${one.name}`;

/**
 * @param {Place} place
 * @param {Interface} one
 * @returns {Port}
 */
export function portOf(place, one) {
  return {
    id: portId(place, one),
    name: one.name,
    address: firstAddress(one),
    ipv6: ipv6Address(one),
    mac: one.mac,
    key: one.key,
  };
}

/**
 * Id of a node or of a port → its node.
 * @param {Graph} graph
 * @returns {Map<string, Node>}
 */
export function owners(graph) {
  return new Map(
    graph.nodes.flatMap((one) => [[one.id, one], ...one.ports.map((port) => /** @type {[string, Node]} */ ([port.id, one]))]),
  );
}
