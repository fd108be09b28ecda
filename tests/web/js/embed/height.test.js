// An embedded lesson tells the page around it how high it would like to be: only sites that may show it, and only when it changes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "../page.js";

const { tellHeight } = await import("../../../../static/js/embed/height.js");

const SITES = ["https://a.test", "https://b.test"];
function embedded({ outer = "", step = 500, live = false } = {}) {
  const told = [];
  globalThis.parent = { postMessage: (message, site) => told.push([site, message.height, message.type]) };
  Object.defineProperty(document, "referrer", { configurable: true, value: outer });
  openPage(`<header class="embed-head"></header><article id="step"></article>${live ? "<live-sandbox></live-sandbox>" : ""}`);
  const set = (height) =>
    Object.defineProperty(document.getElementById("step"), "offsetHeight", { configurable: true, value: height });
  set(step);
  tellHeight(SITES);
  const settle = (height) => {
    set(height);
    document.body.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  };
  return { told, settle };
}
const heights = (told) => told.map(([, height]) => height);

test("the site around it is told, and no other", () => {
  assert.deepEqual(embedded({ outer: "https://b.test/course/" }).told, [["https://b.test", 524, "explorer-height"]]);
  assert.deepEqual(embedded({ outer: "https://stranger.test/" }).told, []);
});

test("where the browser does not say who is around, all that may be are told: one of them can hear it", () => {
  assert.deepEqual(
    embedded().told.map(([site]) => site),
    SITES,
  );
});

test("it is told again when it changes, and only then", () => {
  const { told, settle } = embedded({ outer: "https://a.test/" });
  settle(500);
  settle(700);
  assert.deepEqual(heights(told), [524, 724]);
});

test("a short step still has room, a long one scrolls, and a live one needs more", () => {
  assert.deepEqual(heights(embedded({ outer: "https://a.test/", step: 10 }).told), [480]);
  assert.deepEqual(heights(embedded({ outer: "https://a.test/", step: 5_000 }).told), [900]);
  assert.deepEqual(heights(embedded({ outer: "https://a.test/", step: 10, live: true }).told), [640]);
});

test("a page that is not embedded tells nobody", () => {
  const told = [];
  globalThis.parent = globalThis.window;
  globalThis.window.postMessage = (message) => told.push(message);
  openPage('<article id="step"></article>');
  tellHeight(SITES);
  assert.deepEqual(told, []);
});
