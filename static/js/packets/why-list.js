// What the sentence about a packet rests on, shown when a person asks for it.

import { make } from "../page/dom.js";

/** @import { Evidence } from "../stream/types.js" */

/**
 * One `<details>` under a journey or a cell of the grid; none for one that was kept before there was evidence.
 * @param {{ evidence?: Evidence[] }} told
 * @param {string} [indent]
 */
export function whyList({ evidence }, indent = "ml-10") {
  if (!evidence?.length) return [];
  const box = make("details", `evidence mt-1 ${indent} text-sm`);
  box.append(make("summary", "cursor-pointer text-muted", "How is this known?"));
  const list = make("ul", "grid gap-1 mt-1");
  list.append(...evidence.map(ground));
  box.append(list);
  return [box];
}

/** @param {Evidence} evidence */
function ground({ place, kind, text, command }) {
  const item = make("li", kind);
  item.append(make("span", "wrap-anywhere", `${place}: ${text}`));
  if (command) {
    item.append(make("code", "block text-xs text-muted wrap-anywhere", command));
  }
  return item;
}
