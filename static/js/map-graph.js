// What the map shows, as a graph: boxes in boxes, their interfaces as ports, and what joins two of them. Read from places
// (the kernel's word) first and from Docker's names second. Pure.

import { inOrder } from "./store.js";

/** @import { DockerNetwork, DockerState, Interface, Observation, Place } from "./types.js" */

/**
 * @typedef {"lan" | "host" | "machine" | "container" | "namespace" | "bridge" | "nic" | "link" | "tunnel"} Kind
 *   `nic` is a host's way to a LAN, `link` any other interface that stands by itself, `tunnel` a VXLAN interface
 * @typedef {{ id: string, name: string, address: string, mac: string, key: string }} Port one interface of a box
 * @typedef {{ id: string, kind: Kind, title: string, lines: string[], parent: string, place: string, key: string, faint: boolean,
 *   note: string, ports: Port[], facts: [string, string][] }} Node
 *   `place` and `key` say which place, and which item of its interfaces, the box stands for
 * @typedef {"veth" | "forward" | "uplink" | "macvlan" | "ipvlan" | "carried" | "vxlan" | "member"} Bond
 * @typedef {{ id: string, kind: Bond, from: string, to: string, label: string, place: string }} Edge
 *   `from` and `to` name nodes or ports; `vxlan` joins two hosts and stands outside the order of the layout
 * @typedef {{ nodes: Node[], edges: Edge[], left: number }} Graph `left`: how many namespaces were left out
 */

const PORTS_SHOWN = 4;
const LAN_INTERFACES = new Set(["veth", "physical", ""]);

/**
 * What a swarm keeps for its services, on every host and for every network: true, and in the way of what one is looking at.
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
  // routers first: a segment that only they reach is drawn beyond them
  machines.sort((a, b) => Number(interfacesOf(b).length > 2) - Number(interfacesOf(a).length > 2));
  for (const place of machines) readMachine(graph, place);
  joinTunnels(graph);
  return graph;
}

/** @param {Place | undefined} place */
export function interfacesOf(place) {
  /** @type {Observation | undefined} */
  const seen = place?.views.interfaces;
  return /** @type {Interface[]} */ ((seen?.items ?? []).filter((item) => item.kind_of === "interface"));
}

/** @param {Interface | undefined} one */
export function firstAddress(one) {
  return one?.addresses.find((address) => address.family === "inet")?.cidr ?? "";
}

/** The subnet an IPv4 address with its prefix length lies in, or "".
 * @param {string} cidr */
export function subnetOf(cidr) {
  const [address, length] = cidr.split("/");
  const bytes = address.split(".").map(Number);
  const bits = Number(length);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255)) || !(bits >= 0 && bits <= 32)) return "";
  const whole = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - bits);
  const base = Math.floor(whole / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${bits}`;
}

/** One host: its own interfaces, then everything that lives on it. */
class HostReader {
  /**
   * @param {Graph} graph
   * @param {Place} host
   * @param {Place[]} all
   * @param {DockerState | undefined} state
   */
  constructor(graph, host, all, state) {
    this.graph = graph;
    this.host = host;
    this.state = state;
    this.interfaces = interfacesOf(host);
    this.inside = all.filter((one) => one.host === host.id && one.kind !== "host");
  }

  read() {
    const { host } = this;
    add(this.graph, { id: host.id, kind: "host", title: host.id, parent: "", place: host.id, note: host.error });
    const bridges = this.interfaces.filter((one) => one.kind === "bridge");
    for (const one of bridges) this.#bridge(host, one, host.id);
    const nics = this.interfaces.filter((one) => this.#isNic(one));
    for (const one of nics) this.#nic(one);
    for (const one of this.interfaces.filter((each) => this.#standsAlone(each))) this.#link(host, one, host.id);
    for (const one of bridges) for (const nic of nics) this.#forward(one, nic);
    for (const place of this.inside.filter((one) => one.kind === "namespace")) this.#namespace(place);
    for (const place of this.inside.filter((one) => one.kind !== "namespace")) this.#container(place);
  }

  /** @param {Interface} one */
  #isNic(one) {
    return LAN_INTERFACES.has(one.kind) && !one.master && !one.peer_place && one.name.startsWith("eth");
  }

  /** @param {Interface} one */
  #standsAlone(one) {
    if (one.kind === "loopback" || one.kind === "bridge" || this.#isNic(one)) return false;
    return !(one.kind === "veth" && one.master); // a port of a bridge is drawn as the cable that ends there
  }

  /**
   * @param {Place} place
   * @param {Interface} one
   * @param {string} parent
   */
  #bridge(place, one, parent) {
    const network = this.#networkOf(one, place);
    const title = network && network.name !== one.name ? `${network.name}` : one.name;
    const driver = network ? network.driver : "";
    add(this.graph, {
      id: nodeId(place, one),
      kind: "bridge",
      title,
      lines: [one.name === title ? "" : one.name, firstAddress(one)],
      parent,
      place: place.id,
      key: one.key,
      faint: one.state !== "UP" && one.state !== "UNKNOWN",
      facts: [["network", network ? `${network.name}, driver ${driver}` : "none that Docker knows"], ...interfaceFacts(one)],
    });
  }

  /**
   * @param {Interface} bridge
   * @param {Place} place
   * @returns {DockerNetwork | undefined}
   */
  #networkOf(bridge, place) {
    const networks = this.state?.networks ?? [];
    if (place.kind === "namespace") return networks.find((one) => one.id && place.name.endsWith(one.id.slice(0, 10)));
    return networks.find((one) => one.bridge === bridge.name);
  }

  /** @param {Interface} one */
  #nic(one) {
    const id = nodeId(this.host, one);
    const address = firstAddress(one);
    add(this.graph, {
      id,
      kind: "nic",
      title: one.name,
      lines: [address, ...this.#published()],
      parent: this.host.id,
      place: this.host.id,
      key: one.key,
      facts: interfaceFacts(one),
    });
    const lan = lanNode(this.graph, subnetOf(address));
    if (lan) join(this.graph, { kind: "uplink", from: id, to: lan, place: this.host.id });
  }

  /** What the host's ports lead to, for as many as there is room. */
  #published() {
    const words = (this.state?.containers ?? []).flatMap((one) =>
      one.ports.filter((port) => !port.host_address.includes(":")).map((port) => publishedAs(port, one.name)),
    );
    const all = [...new Set(words)];
    return all.length > PORTS_SHOWN
      ? [...all.slice(0, PORTS_SHOWN - 1), `and ${all.length - PORTS_SHOWN + 1} more ports`]
      : all;
  }

  /**
   * @param {Place} place
   * @param {Interface} one
   * @param {string} parent
   */
  #link(place, one, parent) {
    const id = nodeId(place, one);
    const tunnel = one.kind === "vxlan" || one.kind === "geneve";
    const vni = fact(one, "id");
    add(this.graph, {
      id,
      kind: tunnel ? "tunnel" : "link",
      title: one.name,
      lines: [tunnel && vni ? `VXLAN ${vni}` : one.kind === "veth" ? "" : one.kind, firstAddress(one)],
      parent,
      place: place.id,
      key: one.key,
      faint: one.state === "DOWN",
      facts: interfaceFacts(one),
    });
    if (one.master) join(this.graph, { kind: "member", from: id, to: `${place.id} ${one.master}`, place: place.id });
    if (one.kind === "macvlan" || one.kind === "ipvlan") this.#onParent(place, one, id);
    if (tunnel)
      for (const nic of this.interfaces.filter((each) => this.#isNic(each)))
        join(this.graph, { kind: "carried", from: id, to: nodeId(this.host, nic), place: this.host.id });
  }

  /**
   * A child of a parent interface: frames leave through the parent, by no bridge and no cable.
   * @param {Place} place
   * @param {Interface} one
   * @param {string} from
   */
  #onParent(place, one, from) {
    const index = Number(fact(one, "link").replace(/^if/, ""));
    const name = fact(one, "link");
    const parent = this.interfaces.find((each) => each.index === index || each.name === name);
    if (!parent) return;
    const kind = one.kind === "ipvlan" ? "ipvlan" : "macvlan";
    join(this.graph, { kind, from, to: nodeId(this.host, parent), label: kind, place: place.id });
  }

  /**
   * @param {Interface} bridge
   * @param {Interface} nic
   */
  #forward(bridge, nic) {
    const network = this.#networkOf(bridge, this.host);
    if (network?.internal) return;
    join(this.graph, { kind: "forward", from: nodeId(this.host, bridge), to: nodeId(this.host, nic), place: this.host.id });
  }

  /** @param {Place} place a namespace without a container of its own, such as the one an overlay network lives in */
  #namespace(place) {
    const interfaces = interfacesOf(place);
    const network = this.state?.networks.find((one) => one.id && place.name.endsWith(one.id.slice(0, 10)));
    add(this.graph, {
      id: place.id,
      kind: "namespace",
      title: network ? `network ${network.name}` : place.name,
      parent: this.host.id,
      place: place.id,
      note: place.error,
      facts: [["network namespace", place.name]],
    });
    for (const one of interfaces.filter((each) => each.kind === "bridge")) this.#bridge(place, one, place.id);
    const cables = interfaces.filter((one) => one.kind !== "bridge" && one.kind !== "loopback");
    for (const one of cables.filter((each) => !(each.kind === "veth" && each.master))) this.#link(place, one, place.id);
  }

  /** @param {Place} place */
  #container(place) {
    const known = this.state?.containers.find((one) => one.name === place.name);
    const interfaces = place.shares ? [] : interfacesOf(place).filter((one) => one.kind !== "loopback");
    const shares = place.shares ? `uses the network of ${place.shares}` : "";
    const alone = interfaces.length === 0 && !shares && place.views.interfaces ? "only lo" : "";
    const ports = interfaces.map((one) => portOf(place, one));
    const published = [
      ...new Set((known?.ports ?? []).filter((one) => !one.host_address.includes(":")).map((one) => publishedAs(one))),
    ];
    add(this.graph, {
      id: place.id,
      kind: "container",
      title: place.name,
      lines: [...ports.map((one) => [ports.length > 1 ? one.name : "", one.address || "no address"].filter(Boolean).join(" "))],
      parent: this.host.id,
      place: place.id,
      faint: place.error !== "",
      note: place.error || shares || alone,
      ports,
      facts: [
        ["image", known?.image ?? ""],
        ["state", known?.state ?? ""],
        ["published", published.join(", ")],
        ["networks", (known?.endpoints ?? []).map((one) => one.network).join(", ")],
      ],
    });
    for (const one of interfaces) this.#cable(place, one);
  }

  /**
   * @param {Place} place
   * @param {Interface} one
   */
  #cable(place, one) {
    const from = portId(place, one);
    if (one.kind === "macvlan" || one.kind === "ipvlan") return this.#onParent(place, one, from);
    const end = this.#otherEnd(one);
    if (!end) return undefined;
    const to = end.interface.master ? `${end.place.id} ${end.interface.master}` : nodeId(end.place, end.interface);
    return join(this.graph, { kind: "veth", from, to, label: end.interface.name, place: place.id });
  }

  /** The interface a cable leads to: on the host or in another namespace of it. Both ends must agree.
   * @param {Interface} one */
  #otherEnd(one) {
    if (one.peer_index === null || one.kind !== "veth") return undefined;
    const candidates = [this.host, ...this.inside.filter((place) => place.kind === "namespace")];
    for (const place of candidates) {
      if (one.peer_place && place.id !== one.peer_place) continue;
      const found = interfacesOf(place).find((each) => each.index === one.peer_index && each.peer_index === one.index);
      if (found) return { place, interface: found };
    }
    const loose = one.peer_place ? undefined : this.interfaces.find((each) => each.index === one.peer_index);
    return loose && { place: this.host, interface: loose };
  }
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
    join(graph, { kind: "uplink", ...ends, place: place.id });
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
    if (same) join(graph, { kind: "vxlan", from: one.id, to: same.id, label: one.lines[0], place: one.place });
  }
}

/** @param {string} place */
const hostOf = (place) => place.split("/")[0];

/**
 * @param {Graph} graph
 * @param {string} subnet
 */
function lanNode(graph, subnet) {
  if (!subnet) return "";
  const id = `lan ${subnet}`;
  if (!graph.nodes.some((one) => one.id === id)) add(graph, { id, kind: "lan", title: "LAN", lines: [subnet] });
  return id;
}

/**
 * @param {Graph} graph
 * @param {Partial<Node> & { id: string, kind: Kind, title: string }} node
 */
function add(graph, node) {
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
 * @param {Omit<Edge, "id" | "label"> & { label?: string }} edge
 */
function join(graph, edge) {
  const id = `${edge.from} ${edge.kind} ${edge.to}`;
  if (!graph.edges.some((one) => one.id === id)) graph.edges.push({ label: "", ...edge, id });
}

/**
 * @param {Place} place
 * @param {Interface} one
 */
const nodeId = (place, one) => `${place.id} ${one.name}`;

/**
 * @param {Place} place
 * @param {Interface} one
 */
const portId = (place, one) => `${place.id}:${one.name}`;

/**
 * @param {Place} place
 * @param {Interface} one
 * @returns {Port}
 */
function portOf(place, one) {
  return { id: portId(place, one), name: one.name, address: firstAddress(one), mac: one.mac, key: one.key };
}

/**
 * @param {Interface} one
 * @param {string} name
 */
function fact(one, name) {
  return one.detail?.find(([known]) => known === name)?.[1] ?? "";
}

/**
 * @param {Interface} one
 * @returns {[string, string][]}
 */
export function interfaceFacts(one) {
  return [
    ["kind", one.kind],
    ["MAC address", one.mac],
    ["addresses", one.addresses.map((address) => address.cidr).join(", ")],
    ["state", one.state],
    ["MTU", String(one.mtu || "")],
    ["master", one.master],
  ];
}

/**
 * @param {import("./types.js").PublishedPort} port
 * @param {string} [container]
 */
function publishedAs(port, container = "") {
  const where = port.host_address === "0.0.0.0" ? "" : `${port.host_address}:`;
  const inside = container ? `${container}:${port.container_port}` : port.container_port;
  return `${where}${port.host_port} → ${inside}${port.protocol === "tcp" ? "" : `/${port.protocol}`}`;
}

/**
 * The same picture in words: one entry per box, boxes in boxes, with what it is joined to.
 * @typedef {{ id: string, text: string, place: string, inside: Entry[] }} Entry
 * @param {Graph} graph
 * @returns {Entry[]}
 */
export function outline(graph) {
  /** @param {string} parent @returns {Entry[]} */
  const below = (parent) =>
    graph.nodes
      .filter((one) => one.parent === parent)
      .map((one) => ({ id: one.id, text: inWords(graph, one), place: one.place, inside: below(one.id) }));
  return below("");
}

const WORDS = {
  lan: "LAN",
  host: "Host",
  machine: "Machine",
  container: "Container",
  namespace: "Namespace",
  bridge: "Bridge",
  nic: "Network card",
  link: "Interface",
  tunnel: "Tunnel end",
};
const BONDS = {
  veth: "veth pair to",
  forward: "forwards through",
  uplink: "connected to",
  macvlan: "macvlan on",
  ipvlan: "ipvlan on",
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
  const joined = neighboursOf(graph, node).map(([bond, other]) => `${BONDS[bond]} ${nameOf(other)}`);
  return [`${WORDS[node.kind]} ${title}`, ...joined].join("; ");
}

/** @param {Node} node */
export function nameOf(node) {
  return node.kind === "lan" ? `the LAN ${node.lines[0]}` : node.kind === "container" ? node.place : node.title;
}

/**
 * What a box is joined to, seen from it.
 * @param {Graph} graph
 * @param {Node} node
 * @returns {[Bond, Node][]}
 */
export function neighboursOf(graph, node) {
  const owner = owners(graph);
  return graph.edges.flatMap((edge) => {
    const [from, to] = [owner.get(edge.from), owner.get(edge.to)];
    if (!from || !to || (from !== node && to !== node)) return [];
    return /** @type {[Bond, Node][]} */ ([[edge.kind, from === node ? to : from]]);
  });
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
