// <driver-calls>: what Docker asked a driver, what it answered, and what then changed; and which change belongs to which call.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, textOf, textsOf, wait } from "../page.js";
import { line, view } from "../sandbox.js";

const { DriverCalls, effects } = await import("../../../../static/js/views/driver-calls.js");
customElements.define("driver-calls", DriverCalls);

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

// --- on the page ---

const asked = (key, more = {}) => ({
  kind_of: "call",
  key,
  driver: "lab",
  method: "CreateNetwork",
  at: Date.UTC(2026, 10, 29, 12, 0, 1) / 1000,
  what: "network app",
  asked: '{\n "NetworkID": "1"\n}',
  answer: "{}",
  error: "",
  seconds: 0.1,
  ...more,
});
const seen = (...calls) =>
  view(
    calls.map((one) => line(`${one.method} ${one.what}`, { key: one.key, why: "Docker asks the driver." })),
    { items: calls },
  );

function shown(observation, timeline = []) {
  const element = new DriverCalls();
  element.store = { timeline };
  openPage().append(element);
  element.show("h1", observation);
  return element;
}

test("a call says when, what, whom and what came back, and opens to both sides", () => {
  const element = shown(seen(asked("1")));
  assert.equal(textOf(element.querySelector("time")), "12:00:01");
  assert.equal(textOf(element.querySelector(".method")), "CreateNetworklab");
  assert.equal(textOf(element.querySelector(".asked")), "network app");
  assert.equal(textOf(element.querySelector(".reply")), "{}");
  assert.deepEqual(
    [...element.querySelectorAll("[role=region]")].map((one) => one.getAttribute("aria-label")),
    ["Docker asked", "lab answered"],
  );
  assert.equal(textOf(element.querySelector(".why")), "Docker asks the driver.");
});

test("a call that waits and one that was refused are told apart", () => {
  const element = shown(seen(asked("1", { seconds: null, answer: "" }), asked("2", { error: "no such network" })));
  assert.deepEqual(textsOf(element, ".reply"), ["no answer yet", "no such network"]);
  assert.equal(element.querySelectorAll(".reply.waiting").length, 1);
  assert.equal(element.querySelectorAll(".reply.refused").length, 1);
  assert.match(textOf(element.querySelectorAll("[aria-label='lab answered']")[0]), /no answer yet/);
});

test("a long answer is shortened in the row and whole inside", () => {
  const answer = "x".repeat(300);
  const element = shown(seen(asked("1", { answer })));
  assert.equal(textOf(element.querySelector(".reply")).length, 90);
  assert.equal(textOf(element.querySelector("[aria-label='lab answered']")), answer);
});

test("what a call changed stands below it, and comes when it is drawn again", () => {
  const timeline = [];
  const one = asked("1");
  const element = shown(seen(one), timeline);
  assert.equal(element.querySelector(".effects"), null);
  timeline.push(change("br-1 appeared", "lab answered CreateNetwork", one.at + 0.1));
  element.draw();
  assert.deepEqual(textsOf(element, ".effects li"), ["br-1 appeared"]);
});

test("a new call glows for a moment, and what was opened stays open", () => {
  const element = shown(seen(asked("1")));
  assert.equal(element.querySelector(".item.added"), null);
  const first = element.querySelector("details");
  first.open = true;
  first.dispatchEvent(new Event("toggle"));
  element.update(seen(asked("1"), asked("2")), ["2"]);
  assert.equal(element.querySelectorAll(".item.added").length, 1);
  assert.equal(element.querySelector("details"), first);
  element.update(seen(asked("1", { answer: "{ }" }), asked("2")), []);
  assert.equal(element.querySelector("details").open, true);
  wait(6_000);
  element.update(seen(asked("1"), asked("2", { answer: "{ }" })), []);
  assert.equal(element.querySelector(".item.added"), null);
});

test("where nothing was asked that is said; a list that is cut says that it is the newest", () => {
  assert.match(textOf(shown(view([])).querySelector(".calls-head")), /^No driver of its own has been asked/);
  assert.match(textOf(shown({ ...seen(asked("1")), truncated: true }).querySelector(".calls-head")), /\(the newest\)/);
});

test("a line that is no call is shown as it is; nothing of a driver is a page", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const element = shown(view([line(evil)]));
  assert.equal(textOf(element.querySelector(".junk")), evil);
  const answered = shown(seen(asked("1", { answer: evil, asked: evil, what: evil, error: evil, driver: evil })));
  assert.equal(answered.querySelector("img"), null);
});
