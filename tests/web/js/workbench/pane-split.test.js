// <pane-split>: panes made wider and narrower by keys and by dragging, within bounds; and the phone's switch between panes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { key, openPage, textsOf, wait } from "../page.js";

const { PaneSplit, showPane, watchPanes } = await import("../../../../static/js/workbench/pane-split.js");
customElements.define("pane-split", PaneSplit);

function shown(facts = "", size = 300) {
  const main = openPage();
  document.documentElement.style.removeProperty("--lesson");
  const first = document.createElement("div");
  const last = document.createElement("div");
  for (const one of [first, last]) one.getBoundingClientRect = () => ({ width: size, height: size });
  main.innerHTML = `<pane-split data-variable="--lesson" data-least="200" data-most="500" ${facts}></pane-split>`;
  const split = main.firstChild;
  main.prepend(first);
  main.append(last);
  wait(16);
  return split;
}
const size = () => document.documentElement.style.getPropertyValue("--lesson");
const now = (split) => split.getAttribute("aria-valuenow");

test("it says how wide the pane before it is", () => {
  assert.equal(now(shown()), "300");
});

test("arrows make the pane wider and narrower, and that is remembered", () => {
  const split = shown();
  assert.equal(key(split, "ArrowRight").defaultPrevented, true);
  assert.equal(size(), "324px");
  assert.equal(localStorage.getItem("split--lesson"), "324");
  key(split, "ArrowLeft");
  assert.equal(size(), "276px");
  assert.equal(now(split), "276");
});

test("a pane is never narrower or wider than it may be, and never leaves the window", () => {
  const split = shown();
  split.set(1);
  assert.equal(size(), "200px");
  split.set(10_000);
  assert.equal(size(), "500px");
  assert.deepEqual([split.getAttribute("aria-valuemin"), split.getAttribute("aria-valuemax")], ["200", "500"]);
});

test("one that counts from the end grows the other way; a flat one has the keys for up and down", () => {
  const split = shown('data-from="end" aria-orientation="horizontal"');
  key(split, "ArrowDown");
  assert.equal(size(), "276px");
  key(split, "ArrowUp");
  assert.equal(size(), "324px");
  assert.equal(key(split, "ArrowRight").defaultPrevented, false);
});

test("Enter and a double click give the page's own size back", () => {
  const split = shown();
  split.set(400);
  key(split, "Enter");
  assert.equal(size(), "");
  split.set(400);
  split.dispatchEvent(new MouseEvent("dblclick"));
  assert.equal(size(), "");
});

test("the size of the last visit is there again", () => {
  const split = shown();
  split.set(411);
  const again = document.createElement("pane-split");
  again.dataset.variable = "--lesson";
  document.documentElement.style.removeProperty("--lesson");
  document.querySelector("main").append(again);
  assert.equal(size(), "411px");
});

test("dragging moves it with the pointer, until it is let go", () => {
  const split = shown();
  split.setPointerCapture = () => {};
  const pointer = (name, x) =>
    split.dispatchEvent(Object.assign(new MouseEvent(name, { clientX: x, cancelable: true }), { pointerId: 1 }));
  pointer("pointerdown", 100);
  pointer("pointermove", 150);
  assert.equal(size(), "350px");
  pointer("lostpointercapture", 150);
  pointer("pointermove", 200);
  assert.equal(size(), "350px");
});

test("on a phone one pane is shown, and the button of it is pressed", () => {
  openPage(`<div class="workbench" data-show="lesson"></div><nav class="pane-switch">
    <button data-pane="lesson" aria-pressed="true">Lesson</button><button data-pane="terminal">Terminal</button></nav>`);
  watchPanes();
  document.querySelector("[data-pane=terminal]").click();
  assert.equal(document.querySelector(".workbench").dataset.show, "terminal");
  assert.deepEqual(textsOf(document.body, "[aria-pressed=true]"), ["Terminal"]);
  showPane("lesson");
  assert.deepEqual(textsOf(document.body, "[aria-pressed=true]"), ["Lesson"]);
});
