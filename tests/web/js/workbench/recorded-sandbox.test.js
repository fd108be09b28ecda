// <recorded-sandbox>: a step's recording on the map and in the views, before and after; nothing that looks as if it were now.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, openPage, server, settled, textOf, toasts } from "../page.js";
import { place } from "../sandbox.js";

const { RecordedSandbox } = await import("../../../../static/js/workbench/recorded-sandbox.js");

class Part extends HTMLElement {
  told = [];
  show(store) {
    this.store = store;
  }
  choose(name) {
    this.told.push(name);
  }
}
customElements.define("live-views", class extends Part {});
customElements.define("net-map", class extends Part {});
customElements.define("recorded-sandbox", RecordedSandbox);

const snapshot = (...ids) => ({
  number: 0,
  at: 1,
  places: Object.fromEntries(ids.map((id) => [id, place(id)])),
  docker: {},
  probes: {},
});
const recording = () => Response.json({ before: snapshot("h1"), after: snapshot("h1", "h1/web") });

async function shown(answer = recording) {
  server.answer = answer;
  const main = openPage(`<article id="step" data-step="two"></article><recorded-sandbox data-url="/recorded/STEP/">
    <p class="link-banner" hidden></p><button data-moment="before">Before</button><button data-moment="after">After</button>
    <net-map></net-map><live-views></live-views></recorded-sandbox>`);
  await settled();
  const sandbox = main.querySelector("recorded-sandbox");
  return { sandbox, map: sandbox.querySelector("net-map"), views: sandbox.querySelector("live-views") };
}
const places = (map) => [...map.store.places.keys()];
const pressed = (sandbox) => textOf(sandbox.querySelector("[aria-pressed=true]"));

test("it shows what was recorded after this step, and before it when asked; both are said", async () => {
  const { sandbox, map } = await shown();
  assert.deepEqual(server.asked, ["/recorded/two/"]);
  assert.deepEqual([places(map), pressed(sandbox)], [["h1", "h1/web"], "After"]);
  assert.equal(announced(), "Recorded after this step.");
  sandbox.querySelector("[data-moment=before]").click();
  assert.deepEqual([places(map), pressed(sandbox)], [["h1"], "Before"]);
  assert.equal(announced(), "Recorded before this step.");
});

test("another step has its own recording; one that comes late is not shown", async () => {
  const { map } = await shown();
  const step = document.getElementById("step");
  let late;
  server.answer = (url) => (url.includes("three") ? new Promise((done) => (late = done)) : recording());
  step.dataset.step = "three";
  step.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  await settled();
  step.dataset.step = "four";
  step.dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  await settled();
  assert.deepEqual(places(map), ["h1", "h1/web"]);
  late(Response.json({ before: snapshot(), after: snapshot("h9") }));
  await settled();
  assert.deepEqual(places(map), ["h1", "h1/web"]);
});

test("a recording that cannot be read is said, and the sentence goes when one can", async () => {
  const { sandbox } = await shown(() => new Response("", { status: 500 }));
  const banner = sandbox.querySelector(".link-banner");
  assert.equal(banner.hidden, false);
  assert.match(textOf(banner), /could not be read/);
  server.answer = recording;
  document.getElementById("step").dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  await settled();
  assert.equal(banner.hidden, true);
});

test("there is no terminal, and whoever wants one is told so", async () => {
  const { sandbox } = await shown();
  document.body.dispatchEvent(new CustomEvent("command", { detail: {}, cancelable: true }));
  sandbox.dispatchEvent(new CustomEvent("terminal-wanted", { detail: "h1" }));
  assert.deepEqual(toasts(), Array(2).fill("This is a recording: there is no terminal to type into."));
});

test("map and views follow each other", async () => {
  const { sandbox, map, views } = await shown();
  sandbox.dispatchEvent(new CustomEvent("place", { detail: "h1" }));
  sandbox.dispatchEvent(new CustomEvent("chosen", { detail: "h1/web" }));
  assert.deepEqual([views.told, map.told], [["h1"], ["h1/web"]]);
});

test("out of the page it hears no commands and fetches nothing", async () => {
  const { sandbox } = await shown();
  sandbox.remove();
  document.body.dispatchEvent(new CustomEvent("command", { detail: {}, cancelable: true }));
  document.getElementById("step").dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
  await settled();
  assert.deepEqual(toasts(), []);
  assert.equal(server.asked.length, 1);
});
