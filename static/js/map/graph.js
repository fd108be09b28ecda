// Makes the map's graph: boxes within boxes, their interfaces as ports, and what joins two of them. What the kernel says of
// the places comes first, Docker's names come second. Pure.

import { inOrder } from "../stream/store.js";
import { HostReader } from "./host.js";
import { firstAddress, interfacesOf, subnetOf } from "./interfaces.js";
import { add, join, lanNode, portId, portOf } from "./model.js";
import { addWeather } from "./weather.js";

/** @import { Graph } from "./model.js" */
/** @import { DockerState, Place } from "../stream/types.js" */

/**
 * Whether a place is one that a swarm makes for its services, on every host and for every network. The map hides these at
 * first.
 * @param {Place} place
 */
export function isForServices(place) {
  return place.kind === "namespace" && (/^ingress(_sbox)?\b|^lb_/.test(place.name) || place.name.endsWith("(load balancer)"));
}

/**
 * @param {Map<string, Place>} places
 * @param {Map<string, DockerState>} docker
 * @param {boolean} [services] with what is there for services
 * @returns {Graph}
 */
export function readGraph(places, docker, services = true) {
  const whole = inOrder(places.values());
  const all = services ? whole : whole.filter((place) => !isForServices(place));
  /** @type {Graph} */
  const graph = { nodes: [], edges: [], left: whole.length - all.length };
  for (const place of all.filter((one) => one.kind === "host")) new HostReader(graph, place, all, docker.get(place.id)).read();
  const machines = all.filter((one) => one.kind === "machine");
  // routers first, so that a segment which only routers reach is drawn beyond them
  machines.sort((a, b) => Number(interfacesOf(b).length > 2) - Number(interfacesOf(a).length > 2));
  for (const place of machines) readMachine(graph, place);
  joinTunnels(graph);
  addWeather(graph, places);
  return graph;
}

/**
 * @param {Graph} graph
 * @param {Place} place
 */
function readMachine(graph, place) {
  const interfaces = interfacesOf(place).filter((one) => one.kind !== "loopback");
  const ports = interfaces.map((one) => portOf(place, one));
  add(graph, {
    id: place.id,
    kind: "machine",
    title: place.id,
    lines: ports.map((one) => [ports.length > 1 ? one.name : "", one.address].filter(Boolean).join(" ")),
    place: place.id,
    note: place.error,
    ports,
  });
  for (const one of interfaces) {
    const lan = lanNode(graph, subnetOf(firstAddress(one)));
    if (!lan) continue;
    const near = graph.edges.some((edge) => edge.to === lan && edge.kind === "uplink"); // a host or a router leads to it
    const ends = near ? { from: lan, to: portId(place, one) } : { from: portId(place, one), to: lan };
    join(graph, { kind: "uplink", ...ends, place: place.id, carriers: [portId(place, one)] });
  }
}

/**
 * VXLAN interfaces with one number on different hosts are the two ends of one tunnel.
 * @param {Graph} graph
 */
function joinTunnels(graph) {
  const ends = graph.nodes.filter((one) => one.kind === "tunnel");
  for (const [at, one] of ends.entries()) {
    const same = ends
      .slice(at + 1)
      .find((other) => other.lines[0] === one.lines[0] && hostOf(other.place) !== hostOf(one.place) && one.lines[0]);
    if (!same) continue;
    const carriers = [`${one.place}:${one.title}`, `${same.place}:${same.title}`];
    join(graph, { kind: "vxlan", from: one.id, to: same.id, label: one.lines[0], place: one.place, carriers });
  }
}

/** @param {string} place */
const hostOf = (place) => place.split("/")[0];

/**
 * One host with what is on it, the LANs and the machines.
 * @param {Graph} graph
 * @param {string} host
 * @returns {Graph}
 */
export function onlyHost(graph, host) {
  const nodes = graph.nodes.filter((one) => ["lan", "machine"].includes(one.kind) || hostOf(one.place) === host);
  const ids = new Set(nodes.flatMap((one) => [one.id, ...one.ports.map((port) => port.id)]));
  return { ...graph, nodes, edges: graph.edges.filter((edge) => ids.has(edge.from) && ids.has(edge.to)) };
}
