// One hop of a packet's journey as a line that can be opened: what happened, which headers changed, and all facts about it.

import { button, make } from "../page/dom.js";

/** @import { Hop } from "../stream/types.js" */

/**
 * @param {Hop} hop
 * @param {number} at counted from 0
 * @param {() => void} looked the line was opened or closed
 */
export function hopItem(hop, at, looked) {
  const item = make("li", `hop relative ${hop.kind}`);
  const open = button(
    "hop-line grid grid-cols-[1.9rem_1fr_auto] gap-x-2 w-full py-0.5 pr-2 pl-1 text-start cursor-pointer hover:bg-base-200",
    "",
  );
  open.setAttribute("aria-expanded", "false");
  open.append(
    make("span", "number text-muted font-normal text-xs leading-relaxed font-mono text-end", String(at + 1)),
    make("span", "text", hop.text),
    make("span", "ms text-muted font-normal text-xs leading-relaxed font-mono", `${hop.ms.toFixed(2)} ms`),
  );
  const changed = hop.headers.filter((header) => header.changed && !header.name.startsWith("checksum"));
  if (changed.length && hop.kind !== "rule") {
    const words = changed.slice(0, 4).map((header) => `${header.name} ${header.value}`);
    open.append(
      make(
        "span",
        "changed col-[2/-1] w-fit px-1 rounded-sm bg-glow-soft font-normal text-xs leading-relaxed font-mono wrap-anywhere",
        words.join(" · "),
      ),
    );
  }
  const more = make("div", "more grid gap-1 pt-1 pb-2 pr-2 pl-10");
  more.hidden = true;
  open.addEventListener("click", () => {
    const show = more.hidden;
    more.hidden = !show;
    open.setAttribute("aria-expanded", String(show));
    if (show && !more.childElementCount) more.append(...details(hop));
    looked();
  });
  item.append(open, more);
  return item;
}

/** @param {Hop} hop */
function details(hop) {
  const nodes = [];
  if (hop.why) nodes.push(make("p", "why", hop.why));
  if (hop.met?.rule) nodes.push(make("code", "rule text-xs wrap-anywhere", hop.met.rule));
  if (hop.headers.length) nodes.push(headers(hop));
  if (hop.frame) nodes.push(make("code", "bytes text-xs wrap-anywhere text-muted", (hop.frame.match(/../g) ?? []).join(" ")));
  if (nodes.length === 0) nodes.push(make("p", "empty", "Nothing more is known of this hop."));
  return nodes;
}

/** @param {Hop} hop */
function headers(hop) {
  const table = make("table", "headers w-fit text-sm");
  const body = make("tbody", "");
  for (const header of hop.headers) {
    const row = make("tr", header.changed ? "changed" : "");
    const layer = header.depth ? `${header.layer} (inside)` : header.layer;
    row.append(
      make("th", "pr-4 text-muted font-normal text-start", `${layer} ${header.name}`),
      make("td", "font-mono", header.value),
    );
    if (header.changed) row.append(make("td", "mark pl-3 font-sans", "changed"));
    body.append(row);
  }
  table.append(body);
  return table;
}
