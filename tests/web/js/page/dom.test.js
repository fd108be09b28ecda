// What the page's parts are made of: text that stays text, rows that arrows walk, what is remembered, what is said and copied.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, key, openPage, press, settled, textOf, textsOf, toasts, wait } from "../page.js";

const { announce, make, prose, refill, remember, remembered, rove, storage, svg } = await import(
  "../../../../static/js/page/dom.js"
);
const { toast } = await import("../../../../static/js/page/toast.js");
await import("../../../../static/js/page/copy.js");

test("what is made of text is text", () => {
  const made = make("p", "lead", "<b>x</b>");
  assert.equal(made.outerHTML, '<p class="lead">&lt;b&gt;x&lt;/b&gt;</p>');
  assert.equal(make("p").outerHTML, "<p></p>");
  const drawn = svg("text", { x: 1 }, "<b>");
  assert.equal(drawn.namespaceURI, "http://www.w3.org/2000/svg");
  assert.equal(drawn.getAttribute("x"), "1");
  assert.equal(drawn.childElementCount, 0);
});

test("a lesson's sentence keeps the tags of text, without attributes, and nothing that acts", () => {
  const box = make("div");
  box.append(
    prose(
      '<p onclick="x()">Run <code class="y">ip</code><script>alert(1)</script><svg><a href="/">go</a></svg><ul><li>one</li></ul></p>',
    ),
  );
  assert.equal(box.querySelector("script, svg, a, [onclick], [class]"), null);
  assert.deepEqual(textsOf(box, "code, li"), ["ip", "one"]);
});

const row = (options) => {
  const main = openPage(
    '<div><button tabindex="0">a</button><button tabindex="-1">b</button><button tabindex="-1">c</button></div>',
  );
  const pressed = [];
  for (const one of main.querySelectorAll("button")) one.addEventListener("click", () => pressed.push(one.textContent));
  rove(main.firstChild, "button", options);
  main.querySelector("button").focus();
  const go = (name) => {
    const event = key(document.activeElement, name);
    return [document.activeElement.textContent, event.defaultPrevented];
  };
  return { go, pressed, main };
};

test("arrows walk along a row and around its ends; Home and End jump; other keys are left alone", () => {
  const { go, pressed, main } = row();
  assert.deepEqual(go("ArrowRight"), ["b", true]);
  assert.deepEqual(go("ArrowLeft"), ["a", true]);
  assert.deepEqual(go("ArrowLeft"), ["c", true]);
  assert.deepEqual(go("ArrowRight"), ["a", true]);
  assert.deepEqual(go("End"), ["c", true]);
  assert.deepEqual(go("Home"), ["a", true]);
  assert.deepEqual(go("ArrowDown"), ["a", false]);
  assert.deepEqual(go("x"), ["a", false]);
  assert.deepEqual(pressed, []);
  go("End");
  assert.deepEqual(
    [...main.querySelectorAll("button")].map((one) => one.tabIndex),
    [-1, -1, 0],
  );
});

test("a column is walked up and down, and a row of choices is chosen while it is walked", () => {
  const column = row({ vertical: true });
  assert.deepEqual(column.go("ArrowDown"), ["b", true]);
  assert.deepEqual(column.go("ArrowRight"), ["b", false]);
  const choices = row({ activate: true });
  choices.go("ArrowRight");
  choices.go("ArrowRight");
  assert.deepEqual(choices.pressed, ["b", "c"]);
});

test("a key in a row where none of its things has the focus is left alone", () => {
  const { main } = row();
  main.querySelector("button").blur();
  assert.equal(key(main.firstChild, "ArrowRight").defaultPrevented, false);
});

test("a row that is filled anew brings another chosen one into sight, and stays where it is otherwise", () => {
  const main = openPage("<div></div>");
  const box = main.firstChild;
  const boxes = (left) => ({ left, right: left + 50, width: 100 });
  box.getBoundingClientRect = () => ({ left: 0, right: 100, width: 100 });
  const buttons = ["a", "b", "c"].map((text, at) => {
    const one = make("button", "", text);
    one.getBoundingClientRect = () => boxes(at * 60);
    return one;
  });
  refill(box, buttons, 0);
  assert.equal(box.scrollLeft, 0);
  refill(box, buttons, 2);
  assert.ok(box.scrollLeft > 50);
  box.scrollLeft = 7;
  refill(box, buttons, 2);
  assert.equal(box.scrollLeft, 7);
});

test("what is remembered is there again; a browser that keeps nothing is no trouble", () => {
  openPage();
  assert.equal(remembered("k", "otherwise"), "otherwise");
  remember("k", "kept");
  assert.equal(remembered("k", "otherwise"), "kept");
  const kept = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      throw new Error("private window");
    },
  });
  assert.doesNotThrow(() => remember("k", "x"));
  assert.equal(remembered("k", "otherwise"), "otherwise");
  assert.equal(storage(), undefined);
  Object.defineProperty(globalThis, "localStorage", kept);
});

test("the same sentence is read out again when it is said again", () => {
  openPage();
  announce("Done.");
  assert.equal(announced(), "Done.");
  announce("Done.");
  assert.equal(textOf(document.getElementById("announce")), "", "emptied first, or a screen reader hears nothing new");
  assert.equal(announced(), "Done.");
});

test("sentences in the corner come and go, three at most, and can be dismissed", () => {
  openPage();
  for (const words of ["a", "b", "c", "<i>d</i>"]) toast(words);
  assert.deepEqual(toasts(), ["b", "c", "<i>d</i>"]);
  press(document.querySelector(".toast-note"), "Dismiss");
  assert.deepEqual(toasts(), ["c", "<i>d</i>"]);
  wait(8_000);
  assert.deepEqual(toasts(), []);
});

test("a button copies its field, says so, and says what to do where it cannot", async () => {
  const main = openPage('<input id="code" value="abc"><button data-copy="code">Copy</button>');
  const copied = [];
  Object.defineProperty(navigator, "clipboard", {
    configurable: true,
    value: { writeText: async (text) => copied.push(text) },
  });
  press(main, "Copy");
  await settled();
  assert.deepEqual(copied, ["abc"]);
  assert.equal(announced(), "Copied");
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
  document.execCommand = () => false;
  press(main, "Copied");
  await settled();
  assert.equal(textOf(main.querySelector("button")), "Select it and copy by hand");
});
