// What every page does: the theme, printing, and sentences from the server that no part of the page shows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, toasts } from "../page.js";

let visits = 0;
async function shown(html = "") {
  document.documentElement.removeAttribute("data-theme");
  openPage(html);
  visits += 1;
  if (visits > 1) customElements.define = () => {};
  await import(`../../../../static/js/app.js?visit=${visits}`);
}

test("the theme is turned over and remembered", async () => {
  await shown("<button data-theme-toggle>Theme</button>");
  const toggle = document.querySelector("[data-theme-toggle]");
  toggle.click();
  assert.equal(document.documentElement.dataset.theme, "night");
  assert.equal(localStorage.getItem("theme"), "dark");
  toggle.click();
  assert.equal(document.documentElement.dataset.theme, "day");
  assert.equal(localStorage.getItem("theme"), "light");
});

test("a button to print appears where a script can print", async () => {
  await shown("<button data-print-page hidden>Print</button>");
  let printed = 0;
  globalThis.window.print = () => {
    printed += 1;
  };
  const button = document.querySelector("[data-print-page]");
  assert.equal(button.hidden, false);
  button.click();
  assert.equal(printed, 1);
});

const answered = (more) => {
  const xhr = { status: 409, responseText: "<p>Not <b>now</b>.</p><p>x</p>", getResponseHeader: () => null, ...more.xhr };
  const elt = { getAttribute: () => more.swap ?? "none" };
  document.body.dispatchEvent(
    new CustomEvent("htmx:afterRequest", { detail: { successful: more.successful ?? false, xhr, requestConfig: { elt } } }),
  );
};

test("a refusal that is swapped in nowhere is said, as text", async () => {
  await shown();
  answered({});
  answered({ swap: "outerHTML", xhr: { getResponseHeader: () => "none" } });
  assert.deepEqual(toasts(), ["Not now.", "Not now."]);
});

test("what was taken, what is swapped in, and what never left says nothing here", async () => {
  await shown();
  answered({ successful: true });
  answered({ swap: "outerHTML" });
  answered({ xhr: { status: 0 } });
  assert.deepEqual(toasts(), []);
});

test("an answer without a sentence, and no answer at all, each have ours", async () => {
  await shown();
  answered({ xhr: { responseText: "" } });
  document.body.dispatchEvent(new CustomEvent("htmx:sendError"));
  assert.match(toasts()[0], /^The page could not reach the server/);
  assert.match(toasts()[1], /^The server does not answer\. Nothing was changed/);
});
