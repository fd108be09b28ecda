// Writes out what differs between two moments: one part for each place, and in it first the views that change least.

import { make } from "../page/dom.js";
import { rowOf, views } from "../page/tables.js";

/** @import { PlaceDifference, ViewDifference } from "../stream/history.js" */

const LINES = 400; // of a difference
const DOCKER = "docker"; // no view of a place: what a host's daemon names

/** The views whose content lasts, Docker's names first. The others change by themselves. */
const lasting = () => [
  DOCKER,
  ...views()
    .filter((row) => row.lasts)
    .map((row) => row.view),
];

/** @param {PlaceDifference[]} found */
export function written(found) {
  if (found.length === 0) return [make("p", "empty", "Nothing differs, but for counters and timers.")];
  const room = { left: LINES };
  const nodes = found.map((one) => {
    const fold = make("details", `differs ${one.fate}`);
    fold.open = true;
    const fate = { added: "appeared", removed: "went", both: "" }[one.fate];
    const summary = make("summary", "py-1 font-semibold text-md leading-tight font-mono cursor-pointer", one.place);
    summary.append(make("small", "ml-2 text-muted font-normal text-sm leading-tight font-sans", fate || count(one.views)));
    fold.append(summary, ...byWeight(one.views).map((view) => part(view, room)));
    return fold;
  });
  if (room.left <= 0)
    nodes.push(/** @type {any} */ (make("p", "empty", `More than ${LINES} lines differ; the rest is not shown here.`)));
  return nodes;
}

/** Views that last come first. @param {ViewDifference[]} views */
function byWeight(views) {
  const order = lasting();
  const rank = (/** @type {ViewDifference} */ one) => order.indexOf(one.view) + 1 || order.length + 1;
  return [...views].sort((a, b) => rank(a) - rank(b));
}

/** @param {ViewDifference[]} views */
function count(views) {
  const sum = (/** @type {"added" | "removed" | "changed"} */ name) => views.reduce((all, view) => all + view[name].length, 0);
  return `${sum("added")} added, ${sum("removed")} removed, ${sum("changed")} changed`;
}

/**
 * @param {ViewDifference} view
 * @param {{ left: number }} room
 */
function part(view, room) {
  const box = make("details", "differs-view");
  box.open = lasting().includes(view.view);
  const name = make(
    "summary",
    "py-0.5 pl-2 text-muted font-semibold text-sm leading-tight font-sans",
    view.view === DOCKER ? "Docker's names" : (rowOf(view.view)?.name ?? view.view),
  );
  name.append(make("small", "ml-2 text-muted font-normal text-sm leading-tight font-sans", count([view])));
  box.append(name);
  /** @param {"ins" | "del"} tag @param {string} sign @param {string[]} lines */
  const put = (tag, sign, lines) => {
    if (room.left <= 0) return;
    room.left -= lines.length;
    const line = make(tag, "");
    line.append(
      make("span", "sign", sign),
      ...lines.map((text) =>
        make("code", "col-start-2 font-normal text-sm leading-normal font-mono whitespace-pre-wrap wrap-anywhere", text),
      ),
    );
    box.append(line);
  };
  for (const lines of view.removed) put("del", "−", lines);
  for (const [before, after] of view.changed) {
    put("del", "−", before);
    put("ins", "+", after);
  }
  for (const lines of view.added) put("ins", "+", lines);
  return box;
}
