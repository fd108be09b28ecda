// The weather of links: what the kernel says about each end of a wire. Pure.

import { interfacesOf } from "./interfaces.js";

/** @import { Edge, Graph } from "./model.js" */
/** @import { Place } from "../stream/types.js" */

/** @typedef {{ kind_of: string, dev: string, parent: string, words: string }} Qdisc */

const PLAIN_MTU = 1500;
const OVERLAY_MTU = 1450; // of a container's cable on an overlay
const CABLES = new Set(["veth", "uplink"]);

/**
 * @param {Graph} graph
 * @param {Map<string, Place>} places
 */
export function addWeather(graph, places) {
  for (const edge of graph.edges) if (CABLES.has(edge.kind)) edge.weather = weatherOf(edge, places);
}

/**
 * Both ends in one sentence when they are the same, else each.
 * @param {Edge} edge
 * @param {Map<string, Place>} places
 */
function weatherOf({ carriers }, places) {
  const ends = carriers.map((one) => weatherAt(places, one)).filter(Boolean);
  return [...new Set(ends)].join(" · ");
}

/**
 * @param {Map<string, Place>} places
 * @param {string} port `portId`
 */
export function weatherAt(places, port) {
  const at = port.lastIndexOf(":");
  const place = places.get(port.slice(0, at));
  const name = port.slice(at + 1);
  const items = /** @type {Qdisc[]} */ (/** @type {unknown} */ (place?.views.qdiscs?.items ?? []));
  const shaped = items.filter((one) => one.kind_of === "qdisc" && one.dev === name && one.parent === "root");
  const mtu = interfacesOf(place).find((one) => one.name === name)?.mtu ?? PLAIN_MTU;
  const usual = mtu === PLAIN_MTU || (mtu === OVERLAY_MTU && place?.kind !== "machine");
  return [...shaped.map((one) => one.words), usual ? "" : `MTU ${mtu}`].filter(Boolean).join(" · ");
}

/** A rate in words, as short as a map needs it. @param {number} bits per second */
export function rateInWords(bits) {
  for (const [unit, size] of /** @type {[string, number][]} */ ([
    ["Gbit/s", 1e9],
    ["Mbit/s", 1e6],
    ["kbit/s", 1e3],
  ]))
    if (bits >= size) return `${(bits / size).toFixed(bits < 10 * size ? 1 : 0)} ${unit}`;
  return `${Math.round(bits)} bit/s`;
}
