// The watch over a silent socket: what a page does when the server hangs, the network swallows everything or the machine slept.

import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { FakeSocket } from "../page.js";

globalThis.WebSocket = /** @type {any} */ (FakeSocket);
const { LONGEST_SILENCE, SILENT, watchSilence } = await import("../../../../static/js/stream/heartbeat.js");

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval", "Date"] });
});

function watched() {
  const socket = new FakeSocket("/ws/");
  const codes = [];
  const isBeat = watchSilence(/** @type {any} */ (socket));
  socket.onmessage = ({ data }) => isBeat(JSON.parse(data));
  socket.onclose = ({ code }) => codes.push(code);
  socket.open();
  return { socket, codes };
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
