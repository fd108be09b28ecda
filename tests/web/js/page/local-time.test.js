import assert from "node:assert/strict";
import { test } from "node:test";

import { asLocal } from "../../../../static/js/page/local-time.js";

test("a moment is written by the reader's own clock", () => {
  const before = process.env.TZ;
  process.env.TZ = "Asia/Kolkata";
  assert.equal(asLocal("2031-05-24T22:30"), "2031-05-25T04:00");
  process.env.TZ = "America/New_York";
  assert.equal(asLocal("2031-01-01T02:00"), "2030-12-31T21:00");
  process.env.TZ = before ?? "UTC";
});

test("what is no moment stays as it is", () => {
  assert.equal(asLocal("soon"), "soon");
  assert.equal(asLocal(""), "");
});
