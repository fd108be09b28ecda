// <packet-capture>: a filter, packets as they come, one of them taken apart, all of them as a file; it comes back after a loss.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  announced,
  fill,
  heard,
  key,
  lastSocket,
  openPage,
  press,
  server,
  settled,
  sockets,
  textOf,
  textsOf,
  wait,
} from "../page.js";
import { face, place, Telling, view } from "../sandbox.js";

const { Store } = await import("../../../../static/js/stream/store.js");
const { FILTERS, PacketCapture, SHOWN } = await import("../../../../static/js/packets/packet-capture.js");
const { CapturedFrame } = await import("../../../../static/js/packets/captured-frame.js");
const { CaptureDesktop } = await import("../../../../static/js/packets/capture-desktop.js");
customElements.define("captured-frame", CapturedFrame);
customElements.define("capture-desktop", CaptureDesktop);
customElements.define("packet-capture", PacketCapture);

const web = (names = ["lo", "eth0", "eth1"]) =>
  place("h1/web", { views: { interfaces: view(names, { items: names.map((name) => face(name)) }) } });

function shown({ watch = false } = {}) {
  const main = openPage('<live-sandbox data-here="/lessons/bridge/" data-sandbox="box 1"></live-sandbox>');
  const sandbox = main.querySelector("live-sandbox");
  if (watch) sandbox.dataset.watch = "";
  const store = new Store();
  const element = new PacketCapture();
  element.show(store);
  sandbox.append(element);
  const telling = new Telling(store, [web()]);
  element.choose(store.places.get("h1/web"));
  return { element, telling, store, wishes: heard(element, "wish") };
}
const field = (element, words) =>
  [...element.querySelectorAll("label")].find((one) => textOf(one.firstChild) === words).lastChild;
const go = (element) => element.querySelector("button[type=submit]");
const said = (element) => textOf(element.querySelector(".capture-said"));
const count = (element) => textOf(element.querySelector(".capture-count"));
const facts = (id, more = {}) => ({
  id,
  place: "h1/web",
  interface: "eth0",
  expression: "icmp",
  began: 1,
  running: true,
  failed: false,
  reason: "",
  kept: 0,
  left_out: 0,
  ...more,
});
const captures = (telling, ...all) => telling.aside({ type: "captures_changed", captures: all });
const packet = (number, more = {}) => ({
  number,
  at: 100 + number / 1000,
  way: "→",
  length: 98,
  protocol: "ICMP",
  summary: `echo request ${number}`,
  problem: "",
  ...more,
});
const packets = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => packet(from + at));

/** One that was begun on this page, and its socket is open. */
function listening(options) {
  const all = shown(options);
  all.element.querySelector("form").requestSubmit();
  all.element.begun("c1");
  captures(all.telling, facts("c1"));
  lastSocket().open();
  return all;
}

test("the interfaces of the chosen place can be chosen, the first that is not lo is", () => {
  const { element, store, telling } = shown();
  const device = field(element, "Interface");
  assert.deepEqual(textsOf(device, "option"), ["lo", "eth0", "eth1"]);
  assert.equal(device.value, "eth0");
  fill(device, "eth1");
  telling.changed("h1/web", "interfaces", web(["lo", "eth1", "eth2"]).views.interfaces);
  assert.deepEqual([device.value, textsOf(device, "option").join()], ["eth1", "lo,eth1,eth2"]);
  element.choose(store.places.get("nowhere"));
  assert.equal(go(element).disabled, true);
});

test("the kinds are written into the filter, and the filter is recognised as a kind", () => {
  const { element } = shown();
  const kind = field(element, "Packets");
  const filter = field(element, "Filter, as tcpdump takes it");
  for (const [expression] of FILTERS) {
    fill(kind, expression);
    assert.equal(filter.value, expression);
  }
  fill(filter, "arp");
  assert.equal(kind.value, "arp");
  fill(filter, "tcp port 8080");
  assert.equal(textOf(kind.selectedOptions[0]), "Your own");
  filter.blur();
  fill(kind, "own");
  assert.equal(document.activeElement, filter);
});

test("start says so, turns the button off and asks for this interface and this filter", () => {
  const { element, wishes } = shown();
  fill(field(element, "Filter, as tcpdump takes it"), " icmp ");
  element.querySelector("form").requestSubmit();
  assert.deepEqual(wishes, [{ type: "start_capture", place: "h1/web", interface: "eth0", expression: "icmp", ring: false }]);
  assert.equal(go(element).disabled, true);
  assert.equal(said(element), "Starting …");
});

test("nothing came back, a refusal, and a filter that tcpdump does not take", () => {
  const late = shown().element;
  late.querySelector("form").requestSubmit();
  wait(8_000);
  assert.match(said(late), /^Nothing came back/);
  assert.equal(go(late).disabled, false);
  const refused = shown().element;
  refused.querySelector("form").requestSubmit();
  refused.refused();
  assert.deepEqual([said(refused), go(refused).disabled], ["", false]);
  const { element, telling } = shown();
  element.querySelector("form").requestSubmit();
  element.begun("c1");
  captures(telling, facts("c1", { failed: true, running: false, reason: "syntax error in the filter" }));
  assert.equal(said(element), "syntax error in the filter");
  assert.equal(element.querySelector(".capture-said").classList.contains("trouble"), true);
  assert.equal(element.querySelector(".capture-head").childElementCount, 0);
});

test("a refusal of something else does not touch a capture that runs", () => {
  const { element } = listening();
  element.refused();
  assert.equal(count(element), "Listening. Nothing has passed yet.");
});

test("packets come in order, counted from the first one's moment", () => {
  const { element } = listening();
  assert.equal(count(element), "Listening. Nothing has passed yet.");
  lastSocket().hear({ type: "captured", rows: [packet(1), packet(2, { at: 100.0015 })] });
  assert.deepEqual(textsOf(element, ".number"), ["1", "2"]);
  assert.deepEqual(textsOf(element, ".when"), ["0.000000", "0.000500"]);
  assert.deepEqual(textsOf(element, ".told"), ["echo request 1", "echo request 2"]);
  assert.equal(count(element), "2 packets");
  assert.equal(textOf(element.querySelector(".about")), "h1/web · eth0 · icmp");
});

test("a packet that could not be read is marked", () => {
  const { element } = listening();
  lastSocket().hear({ type: "captured", rows: [packet(1, { problem: "cut short" }), packet(2)] });
  assert.deepEqual(textsOf(element, ".broken .number"), ["1"]);
});

test("packets left out are a line where they were, and the count says that it is a sample", () => {
  const { element } = listening();
  lastSocket().hear({ type: "captured", rows: [packet(1), { left_out: 1500 }, packet(2), { left_out: 1600 }] });
  assert.deepEqual(textsOf(element, ".capture-gap"), [
    "… 1,500 packets left out here: more came than can be taken",
    "… 100 packets left out here: more came than can be taken",
  ]);
  assert.equal(count(element), "2 packets · sampled: 1,600 more were left out");
});

test("the page keeps the last lines only, and says that the file has all", () => {
  const { element } = listening();
  lastSocket().hear({ type: "captured", rows: packets(1, 200) });
  lastSocket().hear({ type: "captured", rows: packets(201, 350) });
  assert.equal(element.querySelectorAll(".capture-row").length, SHOWN);
  assert.equal(textsOf(element, ".number")[0], "51");
  assert.equal(count(element), "350 packets · the last 300 are shown, the file has all");
});

test("a ring's file has all packets until there are more than it keeps", () => {
  const { element, telling } = listening();
  captures(telling, facts("c1", { ring: true }));
  lastSocket().hear({ type: "captured", rows: packets(1, 350) });
  assert.equal(count(element), "350 packets · the last 300 are shown, the file has all");
  lastSocket().hear({ type: "captured", rows: packets(351, 600) });
  assert.equal(count(element), "600 packets · the last 300 are shown, the file has the newest 500");
});

test("the file is offered at the lesson's own address", () => {
  const { element } = listening();
  const link = element.querySelector("a[download]");
  assert.equal(link.getAttribute("href"), "/lessons/bridge/captures/c1/");
});

test("stop asks the sandbox; when it has ended that is said and read out, and stop is gone", () => {
  const { element, telling, wishes } = listening();
  press(element, "Stop");
  assert.deepEqual(wishes.at(-1), { type: "stop_capture", capture: "c1" });
  lastSocket().hear({ type: "captured", rows: [packet(1)] });
  lastSocket().hear({ type: "capture_ended", reason: "You stopped it." });
  captures(telling, facts("c1", { running: false, reason: "You stopped it." }));
  assert.equal(count(element), "1 packet · You stopped it.");
  assert.equal(element.querySelector(".capture-stop").hidden, true);
  assert.equal(announced(), "You stopped it.");
});

test("a lost connection is tried again and begins anew, so that no packet is there twice", () => {
  const { element } = listening();
  assert.equal(lastSocket().url, "wss://explorer.test/ws/capture/c1/?sandbox=box%201");
  lastSocket().hear({ type: "captured", rows: packets(1, 3) });
  lastSocket().lose();
  wait(1_500);
  assert.equal(sockets.length, 2);
  lastSocket().open();
  assert.deepEqual(textsOf(element, ".number"), []);
  lastSocket().hear({ type: "captured", rows: packets(1, 4) });
  assert.deepEqual(textsOf(element, ".number"), ["1", "2", "3", "4"]);
});

test("what has ended, is forbidden or is gone is not asked for again", () => {
  for (const code of [4403, 4404]) {
    listening();
    lastSocket().lose(code);
    wait(60_000);
    assert.equal(sockets.length, 1);
  }
  listening();
  lastSocket().hear({ type: "capture_ended", reason: "The time is over." });
  lastSocket().lose();
  wait(60_000);
  assert.equal(sockets.length, 1);
});

test("several captures are tabs; another one is listened to alone", () => {
  const { element, telling } = listening();
  lastSocket().hear({ type: "captured", rows: [packet(1)] });
  captures(telling, facts("c1"), facts("c2", { expression: "", running: false }));
  assert.deepEqual(textsOf(element, ".capture-tab"), ["h1/web · eth0 · icmp", "h1/web · eth0 · everything"]);
  const first = lastSocket();
  press(element, "h1/web · eth0 · everything");
  assert.equal(first.readyState, 3);
  assert.match(lastSocket().url, /\/ws\/capture\/c2\//);
  assert.equal(element.querySelector("[aria-pressed=true]").textContent, "h1/web · eth0 · everything");
  assert.deepEqual(textsOf(element, ".number"), []);
  first.hear({ type: "captured", rows: [packet(9)] });
  assert.deepEqual(textsOf(element, ".number"), []);
});

test("a capture that is gone takes its packets with it", () => {
  const { element, telling } = listening();
  lastSocket().hear({ type: "captured", rows: [packet(1)] });
  captures(telling);
  assert.deepEqual([textsOf(element, ".number"), count(element)], [[], ""]);
});

test("who watches asks as somebody who watches", () => {
  listening({ watch: true });
  assert.match(lastSocket().url, /&watch=1$/);
});

const frame = (number) => ({
  number,
  length: 98,
  captured: 98,
  summary: "",
  layers: [
    {
      protocol: "Ethernet",
      depth: 0,
      offset: 0,
      length: 4,
      problem: "",
      fields: [{ name: "type", value: "IPv4", offset: 2, length: 2 }],
    },
  ],
  bytes: "aabb0800",
});

test("a packet is opened by click: it is the current one, and its fields stand beside its bytes", async () => {
  const { element } = listening();
  lastSocket().hear({ type: "captured", rows: packets(1, 2) });
  server.answer = () => Response.json(frame(2));
  element.querySelectorAll(".capture-row")[1].click();
  await settled();
  assert.deepEqual(server.asked, ["/lessons/bridge/captures/c1/2/"]);
  assert.equal(textOf(element.querySelector("[aria-current] .number")), "2");
  assert.equal(textOf(element.querySelector("captured-frame h3")), "Packet 2 98 bytes");
  assert.deepEqual(textsOf(element, ".frame-field"), ["typeIPv4"]);
  element.querySelector(".frame-field").click();
  assert.equal(textOf(element.querySelector(".frame-told")), "Ethernet type: IPv4 (bytes 2 to 3)");
});

test("a packet that is no longer kept, and a server that does not answer, each have their sentence", async () => {
  const { element } = listening();
  lastSocket().hear({ type: "captured", rows: [packet(1)] });
  server.answer = () => new Response("", { status: 404 });
  element.querySelector(".capture-row").click();
  await settled();
  assert.equal(textOf(element.querySelector(".frame-hint")), "This packet is no longer kept.");
  server.answer = () => Promise.reject(new TypeError("no network"));
  element.querySelector(".capture-row").click();
  await settled();
  assert.match(textOf(element.querySelector(".frame-hint")), /^The page could not reach the server/);
});

test("an answer for a capture that is not looked at any more is not shown", async () => {
  const { element, telling } = listening();
  captures(telling, facts("c1"), facts("c2", { expression: "" }));
  lastSocket().hear({ type: "captured", rows: [packet(1)] });
  server.answer = () => Response.json(frame(1));
  element.querySelector(".capture-row").click();
  press(element, "h1/web · eth0 · everything");
  await settled();
  assert.equal(element.querySelector("captured-frame h3"), null);
});

test("packets are walked by arrows, one tab stop", () => {
  const { element } = listening();
  lastSocket().hear({ type: "captured", rows: packets(1, 3) });
  const rows = [...element.querySelectorAll(".capture-row")];
  assert.deepEqual(
    rows.map((one) => one.tabIndex),
    [0, -1, -1],
  );
  rows[0].focus();
  key(rows[0], "ArrowDown");
  assert.equal(document.activeElement, rows[1]);
});

test("what a packet carries is text, never a page", async () => {
  const { element } = listening();
  const evil = "<img src=x onerror=alert(1)>";
  lastSocket().hear({ type: "captured", rows: [packet(1, { summary: evil, protocol: evil })] });
  const bad = frame(1);
  bad.layers[0].problem = bad.layers[0].fields[0].value = bad.layers[0].protocol = evil;
  server.answer = () => Response.json(bad);
  element.querySelector(".capture-row").click();
  await settled();
  assert.equal(element.querySelector("img"), null);
  assert.equal(textOf(element.querySelector(".told")), evil);
  assert.equal(textOf(element.querySelector(".frame-problem")), evil);
});

const desktop = (element) => element.querySelector("capture-desktop");

test("a running capture is offered to Wireshark by a line that works once", () => {
  const { element, wishes, telling } = listening();
  press(element, "In Wireshark …");
  assert.deepEqual(wishes.at(-1), { type: "ask_capture_ticket", capture: "c1" });
  element.desktop.given({ capture: "c1", ticket: "T-1" });
  const field = desktop(element).querySelector("input");
  assert.equal(
    field.value,
    `python3 explorer-capture.py "${location.origin.replace("http", "ws")}/ws/pcapng/#T-1" | wireshark -k -i -`,
  );
  assert.equal(desktop(element).querySelector("[data-copy]").dataset.copy, field.id);
  captures(telling, facts("c1", { running: false, reason: "You stopped it." }));
  assert.equal(desktop(element).hidden, true);
});

test("a ticket for what is no longer there, or that never comes, is said", () => {
  const { element } = listening();
  press(element, "In Wireshark …");
  element.desktop.given({ capture: "c1" });
  assert.match(textOf(desktop(element)), /no longer there/);
  press(element, "In Wireshark …");
  wait(8_000);
  assert.match(textOf(desktop(element)), /Nothing came back/);
});
