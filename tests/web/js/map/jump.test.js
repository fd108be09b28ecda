// What exists does not jump: a container that comes moves nothing of before by more than a few pixels, in ELK's real answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import ELK from "elkjs/lib/main.js";
import { arrange } from "../../../../static/js/map/elk.js";
import { readGraph } from "../../../../static/js/map/graph.js";
import { fit, follow } from "../../../../static/js/map/sight.js";
import { face, place, view } from "../sandbox.js";

const FEW = 18; // pixels of the drawing: one more cable takes 9 beside the others, at times twice
const ROW = 44; // what stands below a new box makes room for it: one box and the gap

const elk = new ELK();
let cables = 100; // all names of cables are as long as each other, as the kernel's are
const box = (name, bridge = "docker0", host = "h1") => {
  cables += 1;
  return { name, bridge, host, cable: `veth${cables}` };
};
const faces = (items) => ({ interfaces: view([], { items: [face("lo", "loopback", "127.0.0.1/8"), ...items] }) });

/** The places of a sandbox: its hosts with their bridges, containers in the order in which they came, and `outside`. */
function sandbox(boxes, { hosts = ["h1"], bridges = ["docker0"] } = {}) {
  const places = [];
  for (const host of hosts) {
    const mine = boxes.filter((one) => one.host === host);
    places.push(
      place(host, {
        views: faces([
          face("eth0", "veth", `10.77.3.1${host[1]}/24`, { index: 2 }),
          ...bridges.map((name, at) => face(name, "bridge", `172.${17 + at}.0.1/16`, { index: 3 + at })),
          ...mine.map((one, at) => face(one.cable, "veth", "", { index: 20 + at, master: one.bridge })),
        ]),
      }),
      ...mine.map((one, at) =>
        place(`${host}/${one.name}`, {
          views: faces([face("eth0", "veth", `172.17.0.${at + 2}/16`, { peer_index: 20 + at })]),
        }),
      ),
    );
  }
  places.push(place("outside", { views: faces([face("eth0", "veth", "10.77.3.100/24")]) }));
  return new Map(places.map((one) => [one.id, one]));
}

/** Draws one sandbox after another as <net-map> does: what was there keeps its place in the order. */
async function drawings(...sandboxes) {
  const order = new Map();
  const drawn = [];
  for (const places of sandboxes) {
    const graph = readGraph(places, new Map());
    for (const one of [...graph.nodes, ...graph.edges]) if (!order.has(one.id)) order.set(one.id, order.size);
    const before = (a, b) => order.get(a.id) - order.get(b.id);
    const sorted = { ...graph, nodes: [...graph.nodes].sort(before), edges: [...graph.edges].sort(before) };
    drawn.push(await arrange(sorted, (level) => elk.layout(level)));
  }
  return drawn;
}

/** How far each box of before went, by name: [right, down]. A LAN's bar reaches over the whole height and is left out. */
function moves(before, after) {
  const at = new Map(after.shapes.map((one) => [one.node.id, one]));
  return Object.fromEntries(
    before.shapes
      .filter((one) => at.has(one.node.id) && one.node.kind !== "lan")
      .map((one) => [one.node.id, [at.get(one.node.id).x - one.x, at.get(one.node.id).y - one.y]]),
  );
}

function assertStays(moved, { right = FEW, down = FEW, but = [] } = {}) {
  for (const [id, [x, y]] of Object.entries(moved)) {
    if (but.includes(id)) continue;
    assert.ok(Math.abs(x) <= right && Math.abs(y) <= down, `${id} went ${x.toFixed(1)} to the right and ${y.toFixed(1)} down`);
  }
}

for (const count of [1, 2, 3, 4, 5, 8]) {
  test(`beside ${count} containers a new one moves nothing by more than ${FEW} pixels`, async () => {
    const boxes = Array.from({ length: count + 1 }, (_, at) => box(`c${at}`));
    const [before, after] = await drawings(sandbox(boxes.slice(0, count)), sandbox(boxes));
    assert.equal(after.shapes.length, before.shapes.length + 1);
    assertStays(moves(before, after));
  });
}

test("a container that goes moves nothing that stands above it by more", async () => {
  const boxes = [box("c1"), box("c2"), box("c3")];
  const [before, after] = await drawings(sandbox(boxes), sandbox(boxes.slice(0, 2)));
  assertStays(moves(before, after));
});

test("one with a far longer name widens its column to the right, and moves no container", async () => {
  const boxes = [box("one"), box("two"), box("a-container-with-a-very-long-name")];
  const [before, after] = await drawings(sandbox(boxes.slice(0, 2)), sandbox(boxes));
  const moved = moves(before, after);
  assertStays({ one: moved["h1/one"], two: moved["h1/two"], host: moved.h1 });
  assertStays(moved, { right: 140 });
  for (const id of ["h1/one", "h1/two"]) assert.equal(moved[id][0], 0);
});

test("the first container of a second network moves nothing of the first", async () => {
  const two = { bridges: ["docker0", "br-1"] };
  const [before, after] = await drawings(
    sandbox([box("one"), box("two")], two),
    sandbox([box("one"), box("two"), box("x", "br-1")], two),
  );
  assertStays(moves(before, after), { but: ["h1 br-1"] });
  assertStays(moves(before, after), { down: ROW });
});

test("a new network moves nothing but what stands below it", async () => {
  const [before, after] = await drawings(
    sandbox([box("one"), box("two")]),
    sandbox([box("one"), box("two")], { bridges: ["docker0", "br-1"] }),
  );
  assertStays(moves(before, after));
});

test("what stands below a new box makes room for it: one row, no more", async () => {
  const two = { bridges: ["docker0", "br-1"] };
  const boxes = [box("one"), box("x", "br-1"), box("two")];
  const [before, after] = await drawings(sandbox(boxes.slice(0, 2), two), sandbox(boxes, two));
  assertStays(moves(before, after), { down: ROW });
});

test("in a second host nothing moves within it; the host itself makes room by one row", async () => {
  const hosts = { hosts: ["h1", "h2"] };
  const boxes = [box("one"), box("two"), box("x", "docker0", "h2"), box("new")];
  const [before, after] = await drawings(sandbox(boxes.slice(0, 3), hosts), sandbox(boxes, hosts));
  const moved = moves(before, after);
  const second = ["h2", "h2/x", "h2 docker0", "h2 eth0"].map((id) => moved[id]);
  for (const one of second) assert.deepEqual(one, second[0]);
  assertStays(moved, { down: ROW });
  assertStays(moved, { but: ["h2", "h2/x", "h2 docker0", "h2 eth0"] });
});

// --- on the screen ---

const pane = { width: 900, height: 400 };
const fitted = (width, height) => fit({ width, height }, pane);
/** Where a corner of the drawing lies on the screen. */
const onScreen = ({ x, y, scale }, [left, top]) => [x + left * scale, y + top * scale];

test("a map that grows a little stays where it is on the screen", () => {
  const before = fitted(840, 150);
  const after = follow(before, { width: 845, height: 200 }, pane);
  for (const corner of [
    [0, 0],
    [400, 100],
    [840, 150],
  ]) {
    const [[x1, y1], [x2, y2]] = [onScreen(before, corner), onScreen(after, corner)];
    assert.ok(Math.hypot(x2 - x1, y2 - y1) < 6, `${corner} went from ${x1}, ${y1} to ${x2}, ${y2}`);
  }
});

test("a map that grows over the lower edge goes up by no more than it must, and all of it is in sight", () => {
  const before = fitted(600, 200);
  const after = follow(before, { width: 600, height: 280 }, pane);
  assert.equal(after.scale, before.scale);
  assert.equal(after.x, before.x);
  assert.equal(onScreen(after, [0, 280])[1], pane.height - 10);
});

test("a map that grows out of its pane becomes smaller, and all of it is in sight", () => {
  const after = follow(fitted(600, 200), { width: 1100, height: 420 }, pane);
  assert.ok(after.scale < fitted(600, 200).scale);
  const [right, bottom] = onScreen(after, [1100, 420]);
  assert.ok(after.x >= 10 && after.y >= 10 && right <= 890.01 && bottom <= 390.01);
});

test("letters stay readable: then the map begins at the upper left corner", () => {
  const after = follow(fitted(600, 200), { width: 4000, height: 3000 }, pane);
  assert.deepEqual(after, fitted(4000, 3000));
  assert.ok(follow(fitted(600, 200), { width: 4000, height: 3000 }, pane, true).scale < after.scale);
});

test("a map that lost much is fitted anew, one that lost little stays", () => {
  const before = fitted(1200, 500);
  assert.deepEqual(follow(before, { width: 600, height: 200 }, pane), fitted(600, 200));
  assert.deepEqual(follow(before, { width: 1190, height: 490 }, pane), before);
});
