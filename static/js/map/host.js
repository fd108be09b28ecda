// Adds one host to the map's graph: its own interfaces first, then everything on it. Pure.

import { roleOf } from "../page/tables.js";
import { projectsOf, summaryOf } from "../stream/projects.js";
import {
  addressesOf,
  collides,
  fact,
  firstAddress,
  interfaceFacts,
  interfacesOf,
  ipv6Address,
  subnetOf,
} from "./interfaces.js";
import { add, join, lanNode, nodeId, portId, portOf } from "./model.js";

/** @import { Graph } from "./model.js" */
/** @import { DockerNetwork, DockerState, Interface, Place } from "../stream/types.js" */

const PORTS_SHOWN = 4;
const LAN_INTERFACES = new Set(["veth", "physical", ""]);

/** One host: its own interfaces, then everything that lives on it. */
export class HostReader {
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
    this.#projects();
    for (const one of bridges) this.#bridge(host, one, this.#around(this.#networkOf(one, host)?.project));
    const nics = this.interfaces.filter((one) => this.#isNic(one));
    for (const one of nics) this.#nic(one);
    for (const one of this.interfaces.filter((each) => this.#standsAlone(each))) this.#link(host, one, host.id);
    for (const one of bridges) for (const nic of nics) this.#forward(one, nic);
    for (const place of this.inside.filter((one) => one.kind === "namespace")) this.#namespace(place);
    for (const place of this.inside.filter((one) => one.kind !== "namespace")) this.#container(place);
  }

  /** A box for each Compose project that has something here: a container with a process, or a bridge. */
  #projects() {
    for (const [name, things] of projectsOf(this.state)) {
      const shown = things.some((one) =>
        "driver" in one
          ? this.interfaces.some((each) => each.kind === "bridge" && each.name === one.bridge)
          : this.inside.some((place) => place.kind === "container" && place.name === one.name),
      );
      if (!shown) continue;
      const facts = /** @type {[string, string][]} */ ([["labels say", summaryOf(things)]]);
      add(this.graph, {
        id: projectId(this.host, name),
        kind: "project",
        title: `project ${name}`,
        parent: this.host.id,
        place: this.host.id,
        facts,
      });
    }
  }

  /** The box in which something of this project is drawn: the project's, else the host's. @param {string | undefined} project */
  #around(project) {
    const id = project ? projectId(this.host, project) : "";
    return this.graph.nodes.some((one) => one.id === id) ? id : this.host.id;
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
      lines: [one.name === title ? "" : one.name, ...addressesOf({ address: firstAddress(one), ipv6: ipv6Address(one) })],
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
    const carriers = [portId(this.host, one)];
    if (lan) join(this.graph, { kind: "uplink", from: id, to: lan, place: this.host.id, carriers });
  }

  /** What the host's ports lead to, for as many as there is room. */
  #published() {
    const words = (this.state?.containers ?? []).flatMap((one) => one.ports.map((port) => publishedAs(port, one.name)));
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
    const tunnel = roleOf(one.kind) === "tunnel";
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
    const carriers = [portId(place, one)];
    if (one.master) join(this.graph, { kind: "member", from: id, to: `${place.id} ${one.master}`, place: place.id, carriers });
    if (roleOf(one.kind) === "child") this.#onParent(place, one, id);
    if (tunnel)
      for (const nic of this.interfaces.filter((each) => this.#isNic(each)))
        join(this.graph, { kind: "carried", from: id, to: nodeId(this.host, nic), place: this.host.id, carriers });
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
    const carriers = [portId(place, one)];
    join(this.graph, { kind: one.kind, from, to: nodeId(this.host, parent), label: one.kind, place: place.id, carriers });
  }

  /**
   * @param {Interface} bridge
   * @param {Interface} nic
   */
  #forward(bridge, nic) {
    const network = this.#networkOf(bridge, this.host);
    if (network?.internal) return;
    const carriers = [portId(this.host, bridge), portId(this.host, nic)];
    const ends = { from: nodeId(this.host, bridge), to: nodeId(this.host, nic) };
    join(this.graph, { kind: "forward", ...ends, place: this.host.id, carriers });
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
    const twice = interfaces.some(collides) ? "address used twice" : "";
    const ports = interfaces.map((one) => portOf(place, one));
    const published = [...new Set((known?.ports ?? []).map((one) => publishedAs(one)))];
    add(this.graph, {
      id: place.id,
      kind: "container",
      title: place.name,
      lines: ports.flatMap((one) => linesOf(one, ports.length > 1)),
      parent: this.#around(known?.project),
      place: place.id,
      faint: place.error !== "",
      note: place.error || shares || alone || twice,
      ports,
      facts: [
        ["image", known?.image ?? ""],
        ["state", known?.state ?? ""],
        ["service", known?.service ?? ""],
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
    if (roleOf(one.kind) === "child") return this.#onParent(place, one, from);
    const end = this.#otherEnd(one);
    if (!end) return undefined;
    const to = end.interface.master ? `${end.place.id} ${end.interface.master}` : nodeId(end.place, end.interface);
    const carriers = [from, portId(end.place, end.interface)];
    return join(this.graph, { kind: "veth", from, to, label: end.interface.name, place: place.id, carriers });
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
 * @param {Place} host
 * @param {string} name
 */
const projectId = (host, name) => `${host.id} project ${name}`;

/**
 * The lines of a container's box about one interface: its address of IPv4, and below it that of IPv6.
 * @param {import("./model.js").Port} port
 * @param {boolean} named whether the interface's name stands before its address
 */
function linesOf(port, named) {
  const found = addressesOf(port);
  return (found.length ? found : ["no address"]).map((address) => (named ? `${port.name} ${address}` : address));
}

/**
 * A port in words; one that is published on every address of both kinds has the same words for both.
 * @param {import("../stream/types.js").PublishedPort} port
 * @param {string} [container]
 */
function publishedAs(port, container = "") {
  const at = port.host_address.includes(":") ? `[${port.host_address}]` : port.host_address;
  const where = ["0.0.0.0", "::"].includes(port.host_address) ? "" : `${at}:`;
  const inside = container ? `${container}:${port.container_port}` : port.container_port;
  return `${where}${port.host_port} → ${inside}${port.protocol === "tcp" ? "" : `/${port.protocol}`}`;
}
