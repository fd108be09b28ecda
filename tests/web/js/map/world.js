// Graphs to draw: hosts with containers on bridges, an overlay over two hosts, and what tests ask of a graph.

import "../tables.js";
import ELK from "elkjs/lib/main.js";
import { arrange } from "../../../../static/js/map/elk.js";
import { face } from "../sandbox.js";

export { face };

export const elk = new ELK(); // without a worker: the same code, in this process

export const layOut = (graph) => arrange(graph, (level) => elk.layout(level));

export const place = (id, kind, host, items, facts = {}) => ({
  id,
  kind,
  host,
  name: id.split("/").pop(),
  netns: 1,
  shares: "",
  error: "",
  views: { interfaces: { command: "ip addr", lines: [], items, error: "", truncated: false } },
  ...facts,
});

export function world(containers) {
  const host = place("h1", "host", "h1", [
    face("eth0", "veth", "10.77.3.11/24", { index: 2 }),
    face("docker0", "bridge", "172.17.0.1/16", { index: 3 }),
    face("br-1", "bridge", "172.18.0.1/16", { index: 4 }),
    ...containers.map((one, at) => face(`veth${at}`, "veth", "", { index: 10 + at, master: one.bridge })),
  ]);
  const boxes = containers.map((one, at) =>
    place(
      `h1/${one.name}`,
      "container",
      "h1",
      [face("eth0", "veth", `172.17.0.${at + 2}/16`, { peer_index: 10 + at })],
      one.facts,
    ),
  );
  const outside = place("outside", "machine", "", [face("eth0", "veth", "10.77.3.100/24")]);
  return new Map([host, ...boxes, outside].map((one) => [one.id, one]));
}

export const docker = new Map([
  [
    "h1",
    {
      host: "h1",
      version: "26",
      error: "",
      networks: [{ id: "1", name: "app", driver: "bridge", subnets: [], gateways: [], bridge: "br-1" }],
      containers: [
        {
          id: "c",
          name: "web",
          image: "box",
          state: "running",
          network_mode: "",
          endpoints: [],
          ports: [{ host_address: "0.0.0.0", host_port: 8080, container_port: 80, protocol: "tcp" }],
        },
      ],
    },
  ],
]);

export const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

export const edges = (graph, kind) => graph.edges.filter((one) => one.kind === kind).map((one) => [one.from, one.to]);

export const node = (graph, id) => graph.nodes.find((one) => one.id === id);

export const words = (entries) => entries.flatMap((one) => [one.text, ...words(one.inside)]);

export function overlay() {
  const places = new Map();
  for (const host of ["h1", "h2"]) {
    const nic = face("eth0", "veth", `10.77.3.1${host[1]}/24`, { index: 2 });
    places.set(host, place(host, "host", host, [nic]));
    const inside = [
      face("br0", "bridge", "10.0.1.1/24", { index: 2 }),
      face("vxlan0", "vxlan", "", { index: 9, master: "br0", detail: [["id", "4097"]] }),
      face("veth0", "veth", "", { index: 10, master: "br0", peer_index: 11 }),
    ];
    places.set(`${host}/1-abcdefghij`, place(`${host}/1-abcdefghij`, "namespace", host, inside));
    const end = face("eth0", "veth", "10.0.1.2/24", { index: 11, peer_index: 10, peer_place: `${host}/1-abcdefghij` });
    places.set(`${host}/c`, place(`${host}/c`, "container", host, [end]));
  }
  return places;
}

export const swarm = new Map(
  ["h1", "h2"].map((host) => [
    host,
    { host, version: "26", error: "", containers: [], networks: [{ id: "abcdefghijk", name: "over", driver: "overlay" }] },
  ]),
);
