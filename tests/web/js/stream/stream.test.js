// The sandbox's socket: what it asks for when it comes back, what ends it for good, and that whoever stops it is left alone.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Store } from "../../../../static/js/stream/store.js";
import { FINAL_CODES, Stream, waitBefore } from "../../../../static/js/stream/stream.js";

class FakeSocket {
  static OPEN = 1;
  /** @type {FakeSocket[]} */
  static made = [];

  constructor(address) {
    this.address = address;
    this.readyState = 0;
    this.sent = [];
    this.closed = false;
    FakeSocket.made.push(this);
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  addEventListener() {}
  hear(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  lose(code = 1006) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
  close() {
    this.closed = true;
    this.lose(1000);
  }
}

const kept = {};
let listeners;
const streams = [];

beforeEach(() => {
  Object.assign(kept, { WebSocket: globalThis.WebSocket, location: globalThis.location });
  FakeSocket.made = [];
  listeners = new Map();
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    location: { protocol: "https:", host: "x.example", hash: "" },
    addEventListener: (name, call) => listeners.set(name, call),
    removeEventListener: (name, call) => listeners.get(name) === call && listeners.delete(name),
  });
  mock.timers.enable({ apis: ["setTimeout"] });
});

afterEach(() => {
  for (const stream of streams.splice(0)) stream.stop();
  mock.timers.reset();
  Object.assign(globalThis, kept);
  delete globalThis.addEventListener;
  delete globalThis.removeEventListener;
});

const newest = () => FakeSocket.made[FakeSocket.made.length - 1];
const snapshot = (number, resync = false) => ({
  type: "snapshot_taken",
  number,
  at: 1,
  resync,
  snapshot: { sandbox: "s", generation: 1, number, at: 1, places: {}, docker: {}, probes: {} },
});
const happened = (number) => ({ type: "happened", number, at: 1, source: "docker", place: "", text: "x", detail: "" });

function begun(asks = "") {
  const stream = new Stream(new Store(), "/ws/sandbox/s/", asks);
  streams.push(stream);
  const links = [];
  stream.addEventListener("link", (event) => links.push(event.detail));
  stream.connect();
  newest().open();
  return { stream, links, store: stream.store };
}

test("it asks for everything at first, and after a loss for what came since", () => {
  const { links } = begun();
  assert.equal(newest().address, "wss://x.example/ws/sandbox/s/");
  newest().hear(snapshot(7));
  newest().hear(happened(8));
  newest().lose();
  mock.timers.tick(10_000);
  assert.equal(newest().address, "wss://x.example/ws/sandbox/s/?since=8");
  assert.deepEqual(links, ["open", "lost"]);
});

test("a server that went silent is said to be so, and dialled again for what came since", () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { links } = begun();
  newest().hear(snapshot(7));
  newest().hear({ type: "beat" });
  mock.timers.tick(5_000);
  assert.deepEqual(links, ["open", "silent"]);
  mock.timers.tick(500);
  assert.equal(newest().address, "wss://x.example/ws/sandbox/s/?since=7");
});

test("what stands in every query stays in it", () => {
  begun("watch=1");
  newest().hear(snapshot(7));
  newest().lose();
  mock.timers.tick(10_000);
  assert.equal(newest().address, "wss://x.example/ws/sandbox/s/?watch=1&since=7");
});

test("nothing is lost and nothing comes twice over any number of losses", () => {
  const { store } = begun();
  newest().hear(snapshot(0));
  const told = [];
  store.watch((event) => told.push(event.number));
  for (let number = 1; number <= 30; number += 1) {
    newest().hear(happened(number));
    if (number % 3) continue;
    newest().lose();
    mock.timers.tick(10_000);
    newest().open();
    const since = Number(newest().address.split("since=")[1]);
    assert.equal(since, number);
    newest().hear(happened(number)); // as a server may that is not sure what arrived
  }
  assert.deepEqual(
    told,
    Array.from({ length: 30 }, (_, at) => at + 1),
  );
});

test("a gap is never folded in: it asks for everything again", () => {
  const { store } = begun();
  newest().hear(snapshot(4));
  const socket = newest();
  socket.hear(happened(6));
  assert.ok(socket.closed);
  assert.equal(store.number, 4);
  mock.timers.tick(10_000);
  assert.equal(newest().address, "wss://x.example/ws/sandbox/s/");
  newest().open();
  newest().hear(snapshot(9, true));
  newest().lose();
  mock.timers.tick(10_000);
  assert.equal(newest().address, "wss://x.example/ws/sandbox/s/?since=9");
});

test("the server's last words are the last", () => {
  for (const code of FINAL_CODES) {
    const { links } = begun();
    const made = FakeSocket.made.length;
    newest().lose(code);
    mock.timers.tick(60_000);
    assert.equal(FakeSocket.made.length, made);
    assert.equal(links.at(-1), code);
  }
});

test("one page too many is said, and tried again later", () => {
  const { links } = begun();
  newest().lose(4409);
  assert.equal(links.at(-1), "crowded");
  mock.timers.tick(10_000);
  assert.equal(FakeSocket.made.length, 2);
});

test("the waits grow, and being opened just to be told off does not shorten them", () => {
  const { stream } = begun();
  for (let turn = 1; turn <= 5; turn += 1) {
    newest().lose(4409);
    mock.timers.tick(10_000);
    newest().open();
    assert.equal(stream.attempt, turn);
  }
  newest().hear(snapshot(1));
  assert.equal(stream.attempt, 0);
});

test("a connection that lives makes the next wait short, also when there is nothing new", () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { stream } = begun();
  newest().lose();
  mock.timers.tick(10_000);
  newest().open();
  assert.equal(stream.attempt, 1);
  newest().hear({ type: "beat" });
  assert.equal(stream.attempt, 0);
});

test("waits are within their bounds, whatever the luck", () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    for (const luck of [0, 0.5, 1]) {
      const wait = waitBefore(attempt, luck);
      assert.ok(wait >= 0.6 * 400 && wait <= 8_000, `${wait}`);
    }
  }
  assert.ok(waitBefore(3, 0.5) > waitBefore(2, 0.5));
});

test("answers of the edge are handed on and not folded in", () => {
  const { stream, store } = begun();
  const heard = [];
  stream.addEventListener("edge", (event) => heard.push(event.detail));
  newest().hear(snapshot(3));
  const answers = [
    { type: "fresh", ok: true },
    { type: "refused", code: "too_fast", text: "Wait." },
    { type: "terminal_opened", terminal: "t" },
    { type: "journey_begun", journey: "j" },
    { type: "capture_begun", capture: "c" },
    { type: "grid_begun", asked: "g" },
  ];
  for (const answer of answers) newest().hear(answer);
  assert.deepEqual(heard, answers);
  assert.equal(store.number, 3);
});

test("a wish is sent over an open socket, and refused over none", () => {
  const { stream } = begun();
  assert.equal(stream.send({ type: "measure_grid" }), true);
  assert.deepEqual(newest().sent, [{ type: "measure_grid" }]);
  newest().lose();
  assert.equal(stream.send({ type: "measure_grid" }), false);
});

test("back on the network it does not wait any longer", () => {
  begun();
  newest().lose();
  listeners.get("online")();
  mock.timers.tick(0);
  assert.equal(FakeSocket.made.length, 2);
});

test("on a network that never went away, nothing is begun anew", () => {
  begun();
  listeners.get("online")();
  mock.timers.tick(10_000);
  assert.equal(FakeSocket.made.length, 1);
});

test("stopping closes the socket and leaves no timer and no listener", () => {
  const { stream, links } = begun();
  stream.stop();
  assert.ok(newest().closed);
  assert.equal(listeners.size, 0);
  mock.timers.tick(60_000);
  assert.equal(FakeSocket.made.length, 1);
  assert.deepEqual(links, ["open"]);
});

test("stopping while it waits to come back ends the waiting", () => {
  const { stream } = begun();
  newest().lose();
  stream.stop();
  mock.timers.tick(60_000);
  assert.equal(FakeSocket.made.length, 1);
});

test("a socket that was replaced and closes late is none of its business", () => {
  const { stream, links } = begun();
  const old = newest();
  stream.connect();
  newest().open();
  old.lose();
  mock.timers.tick(60_000);
  assert.equal(FakeSocket.made.length, 2);
  assert.deepEqual(links, ["open", "open"]);
});
