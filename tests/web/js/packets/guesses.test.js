// Guesses outlive a reload, and no longer than their sandbox.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Guesses } from "../../../../static/js/packets/guesses.js";

function storage(before = {}) {
  const kept = { ...before };
  Object.defineProperties(kept, {
    getItem: { value: (key) => kept[key] ?? null },
    setItem: { value: (key, value) => (kept[key] = value) },
    removeItem: { value: (key) => delete kept[key] },
  });
  return kept;
}

const full = new Proxy(
  {},
  {
    get: () => () => {
      throw new Error("QuotaExceededError");
    },
  },
);

test("what was guessed and measured is there after a reload", () => {
  const browser = storage();
  const guesses = new Guesses(browser, "a.1");
  guesses.set("by_address h1 outside", "yes");
  guesses.measured("g1");
  const later = new Guesses(browser, "a.1");
  assert.equal(later.get("by_address h1 outside"), "yes");
  assert.equal(later.asked, "g1");
  assert.equal(new Guesses(browser, "a.2").get("by_address h1 outside"), "");
});

test("another sandbox's go when this one's are kept, and other keys stay", () => {
  const browser = storage({ theme: "dark" });
  new Guesses(browser, "a.1").set("x", "no");
  new Guesses(browser, "b.1").set("x", "yes");
  assert.deepEqual(Object.keys(browser).sort(), ["reach:b.1", "theme"]);
});

test("nonsense, a full store, and none at all are no trouble", () => {
  for (const found of ["{", "null", '{"guesses":{"x":"<b>"}}', '{"guesses":7}'])
    assert.equal(new Guesses(storage({ "reach:a.1": found }), "a.1").get("x"), "");
  for (const none of [full, undefined]) {
    const guesses = new Guesses(none, "a.1");
    guesses.set("x", "yes");
    assert.equal(guesses.get("x"), "yes");
  }
});
