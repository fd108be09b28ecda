// <class-seat>: hears that something of the class changed, has its bar fetched again, and reads out what is new in it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, heard, lastSocket, openPage, sockets, wait } from "../page.js";

const { ClassSeat, sayings } = await import("../../../../static/js/class/class-seat.js");
await import("../../../../static/js/class/acts.js");
customElements.define("class-seat", ClassSeat);

const bar = (inside = "", facts = "") => `<class-seat data-class="7 a" ${facts}>${inside}</class-seat>`;
function shown(inside, facts) {
  const seat = openPage(bar(inside, facts)).querySelector("class-seat");
  return { seat, changes: heard(seat, "class-changed") };
}
const settle = (seat) => seat.dispatchEvent(new CustomEvent("htmx:afterSettle"));

test("a change is passed on within half a second, several at once as one", () => {
  const { changes } = shown();
  assert.equal(lastSocket().url, "wss://explorer.test/ws/seat/7%20a/");
  for (let at = 0; at < 5; at += 1) lastSocket().hear({ type: "class_changed" });
  wait(400);
  assert.equal(changes.length, 1);
});

test("what changed while nobody listened is asked for when the connection is there again", () => {
  const { changes } = shown();
  lastSocket().open();
  wait(400);
  lastSocket().lose();
  wait(10_000);
  assert.equal(sockets.length, 2);
  lastSocket().open();
  wait(400);
  assert.equal(changes.length, 2);
});

test("who is taken out, or whose class is over, is told by the bar, and asks no more", () => {
  for (const code of [4403, 4404]) {
    const { changes } = shown();
    lastSocket().lose(code);
    wait(60_000);
    assert.equal(changes.length, 1);
    assert.equal(sockets.length, 1);
  }
});

test("a class that is over has no socket, and out of the page it is closed", () => {
  shown("", "data-over");
  assert.equal(sockets.length, 0);
  shown().seat.remove();
  assert.equal(lastSocket().readyState, 3);
  wait(60_000);
  assert.equal(sockets.length, 1);
});

test("what is new in the bar is read out, once; what was there is not", () => {
  const { seat } = shown('<p data-announce="hello">Welcome.</p>');
  seat.innerHTML += '<p data-announce="pause">The class is\n  paused.</p>';
  settle(seat);
  assert.equal(announced(), "The class is paused.");
  document.getElementById("announce").textContent = "";
  settle(seat);
  assert.equal(announced(), "");
});

test("what deserves to be heard is found by its word", () => {
  const { seat } = shown('<p data-announce="a"> one  two </p><p>three</p>');
  assert.deepEqual([...sayings(seat)], [["a", "one two"]]);
});

// --- an instructor's forms ---

const after = (form, successful) =>
  form.dispatchEvent(new CustomEvent("htmx:afterRequest", { detail: { elt: form, successful }, bubbles: true }));

test("words that were taken are gone from the field, which is ready for the next; others stay", () => {
  const main = openPage(
    '<form data-clear><input type="hidden" value="x"><input name="words"></form><form><input name="kept"></form>',
  );
  const [words, kept] = [main.querySelector("[name=words]"), main.querySelector("[name=kept]")];
  words.value = kept.value = "Come to the front.";
  after(words.form, false);
  assert.equal(words.value, "Come to the front.");
  after(words.form, true);
  after(kept.form, true);
  assert.deepEqual([words.value, kept.value], ["", "Come to the front."]);
  assert.equal(document.activeElement, words);
});
