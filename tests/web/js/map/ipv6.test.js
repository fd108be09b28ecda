// IPv6 on the map: boxes with addresses of both kinds, of IPv6 alone, and with an address that another has as well.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readGraph } from "../../../../static/js/map/graph.js";
import { sizeOf } from "../../../../static/js/map/size.js";
import { outline } from "../../../../static/js/map/words.js";
import { docker, face, layOut, node, overlap, place, words, world } from "./world.js";

const SIX = { cidr: "fd00:9::2/64", family: "inet6", scope: "global" };
const LINK = { cidr: "fe80::42:acff:fe12:2/64", family: "inet6", scope: "link" };

/** A world with one container on br-1, whose interfaces are these. */
function containing(...interfaces) {
  const places = world([{ name: "six", bridge: "br-1" }]);
  places.set("h1/six", place("h1/six", "container", "h1", interfaces));
  return places;
}

const withSix = (name, cidr, addresses, facts = {}) => {
  const made = face(name, "veth", cidr, { peer_index: 10, ...facts });
  made.addresses.push(...addresses);
  return made;
};

test("a container shows both of its addresses, and says both in the words", () => {
  const graph = readGraph(containing(withSix("eth0", "172.18.0.2/16", [LINK, SIX])), docker);
  assert.deepEqual(node(graph, "h1/six").lines, ["172.18.0.2/16", "fd00:9::2/64"]);
  assert.match(words(outline(graph)).join("\n"), /Container six 172\.18\.0\.2\/16 fd00:9::2\/64; veth pair to app/);
});

test("a container with IPv6 alone shows that address once; one with a link-local address has none", () => {
  const only = readGraph(containing(withSix("eth0", "", [LINK, SIX])), docker);
  assert.deepEqual(node(only, "h1/six").lines, ["fd00:9::2/64"]);
  const none = readGraph(containing(withSix("eth0", "", [LINK])), docker);
  assert.deepEqual(node(none, "h1/six").lines, ["no address"]);
});

test("a container without IPv6 has one line, as before", () => {
  const graph = readGraph(containing(withSix("eth0", "172.18.0.2/16", [LINK])), docker);
  assert.deepEqual(node(graph, "h1/six").lines, ["172.18.0.2/16"]);
});

test("of two interfaces each address has its interface's name", () => {
  const graph = readGraph(
    containing(withSix("eth0", "172.18.0.2/16", [SIX]), withSix("eth1", "172.19.0.2/16", [], { peer_index: 11 })),
    docker,
  );
  assert.deepEqual(node(graph, "h1/six").lines, ["eth0 172.18.0.2/16", "eth0 fd00:9::2/64", "eth1 172.19.0.2/16"]);
});

test("a bridge with IPv6 shows both gateways", () => {
  const places = containing(withSix("eth0", "172.18.0.2/16", [SIX]));
  const bridge = places.get("h1").views.interfaces.items.find((one) => one.name === "br-1");
  bridge.addresses.push({ cidr: "fd00:9::1/64", family: "inet6", scope: "global" });
  assert.deepEqual(node(readGraph(places, docker), "h1 br-1").lines, ["br-1", "172.18.0.1/16", "fd00:9::1/64"]);
});

test("an address that another has as well is told on the box", () => {
  const failed = { ...SIX, flags: ["dadfailed", "tentative"] };
  const graph = readGraph(containing(withSix("eth0", "172.18.0.2/16", [failed])), docker);
  assert.equal(node(graph, "h1/six").note, "address used twice");
  const waiting = readGraph(containing(withSix("eth0", "172.18.0.2/16", [{ ...SIX, flags: ["tentative"] }])), docker);
  assert.equal(node(waiting, "h1/six").note, "");
});

test("boxes with both addresses have room for them and do not lie on each other", async () => {
  const places = world([
    { name: "six", bridge: "br-1" },
    { name: "web", bridge: "br-1" },
  ]);
  const long = { ...SIX, cidr: "fd36:1c1a:6b0f:ffff::2/64" };
  places.set("h1/six", place("h1/six", "container", "h1", [withSix("eth0", "172.18.0.2/16", [long])]));
  const graph = readGraph(places, docker);
  const [both, plain] = [node(graph, "h1/six"), node(graph, "h1/web")].map(sizeOf);
  assert.ok(both.height > plain.height && both.width >= long.cidr.length * 6.9);
  const { shapes } = await layOut(graph);
  const boxes = shapes.filter((one) => one.node.kind === "container");
  assert.equal(boxes.length, 2);
  assert.ok(!overlap(boxes[0], boxes[1]));
});
