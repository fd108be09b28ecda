// What a learner said beforehand stays in the browser, and nothing breaks when it does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Guesses } from "../../../../static/js/comparison/kept-guesses.js";

/** A browser's storage, as far as it is used. */
function storage() {
  const kept = new Map();
  return new Proxy(
    {
      /** @param {string} key */
      getItem: (key) => kept.get(key) ?? null,
      /** @param {string} key @param {string} value */
      setItem: (key, value) => kept.set(key, value),
      /** @param {string} key */
      removeItem: (key) => kept.delete(key),
    },
    {
      ownKeys: () => [...kept.keys()],
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    },
  );
}

test("an answer is there again after a reload, and can be taken back", () => {
  const kept = /** @type {any} */ (storage());
  const before = new Guesses(kept, "c1");
  before.set("bridge by-name", "yes");
  before.set("none mac", "no");
  before.set("none mac", "");
  const after = new Guesses(kept, "c1");
  assert.equal(after.get("bridge by-name"), "yes");
  assert.equal(after.get("none mac"), "");
});

test("two comparisons know nothing of each other", () => {
  const kept = /** @type {any} */ (storage());
  new Guesses(kept, "c1").set("bridge mac", "yes");
  assert.equal(new Guesses(kept, "c2").all.size, 0);
});

test("the newest ten are kept, and the one that is answered now is among them", (context) => {
  context.mock.timers.enable({ apis: ["Date"] });
  const kept = /** @type {any} */ (storage());
  for (let number = 0; number < 14; number += 1) {
    context.mock.timers.tick(1000);
    new Guesses(kept, `c${number}`).set("bridge mac", "yes");
  }
  assert.equal(Object.keys(kept).length, 10);
  assert.equal(new Guesses(kept, "c13").get("bridge mac"), "yes");
  assert.equal(new Guesses(kept, "c3").get("bridge mac"), "");
});

test("what another program left there is not ours", () => {
  for (const text of [
    "nonsense",
    "[]",
    '{"guesses": 7}',
    '{"guesses": {"a b": {"x": 1}}}',
    `{"guesses": {"a b": "${"y".repeat(99)}"}}`,
  ]) {
    const kept = /** @type {any} */ (storage());
    kept.setItem("compare:c1", text);
    assert.equal(new Guesses(kept, "c1").all.size, 0);
  }
});

test("more than a comparison has is not read", () => {
  const kept = /** @type {any} */ (storage());
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, number) => [`c r${number}`, "yes"]));
  kept.setItem("compare:c1", JSON.stringify({ guesses: many }));
  assert.equal(new Guesses(kept, "c1").all.size, 200);
});

test("a browser that keeps nothing is no trouble", () => {
  const full = /** @type {any} */ ({
    getItem: () => {
      throw new Error("forbidden");
    },
    setItem: () => {
      throw new Error("full");
    },
  });
  for (const storage of [undefined, full]) {
    const guesses = new Guesses(storage, "c1");
    guesses.set("bridge mac", "yes");
    assert.equal(guesses.get("bridge mac"), "yes");
  }
});
