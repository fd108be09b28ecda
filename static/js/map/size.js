// The sizes of the map's boxes, from the texts in them, and how a text is shortened to fit. Pure.

/** @import { Edge, Node } from "./model.js" */

export const LETTER = 7.3; // width of a letter of the titles; addresses are set smaller
export const SMALL = 6.9;
const WIDEST = 190;
const WIDEST_ROW = 230;
const ROW = 16;
const TINY = 6.2; // of a cable's name at its end
export const WEATHER_ROW = 13;
const CABLE = 13; // between the names of two cables
/** The most room the name of a cable takes. */
export const LABEL = 88;

/**
 * @param {Node} node
 * @returns {{ width: number, height: number }}
 */
export function sizeOf(node) {
  const lines = rowsOf(node);
  if (node.kind === "lan") return { width: 26, height: 150 };
  if (inOneRow(node)) {
    const wide = node.title.length * LETTER + (lines[0]?.length ?? 0) * SMALL + (lines.length ? 36 : 24);
    return { width: Math.round(Math.min(WIDEST_ROW, Math.max(96, wide))), height: 32 };
  }
  const wide = Math.max(node.title.length * LETTER, ...lines.map((line) => line.length * SMALL), 0) + 24;
  const least = { bridge: 130, nic: 116, machine: 130 }[/** @type {string} */ (node.kind)] ?? 96;
  return { width: Math.round(Math.min(WIDEST, Math.max(least, wide))), height: Math.max(40, 18 + ROW * (1 + lines.length)) };
}

/**
 * Room for the names of the cables that end at a box: they stand to its left, one below the other.
 * @param {Edge[]} cables
 * @returns {{ left: number, height: number }}
 */
export function roomForNames(cables) {
  const named = cables.filter((one) => one.label !== "");
  const wide = Math.max(0, ...named.map((one) => one.label.length * TINY + 8));
  return { left: Math.round(Math.min(LABEL, wide)), height: named.length ? 12 + CABLE * cables.length : 0 };
}

/** The lines in which a wire's weather is written. @param {string} weather */
export const linesOfWeather = (weather) => [...new Set(weather.split(" · "))].slice(0, 6);

/** Room for a wire's weather, on the wire. @param {string} weather */
export function roomForWeather(weather) {
  const lines = linesOfWeather(weather);
  const width = Math.round(Math.max(...lines.map((line) => line.length)) * TINY + 12);
  return { text: weather, width, height: lines.length * WEATHER_ROW + 6 };
}

/** A cable's name, as far as there is room. @param {string} label */
export const nameOfCable = (label) => shorten(label, LABEL + 6, TINY);

/** What stands below or beside the title. @param {Node} node */
export const rowsOf = (node) => (node.note ? [...node.lines, node.note] : node.lines);

/** There are many containers, so when there is only an address, it stands in one row with the title. @param {Node} node */
export const inOneRow = (node) => node.kind === "container" && rowsOf(node).length < 2;

/**
 * As much of a name as fits, with an ellipsis where something is missing: in the middle, since names differ at their ends.
 * @param {string} text
 * @param {number} width
 * @param {number} [letter]
 */
export function shorten(text, width, letter = LETTER) {
  const room = roomFor(width, letter);
  if (text.length <= room) return text;
  const tail = Math.floor((room - 1) / 2);
  return `${text.slice(0, room - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/**
 * As much of the beginning of a sentence as fits.
 * @param {string} text
 * @param {number} width
 * @param {number} [letter]
 */
export function begin(text, width, letter = LETTER) {
  const room = roomFor(width, letter);
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

/** @param {number} width @param {number} letter */
const roomFor = (width, letter) => Math.max(3, Math.floor((width - 14) / letter));
