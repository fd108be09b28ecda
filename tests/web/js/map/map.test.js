// The map: what it reads from places, and that nothing overlaps or leaves its host.

import assert from "node:assert/strict";
import { test } from "node:test";
import ELK from "elkjs/lib/main.js";
import { arrange, remembering } from "../../../../static/js/map/elk.js";
import { readGraph } from "../../../../static/js/map/graph.js";
import { subnetOf } from "../../../../static/js/map/interfaces.js";
import { nearest } from "../../../../static/js/map/nearest.js";
import { pointOfHop, shapeOfHop } from "../../../../static/js/map/packet.js";
import { pathOf } from "../../../../static/js/map/path.js";
import { fit, zoomed } from "../../../../static/js/map/sight.js";
import { begin, shorten } from "../../../../static/js/map/size.js";
import { neighboursOf, outline } from "../../../../static/js/map/words.js";
import { tell } from "../../../../static/js/page/tables.js";
import { tables } from "../tables.js";

const elk = new ELK(); // without a worker: the same code, in this process
const layOut = (graph) => arrange(graph, (level) => elk.layout(level));

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
const edges = (graph, kind) => graph.edges.filter((one) => one.kind === kind).map((one) => [one.from, one.to]);
const node = (graph, id) => graph.nodes.find((one) => one.id === id);
const words = (entries) => entries.flatMap((one) => [one.text, ...words(one.inside)]);

test("cables join a container to the bridge its other end is a port of", () => {
  const graph = readGraph(
    world([
      { name: "web", bridge: "docker0" },
      { name: "db", bridge: "br-1" },
    ]),
    docker,
  );
  assert.deepEqual(edges(graph, "veth"), [
    ["h1/db:eth0", "h1 br-1"],
    ["h1/web:eth0", "h1 docker0"],
  ]);
  assert.equal(node(graph, "h1 br-1").title, "app");
  assert.ok(node(graph, "h1 eth0").lines.includes("8080 → web:80"));
  assert.ok(node(graph, "lan 10.77.3.0/24"));
  assert.deepEqual(edges(graph, "uplink"), [
    ["h1 eth0", "lan 10.77.3.0/24"],
    ["lan 10.77.3.0/24", "outside:eth0"],
  ]);
});

test("an internal network leads nowhere", () => {
  const closed = new Map([["h1", { ...docker.get("h1"), networks: [{ ...docker.get("h1").networks[0], internal: true }] }]]);
  const graph = readGraph(world([{ name: "db", bridge: "br-1" }]), closed);
  assert.deepEqual(edges(graph, "forward"), [["h1 docker0", "h1 eth0"]]);
});

test("a container without cables, or in another's namespace, says so", () => {
  const graph = readGraph(
    world([
      { name: "twin", bridge: "", facts: { shares: "h1" } },
      { name: "alone", bridge: "", facts: { views: { interfaces: { items: [face("lo", "loopback", "127.0.0.1/8")] } } } },
    ]),
    new Map(),
  );
  assert.match(node(graph, "h1/twin").note, /h1/);
  assert.match(node(graph, "h1/alone").note, /lo/);
  assert.deepEqual(edges(graph, "veth"), []);
});

test("a macvlan child hangs on its parent, without a bridge or a cable", () => {
  const places = world([{ name: "m1", bridge: "" }]);
  const child = face("eth0", "macvlan", "10.77.3.64/24", { detail: [["link", "if2"]] });
  places.set("h1/m1", place("h1/m1", "container", "h1", [child]));
  const graph = readGraph(places, new Map());
  assert.deepEqual(edges(graph, "macvlan"), [["h1/m1:eth0", "h1 eth0"]]);
  assert.deepEqual(edges(graph, "veth"), []);
});

test("a kind of link that only the page's table names is drawn and told like one of ours", (about) => {
  tell("links", { ...tables.links, toyvlan: "child" });
  about.after(() => tell("links", tables.links));
  const places = world([{ name: "t1", bridge: "" }]);
  const child = face("eth0", "toyvlan", "10.77.3.65/24", { detail: [["link", "if2"]] });
  places.set("h1/t1", place("h1/t1", "container", "h1", [child]));
  const graph = readGraph(places, new Map());
  assert.deepEqual(edges(graph, "toyvlan"), [["h1/t1:eth0", "h1 eth0"]]);
  const words = outline(graph).flatMap(function all(one) {
    return [one.text, ...one.inside.flatMap(all)];
  });
  assert.ok(
    words.some((text) => text.includes("toyvlan on eth0")),
    words.join("\n"),
  );
});

test("a kind of link that no table names is joined to nothing", () => {
  const places = world([{ name: "t1", bridge: "" }]);
  const child = face("eth0", "toyvlan", "10.77.3.65/24", { detail: [["link", "if2"]] });
  places.set("h1/t1", place("h1/t1", "container", "h1", [child]));
  assert.deepEqual(edges(readGraph(places, new Map()), "toyvlan"), []);
});

test("an end of a tunnel is known by the page's table", () => {
  const ends = (kind) => {
    const host = place("h1", "host", "h1", [face("far0", kind, "", { detail: [["id", "7"]] })]);
    return readGraph(new Map([["h1", host]]), new Map()).nodes.find((one) => one.title === "far0")?.kind;
  };
  assert.deepEqual([ends("vxlan"), ends("geneve"), ends("gre")], ["tunnel", "tunnel", "link"]);
});

function overlay() {
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
const swarm = new Map(
  ["h1", "h2"].map((host) => [
    host,
    { host, version: "26", error: "", containers: [], networks: [{ id: "abcdefghijk", name: "over", driver: "overlay" }] },
  ]),
);

test("an overlay network is a namespace on each host and one tunnel between them", async () => {
  const graph = readGraph(overlay(), swarm);
  assert.equal(node(graph, "h1/1-abcdefghij").title, "network over");
  assert.equal(node(graph, "h1/1-abcdefghij br0").parent, "h1/1-abcdefghij");
  assert.deepEqual(edges(graph, "veth")[0], ["h1/c:eth0", "h1/1-abcdefghij br0"]);
  assert.deepEqual(edges(graph, "vxlan"), [["h1/1-abcdefghij vxlan0", "h2/1-abcdefghij vxlan0"]]);
  const drawing = await layOut(graph);
  assert.ok(drawing.wires.some((one) => one.edge.kind === "vxlan"));
  const cable = drawing.wires.find((one) => one.edge.from === "h1/c:eth0");
  const bridge = drawing.shapes.find((one) => one.node.id === "h1/1-abcdefghij br0");
  const end = cable.points.at(-1);
  assert.ok(Math.abs(end[0] - bridge.x) < 1, "the cable reaches the bridge through the namespace's border");
  assert.ok(end[1] > bridge.y && end[1] < bridge.y + bridge.height);
});

test("cables that go into a namespace by one gate lie on one another there, and so would their names", async () => {
  const places = overlay();
  const one = await layOut(readGraph(places, swarm));
  assert.ok(one.wires.every((wire) => !wire.shared));
  const second = face("eth0", "veth", "10.0.1.3/24", { index: 13, peer_index: 12, peer_place: "h1/1-abcdefghij" });
  places
    .get("h1/1-abcdefghij")
    .views.interfaces.items.push(face("veth1", "veth", "", { index: 12, master: "br0", peer_index: 13 }));
  places.set("h1/d", place("h1/d", "container", "h1", [second]));
  const two = await layOut(readGraph(places, swarm));
  const shared = two.wires.filter((wire) => wire.shared).map((wire) => wire.edge.from);
  assert.deepEqual(shared.sort(), ["h1/c:eth0", "h1/d:eth0"]);
});

test("a packet's mark stands at its port or its cable's end, and never on the words of a box", async () => {
  const graph = readGraph(world([{ name: "web", bridge: "docker0" }]), docker);
  const drawing = await layOut(graph);
  const at = (hop) => {
    const shape = shapeOfHop(hop, graph, drawing);
    return [shape.node.id, ...pointOfHop(hop, drawing, shape)];
  };
  const [web, bridge, nic] = ["h1/web", "h1 docker0", "h1 eth0"].map((id) => drawing.shapes.find((one) => one.node.id === id));
  const leaves = { place: "h1/web", interface: "eth0", kind: "sent", key: "" };
  assert.deepEqual(at(leaves), ["h1/web", web.ports[0].x, web.ports[0].y]);
  const arrives = { place: "h1", interface: "veth0", kind: "received", key: "" };
  const end = drawing.wires.find((one) => one.edge.kind === "veth").points.at(-1);
  assert.deepEqual(at(arrives), ["h1 docker0", ...end]);
  assert.equal(end[0], bridge.x);
  assert.deepEqual(at({ place: "h1", interface: "", kind: "rule", key: "" }), ["h1 eth0", nic.x + nic.width / 2, nic.y]);
});

test("the names of cables have room between the last corner and the bridge", async () => {
  const containers = Array.from({ length: 12 }, (_, at) => ({ name: `c${at}`, bridge: "docker0" }));
  const drawing = await layOut(readGraph(world(containers), docker));
  const bridge = drawing.shapes.find((one) => one.node.id === "h1 docker0");
  const cables = drawing.wires.filter((one) => one.edge.kind === "veth");
  for (const { edge, points } of cables) {
    assert.equal(points.at(-1)[0], bridge.x, edge.id);
    assert.ok(points.at(-1)[0] - points.at(-2)[0] >= edge.label.length * 6.2, edge.label);
  }
  const ends = cables.map((one) => one.points.at(-1)[1]).sort((a, b) => a - b);
  assert.ok(ends.every((end, at) => at === 0 || end - ends[at - 1] >= 11));
});

for (const count of [0, 1, 2, 5, 12]) {
  test(`nothing overlaps with ${count} containers`, async () => {
    const containers = Array.from({ length: count }, (_, at) => ({ name: `c${at}`, bridge: at % 2 ? "br-1" : "docker0" }));
    const drawing = await layOut(readGraph(world(containers), docker));
    const solid = drawing.shapes.filter((one) => one.node.kind !== "host");
    for (const [at, one] of solid.entries()) {
      for (const other of solid.slice(at + 1)) assert.equal(overlap(one, other), false, `${one.node.id} over ${other.node.id}`);
    }
    const host = drawing.shapes.find((one) => one.node.kind === "host");
    for (const box of drawing.shapes.filter((one) => one.node.parent === "h1"))
      assert.ok(box.x >= host.x && box.x + box.width <= host.x + host.width, `${box.node.id} inside its host`);
    assert.equal(drawing.wires.filter((one) => one.edge.kind === "veth").length, count);
    assert.ok(
      drawing.shapes.every((one) => one.x + one.width <= drawing.width + 1 && one.y + one.height <= drawing.height + 1),
    );
  });
}

test("what is new comes after what was there, and changes no order", async () => {
  const before = readGraph(
    world([
      { name: "b", bridge: "docker0" },
      { name: "c", bridge: "docker0" },
    ]),
    docker,
  );
  const after = readGraph(
    world([
      { name: "b", bridge: "docker0" },
      { name: "c", bridge: "docker0" },
      { name: "a", bridge: "docker0" },
    ]),
    docker,
  );
  const seen = new Map(before.nodes.map((one, at) => [one.id, at]));
  after.nodes.sort((x, y) => (seen.get(x.id) ?? 99) - (seen.get(y.id) ?? 99));
  const tops = (drawing) =>
    drawing.shapes
      .filter((one) => one.node.kind === "container")
      .sort((x, y) => x.y - y.y)
      .map((one) => one.node.title);
  assert.deepEqual(tops(await layOut(before)), ["b", "c"]);
  assert.deepEqual(tops(await layOut(after)), ["b", "c", "a"]);
});

test("the same graph is drawn the same way", async () => {
  const graph = readGraph(world([{ name: "web", bridge: "docker0" }]), docker);
  assert.deepEqual(await layOut(graph), await layOut(graph));
});

test("what changed nowhere in a host asks no layout of it, and is drawn the same", async () => {
  /** @type {string[]} */
  const asked = [];
  const layout = remembering((level) => {
    asked.push(level.id);
    return elk.layout(level);
  });
  const both = (names) => {
    const other = place("h2", "host", "h2", [face("eth0", "veth", "10.77.3.12/24", { index: 2 })]);
    const boxes = names.map((name) => ({ name, bridge: "docker0" }));
    return readGraph(new Map([...world(boxes), ["h2", other]]), docker);
  };
  await arrange(both(["web"]), layout);
  assert.deepEqual(asked.sort(), ["h1", "h2", "map"]);
  const drawn = await arrange(both(["web", "api", "db"]), layout);
  assert.deepEqual(asked.slice(3).sort(), ["h1", "map"]);
  assert.deepEqual(drawn, await layOut(both(["web", "api", "db"])));
  assert.deepEqual(drawn, await arrange(both(["web", "api", "db"]), layout));
  assert.equal(asked.length, 5);
});

test("the picture has its text twin", () => {
  const graph = readGraph(world([{ name: "web", bridge: "docker0" }]), docker);
  const said = words(outline(graph)).join("\n");
  assert.match(said, /Container web 172\.17\.0\.2\/16; veth pair to docker0/);
  assert.match(said, /Bridge docker0 172\.17\.0\.1\/16; .*forwards through eth0/);
  assert.match(said, /8080 → web:80/);
  assert.equal(words(outline(graph)).length, graph.nodes.length);
});

test("what a swarm keeps for services is left out when asked to, and counted", () => {
  const places = overlay();
  places.set(
    "h1/ns",
    place("h1/ns", "namespace", "h1", [face("eth0", "veth", "10.0.0.2/24", { index: 5 })], { name: "ingress_sbox" }),
  );
  assert.ok(node(readGraph(places, swarm), "h1/ns"));
  const quiet = readGraph(places, swarm, false);
  assert.equal(node(quiet, "h1/ns"), undefined);
  assert.equal(quiet.left, 1);
  assert.ok(node(quiet, "h1/1-abcdefghij"));
});

test("neighbours are seen from both sides", () => {
  const graph = readGraph(world([{ name: "web", bridge: "docker0" }]), docker);
  const names = (id) => neighboursOf(graph, node(graph, id)).map(([bond, other]) => `${bond} ${other.id}`);
  assert.deepEqual(names("h1/web"), ["veth h1 docker0"]);
  assert.ok(names("h1 docker0").includes("veth h1/web"));
});

test("subnets, and what is none", () => {
  assert.equal(subnetOf("10.77.3.11/24"), "10.77.3.0/24");
  assert.equal(subnetOf("172.17.0.9/16"), "172.17.0.0/16");
  for (const bad of ["", "fe80::1/64", "1.2.3/8", "1.2.3.4/99", "1.2.3.999/8"]) assert.equal(subnetOf(bad), "");
});

test("a map fits its pane, but letters stay readable", () => {
  assert.ok(fit({ width: 400, height: 200 }, { width: 800, height: 400 }).scale > 1);
  const crowded = fit({ width: 4000, height: 3000 }, { width: 390, height: 300 });
  assert.ok(crowded.scale > 0.6 && crowded.x >= 0 && crowded.y >= 0);
  assert.ok(fit({ width: 4000, height: 3000 }, { width: 390, height: 300 }, true).scale < 0.3);
  const at = zoomed({ x: 10, y: 20, scale: 1 }, 2, 110, 120);
  assert.deepEqual([at.scale, (110 - at.x) / 2, (120 - at.y) / 2], [2, 100, 100]);
});

test("long names are shortened in the middle, short ones are not; a sentence keeps its beginning", () => {
  assert.equal(shorten("web", 148), "web");
  assert.ok(shorten("x".repeat(200), 148).length < 20);
  assert.equal(shorten("very-long-name-of-a-web-server-1", 110), "very-l…rver-1");
  assert.notEqual(shorten("very-long-name-of-a-web-server-1", 40), shorten("very-long-name-of-a-web-server-2", 40));
  assert.equal(begin("could not be read: no such process", 110), "could not be…");
});

test("a host and all that is in it share a room, and what lies between hosts has none", async () => {
  const drawing = await layOut(readGraph(world([{ name: "web", bridge: "docker0" }]), docker));
  const rooms = Object.fromEntries(drawing.shapes.map((one) => [one.node.id, one.room]));
  assert.deepEqual([rooms.h1, rooms["h1/web"], rooms["h1 docker0"]], ["h1", "h1", "h1"]);
  assert.deepEqual([rooms.outside, rooms["lan 10.77.3.0/24"]], ["", ""]);
  for (const { edge, room } of drawing.wires) assert.equal(room, edge.kind === "uplink" ? "" : "h1", edge.id);
});

test("an arrow key leads to the nearest box in its direction, never to one around", async () => {
  const graph = readGraph(world([{ name: "web", bridge: "docker0" }]), docker);
  const drawing = await layOut(graph);
  const at = (id) => drawing.shapes.find((one) => one.node.id === id);
  assert.equal(nearest(graph, drawing, at("h1/web"), [1, 0])?.node.id, "h1 docker0");
  assert.equal(nearest(graph, drawing, at("outside"), [1, 0]), undefined);
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

test("nonsense from a host draws something and throws nothing", async () => {
  const odd = {
    kind_of: "interface",
    key: "?",
    name: "<b>",
    kind: "bridge",
    addresses: [],
    peer_index: null,
    state: "",
    master: "",
  };
  const cyclic = face("veth9", "veth", "", { index: 9, master: "veth9", peer_index: 9 });
  const bad = place("h1", "host", "h1", [odd, odd, cyclic, face("v", "vxlan", "", { master: "gone", detail: [["id", "1"]] })]);
  const drawing = await layOut(readGraph(new Map([["h1", bad]]), new Map()));
  assert.ok(drawing.shapes.length >= 2);
});
