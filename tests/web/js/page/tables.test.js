// The tables that a page carries: read from its script element, once; without one there is nothing to show.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openPage } from "../page.js";
import { tables } from "../tables.js";

const { rowOf, tell, views } = await import("../../../../static/js/page/tables.js");
const carrying = (rows) => `<script id="table-views" type="application/json">${JSON.stringify(rows)}</script>`;
const toy = { view: "toys", name: "toys", heading: "toys", tab: "Toys", shown: "always", drawn: "table" };

beforeEach(() => tell("views", undefined));

test("a page that carries no table has no views, and may carry one later", () => {
  openPage();
  assert.deepEqual(views(), []);
  openPage(carrying([toy]));
  assert.deepEqual(views(), [toy]);
});

test("a table is read once, wherever the part of the page that brought it has gone", () => {
  openPage(carrying([toy]));
  assert.equal(views().length, 1);
  openPage();
  assert.equal(rowOf("toys")?.tab, "Toys");
});

test("a view that is in no table has no row", () => {
  openPage(carrying([toy]));
  assert.equal(rowOf("interfaces"), undefined);
});

test("what a test tells goes before what the page carries", () => {
  tell("views", tables.views);
  openPage(carrying([toy]));
  assert.equal(rowOf("toys"), undefined);
  assert.equal(rowOf("nat")?.heading, "nat table");
});
