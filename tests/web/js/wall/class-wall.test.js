// <class-wall>: tiles drawn by the server are kept true, light up, are sorted and chosen; nothing runs away under a finger.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, fill, lastSocket, NOW, openPage, sockets, textOf, textsOf, wait } from "../page.js";

const { ClassWall } = await import("../../../../static/js/wall/class-wall.js");
customElements.define("class-wall", ClassWall);

const TILE = `<li class="seat-tile" data-seat="SEAT"><a href="#"><b class="seat-name"></b><i class="seat-flag"></i>
  <span class="seat-step"></span><span class="seat-title"></span><span class="seat-rail"></span><span class="seat-checks"></span>
  <span class="seat-words"></span><span class="seat-idle"></span><span class="seat-last"></span><span class="seat-why"></span></a></li>`;
const page = (live = "data-live") => `<class-wall ${live} data-class="7" data-sort="name" data-show="all">
  <p class="link-banner" hidden></p>
  <nav class="wall-choices"><a href="?show=all" data-show="all"><b></b></a><a href="?show=help" data-show="help"><b></b></a></nav>
  <label class="wall-order"><select><option>help</option><option>name</option><option>idle</option></select></label>
  <div class="spread-lesson" data-lesson="Bridge"><i data-number="1"><b></b></i><i data-number="2"><b></b></i></div>
  <ol class="seats">${TILE.replace("SEAT", "old")}</ol><p class="wall-empty" hidden></p>
  <template>${TILE}</template></class-wall>`;

const seat = (name, facts = {}) => ({
  n: name,
  l: "Bridge",
  t: "A container",
  i: 2,
  o: 5,
  d: 1,
  c: 3,
  r: "dOo",
  p: 4,
  w: "live",
  x: "1",
  z: "ready",
  a: NOW / 1000,
  e: "web started",
  f: NOW / 1000,
  h: 0,
  q: 1,
  v: 0,
  b: 0,
  k: "",
  ...facts,
});
const counts = (all, facts = {}) => ({ all, help: 0, stuck: 0, away: 0, none: 0, here: all, finished: 0, steps: [], ...facts });

function shown(tiles = { a: seat("Ada"), b: seat("Bob"), c: seat("Cem") }, more = {}) {
  const wall = openPage(page()).querySelector("class-wall");
  lastSocket().open();
  hear({ tiles, whole: true, counts: counts(Object.keys(tiles).length), ...more });
  return wall;
}
const hear = (message) => lastSocket().hear({ type: "wall", ...message });
const names = (wall) => textsOf(wall, ".seats .seat-name");
const tile = (wall, id) => wall.querySelector(`[data-seat="${id}"]`);
const frame = () => wait(16);

test("the first picture fills the tiles and takes away those that are gone", () => {
  const wall = shown();
  assert.deepEqual(names(wall), ["Ada", "Bob", "Cem"]);
  assert.equal(tile(wall, "old"), null);
  const ada = tile(wall, "a");
  assert.equal(textOf(ada.querySelector(".seat-step")), "2/5");
  assert.equal(textOf(ada.querySelector(".seat-checks")), "1 of 3");
  assert.deepEqual(
    [...ada.querySelectorAll(".seat-rail i")].map((one) => one.className),
    ["done", "open here", "open"],
  );
  assert.equal(ada.querySelector("a").getAttribute("href"), "/lessons/bridge/seats/a/");
  assert.equal(ada.className, "seat-tile tone-ready");
});

test("nothing is lit by the first picture; then what moves on lights the tile, and an event its line only", () => {
  const wall = shown();
  frame();
  assert.equal(wall.querySelector(".lit, .news"), null);
  hear({ tiles: { a: { d: 2 } } });
  hear({ tiles: { b: { e: "db started" } } });
  frame();
  assert.deepEqual(textsOf(wall, ".lit .seat-name"), ["Ada"]);
  assert.deepEqual(textsOf(wall, ".news .seat-name"), ["Bob"]);
  assert.equal(textOf(tile(wall, "a").querySelector(".seat-checks")), "2 of 3");
});

test("a sign of life alone lights nothing", () => {
  const wall = shown();
  hear({ tiles: { a: { a: NOW / 1000 + 5 } } });
  frame();
  assert.equal(wall.querySelector(".lit, .news"), null);
});

test("who asks for help is read out, flagged, and counted on", () => {
  const wall = shown();
  hear({ tiles: { b: { h: Date.now() / 1000 } } });
  assert.equal(announced(), "Bob asks for help.");
  assert.match(textOf(tile(wall, "b").querySelector(".seat-flag")), /^help, now$/);
  wait(61_000);
  assert.equal(textOf(tile(wall, "b").querySelector(".seat-flag")), "help, 1 min");
  assert.equal(textOf(tile(wall, "a").querySelector(".seat-idle")).endsWith("min"), true);
});

test("a seat that comes has a tile of its own, one that goes has none", () => {
  const wall = shown();
  hear({ tiles: { d: seat("Aaron"), b: null } });
  assert.equal(tile(wall, "b"), null);
  wait(1_500);
  assert.deepEqual(names(wall), ["Aaron", "Ada", "Cem"]);
});

test("the order changes once in a while, not with each message", () => {
  const wall = shown();
  hear({ tiles: { a: { n: "Zoe" } } });
  assert.deepEqual(names(wall), ["Zoe", "Bob", "Cem"]);
  wait(1_500);
  assert.deepEqual(names(wall), ["Bob", "Cem", "Zoe"]);
});

test("under a pointer nothing moves; once it rests the order is put right", () => {
  const wall = shown();
  hear({ tiles: { a: { n: "Zoe" } } });
  wait(1_000);
  wall.querySelector(".seats").dispatchEvent(new MouseEvent("pointermove", { bubbles: true }));
  wait(600);
  assert.deepEqual(names(wall), ["Zoe", "Bob", "Cem"]);
  wait(1_500);
  assert.deepEqual(names(wall), ["Bob", "Cem", "Zoe"]);
});

test("a choice shows some seats only, says so in the address, and which is chosen", () => {
  const wall = shown({ a: seat("Ada"), b: seat("Bob", { h: NOW / 1000 }) });
  wall.querySelector("[data-show=help]").click();
  assert.deepEqual(names(wall), ["Bob"]);
  assert.equal(location.search, "?show=help&sort=name");
  assert.equal(wall.querySelector("[aria-current]").dataset.show, "help");
  hear({ tiles: { b: { h: 0 } } });
  wait(1_500);
  assert.deepEqual(names(wall), []);
  assert.equal(textOf(wall.querySelector(".wall-empty")), "No seat is like that now.");
  assert.equal(wall.querySelector(".wall-empty").hidden, false);
  wall.querySelector("[data-show=all]").click();
  assert.deepEqual(names(wall), ["Ada", "Bob"]);
});

test("a choice before the first picture, or into a new tab, is the link's own", () => {
  const wall = openPage(page()).querySelector("class-wall");
  const link = wall.querySelector("[data-show=help]");
  const click = (more = {}) => {
    const event = new MouseEvent("click", { bubbles: true, cancelable: true, ...more });
    link.dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.equal(click(), false);
  hear({ tiles: {}, whole: true });
  assert.equal(click({ ctrlKey: true }), false);
  assert.equal(click(), true);
});

test("the order can be chosen: who waits longest for help first", () => {
  const wall = shown({ a: seat("Ada"), b: seat("Bob", { h: 200 }), c: seat("Cem", { h: 100 }) });
  fill(wall.querySelector("select"), "help");
  assert.deepEqual(names(wall), ["Cem", "Bob", "Ada"]);
});

test("counts stand at the choices and over the steps; a lesson nobody is in is hidden", () => {
  const wall = shown(undefined, { counts: counts(4, { help: 2, steps: [["Bridge", 2, 3]] }) });
  assert.deepEqual(textsOf(wall, ".wall-choices b"), ["4", "2"]);
  assert.deepEqual(textsOf(wall, ".spread-lesson b"), ["", "3"]);
  assert.equal(wall.querySelector("[data-number='2']").style.getPropertyValue("--part"), "0.75");
  hear({ tiles: {}, counts: counts(0) });
  assert.equal(wall.querySelector(".spread-lesson").hidden, true);
});

test("many seats have smaller tiles, a crowd the smallest", () => {
  const wall = shown();
  const seats = wall.querySelector(".seats");
  for (const [all, looks] of [
    [36, "seats"],
    [37, "seats dense"],
    [61, "seats crowd"],
  ]) {
    hear({ tiles: {}, counts: counts(all) });
    assert.equal(seats.className, looks);
  }
});

test("a lost connection is said, tried again, and over when a whole picture came", () => {
  const wall = shown();
  const banner = wall.querySelector(".link-banner");
  lastSocket().lose();
  assert.equal(textOf(banner), "Reconnecting … what you see may be old.");
  assert.equal(wall.classList.contains("stale"), true);
  wait(10_000);
  assert.equal(sockets.length, 2);
  lastSocket().open();
  assert.equal(banner.hidden, false);
  hear({ tiles: { a: seat("Ada") }, whole: true });
  assert.equal(banner.hidden, true);
  assert.deepEqual(names(wall), ["Ada"]);
});

test("a class that is over, a right that is gone, and too many tabs are said; the first two are not asked for again", () => {
  for (const [code, words, tries] of [
    [4404, "This class is over. This is how it ended.", 1],
    [4403, "This is not yours to see any more. Log in again.", 1],
    [4409, "Too many tabs of yours show this. Close one.", 2],
  ]) {
    const wall = shown();
    lastSocket().lose(code);
    assert.equal(textOf(wall.querySelector(".link-banner")), words);
    wait(10_000);
    assert.equal(sockets.length, tries);
  }
});

test("a server that cannot read the class says so, and when it can again", () => {
  const wall = shown();
  lastSocket().hear({ type: "fresh", ok: false });
  assert.match(textOf(wall.querySelector(".link-banner")), /^The server cannot read the class/);
  lastSocket().hear({ type: "fresh", ok: true });
  assert.equal(wall.querySelector(".link-banner").hidden, true);
});

test("a slow line is said, and does not hide that the server cannot read the class", () => {
  const wall = shown();
  const banner = wall.querySelector(".link-banner");
  wait(30_000);
  lastSocket().hear({ type: "beat", at: 10 });
  assert.match(textOf(banner), /^Your connection is slow/);
  lastSocket().hear({ type: "fresh", ok: false });
  assert.match(textOf(banner), /^Your connection is slow/);
  lastSocket().hear({ type: "beat", at: 30 });
  assert.match(textOf(banner), /^The server cannot read the class/);
});

test("a class that is over opens no socket", () => {
  openPage(page(""));
  assert.equal(sockets.length, 0);
});

test("out of the page the wall asks for nothing more", () => {
  const wall = shown();
  wall.remove();
  wait(60_000);
  assert.equal(sockets.length, 1);
});

test("who stands on a tile stands on it after the order changed", () => {
  const wall = shown();
  tile(wall, "a").querySelector("a").focus();
  hear({ tiles: { a: { n: "Zoe" } } });
  wait(1_500);
  assert.equal(document.activeElement.closest("[data-seat]").dataset.seat, "a");
});

test("a learner's name is text, never a page", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const wall = shown({ a: seat(evil, { e: evil, k: evil, t: evil, r: "<x>" }) });
  assert.equal(wall.querySelector("img"), null);
  assert.deepEqual(names(wall), [evil]);
});
