// The wall without a page: takes messages, sorts and filters seats, and puts them into words. It does the same as
// `explorer/classroom/wall/tiles.py`.

/**
 * A seat on the wire: name, lesson, title of the step, its number, of how many, checks done, checks there are, rail, checks
 * green in all, sandbox in words, its id, its tone, last sign, last event, its time, asked for help at, here, invites,
 * finished, why stuck. Times are Unix seconds, 0 for never.
 * @typedef {{ n: string, l: string, t: string, i: number, o: number, d: number, c: number, r: string, p: number, w: string,
 *   x: string, z: string, a: number, e: string, f: number, h: number, q: number, v: number, b: number, k: string }} Tile
 * @typedef {{ all: number, help: number, stuck: number, away: number, none: number, here: number, finished: number,
 *   steps: [string, number, number][] }} Counts
 * @typedef {{ type: "wall", tiles: Record<string, Partial<Tile> | null>, counts?: Counts, whole?: boolean }} WallMessage
 */

/**
 * Folds a message in. Gives the keys that changed of each seat; a seat that is new has all, one that went has null.
 * @param {Map<string, Tile>} tiles
 * @param {WallMessage} message
 * @returns {Map<string, string[] | null>}
 */
export function fold(tiles, message) {
  /** @type {Map<string, string[] | null>} */
  const changed = new Map();
  if (message.whole) {
    for (const seat of tiles.keys()) if (!message.tiles[seat]) changed.set(seat, null);
  }
  for (const [seat, parts] of Object.entries(message.tiles)) {
    if (!parts) {
      changed.set(seat, null);
      continue;
    }
    const old = tiles.get(seat);
    const keys = Object.keys(parts).filter(
      (key) => !old || old[/** @type {keyof Tile} */ (key)] !== parts[/** @type {keyof Tile} */ (key)],
    );
    tiles.set(seat, /** @type {Tile} */ ({ ...(message.whole ? {} : old), ...parts }));
    if (keys.length) changed.set(seat, keys);
  }
  for (const [seat, keys] of changed) if (keys === null) tiles.delete(seat);
  return changed;
}

/** @type {Record<string, (tile: Tile) => boolean>} */
export const SHOWN = {
  all: () => true,
  help: (tile) => tile.h > 0,
  stuck: (tile) => tile.k !== "",
  away: (tile) => !tile.q,
  none: (tile) => tile.z === "none" || tile.z === "over",
};

/** @type {Record<string, (tile: Tile) => (number | string)[]>} */
const SORTS = {
  help: (tile) => [tile.h || Number.POSITIVE_INFINITY, tile.k ? 0 : 1],
  name: () => [],
  progress: (tile) => [-tile.p, -tile.i],
  idle: (tile) => [tile.a],
};

/**
 * The seats that `show` asks for, in the order of `sort`; names decide between equals.
 * @param {Map<string, Tile>} tiles
 * @param {string} sort
 * @param {string} show
 */
export function arrange(tiles, sort, show) {
  const key = SORTS[sort] ?? SORTS.help;
  const keyed = [...tiles]
    .filter(([, tile]) => (SHOWN[show] ?? SHOWN.all)(tile))
    .map(([seat, tile]) => ({ seat, key: [...key(tile), tile.n.toLowerCase()] }));
  keyed.sort((a, b) => {
    for (let at = 0; at < a.key.length; at += 1) if (a.key[at] !== b.key[at]) return a.key[at] < b.key[at] ? -1 : 1;
    return 0;
  });
  return keyed.map(({ seat }) => seat);
}

/** @param {number} seconds */
export function since(seconds) {
  if (seconds < 60) return seconds < 10 ? "now" : `${Math.floor(seconds / 10) * 10} s`;
  return seconds < 5400 ? `${Math.floor(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/**
 * @param {Tile} tile
 * @param {number} now Unix seconds
 */
export function flag(tile, now) {
  if (tile.h) return `help, ${since(now - tile.h)}`;
  return tile.q ? "" : "away";
}

/** @param {Tile} tile */
export function classes(tile) {
  const marks = { help: tile.h, stuck: tile.k, away: !tile.q, finished: tile.b };
  const there = Object.entries(marks).filter(([, yes]) => yes);
  return [`tone-${tile.z}`, ...there.map(([name]) => name)].join(" ");
}

const MARKS = { d: "done", o: "open", D: "done here", O: "open here" };

/** @param {string} rail */
export function railMarks(rail) {
  return [...rail].map((letter) => MARKS[/** @type {keyof typeof MARKS} */ (letter)] ?? "open");
}

/**
 * One sentence about a seat, for its own page.
 * @param {Tile} tile
 * @param {number} now
 */
export function inOneSentence(tile, now) {
  const help = tile.h ? `asked for help ${ago(now - tile.h)}` : "";
  const parts = [help, tile.q ? "" : "away", tile.k, tile.v ? "invites you to type" : "", `last sign ${ago(now - tile.a)}`];
  const said = parts.filter(Boolean).join("; ");
  return `${said[0].toUpperCase()}${said.slice(1)}.`;
}

/** @param {number} seconds */
function ago(seconds) {
  const words = since(seconds);
  return words === "now" ? "just now" : `${words} ago`;
}
