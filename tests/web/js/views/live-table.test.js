// What a rule or chain has counted, from its line.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.HTMLElement ??= class {};
const { counted } = await import("../../../../static/js/views/live-table.js");

test("rules and chains count packets", () => {
  const lines = [
    { text: "[12:720] -A DOCKER -p tcp -j DNAT", key: "rule" },
    { text: ":FORWARD DROP [3:180]", key: "chain" },
    { text: ":DOCKER - [0:0]", key: "docker" },
    { text: "-A FORWARD -j ACCEPT", key: "plain" },
    { text: "default via 10.0.0.1", key: "route" },
  ];
  assert.deepEqual(
    [...counted(lines)],
    [
      ["rule", 12],
      ["chain", 3],
      ["docker", 0],
    ],
  );
});
