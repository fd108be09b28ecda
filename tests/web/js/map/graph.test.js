// What the map reads from places: boxes, what joins them, what is left out, and nonsense.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readGraph } from "../../../../static/js/map/graph.js";
import { outline } from "../../../../static/js/map/words.js";
import { tell } from "../../../../static/js/page/tables.js";
import { tables } from "../tables.js";
import { docker, edges, face, layOut, node, overlay, place, swarm, world } from "./world.js";

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
