// Terminal bytes: offsets, repeats, losses, acknowledgements, and what a clicked command types.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ACK_EVERY, keystrokes, Position, readFrame } from "../../../../static/js/terminal/framing.js";

const bytes = (text) => new TextEncoder().encode(text);
const text = (data) => new TextDecoder().decode(data);

test("a frame is an offset and bytes", () => {
  const frame = new ArrayBuffer(11);
  new DataView(frame).setBigUint64(0, 4294967301n);
  new Uint8Array(frame, 8).set(bytes("abc"));
  const read = readFrame(frame);
  assert.equal(read.offset, 4294967301);
  assert.equal(text(read.bytes), "abc");
});

test("a frame too short for its offset is refused", () => {
  assert.throws(() => readFrame(new ArrayBuffer(5)), RangeError);
});

test("bytes that came before are not drawn again", () => {
  const position = new Position();
  assert.equal(text(position.take(0, bytes("hello")).fresh), "hello");
  assert.equal(text(position.take(3, bytes("lo wor")).fresh), " wor");
  assert.equal(position.take(0, bytes("hel")).fresh.length, 0);
  assert.equal(position.next, 9);
});

test("a loss is noticed", () => {
  const position = new Position();
  position.take(0, bytes("a"));
  const { fresh, lost } = position.take(10, bytes("z"));
  assert.equal(lost, true);
  assert.equal(text(fresh), "z");
});

test("an acknowledgement is due once enough is drawn", () => {
  const position = new Position();
  assert.equal(position.draw(100), false);
  assert.equal(position.draw(ACK_EVERY + 100), true);
  assert.equal(position.acknowledge(), ACK_EVERY + 100);
  assert.equal(position.draw(ACK_EVERY + 200), false);
});

test("skipping starts the count where the ring starts", () => {
  const position = new Position();
  position.skip(500);
  assert.equal(text(position.take(500, bytes("x")).fresh), "x");
});

test("typing leaves the last line to the learner, running presses Enter", () => {
  assert.equal(keystrokes("ip addr\n", false), "ip addr");
  assert.equal(keystrokes("ip addr", true), "ip addr\r");
  assert.equal(keystrokes("a\nb", true), "a\rb\r");
});
