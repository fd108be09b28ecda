// <time-line>: what happened in words, newest first; back to any moment that is kept; two moments compared.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, buttonOf, fill, key, NOW, openPage, press, settled, textOf, textsOf, wait } from "../page.js";
import { place, Telling, view } from "../sandbox.js";

const { Lens } = await import("../../../../static/js/stream/lens.js");
const { Store } = await import("../../../../static/js/stream/store.js");
const { inWords, Timeline } = await import("../../../../static/js/views/time-line.js");
customElements.define("time-line", Timeline);

/** A timeline on the page, of a sandbox with one host; `past` is false on a page that cannot look back. */
function shown({ past = true } = {}) {
  const store = new Store();
  const lens = past ? new Lens(store) : store;
  const timeline = new Timeline();
  timeline.show(lens);
  openPage().append(timeline);
  const telling = new Telling(store, [place("h1")]);
  return { timeline, lens, store, telling };
}
/** The words of each line, without the button behind them. */
const entries = (timeline) => textsOf(timeline, ".happenings .what").map((words) => words.replace(/before and after$/, ""));
const slider = (timeline) => timeline.querySelector("input[type=range]");
const docker = (text) => ({ source: "docker", text, place: "h1" });

test("the newest line stands first, with its clock, its place and what is known besides", () => {
  const { timeline, telling } = shown();
  telling.happened("network app was made", { detail: "bridge" });
  telling.happened("web started", { place: "h1/web" });
  assert.deepEqual(entries(timeline), ["web started", "network app was madebridge"]);
  assert.deepEqual(textsOf(timeline, ".where"), ["h1/web", "h1"]);
  assert.deepEqual(textsOf(timeline, "time"), ["12:00:03", "12:00:02"]);
});

test("a line that comes glows; those that were there do not", () => {
  const { timeline, telling, lens } = shown();
  telling.happened("one");
  assert.equal(timeline.querySelectorAll("li.added").length, 1);
  const later = new Timeline();
  later.show(lens);
  openPage().append(later);
  assert.deepEqual(entries(later), ["one"]);
  assert.equal(later.querySelectorAll("li.added").length, 0);
});

test("nothing yet is said, and the sentence goes with the first line", () => {
  const { timeline, telling } = shown();
  assert.deepEqual(textsOf(timeline, ".empty"), ["Nothing has happened yet."]);
  telling.happened("one");
  assert.equal(timeline.querySelector(".empty"), null);
});

test("the oldest lines make room", () => {
  const { timeline, telling } = shown();
  for (let at = 0; at < 205; at += 1) telling.happened(`line ${at}`);
  assert.equal(entries(timeline).length, 200);
  assert.equal(entries(timeline)[0], "line 204");
});

test("only commands are listed when asked to, also of what comes", () => {
  const { timeline, telling } = shown();
  telling.happened("docker run web", { source: "command" });
  telling.happened("web started");
  press(timeline, "Commands only");
  assert.equal(buttonOf(timeline, "Commands only").getAttribute("aria-pressed"), "true");
  telling.happened("web stopped");
  telling.happened("ip addr", { source: "command" });
  assert.deepEqual(textsOf(timeline, ".happenings code"), ["ip addr", "docker run web"]);
  press(timeline, "Commands only");
  assert.equal(entries(timeline).length, 4);
});

test("where commands are not listed the page says why, and offers no filter", () => {
  const { timeline, telling } = shown();
  telling.picture([place("h1")], [], { no_commands: "This kernel cannot tell which commands are run." });
  assert.equal(buttonOf(timeline, "Commands only").hidden, true);
  assert.match(textOf(timeline.querySelector(".time-said")), /This kernel cannot tell/);
});

test("a page without a past has the list alone", () => {
  const { timeline, telling } = shown({ past: false });
  telling.happened("one");
  assert.deepEqual(entries(timeline), ["one"]);
  assert.equal(timeline.querySelector("button, input"), null);
});

test("the slider has a stop before each line and one for now", () => {
  const { timeline, telling } = shown();
  assert.equal(slider(timeline).disabled, true);
  telling.happened("one");
  telling.happened("two");
  wait(150);
  assert.equal(slider(timeline).disabled, false);
  assert.equal(slider(timeline).max, "2");
  assert.equal(slider(timeline).value, "2");
  assert.equal(slider(timeline).getAttribute("aria-valuetext"), "now");
});

test("the slider shows the state before a line; Now leads back", () => {
  const { timeline, telling, lens } = shown();
  telling.happened("web started");
  telling.seen("h1/web");
  wait(150);
  assert.equal(lens.places.has("h1/web"), true);
  fill(slider(timeline), "0");
  assert.equal(lens.places.has("h1/web"), false);
  assert.equal(slider(timeline).getAttribute("aria-valuetext"), "12:00:02, before h1: web started");
  assert.equal(buttonOf(timeline, "Now").disabled, false);
  press(timeline, "Now");
  assert.equal(lens.places.has("h1/web"), true);
  assert.equal(buttonOf(timeline, "Now").disabled, true);
});

test("a line's time leads to the moment before it; lines ahead of it stand back", () => {
  const { timeline, telling, lens } = shown();
  telling.happened("one");
  telling.happened("two");
  telling.happened("three");
  press(timeline, "Look at 12:00:03, before two");
  assert.equal(lens.moment.text, "h1: two");
  assert.deepEqual(
    textsOf(timeline, "li.ahead .what").map((text) => text.split("before")[0]),
    ["three", "two"],
  );
  assert.match(textOf(timeline.querySelector("li.here .what")), /^two/);
});

test("a click beside the words of a line leads there too, but not one on its own buttons", () => {
  const { timeline, telling, lens } = shown();
  telling.happened("one");
  timeline.querySelector("li .where").click();
  assert.equal(lens.moment.text, "h1: one");
});

test("what happens while an earlier moment is shown is listed, and the moment stays", () => {
  const { timeline, telling, lens } = shown();
  telling.happened("one");
  press(timeline, "Look at 12:00:02, before one");
  telling.happened("two");
  assert.equal(lens.moment.text, "h1: one");
  assert.equal(entries(timeline)[0], "two");
});

test("A and B are marked and said; compare is off while they are the same", () => {
  const { timeline, telling } = shown();
  telling.happened("one");
  wait(150);
  assert.equal(buttonOf(timeline, "Compare A and B").disabled, true);
  press(timeline, "Look at 12:00:02, before one");
  press(timeline, "Mark A here");
  assert.equal(announced(), "A is 12:00:02, before h1: one.");
  assert.match(textOf(timeline.querySelector(".time-said")), /A: 12:00:02, before h1: one\. B: now\.$/);
  assert.equal(buttonOf(timeline, "Compare A and B").disabled, false);
});

test("what differs between A and B is written out, and the focus goes to it and back", () => {
  const { timeline, telling } = shown();
  telling.happened("one");
  telling.changed("h1", "interfaces", view(["lo of h1", "br-1: <UP>"]), { added: ["br-1: <UP>"] });
  telling.seen("h1/web");
  press(timeline, "Look at 12:00:02, before one");
  press(timeline, "Mark A here");
  press(timeline, "Compare A and B");
  const compared = timeline.querySelector(".time-compared");
  assert.equal(compared.hidden, false);
  assert.equal(textOf(document.activeElement), "From A, 12:00:02, before h1: one, to B, now");
  assert.deepEqual(textsOf(compared, ".differs > summary"), ["h11 added, 0 removed, 0 changed", "h1/webappeared"]);
  assert.ok(textsOf(compared, "ins").includes("+br-1: <UP>"));
  press(timeline, "Close");
  assert.equal(compared.hidden, true);
  assert.equal(document.activeElement, slider(timeline));
});

test("nothing but counters differs: that is said", () => {
  const { timeline, telling } = shown();
  telling.happened("one");
  telling.happened("two");
  press(timeline, "Look at 12:00:02, before one");
  press(timeline, "Mark A here");
  press(timeline, "Compare A and B");
  assert.deepEqual(textsOf(timeline, ".time-compared .empty"), ["Nothing differs, but for counters and timers."]);
});

test("before and after a command: the moment before it, and the one when things had settled", () => {
  const { timeline, telling } = shown();
  telling.happened("docker network create app", { source: "command" });
  telling.changed("h1", "interfaces", view(["lo of h1", "br-1"]), { added: ["br-1"] });
  telling.happened("network app was made");
  press(timeline, "Compare before and after docker network create app");
  assert.match(textOf(timeline.querySelector("h3")), /^From A, 12:00:02, before h1: docker network create app, to B/);
  assert.ok(textsOf(timeline, "ins").includes("+br-1"));
});

test("before and after a line that sums up: the moment before the first of what it tells of", () => {
  const { timeline, telling } = shown();
  telling.happened("docker compose up -d", { source: "command" });
  const began = NOW / 1000 + 2.5; // after the command's line, before the change
  telling.changed("h1", "interfaces", view(["lo of h1", "br-1"]), { added: ["br-1"] });
  telling.happened("br-1 appeared", { source: "kernel" });
  telling.happened("compose up made network shop_default", { began });
  press(timeline, "Compare before and after compose up made network shop_default");
  assert.ok(textsOf(timeline, "ins").includes("+br-1"));
});

test("what the kernel does by itself has no before and after", () => {
  const { timeline, telling } = shown();
  telling.happened("link up", { source: "kernel" });
  assert.equal(timeline.querySelector("button.around"), null);
});

test("a place that is gone is a line, and one can look back to it", () => {
  const { timeline, telling, lens } = shown();
  telling.seen("h1/web");
  telling.gone("h1/web");
  assert.deepEqual(entries(timeline), ["h1/web is gone: no process of it is left"]);
  timeline.querySelector("button.go").click();
  assert.equal(lens.places.has("h1/web"), true);
});

test("moments that are given up meanwhile are no buttons any more", () => {
  const { timeline, telling, lens } = shown();
  telling.happened("old");
  assert.equal(timeline.querySelectorAll("button.go").length, 1);
  for (let at = 0; at < 1_300; at += 1) telling.changed("h1", "interfaces", view([`line ${at}`]), { changed: ["x"] });
  telling.happened("new");
  wait(150);
  assert.ok(lens.history.trimmed);
  assert.equal(timeline.querySelectorAll("button.go").length, 1);
  assert.match(textOf(timeline.querySelector(".time-said")), /Earlier pictures are not kept, to save memory/);
});

test("what was before this page is fetched once the timeline is opened, and listed below", async () => {
  const store = new Store();
  const lens = new Lens(store);
  const asked = [];
  lens.askPast = async (before) => {
    asked.push(before);
    return null;
  };
  new Telling(store, [place("h1")]);
  const timeline = new Timeline();
  timeline.show(lens);
  assert.deepEqual(asked, []);
  openPage().append(timeline);
  await settled();
  assert.deepEqual(asked, [1]);
  assert.match(textOf(timeline.querySelector(".time-said")), /What was before is no longer kept\./);
});

test("the timeline is saved with its pictures and lines, and names what it is", async () => {
  const { timeline, telling } = shown();
  telling.happened("one");
  const blobs = [];
  const [make, link] = [URL.createObjectURL, []];
  URL.createObjectURL = (blob) => {
    blobs.push(blob);
    return "blob:x";
  };
  document.addEventListener("click", (event) => link.push(event.target.download), { once: true, capture: true });
  press(timeline, "Export");
  await settled();
  URL.createObjectURL = make;
  const told = JSON.parse(await blobs[0].text());
  assert.equal(told.what, "timeline of a sandbox");
  assert.equal(told.exported_at, Date.now() / 1000);
  assert.deepEqual(
    told.timeline.map((one) => one.text),
    ["one"],
  );
  assert.equal(told.compared, undefined);
});

test("the list is walked by arrows, one tab stop", () => {
  const { timeline, telling } = shown();
  telling.happened("one", docker("one"));
  telling.happened("two", docker("two"));
  wait(150);
  const stops = [...timeline.querySelectorAll(".happenings button")].filter((one) => one.tabIndex === 0);
  assert.equal(stops.length, 1);
  stops[0].focus();
  const before = document.activeElement;
  key(before, "End");
  assert.notEqual(document.activeElement, before);
  assert.equal(document.activeElement.tabIndex, 0);
});

test("what a learner typed is text, never a page", () => {
  const { timeline, telling } = shown();
  const evil = "<img src=x onerror=alert(1)>";
  telling.happened(evil, { source: "command", place: evil, detail: evil });
  assert.equal(timeline.querySelector("img"), null);
  assert.ok(entries(timeline)[0].includes(evil));
});

test("a moment in words has its clock", () => {
  assert.equal(inWords(null), "now");
  assert.equal(inWords({ number: 1, at: NOW / 1000, text: "web started" }), "12:00:00, before web started");
});

test("a line with more than one word of a place does not name it twice", () => {
  const { timeline, telling, lens } = shown();
  telling.happened("h1/web went", { place: "h1/web" });
  timeline.querySelector("button.go").click();
  assert.equal(lens.moment.text, "h1/web went");
});
