// A Compose project on the map: a box around its containers and bridges, by what its labels say.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readGraph } from "../../../../static/js/map/graph.js";
import { outline } from "../../../../static/js/map/words.js";
import { edges, layOut, node, overlap, words, world } from "./world.js";

/** Host h1 with the project shop: `services` on its network, and a container of nobody's. @param {string[]} services */
function shop(services) {
  const named = services.map((one) => ({ name: `shop-${one}-1`, bridge: "br-1" }));
  const label = { project: "shop" };
  const networks = [{ id: "1", name: "shop_default", driver: "bridge", subnets: [], gateways: [], bridge: "br-1", ...label }];
  const containers = services.map((one) => {
    const facts = {
      id: one,
      name: `shop-${one}-1`,
      image: "box",
      state: "running",
      network_mode: "",
      endpoints: [],
      ports: [],
    };
    return { ...facts, ...label, service: one };
  });
  const docker = new Map([["h1", { host: "h1", version: "28", error: "", networks, containers }]]);
  return readGraph(world([...named, { name: "lone", bridge: "docker0" }]), docker);
}

test("what a project made stands in one box, all else beside it", () => {
  const graph = shop(["db", "web"]);
  const box = node(graph, "h1 project shop");
  assert.deepEqual([box.kind, box.title, box.parent, box.place], ["project", "project shop", "h1", "h1"]);
  const inside = graph.nodes.filter((one) => one.parent === box.id).map((one) => one.id);
  assert.deepEqual(inside, ["h1 br-1", "h1/shop-db-1", "h1/shop-web-1"]);
  assert.equal(node(graph, "h1/lone").parent, "h1");
  assert.equal(node(graph, "h1 docker0").parent, "h1");
  assert.deepEqual(
    box.facts.map(([, value]) => value),
    ["Compose project: 1 network, 2 services, 2 containers"],
  );
});

test("the box is in the words, with what is in it", () => {
  const told = words(outline(shop(["web"])));
  assert.ok(told.some((one) => one.startsWith("Compose project shop")));
});

test("a project of which nothing is there has no box", () => {
  const graph = shop(["web"]);
  assert.ok(node(graph, "h1 project shop"));
  const label = { project: "gone", service: "web", id: "g", name: "gone-web-1", endpoints: [], ports: [] };
  const docker = new Map([["h1", { host: "h1", version: "28", error: "", networks: [], containers: [label] }]]);
  assert.equal(node(readGraph(world([]), docker), "h1 project gone"), undefined);
});

test("cables and the way out cross the border of the box", async () => {
  const graph = shop(["db", "web"]);
  const drawing = await layOut(graph);
  const at = (id) => drawing.shapes.find((one) => one.node.id === id);
  const [box, host, nic] = [at("h1 project shop"), at("h1"), at("h1 eth0")];
  for (const one of graph.nodes.filter((each) => each.parent === "h1 project shop").map((each) => at(each.id)))
    assert.ok(one.x >= box.x && one.x + one.width <= box.x + box.width && one.y >= box.y, one.node.id);
  assert.ok(box.x > host.x && box.x + box.width < nic.x);
  assert.deepEqual(edges(graph, "forward")[1], ["h1 br-1", "h1 eth0"]);
  const out = drawing.wires.find((one) => one.edge.kind === "forward" && one.edge.from === "h1 br-1");
  assert.ok(Math.abs(out.points[0][0] - (at("h1 br-1").x + at("h1 br-1").width)) < 1);
  assert.ok(out.points.at(-1)[0] <= nic.x + 1);
});

test("sixty services are laid out, and nothing overlaps", async () => {
  const drawing = await layOut(shop(Array.from({ length: 60 }, (_, at) => `s${at}`)));
  const solid = drawing.shapes.filter((one) => !["host", "project"].includes(one.node.kind));
  assert.equal(solid.filter((one) => one.node.kind === "container").length, 61);
  for (const [at, one] of solid.entries())
    for (const other of solid.slice(at + 1)) assert.equal(overlap(one, other), false, `${one.node.id} over ${other.node.id}`);
});
