// The fold of events: each counts once, a gap is noticed, a snapshot starts over.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inOrder, Store, TIMELINE_KEPT } from "../../../../static/js/stream/store.js";

const place = (id, kind, host = "") => ({ id, kind, host, name: id, netns: 1, shares: "", error: "", views: {} });
const seen = (number, places) => ({
  type: "snapshot_taken",
  number,
  at: 1,
  resync: false,
  snapshot: { sandbox: "s", generation: 1, number, at: 1, places, docker: {}, probes: {} },
});
const happened = (number, text = "x") => ({ type: "happened", number, at: 1, source: "docker", place: "h1", text, detail: "" });
const lines = (text) => ({ command: "ip addr", lines: [{ text, key: text, why: "" }], items: [], error: "", truncated: false });
const changed = (number, where, text) => ({
  type: "view_changed",
  number,
  at: 1,
  place: where,
  view: "interfaces",
  observation: lines(text),
  added: [text],
  changed: [],
  removed: [],
  cause: "",
});

test("each event has its effect once", () => {
  const store = new Store();
  store.apply(seen(4, { h1: place("h1", "host") }));
  assert.equal(store.apply(happened(5)), "applied");
  assert.equal(store.apply(happened(5)), "repeated");
  assert.equal(store.apply(happened(3)), "repeated");
  assert.equal(store.timeline.length, 1);
  assert.equal(store.number, 5);
});

test("a gap is not folded in", () => {
  const store = new Store();
  store.apply(seen(4, {}));
  assert.equal(store.apply(happened(6)), "gap");
  assert.equal(store.number, 4);
  assert.equal(store.timeline.length, 0);
});

test("events numbered 0 stand outside the count", () => {
  const store = new Store();
  store.apply(seen(4, {}));
  assert.equal(store.apply({ type: "terminals_changed", number: 0, at: 0, terminals: [] }), "applied");
  assert.equal(store.number, 4);
  assert.equal(store.terminalsKnown, true);
});

test("a snapshot replaces what was known and the count goes on from it", () => {
  const store = new Store();
  store.apply(seen(4, { h1: place("h1", "host") }));
  store.apply(happened(5));
  store.apply(seen(90, { h2: place("h2", "host") }));
  assert.deepEqual([...store.places.keys()], ["h2"]);
  assert.equal(store.number, 90);
  assert.equal(store.apply(happened(91)), "applied");
});

test("a view changes in its place only, and a stranger's view changes nothing", () => {
  const store = new Store();
  store.apply(seen(1, { h1: place("h1", "host"), "h1/web": place("h1/web", "container", "h1") }));
  store.apply(changed(2, "h1/web", "eth0"));
  store.apply(changed(3, "h9", "eth0"));
  assert.equal(store.places.get("h1/web").views.interfaces.lines[0].text, "eth0");
  assert.equal(store.places.get("h1").views.interfaces, undefined);
  assert.equal(store.places.has("h9"), false);
});

test("places come and go", () => {
  const store = new Store();
  store.apply(seen(1, {}));
  store.apply({ type: "place_seen", number: 2, at: 1, place: place("h1/web", "container", "h1") });
  assert.equal(store.places.size, 1);
  store.apply({ type: "place_gone", number: 3, at: 1, place: "h1/web", name: "web" });
  assert.equal(store.places.size, 0);
});

test("the timeline is bounded", () => {
  const store = new Store();
  store.apply(seen(1, {}));
  for (let number = 2; number < TIMELINE_KEPT + 50; number += 1) store.apply(happened(number));
  assert.equal(store.timeline.length, TIMELINE_KEPT);
});

test("watchers see what was applied, and nothing that was not", () => {
  const store = new Store();
  const heard = [];
  const stop = store.watch((event) => heard.push(event.number));
  store.apply(seen(1, {}));
  store.apply(happened(2));
  store.apply(happened(2));
  stop();
  store.apply(happened(3));
  assert.deepEqual(heard, [1, 2]);
});

test("places in the order a person looks for them", () => {
  const places = [place("outside", "machine"), place("h2", "host"), place("h1/web", "container", "h1"), place("h1", "host")];
  assert.deepEqual(
    inOrder(places).map((one) => one.id),
    ["h1", "h1/web", "h2", "outside"],
  );
});

test("what happened before the page opened is told once, and what follows is added to it", () => {
  const store = new Store();
  store.apply(seen(4, {}));
  store.apply({ type: "timeline_told", number: 0, at: 0, happenings: [happened(2, "before")] });
  store.apply(happened(5, "after"));
  assert.deepEqual(
    store.timeline.map((event) => event.text),
    ["before", "after"],
  );
  assert.equal(store.number, 5);
});
