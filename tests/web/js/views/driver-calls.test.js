import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.HTMLElement ??= class {};
const { effects } = await import("../../../../static/js/views/driver-calls.js");

const call = (key, method, at) => ({ key, driver: "lab", method, at });
const change = (text, because, at, place = "h1") => ({
  source: "kernel",
  place,
  text,
  detail: because ? `because: ${because}` : "",
  at,
});

test("a change belongs to the last such call before it", () => {
  const calls = [call("a", "CreateEndpoint", 10), call("b", "CreateEndpoint", 11), call("c", "Join", 11.1)];
  const found = effects(calls, [change("cable-1 appeared", "lab answered CreateEndpoint", 11.05)], "h1");
  assert.deepEqual([...found], [["b", ["cable-1 appeared"]]]);
});

test("of several questions named together the last one has it", () => {
  const calls = [call("a", "CreateEndpoint", 10), call("b", "Join", 10.1)];
  const found = effects(calls, [change("inner-1 disappeared", "lab answered CreateEndpoint and Join", 10.2)], "h1");
  assert.deepEqual([...found.keys()], ["b"]);
});

test("what has another cause, another place or another time belongs to none", () => {
  const calls = [call("a", "Join", 10)];
  const others = [
    change("x", "", 10.1),
    change("x", "container web started", 10.1),
    change("x", "other answered Join", 10.1),
    change("x", "lab answered Join", 10.1, "h1/web"),
    change("x", "lab answered Join", 20),
    { source: "docker", place: "h1", text: "x", detail: "because: lab answered Join", at: 10.1 },
  ];
  assert.equal(effects(calls, others, "h1").size, 0);
});
