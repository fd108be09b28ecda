// <packet-journey>: a packet is asked for, sent and followed; its way is a list of hops that can be stepped through and played.

import assert from "node:assert/strict";
import { test } from "node:test";
import { announced, buttonOf, fill, heard, openPage, press, textOf, textsOf, wait } from "../page.js";
import { place, Telling } from "../sandbox.js";

const { Store } = await import("../../../../static/js/stream/store.js");
const { PacketJourney } = await import("../../../../static/js/packets/packet-journey.js");
customElements.define("packet-journey", PacketJourney);

function shown({ watch = false } = {}) {
  const store = new Store();
  const element = new PacketJourney();
  const main = openPage();
  if (watch) main.dataset.watch = "";
  else delete main.dataset.watch;
  main.append(element);
  element.show(store);
  const telling = new Telling(store, [place("h1"), place("h1/web"), place("outside")]);
  return { element, telling, wishes: heard(element, "wish"), hops: heard(element, "hop") };
}
const fields = (element) =>
  Object.fromEntries([...element.querySelectorAll("label")].map((one) => [textOf(one.firstChild), one]));
const go = (element) => element.querySelector("button[type=submit]");
const send = (element) => element.querySelector("form").requestSubmit();
const said = (element) => textOf(element.querySelector("[role=status]"));

const hop = (text, facts = {}) => ({
  kind: "sent",
  place: "h1/web",
  ms: 0.5,
  text,
  why: "",
  interface: "eth0",
  key: "",
  met: null,
  headers: [],
  frame: "",
  ...facts,
});
const way = (hops, facts = {}) => ({ way: "request", hops, ending: "arrived", end: "It arrived.", truncated: false, ...facts });
const answer = (facts = {}) => ({
  asked: { source: "h1/web", target: "outside", kind: "ping", port: 80 },
  at: 1,
  address: "10.77.3.100",
  request: way([hop("leaves web"), hop("crosses docker0"), hop("arrives outside")]),
  answer: null,
  result: "answered in 1 ms",
  ok: true,
  error: "",
  took_ms: 1,
  notes: [],
  ...facts,
});
const ground = { kind: "route", place: "h1", text: "dev eth0", command: "ip route get 10.77.3.100" };
const tellJourney = (telling, facts, journey = "j1") => telling.tell({ type: "journey_told", journey, told: answer(facts) });
const now = (element) => textsOf(element, ".hop.now .text");

test("the places to choose from are those of the sandbox, the first container first chosen, and outside is the goal", () => {
  const { element, telling } = shown();
  const { From: from, To: to } = fields(element);
  assert.deepEqual(
    [...from.querySelectorAll("option")].map((one) => one.value),
    ["h1", "h1/web", "outside"],
  );
  assert.equal(from.querySelector("select").value, "h1/web");
  assert.equal(to.querySelector("input").value, "outside");
  telling.seen("h1/db");
  assert.ok(textsOf(element, "select option").includes("h1/db"));
  assert.equal(from.querySelector("select").value, "h1/web");
  telling.gone("h1/web");
  assert.ok(!textsOf(element, "select option").includes("h1/web"));
});

test("a namespace nobody lives in is no place to send from", () => {
  const { element, telling } = shown();
  telling.seen("h1/1-abc", { kind: "namespace" });
  assert.ok(!textsOf(element, "select option").includes("h1/1-abc"));
});

test("only what has a port asks for one; the learner's own packet asks for no target", () => {
  const { element } = shown();
  const { "Kind of packet": kind, Port: port, To: to } = fields(element);
  assert.deepEqual([port.hidden, to.hidden], [true, false]);
  fill(kind.querySelector("select"), "http");
  assert.deepEqual([port.hidden, to.hidden], [false, false]);
  fill(kind.querySelector("select"), "record");
  assert.deepEqual([port.hidden, to.hidden], [true, true]);
  assert.equal(textOf(go(element)), "Wait for it");
});

test("sending says so, turns the button off, and asks the sandbox", () => {
  const { element, wishes } = shown();
  send(element);
  assert.deepEqual(wishes, [
    { type: "follow_journey", source: "h1/web", target: "outside", kind: "ping", port: 80, family: 4 },
  ]);
  assert.equal(go(element).disabled, true);
  assert.equal(said(element), "Sending …");
});

test("the learner's own packet is waited for, with words what to do", () => {
  const { element, wishes } = shown();
  fill(fields(element)["Kind of packet"].querySelector("select"), "record");
  send(element);
  assert.equal(wishes[0].target, "*");
  assert.match(said(element), /^Now do something in h1\/web/);
  wait(10_000);
  assert.equal(go(element).disabled, true);
  wait(20_000);
  assert.equal(go(element).disabled, false);
});

test("without a target nothing is sent", () => {
  const { element, wishes } = shown();
  fill(fields(element).To.querySelector("input"), "   ");
  element.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  assert.deepEqual(wishes, []);
});

test("nothing came back: the button is on again and that is said", () => {
  const { element } = shown();
  send(element);
  wait(8_000);
  assert.equal(go(element).disabled, false);
  assert.match(said(element), /^Nothing came back/);
});

test("a refusal turns the button on and leaves the words to who refused", () => {
  const { element } = shown();
  send(element);
  element.refused();
  assert.equal(go(element).disabled, false);
  assert.equal(said(element), "");
  wait(8_000);
  assert.equal(said(element), "");
});

test("the way is told in order, each hop with its number and its time, and read out in short", () => {
  const { element, telling } = shown();
  send(element);
  element.begun("j1");
  tellJourney(telling);
  assert.deepEqual(textsOf(element, ".hop .number"), ["1", "2", "3"]);
  assert.deepEqual(textsOf(element, ".hop .text"), ["leaves web", "crosses docker0", "arrives outside"]);
  assert.deepEqual(textsOf(element, ".hop .ms").slice(0, 1), ["0.50 ms"]);
  assert.equal(said(element), "ping, h1/web → outside (10.77.3.100): answered in 1 ms");
  assert.equal(go(element).disabled, false);
  assert.equal(announced(), "3 hops. It arrived.");
});

test("request and answer each have their way, and notes come after", () => {
  const { element, telling } = shown();
  send(element);
  tellJourney(telling, { answer: way([hop("back")], { way: "answer" }), notes: ["The kernel answered by itself."] });
  assert.deepEqual(textsOf(element, "h3"), ["The request's way", "The answer's way"]);
  assert.deepEqual(textsOf(element, ".journey-ways .empty"), ["The kernel answered by itself."]);
});

test("a packet that stopped on its way is a trouble", () => {
  const { element, telling } = shown();
  send(element);
  tellJourney(telling, {
    ok: false,
    result: "no answer",
    request: way([hop("leaves")], { ending: "dropped", end: "A rule dropped it." }),
  });
  assert.equal(element.querySelector("[role=status]").classList.contains("trouble"), true);
  assert.equal(element.querySelector(".journey-way").classList.contains("stopped"), true);
  assert.equal(textOf(element.querySelector("small.dropped")), "A rule dropped it.");
});

test("what could not be sent is said, and the last way goes", () => {
  const { element, telling } = shown();
  send(element);
  tellJourney(telling);
  send(element);
  tellJourney(telling, { error: "h1/web is gone." }, "j2");
  assert.equal(said(element), "h1/web is gone.");
  assert.equal(element.querySelector(".hop"), null);
});

test("another page's packet is not shown, nor one that came too late; who watches sees the learner's", () => {
  const { element, telling } = shown();
  tellJourney(telling);
  assert.equal(element.querySelector(".hop"), null);
  send(element);
  element.begun("mine");
  tellJourney(telling, {}, "theirs");
  assert.equal(element.querySelector(".hop"), null);
  tellJourney(telling, {}, "mine");
  assert.equal(element.querySelectorAll(".hop").length, 3);
  const watched = shown({ watch: true });
  tellJourney(watched.telling);
  assert.equal(watched.element.querySelectorAll(".hop").length, 3);
});

test("steps go through the hops and stop at the ends; the map hears of each", () => {
  const { element, telling, hops } = shown();
  send(element);
  tellJourney(telling);
  press(element, "Step on");
  assert.deepEqual(now(element), ["leaves web"]);
  press(element, "Step on");
  press(element, "Step on");
  press(element, "Step on");
  assert.deepEqual(now(element), ["arrives outside"]);
  press(element, "Step back");
  assert.deepEqual(now(element), ["crosses docker0"]);
  assert.equal(hops.at(-1).text, "crosses docker0");
});

test("play shows a hop after another, can be paused, and ends by itself", () => {
  const { element, telling } = shown();
  send(element);
  tellJourney(telling);
  press(element, "Play");
  assert.deepEqual(now(element), ["leaves web"]);
  wait(900);
  assert.deepEqual(now(element), ["crosses docker0"]);
  press(element, "Pause");
  wait(5_000);
  assert.deepEqual(now(element), ["crosses docker0"]);
  press(element, "Play");
  assert.deepEqual(now(element), ["arrives outside"]);
  assert.equal(buttonOf(element, "Play").textContent, "▶");
  press(element, "Play");
  assert.deepEqual(now(element), ["leaves web"]);
});

test("out of the page nothing plays on", () => {
  const { element, telling, hops } = shown();
  send(element);
  tellJourney(telling);
  press(element, "Play");
  element.remove();
  wait(5_000);
  assert.equal(hops.length, 1);
});

test("a hop opens to its reason, its rule, its headers and its bytes", () => {
  const { element, telling } = shown();
  send(element);
  const rule = { table: "nat", chain: "POSTROUTING", position: 1, rule: "-j MASQUERADE", key: "", verdict: "accept", why: "" };
  const header = (name, value, changed) => ({ layer: "ip", name, value, offset: 0, length: 4, depth: 0, changed });
  const headers = [header("source", "10.77.3.11", true), header("ttl", "63", false), header("checksum", "0x1", true)];
  tellJourney(telling, { request: way([hop("translated", { why: "NAT.", met: rule, headers, frame: "4500" })]) });
  const open = element.querySelector(".hop-line");
  assert.equal(textOf(open.querySelector(".changed")), "source 10.77.3.11");
  assert.equal(open.getAttribute("aria-expanded"), "false");
  open.click();
  assert.equal(open.getAttribute("aria-expanded"), "true");
  const more = element.querySelector(".more");
  assert.equal(textOf(more.querySelector(".why")), "NAT.");
  assert.equal(textOf(more.querySelector(".rule")), "-j MASQUERADE");
  assert.equal(textOf(more.querySelector(".bytes")), "45 00");
  assert.deepEqual(textsOf(more, "tr.changed th"), ["ip source", "ip checksum"]);
  assert.deepEqual(now(element), ["translated"]);
  open.click();
  assert.equal(more.hidden, true);
});

test("a hop of which nothing more is known says so", () => {
  const { element, telling } = shown();
  send(element);
  tellJourney(telling, { request: way([hop("leaves")]) });
  press(element, "1leaves0.50 ms");
  assert.equal(textOf(element.querySelector(".more")), "Nothing more is known of this hop.");
});

test("a place is asked by IPv6 when that is chosen; a lookup and the learner's own packet have no choice", () => {
  const { element, wishes } = shown();
  const { "Kind of packet": kind, By: by } = fields(element);
  for (const [chosen, hidden] of [
    ["dns", true],
    ["record", true],
    ["http", false],
  ]) {
    fill(kind.querySelector("select"), chosen);
    assert.equal(by.hidden, hidden, chosen);
  }
  fill(by.querySelector("select"), "6");
  send(element);
  assert.equal(wishes[0].family, 6);
});

test("filled in from elsewhere, it is sent at once", () => {
  const { element, wishes } = shown();
  element.ask({ source: "h1", target: "10.0.0.9", kind: "tcp", port: 5432 });
  assert.deepEqual(wishes, [{ type: "follow_journey", source: "h1", target: "10.0.0.9", kind: "tcp", port: 5432, family: 4 }]);
  assert.equal(fields(element).Port.hidden, false);
});

test("what a packet says of itself is text, never a page", () => {
  const { element, telling } = shown();
  const evil = "<img src=x onerror=alert(1)>";
  send(element);
  tellJourney(telling, { result: evil, notes: [evil], request: way([hop(evil, { why: evil, frame: "zz" })], { end: evil }) });
  element.querySelector(".hop-line").click();
  assert.equal(element.querySelector("img"), null);
  assert.ok(said(element).endsWith(evil));
});

test("what the end rests on is shown under it when somebody asks, with what to type", () => {
  const { element, telling } = shown();
  send(element);
  tellJourney(telling, { request: way([hop("leaves web")], { evidence: [ground, { ...ground, command: "" }] }) });
  const box = element.querySelector("details");
  assert.equal(box.open, false);
  assert.equal(textOf(box.querySelector("summary")), "How is this known?");
  assert.deepEqual(textsOf(box, "li span"), ["h1: dev eth0", "h1: dev eth0"]);
  assert.deepEqual(textsOf(box, "li code"), ["ip route get 10.77.3.100"]);
});

test("a journey that was kept before there was evidence has nothing to open", () => {
  const { element, telling } = shown();
  send(element);
  tellJourney(telling, {});
  assert.equal(element.querySelector("details"), null);
});
