// How guesses fare against what was measured.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.HTMLElement ??= class {};
const { isYes, score } = await import("../../../../static/js/packets/reach-grid.js");

const told = (outcome) => ({ outcome, address: "", by: "", ms: null, why: "" });
const cell = (source, target, address, name) => ({ source, target, by_address: told(address), by_name: told(name) });
const grid = {
  places: ["a", "b"],
  cells: [cell("a", "b", "answered", "no-name"), cell("b", "a", "unmeasured", "answered")],
  left_out: [],
  at: 1,
  seconds: 1,
  error: "",
};

test("a stranger's answer is no yes, and what was not measured is neither", () => {
  assert.equal(isYes(told("answered")), true);
  for (const outcome of ["stranger", "one-way", "silent", "no-name"]) assert.equal(isYes(told(outcome)), false);
  assert.equal(isYes(told("unmeasured")), undefined);
});

test("only what was guessed and measured is scored", () => {
  const guesses = new Map([
    ["by_address a b", "yes"],
    ["by_address b a", "no"],
    ["by_name a b", "yes"],
  ]);
  assert.deepEqual(score(grid, "by_address", guesses), { guessed: 1, right: 1, yes: 1, cells: 2 });
  assert.deepEqual(score(grid, "by_name", guesses), { guessed: 1, right: 0, yes: 1, cells: 2 });
});
