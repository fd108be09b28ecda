// What the map shows, read from places and Docker's names: hosts with networks and containers, machines, the LAN. Pure.

/** @import { DockerContainer, DockerState, Interface, Observation, Place } from "./types.js" */
import { inOrder } from "./store.js";

/**
 * @typedef {{ name: string, network: string, address: string, host: string }} Plug one interface of a container; `network`
 *   is the bridge it is a port of ("" when none), `host` the name of its other end on the host
 * @typedef {{ id: string, name: string, plugs: Plug[], note: string, unreadable: boolean, state: string }} Box
 * @typedef {{ bridge: string, name: string, driver: string, address: string, up: boolean }} Switch
 * @typedef {{ id: string, address: string, nic: string, switches: Switch[], boxes: Box[], ports: string[], note: string }} HostScene
 * @typedef {{ hosts: HostScene[], machines: { id: string, address: string, note: string }[], lan: string }} Scene
 */

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

/**
 * @param {Map<string, Place>} places
 * @param {Map<string, DockerState>} docker
 * @returns {Scene}
 */
export function readScene(places, docker) {
  const all = inOrder(places.values());
  const hosts = all.filter((place) => place.kind === "host").map((place) => readHost(place, all, docker.get(place.id)));
  const machines = all
    .filter((place) => place.kind === "machine")
    .map((place) => ({ id: place.id, address: firstAddress(uplink(interfacesOf(place))), note: place.error }));
  return { hosts, machines, lan: lanOf([...hosts.map((host) => host.address), ...machines.map((one) => one.address)]) };
}

/** @param {Interface[]} interfaces */
function uplink(interfaces) {
  return (
    interfaces.find((one) => one.name === "eth0") ?? interfaces.find((one) => one.kind !== "loopback" && firstAddress(one))
  );
}

/** @param {string[]} addresses */
function lanOf(addresses) {
  const known = addresses.find((address) => address.endsWith("/24"));
  return known ? `${known.split(".").slice(0, 3).join(".")}.0/24` : "";
}

/**
 * @param {Place} place
 * @param {Place[]} all
 * @param {DockerState | undefined} state
 * @returns {HostScene}
 */
function readHost(place, all, state) {
  const interfaces = interfacesOf(place);
  const nic = uplink(interfaces);
  const switches = interfaces
    .filter((one) => one.kind === "bridge")
    .map((bridge) => {
      const network = state?.networks.find((known) => known.bridge === bridge.name);
      const address = firstAddress(bridge);
      return {
        bridge: bridge.name,
        name: network?.name ?? "",
        driver: network?.driver ?? "",
        address,
        up: bridge.state === "UP",
      };
    });
  const mine = all.filter((one) => one.host === place.id && one.kind !== "host");
  const boxes = mine.map((one) => readBox(one, interfaces, state?.containers ?? []));
  return {
    id: place.id,
    address: firstAddress(nic),
    nic: nic?.name ?? "eth0",
    switches,
    boxes,
    ports: publishedPorts(state?.containers ?? []),
    note: place.error,
  };
}

/**
 * @param {Place} place
 * @param {Interface[]} onHost
 * @param {DockerContainer[]} containers
 * @returns {Box}
 */
function readBox(place, onHost, containers) {
  const state = containers.find((one) => one.name === place.name)?.state ?? "";
  const shares = place.shares ? `shares the network of ${place.shares}` : "";
  /** @type {Plug[]} */
  const plugs = shares
    ? []
    : interfacesOf(place)
        .filter((one) => one.kind !== "loopback" && one.name !== "lo")
        .map((one) => {
          const other = one.peer_index === null ? undefined : onHost.find((end) => end.index === one.peer_index);
          return { name: one.name, address: firstAddress(one), network: other?.master ?? "", host: other?.name ?? "" };
        });
  const alone = plugs.length === 0 && place.views.interfaces ? "no network but its own lo" : "";
  return { id: place.id, name: place.name, plugs, note: place.error || shares || alone, unreadable: place.error !== "", state };
}

/** @param {DockerContainer[]} containers */
function publishedPorts(containers) {
  const words = containers.flatMap((one) =>
    one.ports
      .filter((port) => !port.host_address.includes(":"))
      .map(
        (port) =>
          `${port.host_address === "127.0.0.1" ? "127.0.0.1:" : ""}${port.host_port} → ${one.name}:${port.container_port}`,
      ),
  );
  return [...new Set(words)];
}

/**
 * The same picture in words, for those who do not see it.
 * @param {Scene} scene
 */
export function sceneInWords(scene) {
  const words = [];
  for (const host of scene.hosts) {
    words.push(`Host ${host.id}, ${host.nic} ${host.address || "without an address"} on the LAN ${scene.lan}.`);
    for (const one of host.switches) {
      const ports = host.boxes.flatMap((box) =>
        box.plugs.filter((plug) => plug.network === one.bridge).map((plug) => `${box.name} (${plug.name} ${plug.address})`),
      );
      const who = ports.length ? `connects ${ports.join(", ")}` : "connects nothing";
      words.push(`On ${host.id}, bridge ${one.bridge}${one.name ? `, network ${one.name}` : ""}, ${one.address}, ${who}.`);
    }
    for (const box of host.boxes.filter((one) => one.note)) words.push(`Container ${box.name}: ${box.note}.`);
    for (const port of host.ports) words.push(`Published on ${host.id}: ${port}.`);
  }
  for (const one of scene.machines) words.push(`Machine ${one.id}, ${one.address}, on the LAN.`);
  return words;
}
