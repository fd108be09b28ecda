// <live-comparison>: hears that there is something new, fetches it once in a while, and leaves alone what a reader has opened.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, heard, lastSocket, openPage, server, settled, sockets, textOf, wait } from "../page.js";

const { LiveComparison, renew } = await import("../../../../static/js/comparison/live-comparison.js");
customElements.define("live-comparison", LiveComparison);

const page = (parts, state = "running") =>
  `<live-comparison data-state="${state}" data-comparison="7" data-table="/compare/7/?part=table"><button data-stop>Stop</button>${parts}</live-comparison>`;
const part = (name, words) => `<p data-part="${name}">${words}</p>`;

function shown(parts = part("a", "waiting") + part("b", "waiting"), state = "running") {
  return openPage(page(parts, state)).querySelector("live-comparison");
}
const hear = (message) => lastSocket().hear(message);
const answers = (html) => {
  server.answer = () => new Response(html);
};
const moved = { type: "column_moved", column: "bridge", state: "ready", phase: "", version: 1 };

test("what is told is fetched; what is the same stays the same element", async () => {
  const comparison = shown();
  const [a, b] = comparison.querySelectorAll("[data-part]");
  const renewed = heard(comparison, "renewed");
  answers(part("a", "done") + part("b", "waiting"));
  hear(moved);
  wait(1);
  await settled();
  assert.deepEqual(server.asked, ["/compare/7/?part=table"]);
  assert.equal(textOf(comparison.querySelector("[data-part=a]")), "done");
  assert.notEqual(comparison.querySelector("[data-part=a]"), a);
  assert.equal(comparison.querySelector("[data-part=b]"), b);
  assert.equal(renewed.length, 1);
});

test("however much is told, it is fetched twice in a second at most", async () => {
  shown();
  answers("");
  for (let at = 0; at < 20; at += 1) {
    hear(moved);
    wait(50);
    await settled();
  }
  assert.ok(server.asked.length <= 3, `${server.asked.length}`);
});

test("a fetch that failed is tried again, so that nothing told is missed", async () => {
  const comparison = shown();
  server.answer = () => new Response("", { status: 502 });
  hear(moved);
  wait(1);
  await settled();
  answers(part("a", "done"));
  wait(2_000);
  await settled();
  assert.equal(textOf(comparison.querySelector("[data-part=a]")), "done");
});

test("the end is read out, and there is nothing more to stop", async () => {
  const comparison = shown();
  answers("");
  hear({ type: "comparison_changed", state: "done" });
  assert.equal(comparison.querySelector("[data-stop]"), null);
  assert.equal(announced(), "The comparison is complete.");
  const other = shown();
  hear({ type: "comparison_changed", state: "stopped" });
  assert.equal(announced(), "The comparison was stopped.");
  assert.equal(other.dataset.state, "stopped");
});

test("a lost connection is tried again; one that ended, is forbidden or gone is not", () => {
  for (const [code, tries] of [
    [1006, 2],
    [1000, 1],
    [4403, 1],
    [4404, 1],
  ]) {
    shown();
    lastSocket().lose(code);
    wait(10_000);
    assert.equal(sockets.length, tries, `${code}`);
  }
});

test("a comparison that is over opens no socket, and one that leaves the page closes it", () => {
  shown("", "done");
  assert.equal(sockets.length, 0);
  shown().remove();
  assert.equal(lastSocket().readyState, 3);
  wait(10_000);
  assert.equal(sockets.length, 1);
});

const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

test("what a reader has folded stays folded, what came open or closed by itself follows the server", () => {
  const main = openPage('<details data-part="x" data-open="open" open>old</details><details data-part="y">old</details>');
  const [x, y] = main.children;
  x.open = false; // the reader's own doing
  const known = new Map();
  renew(
    main,
    parsed('<details data-part="x" data-open="open" open>new</details><details data-part="y" open>new</details>'),
    known,
  );
  assert.deepEqual(
    [...main.children].map((one) => [one.textContent, one.open]),
    [
      ["new", false],
      ["new", true],
    ],
  );
  assert.notEqual(main.children[1], y);
});

test("a box that a reader ticked stays ticked", () => {
  const main = openPage('<div data-part="x"><input type="checkbox" data-keep></div>');
  main.querySelector("input").checked = true;
  renew(main, parsed('<div data-part="x">new <input type="checkbox" data-keep></div>'), new Map());
  assert.equal(main.querySelector("input").checked, true);
});

test("a part that was fetched before, and is the same, is not put in again over what the reader did", () => {
  const main = openPage('<p data-part="x">old</p>');
  const known = new Map();
  renew(main, parsed('<p data-part="x">new</p>'), known);
  main.querySelector("p").textContent = "selected";
  renew(main, parsed('<p data-part="x">new</p>'), known);
  assert.equal(textOf(main), "selected");
});
