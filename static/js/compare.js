// The script of the comparisons' pages: the elements that keep them up to date, the evidence laid over the page, printing.

import { watchChoice } from "./comparison/choice.js";
import { ColumnMaps } from "./comparison/column-maps.js";
import { watchMoves } from "./comparison/column-moves.js";
import { showEvidence } from "./comparison/evidence.js";
import { GuessTable } from "./comparison/guess-table.js";
import { LiveComparison } from "./comparison/live-comparison.js";
import { NetMap } from "./map/net-map.js";

customElements.define("net-map", NetMap);
customElements.define("guess-table", GuessTable);
customElements.define("column-maps", ColumnMaps);
customElements.define("live-comparison", LiveComparison);

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (target.closest("[data-print]")) window.print();
  const link = /** @type {HTMLAnchorElement | null} */ (target.closest("a[data-evidence]"));
  const plain = event instanceof MouseEvent && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  if (link && plain) showEvidence(event, link);
});

// what is folded on the screen is opened for printing
let opened = /** @type {HTMLDetailsElement[]} */ ([]);
window.addEventListener("beforeprint", () => {
  const folded = document.querySelectorAll("details.side:not([open])");
  opened = /** @type {HTMLDetailsElement[]} */ ([...folded]);
  for (const one of opened) one.open = true;
});
window.addEventListener("afterprint", () => {
  for (const one of opened) one.open = false;
});

watchMoves();

const form = document.querySelector("#choose");
if (form) watchChoice(/** @type {HTMLFormElement} */ (form));
