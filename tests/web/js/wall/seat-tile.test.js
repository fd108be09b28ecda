// <seat-tile>: one seat on its own page: a sentence that is kept true, and the parts that changed fetched.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lastSocket, NOW, openPage, sockets, textOf, wait } from "../page.js";

const { SeatTile } = await import("../../../../static/js/wall/seat-tile.js");
customElements.define("seat-tile", SeatTile);

const tile = (more = {}) => ({
  n: "Ada", l: "Bridge", t: "x", i: 1, o: 3, d: 0, c: 2, r: "", p: 0, w: "live", x: "1", z: "ready", a: NOW / 1000, e: "", f: 0,
  h: 0, q: 1, v: 0, b: 0, k: "", ...more,
}); // biome-ignore format: one row of letters, as on the wire

function shown(facts = "") {
  const fetched = [];
  globalThis.htmx = { ajax: (_verb, url, how) => fetched.push([new URL(url, "https://x").search, how.target]) };
  const main = openPage(`<seat-tile data-live data-class="7" data-seat="a" data-here="/teach/7/seats/a/" ${facts}>
    <p class="seat-now">As it was.</p><button class="seat-helped" hidden>Helped</button></seat-tile>`);
  const seat = main.querySelector("seat-tile");
  hear({ a: tile() }, { whole: true });
  return { seat, fetched, now: () => textOf(seat.querySelector(".seat-now")) };
}
const hear = (tiles, more = {}) => lastSocket().hear({ type: "wall", tiles, ...more });

test("the seat is said in one sentence, which time keeps true", () => {
  const { now } = shown();
  assert.equal(lastSocket().url, "wss://explorer.test/ws/wall/7/?seat=a");
  assert.equal(now(), "Last sign just now.");
  wait(65_000);
  assert.equal(now(), "Last sign 1 min ago.");
});

test("who asks for help is marked, and can be marked as helped", () => {
  const { seat, now } = shown();
  hear({ a: { h: Date.now() / 1000 } });
  assert.match(now(), /^Asked for help just now/);
  assert.equal(seat.classList.contains("help"), true);
  assert.equal(seat.querySelector(".seat-helped").hidden, false);
  hear({ a: { h: 0 } });
  assert.equal(seat.querySelector(".seat-helped").hidden, true);
});

test("progress has its part fetched, a sign of life alone has nothing fetched", () => {
  const { fetched } = shown();
  assert.deepEqual(fetched, []);
  hear({ a: { a: NOW / 1000 + 9 } });
  assert.deepEqual(fetched, []);
  hear({ a: { d: 1 } });
  assert.deepEqual(fetched, [["?part=progress", "#seat-progress"]]);
});

test("another sandbox has its part fetched; so has an invitation, where terminals could not be read before", () => {
  const { fetched } = shown();
  hear({ a: { x: "2" } });
  hear({ a: { v: 1 } });
  assert.deepEqual(fetched, Array(2).fill(["?part=sandbox", "#sandbox"]));
  const readable = shown("data-readable");
  hear({ a: { v: 1 } });
  assert.deepEqual(readable.fetched, []);
});

test("a seat that was removed says so", () => {
  const { now } = shown();
  hear({ a: null });
  assert.equal(now(), "This seat was removed from the class.");
});

test("a lost connection is said, and over with the next whole picture", () => {
  const { now } = shown();
  lastSocket().lose();
  assert.match(now(), /^Reconnecting/);
  wait(10_000);
  hear({ a: tile() }, { whole: true });
  assert.match(now(), /^Last sign/);
});

test("a seat of a class that is over has no socket", () => {
  openPage('<seat-tile data-class="7" data-seat="a"></seat-tile>');
  assert.equal(sockets.length, 0);
});
