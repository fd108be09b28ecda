// The lesson's side of the page: commands, ticks, hints, predictions, and what is read out of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, heard, openPage, textOf, textsOf, toasts } from "../page.js";

const { LessonStep } = await import("../../../../static/js/workbench/lesson-step.js");

const STEP = `<article id="step" data-lesson="bridge" data-step="two" data-current="one" data-move="/move/">
  <h1 id="step-title" tabindex="-1">Two</h1>
  <button class="run" data-place="h1" data-command="ip addr"><code>ip addr</code></button>
  <ul><li class="check" data-check="a">Make a network <i class="check-state">(not yet)</i></li>
  <li class="check" data-check="b">Start web <i class="check-state">(not yet)</i></li></ul>
  <aside class="hints" hidden></aside>
  <form class="prediction locked" data-prediction="p/1"></form><form class="prediction" data-prediction="q"></form>
  <nav class="rail"><a class="here"></a></nav><nav class="step-nav"><a class="next">Next</a></nav></article>
  <label><input type="radio" name="typing" value="type"></label><label><input type="radio" name="typing" value="run"></label>`;

function shown(kept = {}) {
  const main = openPage(STEP);
  for (const [name, value] of Object.entries(kept)) localStorage.setItem(name, value);
  const asked = [];
  globalThis.htmx = { ajax: (...all) => asked.push(all) };
  const page = document.createElement("div");
  page.append(...main.childNodes);
  main.append(page);
  return { page, asked, lesson: new LessonStep(page) };
}
const moved = (more = {}) => ({
  lesson: "bridge",
  step: "two",
  passed: [],
  found: {},
  hints: [],
  answers: {},
  finished: false,
  ...more,
});

test("a command is handed on with its place; typed unless the reader wants it run, which is remembered", () => {
  const { page } = shown();
  const commands = heard(page, "command");
  page.querySelector("code").click();
  assert.deepEqual(commands[0], { place: "h1", command: "ip addr", run: false });
  assert.equal(page.querySelector("button.run").classList.contains("typed"), true);
  const run = page.querySelector("input[value=run]");
  assert.equal(run.checked, false);
  run.checked = true;
  run.dispatchEvent(new Event("change", { bubbles: true }));
  page.querySelector("button.run").click();
  assert.equal(commands[1].run, true);
  assert.equal(localStorage.getItem("typing"), "run");
  assert.equal(page.classList.contains("click-runs"), true);
});

test("how commands are typed is as it was at the last visit", () => {
  const { page } = shown({ typing: "run" });
  assert.equal(page.querySelector("input[value=run]").checked, true);
});

test("a check that passed ticks itself, once, and is read out", () => {
  const { page, lesson } = shown();
  lesson.moved(moved({ passed: ["a"] }));
  assert.deepEqual(textsOf(page, ".check.passed"), ["Make a network (done)"]);
  assert.equal(announced(), "Done: Make a network");
  document.getElementById("announce").textContent = "";
  lesson.moved(moved({ passed: ["a"] }));
  assert.equal(announced(), "");
});

test("when all are done the way on stands out, and that is read out", () => {
  const { page, lesson } = shown();
  lesson.moved(moved({ passed: ["a"] }));
  assert.equal(page.querySelector(".next").classList.contains("btn-primary"), false);
  lesson.moved(moved({ passed: ["a", "b"] }));
  assert.equal(page.querySelector(".next").classList.contains("btn-primary"), true);
  assert.equal(page.querySelector(".rail .here").classList.contains("done"), true);
  assert.equal(announced(), "Everything on this step is done.");
});

test("what is said of another step or lesson changes nothing here", () => {
  const { page, lesson } = shown();
  lesson.moved(moved({ step: "three", passed: ["a"] }));
  lesson.moved(moved({ lesson: "host", passed: ["a"] }));
  assert.equal(page.querySelector(".passed"), null);
});

test("hints come and go; only the allowed tags of their text are kept", () => {
  const { page, lesson } = shown();
  lesson.moved(moved({ hints: ["<p>Run <code>ip addr</code>. <img src=x onerror=alert(1)><a href='/x'>here</a></p>"] }));
  const hints = page.querySelector(".hints");
  assert.equal(hints.hidden, false);
  assert.equal(hints.querySelector(".hint").innerHTML, "<p>Run <code>ip addr</code>. here</p>");
  const before = hints.firstChild;
  lesson.moved(moved({ hints: ["<p>Run <code>ip addr</code>. <img src=x onerror=alert(1)><a href='/x'>here</a></p>"] }));
  assert.equal(hints.firstChild, before, "what is said already is not said again");
  lesson.moved(moved());
  assert.equal(hints.hidden, true);
});

test("an answer is fetched for who has guessed, not for who has not, and no more than three times", () => {
  const { page, asked, lesson } = shown();
  const answers = { "p/1": "yes", q: "no" };
  lesson.moved(moved({ answers }));
  lesson.moved(moved({ answers }));
  assert.deepEqual(
    asked.map(([verb, url]) => `${verb} ${url}`),
    ["GET /learn/bridge/?prediction=p%2F1"],
  );
  for (let at = 0; at < 5; at += 1) {
    delete page.querySelector("form.locked").dataset.asking;
    lesson.moved(moved({ answers }));
  }
  assert.equal(asked.length, 3);
});

test("a check that passed tells what was found, in place of what to look at", () => {
  const { page, lesson } = shown();
  const check = page.querySelector("[data-check=a]");
  check.innerHTML = '<span class="check-text">The interfaces</span><span class="check-state"> (not yet)</span>';
  lesson.moved(moved({ passed: ["a"], found: { a: "A <code>veth</code> <img src=x>is new" } }));
  assert.equal(check.querySelector(".check-text").innerHTML, "A <code>veth</code> is new");
  assert.equal(announced(), "Done: A veth is new");
});

test("a link in the text opens a tool of the page; who has no sandbox hears what it needs", () => {
  const { page } = shown();
  page.querySelector("#step").insertAdjacentHTML(
    "beforeend",
    `<div class="words"><a id="tool" href="#journey?source=h1/web&amp;target=outside&amp;port=80">Follow it</a>
    <a id="plain" href="#step-title">Up</a></div>`,
  );
  const press = (id) => {
    const event = new MouseEvent("click", { bubbles: true, cancelable: true });
    page.querySelector(id).dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.equal(press("#tool"), true);
  assert.deepEqual(toasts(), ["This needs your own sandbox. Open one first."]);
  const looks = heard(page, "look");
  page.addEventListener("look", (event) => event.preventDefault());
  press("#tool");
  assert.deepEqual(looks[0], { tab: "journey", source: "h1/web", target: "outside", port: "80" });
  assert.equal(press("#plain"), false);
  assert.equal(looks.length, 1);
});

const WAITING = '<div class="part waiting" data-after="AFTER" data-part="/part/AFTER"></div>';

test("what comes after the checks is asked for when all have passed, once", () => {
  const { page, asked, lesson } = shown();
  page.querySelector("#step").insertAdjacentHTML("beforeend", WAITING.replaceAll("AFTER", "done"));
  lesson.moved(moved({ passed: ["a"] }));
  assert.deepEqual(asked, []);
  for (let at = 0; at < 3; at += 1) lesson.moved(moved({ passed: ["a", "b"] }));
  assert.deepEqual(
    asked.map(([verb, url]) => `${verb} ${url}`),
    ["GET /part/done"],
  );
});

test("what comes after a question is asked for when the question's form was shown anew", () => {
  const { page, asked } = shown();
  page.querySelector("#step").insertAdjacentHTML("beforeend", WAITING.replaceAll("AFTER", "q"));
  const [other, form] = page.querySelectorAll("form.prediction");
  other.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  assert.deepEqual(asked, []);
  form.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  assert.deepEqual(
    asked.map(([verb, url]) => `${verb} ${url}`),
    ["GET /part/q"],
  );
});

test("a step that was swapped in takes the focus to its title, and what the machine said meanwhile counts", () => {
  const { page, lesson } = shown();
  lesson.moved(moved({ step: "three", passed: ["c"] }));
  const step = page.querySelector("#step");
  step.dataset.step = "three";
  step.querySelector("ul").innerHTML = '<li class="check" data-check="c">Third</li>';
  step.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  assert.equal(textOf(document.activeElement), "Two");
  assert.deepEqual(textsOf(page, ".check.passed"), ["Third"]);
});

test("who came by a link to another step than their own is there now; who was there already is not moved", () => {
  const { asked, lesson, page } = shown();
  lesson.arrive();
  assert.equal(asked[0][1], "/move/");
  page.querySelector("#step").dataset.current = "two";
  lesson.arrive();
  assert.equal(asked.length, 1);
});
