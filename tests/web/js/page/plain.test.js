import assert from "node:assert/strict";
import { test } from "node:test";
import { plain, readPlain } from "../../../../static/js/page/plain.js";

test("a character that turns the text around it is shown by its number", () => {
  assert.equal(plain("eth\u202e0txt"), "eth‹U+202E›0txt");
  assert.equal(plain("a\u2066b\u200fc\u061cd"), "a‹U+2066›b‹U+200F›c‹U+061C›d");
});

test("other text stays as it is, in every script", () => {
  for (const text of ["br-1", "שלום", "naïve ünïcode 👩‍👩‍👧", ""]) assert.equal(plain(text), text);
});

test("in a message every text is plain, written out or escaped", () => {
  const message = { type: "x", names: ["a\u202eb"], deep: { title: "c\u2067d", many: 3, none: null } };
  const expected = { type: "x", names: ["a‹U+202E›b"], deep: { title: "c‹U+2067›d", many: 3, none: null } };
  assert.deepEqual(readPlain(JSON.stringify(message)), expected);
  const escaped = JSON.stringify(message).replace(/[\u2000-\u20ff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
  assert.deepEqual(readPlain(escaped), expected);
  assert.deepEqual(readPlain('{"a":"\\u00fc"}'), { a: "ü" });
});
