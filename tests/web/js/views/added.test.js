// The page's answer to "what did this add" is the one in added.json, which `tests/network/test_added.py` holds Python to.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Store } from "../../../../static/js/stream/store.js";
import { added, leftBehind, owners } from "../../../../static/js/views/added.js";
import "../tables.js";

const told = JSON.parse(readFileSync(new URL("../added.json", import.meta.url), "utf8"));
const store = new Store();
store.apply({ type: "snapshot_taken", number: 7, at: 1, resync: false, snapshot: told.snapshot });
const brief = (entry) => [entry.place, entry.kind, entry.key];

test("everybody, with how much", () => {
  assert.deepEqual(
    owners(store, "h1").map((one) => [one.owner, one.detail, one.count]),
    told.owners,
  );
});

for (const [owner, answer] of Object.entries(told.answers)) {
  test(`what ${owner} added`, () => {
    const found = added(store, "h1", owner);
    const same = {
      detail: found.detail,
      created: found.created,
      watched: found.watched,
      groups: Object.fromEntries(found.groups.map((group) => [group.cause, group.entries.map(brief)])),
      others: found.others.map((one) => [one.owner, one.count]),
      changed: found.changed.map(brief),
      unknown: found.unknown.map(brief),
      before: found.before.map(brief),
      notes: found.notes,
    };
    assert.deepEqual(same, answer);
    assert.deepEqual(Object.keys(same.groups), Object.keys(answer.groups)); // in this order
  });
}

test("what was left behind", () => {
  assert.deepEqual(leftBehind(store, store.gone[0]).map(brief), told.left);
});

test("one who goes is remembered, a few of them", () => {
  const other = new Store();
  const gone = { host: "h1", owner: "network:x", detail: "", at: 1, put: [], more: false };
  for (let number = 1; number <= 25; number += 1)
    other.apply({ type: "owner_gone", number, at: 1, gone: { ...gone, owner: `network:${number}` } });
  assert.equal(other.gone.length, 20);
  assert.equal(other.gone[19].owner, "network:25");
});

test("a namespace that its first container has left says so", () => {
  const snapshot = structuredClone(told.snapshot);
  snapshot.places["h1/twin"] = {
    ...snapshot.places["h1/same"],
    id: "h1/twin",
    name: "twin",
    netns: 77,
    shares: "",
    since: 1299,
  };
  const later = new Store();
  later.apply({ type: "snapshot_taken", number: 7, at: 1, resync: false, snapshot });
  const found = added(later, "h1", "container:twin");
  const entries = [...found.groups.flatMap((group) => group.entries), ...found.before];
  assert.match(entries[0].why, /^A namespace that twin still uses and that web has left/);
  assert.ok(!found.notes.some((note) => note.startsWith("No namespace of its own")));
});
