// The map's smaller parts: its words, its addresses, how it fits a pane, and how names are shortened.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readGraph } from "../../../../static/js/map/graph.js";
import { subnetOf } from "../../../../static/js/map/interfaces.js";
import { portOf } from "../../../../static/js/map/model.js";
import { pathOf } from "../../../../static/js/map/path.js";
import { fit, zoomed } from "../../../../static/js/map/sight.js";
import { begin, shorten } from "../../../../static/js/map/size.js";
import { neighboursOf, outline } from "../../../../static/js/map/words.js";
import { docker, face, node, words, world } from "./world.js";

test("the picture has its text twin", () => {
  const graph = readGraph(world([{ name: "web", bridge: "docker0" }]), docker);
  const said = words(outline(graph)).join("\n");
  assert.match(said, /Container web 172\.17\.0\.2\/16; veth pair to docker0/);
  assert.match(said, /Bridge docker0 172\.17\.0\.1\/16; .*forwards through eth0/);
  assert.match(said, /8080 → web:80/);
  assert.equal(words(outline(graph)).length, graph.nodes.length);
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

test("a port has an address of each kind; who has IPv6 alone has it as its address", () => {
  const six = { cidr: "fd00:10:77:3::11/64", family: "inet6", scope: "global" };
  const link = { cidr: "fe80::1/64", family: "inet6", scope: "link" };
  const both = face("eth0", "veth", "10.77.3.11/24");
  both.addresses.push(link, six);
  const alone = face("eth0", "veth", "", { addresses: [link, six] });
  const place = { id: "h1" };
  assert.deepEqual([portOf(place, both).address, portOf(place, both).ipv6], ["10.77.3.11/24", six.cidr]);
  assert.equal(portOf(place, alone).address, six.cidr);
  assert.equal(portOf(place, face("eth0", "veth", "", { addresses: [link] })).address, "");
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
