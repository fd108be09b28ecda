// The sandbox's socket: each event once, on from the last number after a loss, everything anew after a gap.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lastSocket, openPage, sockets, wait } from "../page.js";

const { Store } = await import("../../../../static/js/stream/store.js");
const { Stream, waitBefore } = await import("../../../../static/js/stream/stream.js");

let last;
function connected(asks = "") {
  last?.stop(); // another test's hears of the browser's being online as well
  openPage();
  const store = new Store();
  const stream = new Stream(store, "/ws/sandbox/s/", asks);
  const links = [];
  const edge = [];
  stream.addEventListener("link", (event) => links.push(event.detail));
  stream.addEventListener("edge", (event) => edge.push(event.detail));
  last = stream;
  stream.connect();
  lastSocket().open();
  return { store, stream, links, edge };
}
const picture = (number) => ({
  type: "snapshot_taken",
  number,
  at: 1,
  resync: false,
  snapshot: { number, places: {}, docker: {}, probes: {} },
});
const happened = (number) => ({
  type: "happened",
  number,
  at: 1,
  source: "docker",
  place: "h1",
  text: `${number}`,
  detail: "",
});
function hear(...all) {
  for (const one of all) lastSocket().hear(one);
}
const query = () => new URL(lastSocket().url).search;

test("without a picture it asks for everything, with one for what came after", () => {
  const { links } = connected("watch=1");
  assert.equal(query(), "?watch=1");
  hear(picture(4), happened(5));
  lastSocket().lose();
  assert.deepEqual(links, ["open", "lost"]);
  wait(10_000);
  assert.equal(query(), "?watch=1&since=5");
});

test("what comes twice counts once", () => {
  const { store } = connected();
  hear(picture(4), happened(5), happened(5), happened(6));
  assert.deepEqual(
    store.timeline.map((one) => one.text),
    ["5", "6"],
  );
});

test("a gap has everything told anew: the socket is opened again and asks from the beginning", () => {
  const { store } = connected();
  hear(picture(4), happened(9));
  assert.equal(store.number, 4);
  wait(10_000);
  assert.equal(sockets.length, 2);
  assert.equal(query(), "");
  lastSocket().open();
  hear(picture(20));
  lastSocket().lose();
  wait(10_000);
  assert.equal(query(), "?since=20");
});

test("what only the edge says is handed on and is no event", () => {
  const { store, edge } = connected();
  hear({ type: "fresh", ok: true }, { type: "refused", code: "busy", text: "Later." });
  assert.deepEqual(
    edge.map((one) => one.type),
    ["fresh", "refused"],
  );
  assert.equal(store.number, 0);
});

test("pauses grow from try to try, with luck in them, and are bounded", () => {
  assert.deepEqual(
    [0, 1, 2, 10].map((attempt) => waitBefore(attempt, 1)),
    [400, 800, 1600, 8000],
  );
  assert.equal(waitBefore(0, 0), 240);
});

test("a server that hangs up before it says a word is asked ever more rarely", () => {
  connected();
  const pauses = [];
  for (let at = 0; at < 5; at += 1) {
    const before = sockets.length;
    lastSocket().lose();
    let waited = 0;
    while (sockets.length === before) {
      wait(20);
      waited += 20;
    }
    pauses.push(waited);
    lastSocket().open(); // and says nothing
  }
  assert.ok(pauses[4] > pauses[0] * 4, pauses.join(", "));
});

test("too many pages are told apart from a loss, and tried again; what is final is not", () => {
  for (const [code, said, tries] of [
    [4409, "crowded", 2],
    [4403, 4403, 1],
    [4404, 4404, 1],
  ]) {
    const { links } = connected();
    lastSocket().lose(code);
    assert.equal(links.at(-1), said);
    wait(10_000);
    assert.equal(sockets.length, tries);
  }
});

test("a browser that is online again asks at once", () => {
  connected();
  lastSocket().lose();
  wait(10_000);
  lastSocket().lose();
  const before = sockets.length;
  globalThis.window.dispatchEvent(new Event("online"));
  wait(1);
  assert.equal(sockets.length, before + 1);
});

test("a message is sent only while it is connected, and the caller knows", () => {
  const { stream } = connected();
  assert.equal(stream.send({ type: "x" }), true);
  assert.deepEqual(lastSocket().told, [{ type: "x" }]);
  lastSocket().lose();
  assert.equal(stream.send({ type: "x" }), false);
});

test("stopped, it stays stopped, whatever comes", () => {
  const { stream, links } = connected();
  stream.stop();
  wait(60_000);
  globalThis.window.dispatchEvent(new Event("online"));
  wait(60_000);
  assert.equal(sockets.length, 1);
  assert.deepEqual(links, ["open"]);
});
