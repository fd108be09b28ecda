// The comparison's page around the table: how many columns are chosen, guesses before and after, moves, and evidence laid over.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, fill, openPage, server, settled, textOf, textsOf } from "../page.js";

const { watchChoice } = await import("../../../../static/js/comparison/choice.js");
const { otherwise, watchMoves } = await import("../../../../static/js/comparison/column-moves.js");
const { showEvidence } = await import("../../../../static/js/comparison/evidence.js");
const { GuessTable, verdict } = await import("../../../../static/js/comparison/guess-table.js");
customElements.define("guess-table", GuessTable);

// --- choosing ---

function form(ticked) {
  const boxes = Array.from({ length: 7 }, (_, at) => `<input type="checkbox" name="columns" ${at < ticked ? "checked" : ""}>`);
  const main = openPage(`<form>${boxes.join("")}<p class="compare-options"><button type="submit">Compare</button></p></form>`);
  watchChoice(main.querySelector("form"));
  return main;
}

test("the button says how many are chosen, and is off below two", () => {
  for (const [ticked, words, off] of [
    [0, "Choose at least two", true],
    [1, "Choose at least two", true],
    [2, "Compare these 2", false],
    [5, "Compare these 5", false],
  ]) {
    const button = form(ticked).querySelector("button");
    assert.deepEqual([textOf(button), button.disabled], [words, off]);
  }
});

test("a sixth cannot be ticked, until one of the five is not", () => {
  const main = form(5);
  const off = () => [...main.querySelectorAll("input")].filter((one) => one.disabled).length;
  assert.equal(off(), 2);
  const [first] = main.querySelectorAll("input");
  first.checked = false;
  first.dispatchEvent(new Event("change", { bubbles: true }));
  assert.equal(off(), 0);
});

// --- guesses ---

const question = (cell) => `<select data-guess="${cell}"><option></option><option>yes</option><option>no</option></select>`;

test("answers are counted and kept, and are there after a reload", () => {
  const page = `<guess-table data-comparison="7"><p class="guess-count"></p></guess-table>${question("a x")}${question("b x")}`;
  const main = openPage(page);
  const count = () => textOf(main.querySelector(".guess-count"));
  assert.equal(count(), "0 of 2 answered.");
  fill(main.querySelector("select"), "yes");
  assert.equal(count(), "1 of 2 answered.");
  const kept = localStorage.getItem("compare:7");
  const again = openPage();
  localStorage.setItem("compare:7", kept);
  again.innerHTML = page;
  document.body.dispatchEvent(new CustomEvent("renewed"));
  assert.equal(again.querySelector("select").value, "yes");
});

test("afterwards each answer is judged: what was otherwise is marked with what was said", () => {
  const main = openPage();
  localStorage.setItem("compare:7", JSON.stringify({ at: 1, guesses: { "a x": "yes", "b x": "<b>no</b>" } }));
  main.innerHTML = `<table><tr><td data-guessed="a x" data-answer="yes">yes</td><td data-guessed="b x" data-answer="yes">yes</td>
    <td data-guessed="c x" data-answer="no">no</td></tr></table><guess-table data-comparison="7" data-revealed><p class="guess-count"></p></guess-table>`;
  assert.deepEqual(textsOf(main, ".guess-right"), ["yes"]);
  assert.deepEqual(textsOf(main, ".guess-wrong .guess-told"), ["You said: <b>no</b>"]);
  assert.equal(textOf(main.querySelector(".guess-count")), "You had 1 of 2 as measured; the others are marked.");
  assert.equal(announced(), "You had 1 of 2 as measured; the others are marked.");
  document.body.dispatchEvent(new CustomEvent("renewed"));
  assert.equal(main.querySelectorAll(".guess-told").length, 1);
});

test("who guessed nothing is judged nothing; what was not measured is neither right nor wrong", () => {
  const main = openPage(
    '<td data-guessed="a" data-answer="yes"></td><guess-table data-comparison="7" data-revealed></guess-table>',
  );
  assert.equal(main.querySelector(".guess-right, .guess-wrong"), null);
  assert.deepEqual(
    [verdict("yes", ""), verdict("", "yes"), verdict("yes", "yes"), verdict("yes", "no")],
    ["", "", "right", "wrong"],
  );
});

// --- columns that move ---

const heads = (...names) => names.map((name) => `<th data-column="${name}"></th>`).join("");
const settle = () =>
  document.getElementById("comparison").dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));

test("a column that was moved keeps the keyboard, and where it is now is read out", () => {
  const main = openPage(`<div id="comparison"><table><tr>${heads("bridge", "host")}</tr></table>
    <p hx-boost="true"><a id="left-host" href="#">left</a></p></div>`);
  watchMoves();
  main.querySelector("a").click();
  main.querySelector("tr").innerHTML = heads("host", "bridge");
  main.querySelector("p").innerHTML = '<a id="right-host" href="#">right</a>';
  settle();
  assert.equal(document.activeElement.id, "right-host");
  assert.equal(announced(), "host is column 1 of 2.");
});

test("one that was left out is said to be", () => {
  const main = openPage(`<div id="comparison"><table><tr>${heads("bridge", "host")}</tr></table>
    <p hx-boost="true"><a id="hide-host" href="#">hide</a></p></div>`);
  watchMoves();
  main.querySelector("a").click();
  main.querySelector("tr").innerHTML = heads("bridge");
  main.querySelector("p").innerHTML = '<a id="show-host" href="#">show</a>';
  settle();
  assert.equal(document.activeElement.id, "show-host");
  assert.equal(announced(), "host is left out.");
});

test("a button that is gone gives way to the next best of its column", () => {
  assert.deepEqual(otherwise("left-a-b"), ["left-a-b", "left-a-b", "right-a-b", "show-a-b", "hide-a-b"]);
  assert.deepEqual(otherwise("something else"), []);
});

// --- evidence ---

async function asked(answer) {
  server.answer = answer;
  const main = openPage('<dialog id="evidence"><div class="evidence-body"></div></dialog><a href="/evidence/1/">why</a>');
  const dialog = main.querySelector("dialog");
  dialog.showModal = () => {
    dialog.open = true;
  };
  const event = new MouseEvent("click", { cancelable: true });
  const told = showEvidence(event, main.querySelector("a"));
  const waiting = textOf(dialog);
  await told;
  return { dialog, waiting, event };
}

test("evidence is laid over the page, and that it is being fetched is said", async () => {
  const { dialog, waiting, event } = await asked(
    () => new Response('<nav>x</nav><article class="evidence">what was seen</article>'),
  );
  assert.equal(event.defaultPrevented, true);
  assert.equal(waiting, "Fetching the evidence …");
  assert.equal(dialog.open, true);
  assert.equal(textOf(dialog), "what was seen");
});

test("a page without the dialog leaves the link alone", async () => {
  openPage('<a href="/evidence/1/">why</a>');
  const event = new MouseEvent("click", { cancelable: true });
  await showEvidence(event, document.querySelector("a"));
  await settled();
  assert.equal(event.defaultPrevented, false);
  assert.deepEqual(server.asked, []);
});
