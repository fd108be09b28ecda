// <live-sandbox>: what the stream says reaches every part of the page; losses, refusals, another moment and the end are said.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  announced,
  heard,
  key,
  lastSocket,
  NOW,
  openPage,
  press,
  settled,
  sockets,
  textOf,
  textsOf,
  toasts,
  wait,
} from "../page.js";
import { place, Telling } from "../sandbox.js";

const { clock, LiveSandbox } = await import("../../../../static/js/workbench/live-sandbox.js");

/** The parts around it, as far as they are told something. */
class Part extends HTMLElement {
  told = [];
  journey = this.#ear("journey");
  capture = this.#ear("capture");
  reach = this.#ear("reach");

  #ear(name) {
    const say =
      (what) =>
      (...more) =>
        this.told.push([`${name} ${what}`, ...more]);
    return { begun: say("begun"), refused: say("refused") };
  }

  show(store) {
    this.store = store;
  }
}
for (const name of ["choose", "follow", "look", "command", "open", "opened", "refused", "startOver", "focusShell"])
  Part.prototype[name] = function (...more) {
    this.told.push([name, ...more]);
  };
for (const name of ["live-views", "net-map", "terminal-dock"]) customElements.define(name, class extends Part {});
customElements.define("live-sandbox", LiveSandbox);

const page = (facts = "") => `<section class="workbench"><live-sandbox data-sandbox="box 1" data-state="opening"
  data-phase="starting" data-generation="1" data-expires="${NOW / 1000 + 600}" data-here="/sandboxes/1/" ${facts}>
  <p class="state-text"></p><span class="engine-version"></span><p class="countdown" hidden><time class="left"></time></p>
  <button data-action="extend">Extend</button><button data-action="reset">Reset</button><button data-action="close">Close</button>
  <p class="watch-note"><span></span></p><p class="link-banner" hidden></p>
  <ol class="phases"><li data-phase="reserved">Reserved</li><li data-phase="starting">Starting host</li><li data-phase="ready">Ready</li></ol>
  <div class="network"><net-map></net-map><live-views></live-views></div><terminal-dock></terminal-dock>
  </live-sandbox></section>`;

async function opened(facts = "", state = "ready") {
  const sandbox = openPage(page(facts)).querySelector("live-sandbox");
  await settled();
  lastSocket().open();
  const telling = new Telling({
    apply(event) {
      lastSocket().hear(event);
      return "applied";
    },
  });
  const part = (name) => sandbox.querySelector(name);
  const change = (more) =>
    telling.tell({
      type: "sandbox_changed",
      state: "ready",
      phase: "ready",
      detail: "",
      generation: 1,
      expires_at: null,
      position: null,
      ...more,
    });
  telling.picture([place("h1")]);
  if (state) change({ state });
  return { sandbox, telling, change, views: part("live-views"), map: part("net-map"), dock: part("terminal-dock") };
}
const state = (sandbox) => textOf(sandbox.querySelector(".state-text"));
const banner = (sandbox) => sandbox.querySelector(".link-banner");
const edge = (message) => lastSocket().hear(message);

test("map and views look through the same lens, the dock at the present", async () => {
  const { views, map, dock, sandbox } = await opened();
  assert.equal(views.store, map.store);
  assert.notEqual(dock.store, map.store);
  assert.equal(map.store.places.has("h1"), true);
  assert.equal(sandbox.classList.contains("seen"), true);
});

test("the state is said in words, with what is being done and the place in line", async () => {
  const { sandbox, change } = await opened("", "");
  change({ state: "queued", phase: "reserved", position: 3 });
  assert.equal(state(sandbox), "waiting for a place · number 3 in line");
  change({ state: "opening", phase: "starting", detail: "h1" });
  assert.equal(state(sandbox), "opening · h1");
  assert.deepEqual(textsOf(sandbox, ".phases .past"), ["Reserved"]);
  assert.deepEqual(textsOf(sandbox, ".phases .now"), ["Starting host"]);
  change({ detail: "h1" });
  assert.equal(state(sandbox), "live");
  assert.equal(announced(), "Your sandbox is ready.");
});

test("a phase that begins is read out, and how long it takes is counted", async () => {
  const { sandbox, change } = await opened("", "");
  change({ state: "opening", phase: "reserved" });
  assert.equal(announced(), "Reserved …");
  wait(3_000);
  assert.match(sandbox.querySelector(".phases .now").dataset.seconds, /^\d+\.\d s$/);
});

test("extend and reset are off until the sandbox is ready, close is not", async () => {
  const { sandbox, change } = await opened("", "");
  const off = () => [...sandbox.querySelectorAll("[data-action]")].map((one) => one.disabled);
  assert.deepEqual(off(), [true, true, false]);
  change({});
  assert.deepEqual(off(), [false, false, false]);
  change({ state: "resetting" });
  assert.deepEqual(off(), [true, true, false]);
});

test("the time left counts down, is longer when it was extended, and its end is near below five minutes", async () => {
  const { sandbox, change } = await opened();
  const countdown = sandbox.querySelector(".countdown");
  const left = () => textOf(countdown.querySelector(".left"));
  change({ expires_at: Date.now() / 1000 + 4_000 });
  assert.equal(left(), "1:06:40");
  assert.equal(countdown.hidden, false);
  change({ expires_at: Date.now() / 1000 + 301 });
  assert.equal(countdown.classList.contains("soon"), false);
  wait(2_000);
  assert.equal(countdown.classList.contains("soon"), true);
  assert.equal(announced(), "Five minutes are left. Extend gives you more.");
});

test("a clock has hours only where there are some", () => {
  assert.deepEqual([0, 59, 61, 3_600, 7_325].map(clock), ["0:00", "0:59", "1:01", "1:00:00", "2:02:05"]);
});

test("a short loss is not worth a banner, a longer one is said until all that was missed has come", async () => {
  const { sandbox } = await opened();
  lastSocket().lose();
  wait(1_000);
  assert.equal(banner(sandbox).hidden, true);
  wait(600);
  assert.match(textOf(banner(sandbox)), /^Reconnecting … what you see may be old\.$/);
  assert.equal(sandbox.classList.contains("stale"), true);
  lastSocket().open();
  assert.equal(banner(sandbox).hidden, false);
  edge({ type: "fresh", ok: true });
  assert.equal(banner(sandbox).hidden, true);
});

test("what came slowly is said to be old until it is current again, whatever else is said meanwhile", async () => {
  const { sandbox } = await opened();
  wait(30_000);
  edge({ type: "beat", at: 20 });
  assert.match(textOf(banner(sandbox)), /^Your connection is slow/);
  edge({ type: "fresh", ok: true });
  assert.equal(banner(sandbox).hidden, false);
  edge({ type: "beat", at: 29 });
  assert.equal(banner(sandbox).hidden, true);
  edge({ type: "fresh", ok: false });
  edge({ type: "beat", at: 2 });
  edge({ type: "beat", at: 30 });
  assert.match(textOf(banner(sandbox)), /^Reconnecting to your sandbox/);
});

test("a silence has made the picture old already, so it is said at once", async () => {
  const { sandbox } = await opened();
  lastSocket().lose(4000);
  assert.match(textOf(banner(sandbox)), /^Reconnecting … what you see may be old\.$/);
});

test("after a loss the page names the last number it has", async () => {
  await opened();
  assert.equal(sockets[0].url, "wss://explorer.test/ws/sandbox/box%201/");
  lastSocket().lose();
  wait(2_000);
  assert.match(lastSocket().url, /\?since=2$/);
});

test("too many pages are said", async () => {
  const { sandbox } = await opened();
  lastSocket().lose(4409);
  wait(1_500);
  assert.match(textOf(banner(sandbox)), /^Too many pages show this sandbox/);
});

test("a picture that may be old is said while the sandbox is ready, and only then", async () => {
  const { sandbox, change } = await opened();
  edge({ type: "fresh", ok: false });
  assert.match(textOf(banner(sandbox)), /^Reconnecting to your sandbox/);
  edge({ type: "fresh", ok: true });
  assert.equal(banner(sandbox).hidden, true);
  change({ state: "resetting" });
  edge({ type: "fresh", ok: false });
  wait(2_000);
  assert.equal(banner(sandbox).hidden, true);
});

test("a sandbox that is over is fetched as it is now, once, and is not asked for again", async () => {
  const { change } = await opened();
  const fetched = [];
  globalThis.htmx = { ajax: (...all) => fetched.push(all) };
  change({ state: "expired" });
  change({ state: "closed" });
  assert.deepEqual(fetched, [["GET", "/sandboxes/1/", { target: "#sandbox", swap: "outerHTML" }]]);
  wait(60_000);
  assert.equal(sockets.length, 1);
});

test("a sandbox that is gone, or not one's own any more, is over as well", async () => {
  const fetched = [];
  globalThis.htmx = { ajax: (...all) => fetched.push(all) };
  await opened();
  lastSocket().lose(4404);
  assert.equal(fetched.length, 1);
});

test("a sandbox that starts over has new shells", async () => {
  const { dock, change } = await opened();
  change({ state: "resetting", generation: 2 });
  change({ generation: 2 });
  assert.deepEqual(dock.told.filter(([name]) => name === "startOver").length, 1);
});

test("a command of the lesson is typed once the sandbox is ready", async () => {
  const { dock, change } = await opened("", "");
  const click = (command) => {
    const event = new CustomEvent("command", { detail: { place: "h1", command, run: true }, cancelable: true });
    document.body.dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.equal(click("ip addr"), true);
  assert.deepEqual(toasts(), ["The sandbox is not ready yet. A moment."]);
  assert.deepEqual(dock.told, []);
  change({});
  click("ip addr");
  assert.deepEqual(dock.told, [["command", "h1", "ip addr", true]]);
  assert.equal(document.querySelector(".workbench").dataset.show, "terminal");
});

test("what a lesson's text asks to look at is shown once the sandbox is ready", async () => {
  const { views, change } = await opened("", "");
  const look = () => {
    const event = new CustomEvent("look", { detail: { tab: "rules", place: "h1" }, cancelable: true });
    document.body.dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.equal(look(), true);
  assert.deepEqual(toasts(), ["The sandbox is not ready yet. A moment."]);
  change({});
  look();
  assert.deepEqual(views.told, [["look", { tab: "rules", place: "h1" }]]);
  assert.equal(document.querySelector(".workbench").dataset.show, "network");
});

test("place and map follow each other", async () => {
  const { sandbox, views, map } = await opened();
  sandbox.dispatchEvent(new CustomEvent("place", { detail: "h1" }));
  sandbox.dispatchEvent(new CustomEvent("chosen", { detail: "h1" }));
  sandbox.dispatchEvent(new CustomEvent("hop", { detail: { text: "x" } }));
  sandbox.dispatchEvent(new CustomEvent("journey-wanted", { detail: { source: "h1" } }));
  assert.deepEqual(views.told, [
    ["choose", "h1"],
    ["follow", { source: "h1" }],
  ]);
  assert.deepEqual(map.told, [
    ["choose", "h1"],
    ["follow", { text: "x" }],
  ]);
});

test("a wish goes to the server; without a connection it is refused at once", async () => {
  const { sandbox, views } = await opened();
  const wish = { type: "measure_grid" };
  sandbox.dispatchEvent(new CustomEvent("wish", { detail: wish }));
  assert.deepEqual(lastSocket().told, [wish]);
  lastSocket().lose();
  sandbox.dispatchEvent(new CustomEvent("wish", { detail: wish }));
  assert.deepEqual(views.told, [["journey refused"], ["capture refused"], ["reach refused"]]);
});

test("who watches may wish for nothing, and is told so", async () => {
  const { sandbox, views, dock } = await opened("data-watch");
  assert.match(sockets[0].url, /\?watch=1$/);
  sandbox.dispatchEvent(new CustomEvent("wish", { detail: { type: "measure_grid" } }));
  sandbox.dispatchEvent(new CustomEvent("terminal-wanted", { detail: "h1" }));
  assert.deepEqual(lastSocket().told, []);
  assert.equal(views.told.length, 3);
  assert.deepEqual(dock.told, []);
  assert.equal(toasts().length, 2);
});

test("what the server begins and refuses reaches the part that asked", async () => {
  const { views, dock } = await opened();
  edge({ type: "journey_begun", journey: "j" });
  edge({ type: "capture_begun", capture: "c" });
  edge({ type: "grid_begun", asked: "g" });
  edge({ type: "terminal_opened", terminal: "t" });
  assert.deepEqual(views.told, [
    ["journey begun", "j"],
    ["capture begun", "c"],
    ["reach begun", "g"],
  ]);
  assert.deepEqual(dock.told, [["opened", "t"]]);
  edge({ type: "refused", code: "busy", text: "Too much at once. <b>Wait</b>." });
  assert.deepEqual(toasts(), ["Too much at once. <b>Wait</b>."]);
  assert.equal(dock.told.at(-1)[0], "refused");
});

test("another moment is said as long as it is looked at; a button and Escape lead back", async () => {
  const { sandbox, telling, map } = await opened();
  const event = telling.happened("web started");
  const look = () => map.store.look({ number: event.number - 1, at: event.at, text: "h1: web started" });
  assert.equal(look(), true);
  const then = sandbox.querySelector(".then-banner");
  assert.match(textOf(then.firstChild), /^You are looking at \d\d:\d\d:\d\d, before h1: web started\.$/);
  assert.equal(sandbox.classList.contains("then"), true);
  press(then, "Back to now");
  assert.equal(then.hidden, true);
  assert.equal(announced(), "You are looking at now.");
  look();
  key(document.body, "Escape");
  assert.equal(then.hidden, true);
});

test("F6 leads into the shell, but not out of it", async () => {
  const { dock } = await opened();
  assert.equal(key(document.body, "F6").defaultPrevented, true);
  assert.deepEqual(dock.told, [["focusShell"]]);
  key(dock, "F6");
  assert.equal(dock.told.length, 1);
});

test("whoever is invited to type is told", async () => {
  const { sandbox } = await opened("data-watch");
  const note = () => textOf(sandbox.querySelector(".watch-note span"));
  sandbox.dispatchEvent(new CustomEvent("together", { detail: true }));
  assert.equal(note(), "You type together");
  sandbox.dispatchEvent(new CustomEvent("together", { detail: false }));
  assert.equal(note(), "You watch");
});

test("the engines' versions are said as the hosts tell them, as text", async () => {
  const { sandbox, telling } = await opened();
  for (const [host, version] of [
    ["h1", "26.1.5+dfsg1"],
    ["h2", "26.1.5+dfsg2"],
    ["h3", "<img src=x>"],
  ])
    telling.tell({ type: "docker_changed", docker: { host, version, error: "", networks: [], containers: [] } });
  assert.equal(textOf(sandbox.querySelector(".engine-version")), "Docker 26.1.5, Docker <img src=x>");
  assert.equal(sandbox.querySelector("img"), null);
});

test("the lesson and the measured parts of the page hear of what is theirs", async () => {
  const { sandbox, telling } = await opened();
  const lessons = heard(sandbox, "lesson");
  const measured = heard(document.body, "measured");
  telling.tell({ type: "lesson_moved", lesson: "bridge", step: "1", passed: [], hints: [], answers: {}, finished: false });
  telling.tell({ type: "measured_changed", measure: "x", measured: {} });
  assert.equal(lessons[0].step, "1");
  assert.equal(measured.length, 1);
});

test("out of the page it asks for nothing, and hears no keys and no commands", async () => {
  const { sandbox, dock } = await opened();
  sandbox.remove();
  wait(60_000);
  assert.equal(sockets.length, 1);
  key(document.body, "F6");
  document.body.dispatchEvent(new CustomEvent("command", { detail: { place: "h1", command: "x", run: true } }));
  assert.deepEqual(dock.told, []);
});
