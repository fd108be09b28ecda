// The watch over a silent socket: what a page does when the server hangs, the network swallows everything or the machine slept.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { FakeSocket } from "../page.js";

globalThis.WebSocket = /** @type {any} */ (FakeSocket);
const { LONGEST_SILENCE, SILENT, watchSilence } = await import("../../../../static/js/stream/heartbeat.js");

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval", "Date"] });
  mock.method(performance, "now", () => Date.now());
});

function watched() {
  const socket = new FakeSocket("/ws/");
  const codes = [];
  const late = [];
  const isBeat = watchSilence(/** @type {any} */ (socket), (is) => late.push(is));
  socket.onmessage = ({ data }) => isBeat(JSON.parse(data));
  socket.onclose = ({ code }) => codes.push(code);
  socket.open();
  return { socket, codes, late };
}

test("a socket that beats is left alone", () => {
  const { socket, codes } = watched();
  for (let turn = 0; turn < 20; turn += 1) {
    socket.hear({ type: "beat" });
    mock.timers.tick(1_500);
  }
  assert.deepEqual(codes, []);
});

test("one that went silent is closed within five seconds, once", () => {
  const { socket, codes } = watched();
  socket.hear({ type: "beat" });
  mock.timers.tick(LONGEST_SILENCE);
  assert.deepEqual(codes, []);
  mock.timers.tick(500);
  assert.deepEqual(codes, [SILENT]);
  mock.timers.tick(60_000);
  assert.deepEqual(codes, [SILENT]);
  assert.equal(socket.readyState, 3);
});

test("anything that is said counts as life", () => {
  const { socket, codes } = watched();
  socket.hear({ type: "beat" });
  for (let turn = 0; turn < 10; turn += 1) {
    mock.timers.tick(4_000);
    socket.hear({ type: "view_changed" });
  }
  assert.deepEqual(codes, []);
});

test("after twenty minutes of sleep the first look finds it", () => {
  const { socket, codes } = watched();
  socket.hear({ type: "beat" });
  mock.timers.setTime(20 * 60_000);
  mock.timers.tick(500);
  assert.deepEqual(codes, [SILENT]);
});

test("what comes without a pause and is old all the same is late, until it is not any more", () => {
  const { socket, codes, late } = watched();
  socket.hear({ type: "beat", at: 0 });
  for (let turn = 1; turn <= 10; turn += 1) {
    mock.timers.tick(2_000);
    socket.hear({ type: "beat", at: 0.1 * turn });
  }
  assert.deepEqual([late, codes], [[true], []]);
  socket.hear({ type: "beat", at: 20 });
  assert.deepEqual([late, codes], [[true, false], []]);
});

test("a first beat that was long on its way is late at once", () => {
  const { socket, late } = watched();
  mock.timers.tick(60_000);
  socket.hear({ type: "beat", at: 1.5 });
  assert.deepEqual(late, [true]);
});

test("a handshake that took long makes nothing late", () => {
  const socket = new FakeSocket("/ws/");
  const late = [];
  const isBeat = watchSilence(/** @type {any} */ (socket), (is) => late.push(is));
  mock.timers.tick(60_000);
  socket.open();
  isBeat({ type: "beat", at: 0.1 });
  mock.timers.tick(1_000);
  assert.deepEqual(late, []);
});

test("a page whose clock is set back does not wait until the old time comes again", () => {
  const { socket, codes } = watched();
  socket.hear({ type: "beat", at: 0 });
  const real = Date.now;
  mock.method(Date, "now", () => real() - 3_600_000);
  mock.timers.tick(500);
  assert.deepEqual(codes, [SILENT]);
  mock.restoreAll();
});

test("a server without beats is not expected to have any", () => {
  const { socket, codes } = watched();
  socket.hear({ type: "snapshot_taken" });
  mock.timers.tick(60_000);
  assert.deepEqual(codes, []);
});

test("a socket that closed by itself is not watched any more", () => {
  const { socket, codes } = watched();
  socket.hear({ type: "beat" });
  socket.lose(1006);
  mock.timers.tick(60_000);
  assert.deepEqual(codes, [1006]);
});
