// The card of one element of the map: its facts, what put it there, what it is joined to, and what can be done with it.

import { button, make } from "../page/dom.js";
import { nameOf, neighboursOf } from "./words.js";

/** @import { Bond, Graph, Node } from "./model.js" */
/** @import { Store } from "../stream/store.js" */

const KINDS = {
  lan: "the sandbox's own network",
  host: "a Docker host of yours",
  project: "a Compose project, by the labels of its parts",
  machine: "a machine without Docker",
  container: "a container",
  namespace: "a network namespace",
  bridge: "a Linux bridge",
  nic: "a network card",
  link: "an interface",
  tunnel: "an end of a VXLAN tunnel",
};
/** @type {Record<Bond, string>} */
const BONDS = {
  veth: "veth pair",
  forward: "forwarded by the host",
  uplink: "on this LAN",
  carried: "carries its frames",
  vxlan: "VXLAN tunnel",
  member: "port of",
};

/**
 * The interfaces of a box that may lead to a cable, which then has weather.
 * @param {Node} node
 */
function endsOf(node) {
  if (node.kind === "nic") return [node.title];
  return node.kind === "container" || node.kind === "machine" ? node.ports.map((port) => port.name) : [];
}

/**
 * @param {Store} store
 * @param {Graph} graph
 * @param {Node} node
 * @param {{ close: () => void, go: (id: string) => void, only: (host: string) => void, tell: (name: string, place: string) => void,
 *   sky?: import("./sky.js").Sky }} act
 */
export function makeCard(store, graph, node, act) {
  const card = make(
    "section",
    "map-card max-md:top-auto max-md:bottom-[0.4rem] max-md:max-h-[70%] absolute top-[2.9rem] right-[0.4rem] w-[min(21rem,calc(100%_-_0.8rem))] max-h-[calc(100%_-_3.3rem)] pt-2 pb-3 px-3 overflow-auto border border-line rounded-md bg-base-100 shadow-float text-sm leading-snug",
  );
  card.setAttribute("aria-label", `About ${nameOf(node)}`);
  card.tabIndex = -1;
  const head = make("header", "flex items-baseline gap-2");
  const title = make("h3", "text-md wrap-anywhere", nameOf(node));
  const close = button("close ml-auto px-2 rounded-sm text-muted text-base cursor-pointer hover:bg-base-200", "×", act.close);
  close.setAttribute("aria-label", "Close");
  head.append(title, make("small", "text-muted text-xs", KINDS[node.kind]), close);
  card.append(head);
  if (node.note) card.append(make("p", "note", node.note));
  const why = whyOf(store, node);
  if (why) card.append(make("p", "why my-1", why));
  card.append(facts(node), joined(graph, node, act.go), actions(node, act));
  for (const end of act.sky ? endsOf(node) : []) card.append(act.sky?.form(store.places, node.place, end, card) ?? "");
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    act.close();
  });
  return card;
}

/**
 * The sentence that says why the line is there from which this element was drawn.
 * @param {Store} store
 * @param {Node} node
 */
export function whyOf(store, node) {
  if (!node.key) return "";
  return store.places.get(node.place)?.views.interfaces?.lines.find((line) => line.key === node.key && line.why)?.why ?? "";
}

/** @param {Node} node */
function facts(node) {
  const list = make("dl", "grid grid-cols-[max-content_1fr] gap-y-0.5 gap-x-3 my-1");
  const ports = node.ports.map(
    (port) =>
      /** @type {[string, string]} */ ([
        port.name,
        [...new Set([port.address, port.ipv6, port.mac])].filter(Boolean).join(" · "),
      ]),
  );
  for (const [name, value] of [...ports, ...node.facts])
    list.append(make("dt", "text-muted", name), make("dd", "font-mono text-xs wrap-anywhere", value));
  return list;
}

/**
 * @param {Graph} graph
 * @param {Node} node
 * @param {(id: string) => void} go
 */
function joined(graph, node, go) {
  const others = neighboursOf(graph, node).slice(0, 24);
  const list = make("ul", "joined flex flex-wrap gap-y-1 gap-x-3 my-1");
  for (const [bond, other] of others) {
    const item = make("li", "");
    item.append(
      button("mr-1 linked decoration-line cursor-pointer", nameOf(other), () => go(other.id)),
      make("small", "text-muted text-xs", BONDS[bond] ?? bond),
    );
    list.append(item);
  }
  if (others.length === 0) list.hidden = true;
  return list;
}

/**
 * @param {Node} node
 * @param {{ only: (host: string) => void, tell: (name: string, place: string) => void }} act
 */
function actions(node, act) {
  const row = make("p", "actions flex gap-2 mt-2");
  if (["host", "container", "machine"].includes(node.kind) && !node.faint)
    row.append(button("btn btn-xs", "Open terminal here", () => act.tell("terminal-wanted", node.place)));
  if (node.kind === "host") row.append(button("btn btn-xs", "Only this host", () => act.only(node.id)));
  row.hidden = row.childElementCount === 0;
  return row;
}
