// The map: what it reads from places, and that nothing overlaps or leaves its host.

import assert from "node:assert/strict";
import { test } from "node:test";
import { layOut, pathOf, shorten } from "../../../static/js/map-layout.js";
import { readScene, sceneInWords } from "../../../static/js/map-scene.js";

const face = (name, kind, cidr, facts = {}) => ({
  kind_of: "interface",
  key: name,
  index: 1,
  name,
  kind,
  mac: "",
  mtu: 1500,
  state: "UP",
  master: "",
  peer_index: null,
  peer_name: "",
  peer_place: "",
  addresses: cidr ? [{ cidr, family: "inet", scope: "global" }] : [],
  ...facts,
});
const place = (id, kind, host, items, facts = {}) => ({
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

function world(containers) {
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

const docker = new Map([
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

const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

test("containers hang on the bridge their cable's other end is a port of", () => {
  const scene = readScene(
    world([
      { name: "web", bridge: "docker0" },
      { name: "db", bridge: "br-1" },
    ]),
    docker,
  );
  assert.deepEqual(
    scene.hosts[0].boxes.map((box) => [box.name, box.plugs[0].network]),
    [
      ["db", "br-1"],
      ["web", "docker0"],
    ],
  );
  assert.equal(scene.hosts[0].switches.find((one) => one.bridge === "br-1").name, "app");
  assert.deepEqual(scene.hosts[0].ports, ["8080 → web:80"]);
  assert.equal(scene.lan, "10.77.3.0/24");
});

test("a container without cables, or in another's namespace, says so", () => {
  const scene = readScene(
    world([
      { name: "twin", bridge: "", facts: { shares: "h1" } },
      { name: "alone", bridge: "", facts: { views: { interfaces: { items: [face("lo", "loopback", "127.0.0.1/8")] } } } },
    ]),
    new Map(),
  );
  const notes = Object.fromEntries(scene.hosts[0].boxes.map((box) => [box.name, box.note]));
  assert.match(notes.twin, /h1/);
  assert.match(notes.alone, /lo/);
});

for (const count of [0, 1, 2, 5, 12]) {
  test(`nothing overlaps with ${count} containers`, () => {
    const containers = Array.from({ length: count }, (_, at) => ({ name: `c${at}`, bridge: at % 2 ? "br-1" : "docker0" }));
    const drawing = layOut(readScene(world(containers), docker));
    const solid = drawing.shapes.filter((one) => ["container", "bridge", "machine", "nic"].includes(one.kind));
    for (const [at, one] of solid.entries()) {
      for (const other of solid.slice(at + 1)) assert.equal(overlap(one, other), false, `${one.id} over ${other.id}`);
    }
    const host = drawing.shapes.find((one) => one.kind === "host");
    for (const box of drawing.shapes.filter((one) => one.kind === "container")) {
      assert.ok(box.x >= host.x && box.x + box.width <= host.x + host.width, `${box.id} inside its host`);
    }
    assert.equal(drawing.wires.filter((one) => one.kind === "veth").length, count);
    assert.ok(drawing.shapes.every((one) => one.x + one.width <= drawing.width + 1 && one.y + one.height <= drawing.height));
  });
}

test("the same scene is drawn the same way", () => {
  const scene = readScene(world([{ name: "web", bridge: "docker0" }]), docker);
  assert.deepEqual(layOut(scene), layOut(scene));
});

test("the picture has its text twin", () => {
  const words = sceneInWords(readScene(world([{ name: "web", bridge: "docker0" }]), docker)).join(" ");
  assert.match(words, /bridge docker0.*connects web \(eth0 172\.17\.0\.2\/16\)/);
  assert.match(words, /Published on h1: 8080 → web:80/);
});

test("long names are shortened, short ones are not", () => {
  assert.equal(shorten("web", 148), "web");
  assert.ok(shorten("x".repeat(200), 148).length < 20);
});

test("a wire with corners is one path", () => {
  assert.match(
    pathOf([
      [0, 0],
      [0, 10],
      [20, 10],
    ]),
    /^M0 0L.*Q0 10.*L20 10$/,
  );
});

test("nonsense from a host draws something and throws nothing", () => {
  const bad = place("h1", "host", "h1", [
    { kind_of: "interface", key: "?", name: "<b>", kind: "bridge", addresses: [], peer_index: null, state: "", master: "" },
  ]);
  assert.doesNotThrow(() => layOut(readScene(new Map([["h1", bad]]), new Map())));
});
