// One hop of a packet's way as a line that opens: what happened, which headers changed, and all that is known of it.

import { button, make } from "../page/dom.js";

/** @import { Hop } from "../stream/types.js" */

/**
 * @param {Hop} hop
 * @param {number} at counted from 0
 * @param {() => void} looked the line was opened or closed
 */
export function hopItem(hop, at, looked) {
  const item = make("li", `hop ${hop.kind}`);
  const open = button("hop-line", "");
  open.setAttribute("aria-expanded", "false");
  open.append(
    make("span", "number", String(at + 1)),
    make("span", "text", hop.text),
    make("span", "ms", `${hop.ms.toFixed(2)} ms`),
  );
  const changed = hop.headers.filter((header) => header.changed && !header.name.startsWith("checksum"));
  if (changed.length && hop.kind !== "rule") {
    const words = changed.slice(0, 4).map((header) => `${header.name} ${header.value}`);
    open.append(make("span", "changed", words.join(" · ")));
  }
  const more = make("div", "more");
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
  if (hop.met?.rule) nodes.push(make("code", "rule", hop.met.rule));
  if (hop.headers.length) nodes.push(headers(hop));
  if (hop.frame) nodes.push(make("code", "bytes", (hop.frame.match(/../g) ?? []).join(" ")));
  if (nodes.length === 0) nodes.push(make("p", "empty", "Nothing more is known of this hop."));
  return nodes;
}

/** @param {Hop} hop */
function headers(hop) {
  const table = make("table", "headers");
  const body = make("tbody", "");
  for (const header of hop.headers) {
    const row = make("tr", header.changed ? "changed" : "");
    const layer = header.depth ? `${header.layer} (inside)` : header.layer;
    row.append(make("th", "", `${layer} ${header.name}`), make("td", "", header.value));
    if (header.changed) row.append(make("td", "mark", "changed"));
    body.append(row);
  }
  table.append(body);
  return table;
}
