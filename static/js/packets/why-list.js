// What the sentence about a packet's end rests on, shown when a person asks for it.

import { make } from "../page/dom.js";

/** @import { Evidence, Journey } from "../stream/types.js" */

/**
 * One `<details>` under a journey; none for a journey that was kept before there was evidence.
 * @param {Journey} journey
 */
export function whyList(journey) {
  if (!journey.evidence?.length) return [];
  const box = make("details", "evidence mt-1 ml-10 text-sm");
  box.append(make("summary", "cursor-pointer text-muted", "How is this known?"));
  const list = make("ul", "grid gap-1 mt-1");
  list.append(...journey.evidence.map(ground));
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
