// <column-maps>: a map for each column, fetched when it comes into sight; the same request played on all of them in step.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, openPage, press, scrollThere, server, settled, textOf, textsOf, wait } from "../page.js";
import { place } from "../sandbox.js";

const { ColumnMaps } = await import("../../../../static/js/comparison/column-maps.js");
class Picture extends HTMLElement {
  followed = [];
  show(store) {
    this.store = store;
  }
  follow(hop) {
    this.followed.push(hop.text);
  }
}
customElements.define("net-map", Picture);
customElements.define("column-maps", ColumnMaps);
customElements.define("live-comparison", class extends HTMLElement {});

const column = (name) => `<section class="column-map" data-column="${name}" data-url="/maps/${name}/" aria-label="${name}">
  <net-map></net-map><p class="column-said"></p><ol class="hops"></ol></section>`;
const PAGE = `<live-comparison><table><tr><th data-column="bridge" data-picture="1"></th><th data-column="host" data-picture="1"></th></tr></table>
  <column-maps><button data-way="ping">Ping</button><button data-way="http">HTTP</button>
  <button data-step="-1" aria-label="Step back">◂</button><button data-play aria-label="Play">▶</button>
  <button data-step="1" aria-label="Step on">▸</button><span class="journey-at"></span>
  ${column("bridge")}${column("host")}</column-maps></live-comparison>`;

const hop = (text) => ({
  kind: "sent",
  place: "h1",
  ms: 1,
  text,
  why: "",
  interface: "",
  key: "",
  met: null,
  headers: [],
  frame: "",
});
const journey = (texts, ending = "arrived") => ({ request: { hops: texts.map(hop), ending, end: `It ${ending}.` }, error: "" });
const told = (more = {}) => ({
  snapshot: { number: 0, at: 1, places: { h1: place("h1") }, docker: {}, probes: {} },
  journeys: { ping: journey(["a", "b", "c"]), http: journey(["x"]) },
  untold: {},
  ...more,
});

async function shown(answers = {}) {
  server.answer = (url) => Response.json(answers[url] ?? told());
  const maps = openPage(PAGE).querySelector("column-maps");
  scrollThere();
  await settled();
  return { maps, of: (name) => maps.querySelector(`[data-column="${name}"]`) };
}
const now = (maps) => textsOf(maps, ".hop.now .text");
const at = (maps) => textOf(maps.querySelector(".journey-at"));

test("nothing is fetched until the maps come into sight", async () => {
  server.answer = () => Response.json(told());
  openPage(PAGE);
  await settled();
  assert.deepEqual(server.asked, []);
  scrollThere();
  await settled();
  assert.deepEqual(server.asked, ["/maps/bridge/", "/maps/host/"]);
});

test("a picture is fetched once, and again when the table says that there is another", async () => {
  const { maps } = await shown();
  const renewed = () => maps.closest("live-comparison").dispatchEvent(new CustomEvent("renewed"));
  renewed();
  await settled();
  assert.equal(server.asked.length, 2);
  document.querySelector("th").dataset.picture = "2";
  renewed();
  await settled();
  assert.deepEqual(server.asked.slice(2), ["/maps/bridge/"]);
});

test("one that cannot be read says so at its own column, and is asked for again", async () => {
  const { maps, of } = await shown({ "/maps/host/": told() });
  server.answer = () => new Response("", { status: 500 });
  document.querySelector("th").dataset.picture = "2";
  maps.closest("live-comparison").dispatchEvent(new CustomEvent("renewed"));
  await settled();
  assert.match(textOf(of("bridge").querySelector(".column-said")), /could not be read/);
  assert.equal(textOf(of("host").querySelector(".column-said")), "");
});

test("a way is laid out on every column as a list of hops, with how it ended", async () => {
  const { maps, of } = await shown({ "/maps/host/": told({ journeys: { ping: journey(["x", "y"], "dropped") } }) });
  press(maps, "Ping");
  assert.deepEqual(textsOf(of("bridge"), ".hop .text"), ["a", "b", "c"]);
  assert.equal(textOf(of("bridge").querySelector(".column-said")), "3 steps: It arrived.");
  assert.equal(textOf(of("host").querySelector(".column-said")), "2 steps: It dropped.");
  assert.equal(of("host").querySelector(".column-said").classList.contains("trouble"), true);
  assert.equal(announced(), "bridge: 3 steps, host: 2 steps");
});

test("where a way was not followed it is said why", async () => {
  const { maps, of } = await shown({
    "/maps/host/": told({ journeys: {}, untold: { ping: "host has no address of its own." } }),
  });
  press(maps, "Ping");
  assert.equal(textOf(of("host").querySelector(".column-said")), "host has no address of its own.");
});

test("steps go on all columns at once; who has arrived stays where it ended", async () => {
  const { maps, of } = await shown({ "/maps/host/": told({ journeys: { ping: journey(["x"]) } }) });
  press(maps, "Ping");
  press(maps, "Step on");
  press(maps, "Step on");
  assert.deepEqual(now(maps), ["b", "x"]);
  assert.equal(at(maps), "Step 2 of 3");
  assert.deepEqual(of("bridge").querySelector("net-map").followed, ["a", "b"]);
  press(maps, "Step on");
  press(maps, "Step on");
  assert.equal(at(maps), "Step 3 of 3");
  press(maps, "Step back");
  assert.deepEqual(now(maps), ["b", "x"]);
  assert.deepEqual(textsOf(maps, ".hop.later .text"), ["c"]);
});

test("play begins the first way by itself, pauses, goes on, and ends at the last step", async () => {
  const { maps } = await shown();
  press(maps, "Play");
  assert.equal(textOf(maps.querySelector("[data-way][aria-pressed=true]")), "Ping");
  assert.equal(at(maps), "Step 1 of 3");
  press(maps, "Pause");
  wait(10_000);
  assert.equal(at(maps), "Step 1 of 3");
  press(maps, "Play");
  wait(10_000);
  assert.equal(at(maps), "Step 3 of 3");
  assert.equal(maps.querySelector("[data-play]").getAttribute("aria-label"), "Play");
  press(maps, "Play");
  assert.equal(at(maps), "Step 1 of 3");
});

test("another way begins at its beginning", async () => {
  const { maps } = await shown();
  press(maps, "Ping");
  press(maps, "Step on");
  press(maps, "HTTP");
  assert.equal(at(maps), "Step 0 of 1");
  assert.deepEqual(now(maps), []);
});

test("what hosts say is text, never a page", async () => {
  const evil = "<img src=x onerror=alert(1)>";
  const { maps } = await shown({ "/maps/host/": told({ journeys: { ping: journey([evil], evil) } }) });
  press(maps, "Ping");
  assert.equal(maps.querySelector("img"), null);
});
