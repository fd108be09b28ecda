// <live-views>: which place and which tab are looked at; what happens elsewhere is news; the keyboard and the text of each.

import assert from "node:assert/strict";
import { test } from "node:test";
import { buttonOf, heard, key, openPage, press, textOf, textsOf, wait } from "../page.js";
import { line, place, Telling, view } from "../sandbox.js";
import { tables } from "../tables.js";

const { Lens } = await import("../../../../static/js/stream/lens.js");
const { tell } = await import("../../../../static/js/page/tables.js");
const { Store } = await import("../../../../static/js/stream/store.js");
const { LiveViews } = await import("../../../../static/js/views/live-views.js");
const { LiveTable } = await import("../../../../static/js/views/live-table.js");
const { DriverCalls } = await import("../../../../static/js/views/driver-calls.js");
const { Timeline } = await import("../../../../static/js/views/time-line.js");
const { WhatAdded } = await import("../../../../static/js/views/what-added.js");
const { PacketCapture } = await import("../../../../static/js/packets/packet-capture.js");
const { CapturedFrame } = await import("../../../../static/js/packets/captured-frame.js");
const { PacketJourney } = await import("../../../../static/js/packets/packet-journey.js");
const { ReachGrid } = await import("../../../../static/js/packets/reach-grid.js");
for (const [name, element] of Object.entries({
  "live-table": LiveTable,
  "driver-calls": DriverCalls,
  "time-line": Timeline,
  "what-added": WhatAdded,
  "packet-capture": PacketCapture,
  "captured-frame": CapturedFrame,
  "packet-journey": PacketJourney,
  "reach-grid": ReachGrid,
  "live-views": LiveViews,
}))
  customElements.define(name, element);

const NEWS = 16_000;
const host = (facts = {}) =>
  place("h1", {
    views: {
      interfaces: view(["lo", "eth0"], { command: "ip addr" }),
      routes: view(["default via 10.77.3.1"], { command: "ip route" }),
      nat: view(["-A POSTROUTING -j MASQUERADE"], { command: "iptables-save -t nat" }),
      filter: view([], { command: "iptables-save -t filter" }),
      ...facts,
    },
  });

function shown(places = [host(), place("h1/web"), place("outside")], { live = true } = {}) {
  const main = openPage(live ? '<live-sandbox data-sandbox="box"></live-sandbox>' : "<div></div>");
  const element = new LiveViews();
  main.firstElementChild.append(element);
  const store = new Store();
  element.show(new Lens(store));
  const telling = new Telling(store, places);
  return { element, telling, chosen: heard(element, "chosen") };
}
const tabs = (element) => textsOf(element, "[role=tab]");
const tab = (element, words) => buttonOf(element.querySelector("[role=tablist]"), words);
const chips = (element) => textsOf(element, ".places [role=radio]");
const chip = (element, words) => buttonOf(element.querySelector(".places"), words);
const news = (element, selector) => textsOf(element, `${selector}.news`);
const rows = (element) => textsOf(element, ".row");

test("the places stand in the order a person looks for them, and the first is looked at", () => {
  const { element } = shown([place("outside"), place("h1/web"), host()]);
  assert.deepEqual(chips(element), ["h1", "h1/web", "outside"]);
  assert.equal(chip(element, "h1").getAttribute("aria-checked"), "true");
  assert.deepEqual(rows(element), ["lo", "eth0"]);
});

test("another place shows its own lines, keeps the tab, and tells the page", () => {
  const { element, chosen } = shown();
  press(element, "Routes");
  chip(element, "h1/web").click();
  assert.equal(tab(element, "Routes").getAttribute("aria-selected"), "true");
  assert.equal(textOf(element.querySelector(".empty")), "Not read yet.");
  assert.deepEqual(chosen, ["h1/web"]);
  element.choose("nowhere");
  assert.deepEqual(chosen, ["h1/web"]);
});

test("a tab with several tables names each; a rare one is shown where there is something in it", () => {
  const { element, telling } = shown();
  press(element, "Rules");
  assert.deepEqual(textsOf(element, ".view-title"), ["nat table", "filter table", "tracked connections"]);
  telling.seen("h1", host({ raw: view(["table ip raw"]) }));
  assert.deepEqual(textsOf(element, ".view-title"), [
    "nat table",
    "filter table",
    "tracked connections",
    "what else netfilter holds",
  ]);
});

test("tabs that have nothing to show here are not offered", () => {
  const { element, telling } = shown();
  for (const name of ["Requests", "Packets", "Driver"]) assert.ok(!tabs(element).includes(name), name);
  chip(element, "outside").click();
  assert.ok(tabs(element).includes("Requests"));
  telling.seen("outside", { views: { frames: view([]) } });
  assert.ok(tabs(element).includes("Packets"));
  chip(element, "h1").click();
  assert.ok(!tabs(element).includes("Requests"));
});

test("a tab that is not there at the next place gives way to Interfaces", () => {
  const { element } = shown();
  chip(element, "outside").click();
  press(element, "Requests");
  chip(element, "h1").click();
  assert.equal(tab(element, "Interfaces").getAttribute("aria-selected"), "true");
});

test("outside of a live sandbox nothing can be captured", () => {
  assert.ok(!tabs(shown(undefined, { live: false }).element).includes("Capture"));
  assert.ok(tabs(shown().element).includes("Capture"));
});

test("a line that comes into the table looked at lights up there and is no news", () => {
  const { element, telling } = shown();
  telling.changed("h1", "interfaces", view(["lo", "eth0", "br-1"]), { added: ["br-1"] });
  assert.deepEqual(textsOf(element, ".item.added .row"), ["br-1"]);
  assert.deepEqual([news(element, "[role=tab]"), news(element, "[role=radio]")], [[], []]);
});

test("a line that comes elsewhere is news at its tab, until that is opened", () => {
  const { element, telling } = shown();
  telling.changed("h1", "routes", view(["default", "10.0.0.0/8"]), { added: ["10.0.0.0/8"] });
  assert.deepEqual(news(element, "[role=tab]"), ["Routes"]);
  press(element, "Routes");
  assert.deepEqual(news(element, "[role=tab]"), []);
  press(element, "Interfaces");
  assert.deepEqual(news(element, "[role=tab]"), [], "what was looked at is no news any more");
  press(element, "Routes");
  assert.deepEqual(rows(element), ["default", "10.0.0.0/8"]);
});

test("counters that count are no news", () => {
  const { element, telling } = shown();
  telling.changed("h1", "nat", view(["[1:1] -A POSTROUTING"]), { changed: ["x"] });
  assert.deepEqual(news(element, "[role=tab]"), []);
});

test("what happens at another place is news at its chip, then at its tab, and old after a while", () => {
  const { element, telling } = shown();
  telling.changed("h1/web", "routes", view(["default"]), { added: ["default"] });
  wait(16);
  assert.deepEqual(news(element, "[role=radio]"), ["h1/web"]);
  chip(element, "h1/web").click();
  assert.deepEqual(news(element, "[role=radio]"), []);
  assert.deepEqual(news(element, "[role=tab]"), ["Routes"]);
  wait(NEWS * 2);
  assert.deepEqual(news(element, "[role=tab]"), []);
});

test("a place that comes is a chip; one that goes is none, and the first is looked at instead", () => {
  const { element, telling } = shown();
  telling.seen("h1/db");
  wait(16);
  assert.deepEqual(chips(element), ["h1", "h1/db", "h1/web", "outside"]);
  chip(element, "h1/db").click();
  telling.gone("h1/db");
  assert.deepEqual(chips(element), ["h1", "h1/web", "outside"]);
  assert.equal(chip(element, "h1").getAttribute("aria-checked"), "true");
});

test("many events draw the row of places once", () => {
  const { element, telling } = shown();
  const before = chip(element, "h1");
  for (let at = 0; at < 30; at += 1) telling.seen(`h1/c${at}`);
  assert.equal(chip(element, "h1"), before);
  wait(16);
  assert.equal(chips(element).length, 33);
});

test("a place that cannot be read, and one that lives in another's namespace, say so", () => {
  const { element } = shown([
    host(),
    place("h1/bad", { error: "no such process" }),
    place("h1/twin", { shares: "h1", netns: 0 }),
  ]);
  assert.equal(chip(element, "h1/bad").classList.contains("unreadable"), true);
  chip(element, "h1/bad").click();
  assert.equal(textOf(element.querySelector(".trouble")), "This place cannot be read: no such process");
  chip(element, "h1/twin").click();
  assert.match(textOf(element.querySelector(".empty")), /it lives in that of h1\.$/);
  assert.equal(element.querySelector(".netns"), null);
  chip(element, "h1").click();
  assert.equal(textOf(element.querySelector(".netns")), "net:[4026532000]");
});

test("every line is explained when asked to, and that is remembered", () => {
  const { element } = shown();
  const box = element.querySelector("input[type=checkbox]");
  assert.equal(element.querySelector("[role=tabpanel]").classList.contains("explain-all"), false);
  box.click();
  assert.equal(element.querySelector("[role=tabpanel]").classList.contains("explain-all"), true);
  assert.equal(localStorage.getItem("explained"), "1");
});

test("a line's owner leads to all with the same cause, and the focus goes along", () => {
  const { element } = shown([host({ interfaces: view([line("br-1", { about: ["network:app"], why: "A bridge." })]) })]);
  press(element, "all of network app");
  assert.equal(tab(element, "Added").getAttribute("aria-selected"), "true");
  assert.equal(textOf(element.querySelector("h2")), "network app");
  assert.equal(textOf(document.activeElement), "All of h1");
});

test("a packet asked for elsewhere on the page is sent from the journey's tab", () => {
  const { element } = shown();
  const wishes = heard(element, "wish");
  element.follow({ source: "h1", target: "outside" });
  assert.equal(tab(element, "Journey").getAttribute("aria-selected"), "true");
  assert.equal(wishes[0].target, "outside");
});

test("a lesson's text opens a tab, of a place or with a packet to follow", () => {
  const { element } = shown();
  const wishes = heard(element, "wish");
  element.look({ tab: "reach" });
  assert.equal(tab(element, "Reach").getAttribute("aria-selected"), "true");
  element.look({ tab: "routes", place: "h1" });
  assert.equal(tab(element, "Routes").getAttribute("aria-selected"), "true");
  assert.equal(element.place, "h1");
  assert.deepEqual(wishes, []);
  element.look({ tab: "journey", source: "h1", target: "outside", kind: "http", port: "80" });
  assert.equal(tab(element, "Journey").getAttribute("aria-selected"), "true");
  assert.deepEqual([wishes[0].source, wishes[0].target, wishes[0].kind], ["h1", "outside", "http"]);
});

test("each tab shows its own element, and it is the same one when it is opened again", () => {
  const { element } = shown();
  for (const [words, name] of [
    ["Journey", "packet-journey"],
    ["Reach", "reach-grid"],
    ["Capture", "packet-capture"],
    ["Added", "what-added"],
    ["Timeline", "time-line"],
  ]) {
    press(element, words);
    const panel = element.querySelector("[role=tabpanel]");
    const first = panel.querySelector(name);
    assert.ok(first, name);
    assert.equal(panel.childElementCount, 1);
    assert.equal(panel.getAttribute("aria-labelledby"), tab(element, words).id);
    press(element, "Interfaces");
    press(element, words);
    assert.equal(panel.querySelector(name), first);
  }
});

test("a driver's calls have a tab as soon as there is one", () => {
  const { element, telling } = shown();
  const call = {
    kind_of: "call",
    key: "1",
    driver: "lab",
    method: "CreateNetwork",
    at: 1,
    what: "app",
    asked: "{}",
    answer: "{}",
    error: "",
    seconds: 0.1,
  };
  telling.changed("h1", "calls", view([line("CreateNetwork", { key: "1" })], { items: [call] }), { added: ["1"] });
  assert.deepEqual(news(element, "[role=tab]"), ["Driver"]);
  press(element, "Driver");
  assert.match(textOf(element.querySelector(".method")), /^CreateNetworklab$/);
});

test("arrows go from tab to tab and open them; one of each row is a stop of the tab key", () => {
  const { element } = shown();
  tab(element, "Interfaces").focus();
  key(document.activeElement, "ArrowRight");
  assert.equal(textOf(document.activeElement), "Routes");
  assert.equal(document.activeElement.getAttribute("aria-selected"), "true");
  key(document.activeElement, "End");
  assert.equal(textOf(document.activeElement), "Timeline");
  for (const selector of ["[role=tab]", "[role=radio]"])
    assert.equal([...element.querySelectorAll(selector)].filter((one) => one.tabIndex === 0).length, 1);
  chip(element, "h1").focus();
  key(document.activeElement, "ArrowRight");
  assert.equal(textOf(document.activeElement), "h1/web");
});

test("a timeline that is open stays the same while events come", () => {
  const { element, telling } = shown();
  press(element, "Timeline");
  telling.happened("one");
  telling.seen("h1", host());
  assert.match(textOf(element.querySelector(".happenings .what")), /^one/);
});

test("what a host calls its containers is text, never a page; a long name is whole where it is read out", () => {
  const evil = "h1/<img src=x onerror=alert(1)>-a-name-that-is-far-too-long";
  const { element } = shown([host(), place(evil)]);
  assert.equal(element.querySelector("img"), null);
  assert.equal(element.querySelectorAll("[role=radio]")[1].getAttribute("aria-label"), evil);
});

test("a view that only the page's table names has a tab, is drawn, and is news when it changes", (t) => {
  const row = {
    view: "policies",
    name: "policy rules",
    heading: "policy rules",
    tab: "Policies",
    shown: "seen",
    drawn: "table",
  };
  tell("views", [...tables.views, { ...row, lasts: true, owned: true }]);
  t.after(() => tell("views", tables.views));
  const { element, telling } = shown([host(), place("outside")]);
  assert.ok(!tabs(element).includes("Policies"));
  telling.seen("h1", host({ policies: view(["0: from all lookup local"]) }));
  assert.ok(tabs(element).includes("Policies"));
  press(element, "Policies");
  assert.deepEqual(rows(element), ["0: from all lookup local"]);
  press(element, "Routes");
  telling.changed("h1", "policies", view(["0: from all lookup local", "100: from all lookup lab"]), { added: ["100"] });
  assert.deepEqual(news(element, "[role=tab]"), ["Policies"]);
});
