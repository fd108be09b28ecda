// An instructor's pages: times by the reader's own clock, and lessons put in order by buttons.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, buttonOf, openPage, press, textOf, textsOf } from "../page.js";

process.env.TZ = "Europe/Berlin";
let visits = 0;
async function shown(html) {
  const main = openPage(html);
  visits += 1;
  await import(`../../../../static/js/teach.js?visit=${visits}`);
  return main;
}

test("a time is written by the reader's own clock", async () => {
  const main = await shown('<time data-local datetime="2026-11-29T12:00:00Z">12:00 UTC</time>');
  assert.match(textOf(main.querySelector("time")), /1:00|13:00/);
});

test("a form's time and zone become the reader's own; a zone that was chosen stays", async () => {
  const form = (zone) => `<input name="zone" value="${zone}"><input name="ends_at" value="2026-11-29T12:00"><b data-zone></b>`;
  const main = await shown(form(""));
  assert.equal(main.querySelector("[name=ends_at]").value, "2026-11-29T13:00");
  assert.equal(textOf(main.querySelector("[data-zone]")), "Europe/Berlin");
  const chosen = await shown(form("Asia/Tokyo"));
  assert.equal(chosen.querySelector("[name=ends_at]").value, "2026-11-29T12:00");
  assert.equal(textOf(chosen.querySelector("[data-zone]")), "Asia/Tokyo");
});

const ORDER = `<div data-lesson-order><ol>${["a", "b", "c"]
  .map((name, at) => `<li><span>${name}</span><input type="number" value="${at + 1}"></li>`)
  .join("")}</ol></div>`;
const order = (main) =>
  [...main.querySelectorAll("li")].map((one) => textOf(one.querySelector("span")) + one.querySelector("input").value);

test("lessons go earlier and later, their numbers go along, the keyboard stays, and the place is said", async () => {
  const main = await shown(ORDER);
  const second = main.querySelectorAll("li")[1];
  press(second, "Earlier");
  assert.deepEqual(order(main), ["b1", "a2", "c3"]);
  assert.equal(document.activeElement, buttonOf(second, "Earlier"));
  assert.equal(announced(), "Now at place 1");
  press(second, "Later");
  press(second, "Later");
  assert.deepEqual(order(main), ["a1", "c2", "b3"]);
});

test("the first goes no earlier and the last no later", async () => {
  const main = await shown(ORDER);
  press(main.querySelector("li"), "Earlier");
  press(main.querySelectorAll("li")[2], "Later");
  assert.deepEqual(order(main), ["a1", "b2", "c3"]);
  assert.equal(textsOf(main, "li button").length, 6);
});
