// <what-added>: everybody on a host with how much; then one of them, grouped by cause and kind; what was left behind.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buttonOf, NOW, openPage, press, textOf, textsOf, wait } from "../page.js";
import { line, place, Telling, view } from "../sandbox.js";

const { Store } = await import("../../../../static/js/stream/store.js");
const { causeInWords, nameOf, WhatAdded } = await import("../../../../static/js/views/what-added.js");
customElements.define("what-added", WhatAdded);

const told = JSON.parse(readFileSync(new URL("../added.json", import.meta.url), "utf8"));
const PAUSE = 150;

/** The golden picture that Python's answer is held to as well, on the page. */
function shown(id = "h1", owner = undefined) {
  const store = new Store();
  store.apply({ type: "snapshot_taken", number: told.snapshot.number, at: 1, resync: false, snapshot: told.snapshot });
  const element = new WhatAdded();
  element.show(store);
  openPage().append(element);
  element.choose(store.places.get(id), owner);
  return { element, store };
}
const titles = (element) => textsOf(element, ".view-title");
const names = (element) => textsOf(element, ".added-owner .name");

test("everybody on the host stands in their part, with how much they put there", () => {
  const { element } = shown();
  assert.deepEqual(titles(element).slice(0, 4), ["Compose projects", "Networks", "Containers", "Everything else"]);
  assert.ok(names(element).includes("town"));
  assert.ok(names(element).includes("web"));
  for (const count of textsOf(element, ".count")) assert.match(count, /^(1 item|\d+ items)$|left behind|went with it|was seen/);
});

test("one of them opens with a head and their lines; back leads to the row it came from", () => {
  const { element } = shown();
  const row = [...element.querySelectorAll(".added-owner")].find((one) => one.dataset.id === "network:town");
  row.click();
  assert.equal(textOf(element.querySelector("h2")), "network town");
  assert.equal(textOf(document.activeElement), "All of h1");
  assert.ok(element.querySelectorAll(".added-lines li").length > 0);
  press(element, "All of h1");
  assert.equal(document.activeElement.dataset.id, "network:town");
});

test("a container's place opens on the container's own part", () => {
  const { element } = shown("h1/web");
  assert.equal(textOf(element.querySelector("h2")), "container web");
});

test("each line says why it is there, or that nobody knows", () => {
  const { element } = shown("h1", "network:town");
  for (const reason of textsOf(element, ".reason")) assert.notEqual(reason, "");
  const { element: unknown } = withLines([line("veth9", { about: ["unknown"] })]);
  unknown.choose(unknown.store.places.get("h1"), "unknown");
  assert.deepEqual(textsOf(unknown, ".reason"), ["Unknown: nothing here says what put it there."]);
});

test("where no Docker runs there is nothing to say, and that is said", () => {
  const { element, store } = shown();
  store.apply({ type: "place_seen", number: store.number + 1, at: 1, place: place("outside") });
  element.choose(store.places.get("outside"));
  assert.deepEqual(textsOf(element, ".empty"), ["No Docker Engine runs here: choose a host."]);
});

test("the same place chosen again stays on the part that is open; another place does not", () => {
  const { element, store } = shown("h1", "network:town");
  element.choose(store.places.get("h1"));
  assert.equal(textOf(element.querySelector("h2")), "network town");
  element.choose(store.places.get("h1/web"));
  assert.equal(textOf(element.querySelector("h2")), "container web");
});

/** A host with these lines of interfaces, each seen first at the same moment. */
function withLines(lines, facts = {}) {
  const store = new Store();
  const seen = view(lines, { since: Object.fromEntries(lines.map((one) => [one.key, NOW / 1000])) });
  const telling = new Telling(store);
  const docker = { host: "h1", version: "26", error: "", networks: [], containers: [] };
  telling.picture([place("h1", { views: { interfaces: seen } })], [docker], facts);
  const element = new WhatAdded();
  element.show(store);
  openPage().append(element);
  element.choose(store.places.get("h1"));
  return { element, telling, store, seen };
}

test("what comes while one is looked at glows, what was there does not, and the glow ends", () => {
  const old = line("br-1", { about: ["network:app"] });
  const { element, telling, store } = withLines([old]);
  element.choose(store.places.get("h1"), "network:app");
  assert.equal(element.querySelector(".item.added"), null);
  telling.changed("h1", "interfaces", view([old, line("veth1", { about: ["network:app"] })]), { added: ["veth1"] });
  wait(PAUSE);
  assert.deepEqual(textsOf(element, ".item.added code"), ["veth1"]);
  wait(5_000);
  telling.changed("h1", "interfaces", view([old, line("veth1", { about: ["network:app"] })]));
  wait(PAUSE);
  assert.equal(element.querySelector(".item.added"), null);
});

test("however much comes, it is drawn once in a while", () => {
  const { element, telling } = withLines([line("br-1", { about: ["network:app"] })]);
  let drawn = 0;
  const draw = element.draw.bind(element);
  element.draw = () => {
    drawn += 1;
    draw();
  };
  for (let at = 0; at < 50; at += 1) telling.changed("h1", "interfaces", view([line(`br-${at}`, { about: ["network:app"] })]));
  assert.equal(drawn, 0);
  wait(PAUSE);
  assert.equal(drawn, 1);
});

test("out of the page nothing is drawn", () => {
  const { element, telling } = withLines([line("br-1", { about: ["network:app"] })]);
  element.remove();
  telling.changed("h1", "interfaces", view([]));
  wait(PAUSE);
  assert.ok(names(element).includes("app"));
});

test("who stands on a button stands on it after it is drawn again", () => {
  const { element, telling } = withLines([line("br-1", { about: ["network:app"] })]);
  element.querySelector("[data-id='network:app']").focus();
  telling.changed("h1", "interfaces", view([line("br-1", { about: ["network:app"] }), line("br-2", { about: ["network:b"] })]));
  wait(PAUSE);
  assert.equal(document.activeElement.dataset.id, "network:app");
});

const removed = (put, facts = {}) => ({
  host: "h1",
  owner: "network:app",
  detail: "bridge",
  at: NOW / 1000 + 50,
  put,
  more: false,
  ...facts,
});
const put = (key) => ({ place: "h1", view: "interfaces", key, text: key });

test("of what is removed it is said whether all of it went", () => {
  const { element, telling } = withLines([line("lo", { about: ["kernel"] })]);
  telling.tell({ type: "owner_gone", gone: removed([put("br-1"), put("veth1")]) });
  wait(PAUSE);
  assert.deepEqual(textsOf(element, ".added-gone .count"), ["all 2 items went with it"]);
  assert.match(textOf(element.querySelector(".added-gone .detail")), /^bridge, removed 12:00:50$/);
  telling.tell({ type: "owner_gone", gone: removed([], { owner: "network:b" }) });
  wait(PAUSE);
  assert.deepEqual(textsOf(element, ".added-gone .count"), ["nothing of it was seen", "all 2 items went with it"]);
});

test("what was left behind is a trouble, with its lines", () => {
  const { element, telling } = withLines([line("br-1", { about: ["unknown"] })]);
  telling.tell({ type: "owner_gone", gone: removed([put("br-1"), put("veth1")], { more: true }) });
  wait(PAUSE);
  const row = element.querySelector(".added-gone");
  assert.equal(textOf(row.querySelector(".count")), "1 of 2 or more items left behind");
  assert.equal(row.classList.contains("trouble"), true);
  assert.deepEqual(textsOf(row, "code"), ["br-1"]);
});

test("one that is gone, looked at, says so instead of an empty list", () => {
  const { element, telling, store } = withLines([line("lo", { about: ["kernel"] })]);
  element.choose(store.places.get("h1"), "network:app");
  assert.match(textOf(element), /Nothing on h1 belongs to it\./);
  telling.tell({ type: "owner_gone", gone: removed([put("br-1")]) });
  wait(PAUSE);
  assert.deepEqual(titles(element), ["Removed"]);
});

test("a host's names are text, never a page", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const { element, store } = withLines([line(evil, { about: [`network:${evil}`], why: evil })]);
  assert.ok(names(element).includes(evil));
  element.choose(store.places.get("h1"), `network:${evil}`);
  assert.deepEqual(textsOf(element, ".added-lines code"), [evil]);
  assert.equal(element.querySelector("img"), null);
});

test("owners and causes are said in words", () => {
  assert.equal(nameOf("daemon"), "Docker Engine itself");
  assert.equal(nameOf("network:app"), "network app");
  const said = (cause, owner = "network:app") => causeInWords(cause, owner);
  assert.equal(said(""), "The network itself");
  assert.equal(said("", "container:web"), "The container itself");
  assert.equal(said("", "kernel"), "");
  assert.equal(said("option:publish"), "Published ports (-p)");
  assert.equal(said("option:mtu"), "Option mtu");
  assert.equal(said("kernel"), "The kernel's own part, for its interfaces");
  assert.equal(said("kernel", "container:web"), "Came with its network namespace");
  assert.equal(said("network:app", "container:web"), "For its place on network app");
  assert.equal(said("container:web"), "With container web");
});

test("a list of lines says of what kind and where it is", () => {
  const { element } = shown("h1/web");
  const labels = [...element.querySelectorAll(".added-lines")].map((one) => one.getAttribute("aria-label"));
  assert.ok(labels.some((label) => label.startsWith("Interfaces")));
  assert.ok(labels.every((label) => label));
  assert.throws(() => buttonOf(element, "nothing"));
});
