// The differ: finds what changed between two observations of one view. The node does the same for the events of the stream
// (explorer/network/differ.py); here it is done for any two moments that the page holds. tests/network/differ.json tests that
// both agree.
// Two lines are the same line if they have the same key. Some things change by themselves, such as counters. Such a change is
// either ignored, or it is `passing`: a change that says nothing about how the network is set up.

/** @import { Line, Observation } from "./types.js" */

/** @typedef {Pick<Line, "key" | "text">} Keyed */
/** @typedef {{ lines: Keyed[], error?: string }} Shown what an observation shows, as far as it matters here */
/** @typedef {{ added: string[], changed: string[], passing: string[], removed: Keyed[] }} Difference keys of what is there now;
 *   `passing` are those of `changed` where only counters or passing states differ; `removed` are the lines that went, whole */
/** @typedef {[RegExp, string][]} Patterns */

const TIMER = /^ *valid_lft /;

/** @type {Patterns} */
const COUNTERS = [
  [/^\[\d+:\d+\] /, ""],
  [/ \[\d+:\d+\]$/, ""],
  [/\bpackets \d+ bytes \d+/g, ""],
];

/** By the first word of a key. @type {Map<string, Patterns>} */
const NEVER = new Map([
  [
    "conn",
    [
      [/^(\S+ +\d+ +\S+ +\d+ )\d+ /, "$1"],
      [/ (?:packets|bytes|mark|use)=\d+/g, ""],
    ],
  ],
  [
    "element",
    [
      [/^\s*(?:elements = \{ ?)?/, ""],
      [/(?:,| \})$/, ""],
      [/ expires [0-9a-z]+/g, ""],
    ],
  ],
]);

/** @type {Map<string, Patterns>} */
const PASSING = new Map([
  ["chain", COUNTERS],
  ["rule", COUNTERS],
  ["element", COUNTERS],
  ["object", COUNTERS],
  ["set", [[/\t# count \d+$/, ""]]],
  ["neigh", [[/ (?:NONE|INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED|NOARP|PERMANENT) *$/, ""]]],
  [
    "conn",
    [
      [/^(\S+ +\d+ +\S+ +\d+ )[A-Z][A-Z0-9_]* /, "$1"],
      [/ \[[A-Z_]+\]/g, ""],
    ],
  ],
]);

/**
 * When there is nothing to compare with (the first observation, or one that could not be read), nothing differs.
 * @param {Shown | undefined} before
 * @param {Shown} after
 * @returns {Difference}
 */
export function diff(before, after) {
  if (!before || before.error || after.error) return { added: [], changed: [], passing: [], removed: [] };
  const old = byKey(before);
  const now = byKey(after);
  const changed = [...now].filter(([key, lines]) => old.has(key) && told(lines) !== told(old.get(key) ?? []));
  return {
    added: [...now.keys()].filter((key) => !old.has(key)),
    changed: changed.map(([key]) => key),
    passing: changed.filter(([key, lines]) => setUp(lines) === setUp(old.get(key) ?? [])).map(([key]) => key),
    removed: [...old].filter(([key]) => !now.has(key)).flatMap(([, lines]) => lines),
  };
}

/**
 * The lines by the key that the differ knows them by, without a tool's remarks about itself.
 * @param {Shown} seen
 */
export function byKey(seen) {
  /** @type {Map<string, Keyed[]>} */
  const found = new Map();
  for (const line of seen.lines) {
    if (line.key.startsWith("comment:") || line.key.startsWith("blank:")) continue;
    const key = line.key || line.text;
    const lines = found.get(key);
    if (lines) lines.push(line);
    else found.set(key, [line]);
  }
  return found;
}

/** @param {Keyed[]} lines */
function told(lines) {
  return texts(lines, [NEVER]);
}

/** @param {Keyed[]} lines */
function setUp(lines) {
  return texts(lines, [NEVER, PASSING]);
}

/**
 * @param {Keyed[]} lines
 * @param {Map<string, Patterns>[]} without
 */
function texts(lines, without) {
  const said = lines.filter((line) => !TIMER.test(line.text));
  return said
    .map(({ key, text }) =>
      without
        .flatMap((patterns) => patterns.get(key.split(":", 1)[0]) ?? [])
        .reduce((left, [pattern, instead]) => left.replace(pattern, instead), text),
    )
    .join("\n");
}
