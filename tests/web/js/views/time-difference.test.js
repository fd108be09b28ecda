// What differs between two moments, written out: what lasts comes first and is open, each view under the name of its row.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, textsOf } from "../page.js";
import { tables } from "../tables.js";

const { tell } = await import("../../../../static/js/page/tables.js");
const { written } = await import("../../../../static/js/views/time-difference.js");

const differing = (view, facts = {}) => ({ view, added: [], removed: [], changed: [], ...facts });
const place = (views, facts = {}) => ({ place: "h1", fate: "both", views, ...facts });
const shown = (...places) => {
  const page = openPage("<div></div>").firstElementChild;
  page.append(...written(places));
  return page;
};
const names = (page) => [...page.querySelectorAll(".differs-view > summary")].map((one) => one.firstChild.textContent);
const open = (page) => [...page.querySelectorAll(".differs-view[open] > summary")].map((one) => one.firstChild.textContent);
const one = { added: [["a line"]] };

test("nothing that differs is said in a sentence", () => {
  assert.deepEqual(textsOf(shown(), ".empty"), ["Nothing differs, but for counters and timers."]);
});

test("the daemon's names come first, then what lasts in the order of the table, then what passes", () => {
  const views = ["calls", "fdb", "routes", "connections", "docker", "nat", "interfaces"].map((view) => differing(view, one));
  const page = shown(place(views));
  assert.deepEqual(names(page).slice(0, 5), ["Docker's names", "interfaces", "routes", "NAT", "bridge FDB"]);
  assert.deepEqual(names(page).slice(5).sort(), ["calls", "connections"]);
});

test("what lasts is open, what passes is folded", () => {
  const page = shown(place([differing("routes", one), differing("neighbours", one), differing("docker", one)]));
  assert.deepEqual(open(page), ["Docker's names", "routes"]);
});

test("a view has the name of its row, and its own where it has none", () => {
  const page = shown(place([differing("raw", one), differing("unheard-of", one)]));
  assert.deepEqual(names(page), ["what else netfilter holds", "unheard-of"]);
});

test("a view that only the table names is one of those that last", (about) => {
  tell("views", [
    ...tables.views,
    { view: "policies", name: "policy rules", heading: "", tab: "Policies", lasts: true, owned: true },
  ]);
  about.after(() => tell("views", tables.views));
  const page = shown(place([differing("frames", one), differing("policies", one)]));
  assert.deepEqual([names(page), open(page)], [["policy rules", "frames"], ["policy rules"]]);
});

test("what was removed, changed and added stands in that order with its sign", () => {
  const facts = { added: [["new"]], removed: [["old"]], changed: [[["was"], ["is"]]] };
  const page = shown(place([differing("routes", facts)]));
  assert.deepEqual(textsOf(page, "code"), ["old", "was", "is", "new"]);
  assert.deepEqual(textsOf(page, ".sign"), ["−", "−", "+", "+"]);
  assert.deepEqual(textsOf(page, ".differs > summary small"), ["1 added, 1 removed, 1 changed"]);
});

test("a place that came or went says so instead of counting", () => {
  const page = shown(place([differing("routes", one)], { fate: "added" }), place([], { place: "h1/web", fate: "removed" }));
  assert.deepEqual(textsOf(page, ".differs > summary small"), ["appeared", "went"]);
});

test("more lines than one reads are left out, and that is said", () => {
  const lines = Array.from({ length: 500 }, (_, number) => [`line ${number}`]);
  const page = shown(place([differing("routes", { added: lines })]));
  assert.equal(page.querySelectorAll("code").length, 400);
  assert.deepEqual(textsOf(page, ".empty"), ["More than 400 lines differ; the rest is not shown here."]);
});
