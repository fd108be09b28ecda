// The map laid out by ELK: nothing overlaps or leaves its host, the order stays, and what did not change is not asked for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, remembering } from "../../../../static/js/map/elk.js";
import { readGraph } from "../../../../static/js/map/graph.js";
import { nearest } from "../../../../static/js/map/nearest.js";
import { pointOfHop, shapeOfHop } from "../../../../static/js/map/packet.js";
import { docker, edges, elk, face, layOut, node, overlap, overlay, place, swarm, world } from "./world.js";

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

test("a host and all that is in it share a room, and what lies between hosts has none", async () => {
  const drawing = await layOut(readGraph(world([{ name: "web", bridge: "docker0" }]), docker));
  const rooms = Object.fromEntries(drawing.shapes.map((one) => [one.node.id, one.room]));
  assert.deepEqual([rooms.h1, rooms["h1/web"], rooms["h1 docker0"]], ["h1", "h1", "h1"]);
  assert.deepEqual([rooms.outside, rooms["lan 10.77.3.0/24"]], ["", ""]);
  for (const { edge, room } of drawing.wires) assert.equal(room, edge.kind === "uplink" ? "" : "h1", edge.id);
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

test("an arrow key leads to the nearest box in its direction, never to one around", async () => {
  const graph = readGraph(world([{ name: "web", bridge: "docker0" }]), docker);
  const drawing = await layOut(graph);
  const at = (id) => drawing.shapes.find((one) => one.node.id === id);
  assert.equal(nearest(graph, drawing, at("h1/web"), [1, 0])?.node.id, "h1 docker0");
  assert.equal(nearest(graph, drawing, at("outside"), [1, 0]), undefined);
});
