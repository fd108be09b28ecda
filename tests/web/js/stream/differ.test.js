// The page's differ gives the answers of the node's: tests/network/differ.json is read by both (tests/network/test_differ.py).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { byKey, diff } from "../../../../static/js/stream/differ.js";

const { cases } = JSON.parse(readFileSync(new URL("../../../network/differ.json", import.meta.url), "utf8"));

const seen = (told) => told && { ...told, lines: told.lines.map(([key, text]) => ({ key, text })) };

for (const { name, before, after, added, changed, passing, removed } of cases) {
  test(`golden: ${name}`, () => {
    const found = diff(seen(before) ?? undefined, seen(after));
    const texts = found.removed.map((line) => line.text);
    assert.deepEqual({ ...found, removed: texts }, { added, changed, passing, removed });
  });
}

test("lines are known by the key that the differ tells", () => {
  const lines = [
    { key: "", text: "no key" },
    { key: "a", text: "1" },
    { key: "comment:nat", text: "# now" },
    { key: "a", text: "2" },
  ];
  const found = byKey({ lines });
  assert.deepEqual([...found.keys()], ["no key", "a"]);
  assert.deepEqual(
    found.get("a").map((line) => line.text),
    ["1", "2"],
  );
});

test("a key named like something every object has is a key like others", () => {
  const lines = (text) => ({ lines: [{ key: "constructor:x", text }] });
  assert.deepEqual(diff(lines("1"), lines("2")).changed, ["constructor:x"]);
});
