import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, classes, flag, fold, inOneSentence, railMarks, SHOWN, since } from "../../../../static/js/wall/words.js";

const tile = (/** @type {object} */ parts) => ({
  ...{ n: "Ana", l: "Bridge", t: "Start", i: 1, o: 7, d: 0, c: 2, r: "Odo", p: 0, w: "live", x: "b1", z: "live" },
  ...{ a: 100, e: "", f: 0, h: 0, q: 1, v: 0, b: 0, k: "" },
  ...parts,
});

test("differences fold to the whole picture", () => {
  const tiles = new Map();
  fold(tiles, { type: "wall", whole: true, tiles: { a: tile({}), b: tile({ n: "Ben" }) } });
  const changed = fold(tiles, { type: "wall", tiles: { a: { d: 1 }, b: null, c: tile({ n: "Cem" }) } });
  assert.deepEqual([...tiles.keys()], ["a", "c"]);
  assert.equal(tiles.get("a").d, 1);
  assert.equal(tiles.get("a").n, "Ana");
  assert.deepEqual(changed.get("a"), ["d"]);
  assert.equal(changed.get("b"), null);
});

test("a whole picture replaces what was there, and only what is different counts as changed", () => {
  const tiles = new Map();
  fold(tiles, { type: "wall", whole: true, tiles: { a: tile({}), b: tile({}) } });
  const changed = fold(tiles, { type: "wall", whole: true, tiles: { a: tile({ h: 5 }) } });
  assert.deepEqual(
    [...changed],
    [
      ["b", null],
      ["a", ["h"]],
    ],
  );
});

const some = new Map([
  ["a", tile({ n: "Ana" })],
  ["b", tile({ n: "ben", h: 50, p: 9, a: 5, z: "none" })],
  ["c", tile({ n: "Cem", k: "why", q: 0, i: 3, a: 1 })],
]);

test("the order is the server's", () => {
  const of = (/** @type {string} */ sort) => arrange(some, sort, "all").join("");
  assert.deepEqual(["help", "name", "progress", "idle", "nonsense"].map(of), ["bca", "abc", "bca", "cba", "bca"]);
});

test("the choice is the server's", () => {
  const of = (/** @type {string} */ show) => arrange(some, "help", show).join("");
  assert.deepEqual(Object.keys(SHOWN).map(of), ["bca", "b", "c", "c", "b"]);
});

test("words", () => {
  assert.deepEqual([0, 9, 45, 60, 5399, 7200].map(since), ["now", "now", "40 s", "1 min", "89 min", "2 h"]);
  assert.equal(flag(tile({ h: 40, q: 0 }), 100), "help, 1 min");
  assert.equal(flag(tile({ q: 0 }), 100), "away");
  assert.equal(classes(tile({ h: 40, k: "why" })), "tone-live help stuck");
  assert.deepEqual(railMarks("doDO"), ["done", "open", "done here", "open here"]);
  assert.equal(inOneSentence(tile({ h: 99 }), 220), "Asked for help 2 min ago; last sign 2 min ago.");
  assert.equal(inOneSentence(tile({ q: 0, v: 1 }), 220), "Away; invites you to type; last sign 2 min ago.");
});
