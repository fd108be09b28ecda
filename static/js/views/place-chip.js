// A place as a button: its name, whether it is chosen, and whether something in it has changed.

import { shorten } from "../map/size.js";
import { button } from "../page/dom.js";

/** @import { Place } from "../stream/types.js" */

const ROOM = 232; // for letters; what is left is for the mark of news
const LETTER = 7.8;

/**
 * A namespace without processes gets the name of its purpose.
 * @param {Place} place
 */
export function placeName(place) {
  return place.kind === "namespace" ? `${place.host}/${place.name}` : place.id;
}

/**
 * @param {Place} place
 * @param {boolean} chosen
 * @param {boolean} news
 * @param {() => void} choose
 */
export function placeChip(place, chosen, news, choose) {
  const name = placeName(place);
  const chip = button(`chip kind-${place.kind}`, shorten(name, ROOM, LETTER), choose);
  if (chip.textContent !== name) {
    chip.title = name;
    chip.setAttribute("aria-label", name);
  }
  chip.setAttribute("role", "radio");
  chip.setAttribute("aria-checked", String(chosen));
  chip.tabIndex = chosen ? 0 : -1;
  chip.classList.toggle("news", !chosen && news);
  if (place.error) chip.classList.add("unreadable");
  return chip;
}
