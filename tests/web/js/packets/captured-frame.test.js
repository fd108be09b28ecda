// <captured-frame>: a packet's fields beside its bytes; a field shows its bytes, a byte its field, by pointer and by keys.

import assert from "node:assert/strict";
import { test } from "node:test";
import { key, openPage, textOf, textsOf } from "../page.js";

const { CapturedFrame, fieldAt, letter, WIDTH } = await import("../../../../static/js/packets/captured-frame.js");
customElements.define("captured-frame", CapturedFrame);

const field = (name, offset, length) => ({ name, value: "", offset, length });
const layers = [
  {
    protocol: "Ethernet",
    depth: 0,
    offset: 0,
    length: 14,
    problem: "",
    fields: [field("destination", 0, 6), field("type", 12, 2)],
  },
  { protocol: "IPv4", depth: 0, offset: 14, length: 20, problem: "", fields: [field("flags", 20, 2), field("DF", 20, 1)] },
];

test("a byte belongs to the field with the fewest bytes around it", () => {
  assert.deepEqual(fieldAt(layers, 3), { layer: 0, field: 0 });
  assert.deepEqual(fieldAt(layers, 20), { layer: 1, field: 1 });
  assert.deepEqual(fieldAt(layers, 21), { layer: 1, field: 0 });
  const turned = [{ ...layers[1], fields: layers[1].fields.toReversed() }];
  assert.deepEqual(fieldAt(turned, 20), { layer: 0, field: 0 }, "whichever comes first");
});

test("a byte without a field belongs to its layer, and one beyond to nothing", () => {
  assert.deepEqual(fieldAt(layers, 8), { layer: 0, field: -1 });
  assert.equal(fieldAt(layers, 60), null);
});

test("a byte is a letter only when it is a plain one", () => {
  assert.deepEqual(["41", "00", "e9", "3c"].map(letter), ["A", "·", "·", "<"]);
});

// --- on the page ---

const told = (more = {}) => ({
  number: 7,
  length: 40,
  captured: 40,
  summary: "",
  layers: [
    {
      protocol: "Ethernet",
      depth: 0,
      offset: 0,
      length: 14,
      problem: "",
      fields: [
        { name: "destination", value: "02:42:ac:11:00:02", offset: 0, length: 6 },
        { name: "type", value: "IPv4", offset: 12, length: 2 },
      ],
    },
    {
      protocol: "IPv4",
      depth: 1,
      offset: 14,
      length: 20,
      problem: "",
      fields: [{ name: "ttl", value: "64", offset: 22, length: 1 }],
    },
  ],
  bytes: Array.from({ length: 40 }, (_, at) => (at + 0x30).toString(16).padStart(2, "0")).join(""),
  ...more,
});
function shown(frame = told()) {
  const element = new CapturedFrame();
  openPage().append(element);
  element.draw(frame);
  return element;
}
const lit = (element) => [...element.querySelectorAll(".pairs .lit")].map((one) => Number(one.dataset.at));
const said = (element) => textOf(element.querySelector(".frame-told"));
const bytes = (element) => element.querySelector(".frame-bytes");
const cursor = (element) => element.querySelector(".pairs .cursor")?.dataset.at;

test("before a packet is chosen it says what to do", () => {
  openPage().append(new CapturedFrame());
  assert.match(textOf(document.querySelector("captured-frame")), /^Choose a packet/);
});

test("bytes stand in rows with their place and their letters", () => {
  const element = shown();
  assert.deepEqual(textsOf(element, ".at"), ["0000", "0010", "0020"]);
  assert.equal(textsOf(element, ".letters")[0], "0123456789:;<=>?");
  assert.equal(element.querySelectorAll(".frame-line")[0].querySelectorAll(".pairs span").length, WIDTH);
});

test("a field lights its bytes and is said with its place; so does the focus", () => {
  const element = shown();
  element.querySelectorAll(".frame-field")[1].click();
  assert.deepEqual(lit(element), [12, 13]);
  assert.equal(said(element), "Ethernet type: IPv4 (bytes 12 to 13)");
  element.querySelectorAll(".frame-field")[2].focus();
  assert.equal(said(element), "IPv4 ttl: 64 (byte 22)");
  assert.deepEqual(lit(element), [22]);
});

test("a byte lights its field; one without a field its layer", () => {
  const element = shown();
  element.querySelector('.pairs [data-at="3"]').click();
  assert.equal(said(element), "Ethernet destination: 02:42:ac:11:00:02 (bytes 0 to 5)");
  assert.equal(textOf(element.querySelector(".frame-field.lit .name")), "destination");
  element.querySelector('.letters [data-at="8"]').click();
  assert.equal(said(element), "Ethernet (bytes 0 to 13)");
});

test("arrows go from byte to byte and row to row, and stop at the ends", () => {
  const element = shown();
  const go = (name) => {
    assert.equal(key(bytes(element), name).defaultPrevented, true);
    return cursor(element);
  };
  bytes(element).focus();
  assert.equal(cursor(element), "0");
  assert.deepEqual(["ArrowRight", "ArrowDown", "ArrowDown", "ArrowDown"].map(go), ["1", "17", "33", "39"]);
  assert.deepEqual(["ArrowUp", "Home", "ArrowLeft", "End"].map(go), ["23", "0", "0", "39"]);
  assert.equal(key(bytes(element), "a").defaultPrevented, false);
});

test("fields are walked by arrows, one tab stop", () => {
  const element = shown();
  const fields = [...element.querySelectorAll(".frame-field")];
  assert.deepEqual(
    fields.map((one) => one.tabIndex),
    [0, -1, -1],
  );
  fields[0].focus();
  key(fields[0], "ArrowDown");
  assert.equal(document.activeElement, fields[1]);
});

test("what was cut off, what could not be read, and what is not shown is said", () => {
  const bad = told({ length: 1500, captured: 60 });
  bad.layers[1].problem = "The header is longer than the packet.";
  const element = shown(bad);
  assert.equal(textOf(element.querySelector("h3")), "Packet 7 1500 bytes, of which 60 were kept");
  assert.deepEqual(textsOf(element, ".frame-problem"), ["The header is longer than the packet."]);
  const long = shown(told({ bytes: "41".repeat(1100) }));
  assert.match(textOf(long.querySelector(".frame-hint")), /^The first 1024 bytes; the file has the others/);
  assert.equal(long.querySelectorAll(".pairs span").length, 1024);
});

test("what a packet says of itself is text, never a page", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const bad = told();
  bad.layers[0].protocol = bad.layers[0].fields[0].name = bad.layers[0].fields[0].value = evil;
  const element = shown(bad);
  element.querySelector(".frame-field").click();
  assert.equal(element.querySelector("img"), null);
  assert.ok(said(element).includes(evil));
});
