import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.HTMLElement ??= /** @type {any} */ (class {});
const { fieldAt, letter } = await import("../../../../static/js/packets/captured-frame.js");

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
});

test("a byte without a field belongs to its layer, and one beyond to nothing", () => {
  assert.deepEqual(fieldAt(layers, 8), { layer: 0, field: -1 });
  assert.equal(fieldAt(layers, 60), null);
});

test("a byte is a letter only when it is a plain one", () => {
  assert.deepEqual(["41", "00", "e9", "3c"].map(letter), ["A", "·", "·", "<"]);
});
