// Tables that the server writes into the page as data: the views (explorer/network/views.py) and the kinds of links that
// drivers make (explorer/network/drivers). Each table is JSON in a script element with the id `table-NAME`. A page without
// these tables shows no views and draws every link in the same way.

/**
 * @typedef {{ view: string, name: string, heading: string, tab: string, shown: "always" | "machine" | "seen" | "filled",
 *   drawn: "table" | "folded" | "calls", lasts: boolean, owned: boolean }} ViewRow
 *   `shown` says on which places a view is offered: on all, on machines, where the place has it, where it has lines
 */

/** @type {Map<string, any>} */
const known = new Map();

/**
 * Uses this table in place of the page's; undefined uses the page's again.
 * @param {string} name
 * @param {unknown} table
 */
export function tell(name, table) {
  if (table === undefined) known.delete(name);
  else known.set(name, table);
}

/** @param {string} name */
function read(name) {
  if (known.has(name)) return known.get(name);
  const carried = globalThis.document?.getElementById(`table-${name}`)?.textContent;
  if (!carried) return undefined; // perhaps it comes later, with the part of the page that needs it
  known.set(name, JSON.parse(carried));
  return known.get(name);
}

/** The views in the order of their tabs. @returns {ViewRow[]} */
export const views = () => read("views") ?? [];

/**
 * What an interface of this kind is on the map: a child of a parent interface, an end of a tunnel, or neither.
 * @param {string} kind
 * @returns {"child" | "tunnel" | undefined}
 */
export const roleOf = (kind) => read("links")?.[kind];

/** @param {string} view */
export const rowOf = (view) => views().find((row) => row.view === view);
