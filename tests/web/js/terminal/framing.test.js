// Terminal bytes: offsets, repeats, losses, acknowledgements, and what a clicked command types.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ACK_EVERY,
  bytesOf,
  keystrokes,
  Position,
  readFrame,
  TYPED_AHEAD,
  TYPED_FRAME,
  TYPED_KEPT,
  Typing,
} from "../../../../static/js/terminal/framing.js";

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

// --- typed ---

const frames = (typing) => {
  const found = [];
  for (let frame = typing.next(); frame; frame = typing.next()) found.push(frame);
  return found;
};
const joined = (all) => Uint8Array.from(all.flatMap((one) => [...one]));

test("what is typed goes at once, in the order it was typed", () => {
  const typing = new Typing();
  typing.add(bytes("ls"));
  typing.add(bytes("\r"));
  assert.deepEqual(frames(typing).map(text), ["ls", "\r"]);
  assert.equal(typing.next(), undefined);
  assert.equal(typing.waiting, 0);
});

test("a long paste is cut into frames, and no more is under way than there is room for", () => {
  const typing = new Typing();
  const paste = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
  typing.add(paste);
  const first = frames(typing);
  assert.ok(first.every((one) => one.length <= TYPED_FRAME));
  assert.equal(joined(first).length, TYPED_AHEAD);
  assert.equal(typing.waiting, paste.length - TYPED_AHEAD);
  typing.take(8_192);
  const second = frames(typing);
  assert.equal(joined(second).length, 8_192);
  typing.take(paste.length);
  typing.take(8_192); // an old word changes nothing
  const rest = [];
  while (typing.waiting) {
    rest.push(...frames(typing));
    typing.take(typing.sent);
  }
  assert.deepEqual(joined([...first, ...second, ...rest]), paste);
});

test("more than can be kept is refused whole, and what is kept stays", () => {
  const typing = new Typing();
  assert.equal(typing.add(new Uint8Array(TYPED_KEPT)), true);
  assert.equal(typing.add(bytes("x")), false);
  assert.equal(typing.waiting, TYPED_KEPT);
});

test("on a new connection the count begins anew; what was under way is not sent twice, what waited is sent", () => {
  const typing = new Typing();
  typing.add(new Uint8Array(TYPED_AHEAD).fill(1));
  typing.add(bytes("later"));
  frames(typing);
  assert.equal(typing.next(), undefined);
  typing.startOver();
  assert.deepEqual(frames(typing).map(text), ["later"]);
  assert.equal(typing.sent, 5);
});

test("nothing typed is no frame", () => {
  const typing = new Typing();
  assert.equal(typing.add(new Uint8Array()), true);
  assert.equal(typing.next(), undefined);
});

test("a mouse report is its bytes, also above 0x7f", () => {
  assert.deepEqual([...bytesOf("\x1b[M \xa1\xff")], [0x1b, 0x5b, 0x4d, 0x20, 0xa1, 0xff]);
});
