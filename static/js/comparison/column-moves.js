// After a column was moved or hidden: keeps the keyboard's focus on it, and has a screen reader say where it is now.

import { announce } from "../page/dom.js";

const BUTTON = /^(left|right|hide|show|front)-(.+)$/;

export function watchMoves() {
  let pressed = "";
  document.addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest("[hx-boost] a");
    if (link) pressed = link.id;
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (!pressed || /** @type {Element} */ (event.target).id !== "comparison") return;
    const name = BUTTON.exec(pressed)?.[2] ?? "";
    for (const id of otherwise(pressed)) {
      const link = document.getElementById(id);
      if (!link) continue;
      link.focus({ preventScroll: true });
      break;
    }
    announce(where(name));
    pressed = "";
  });
}

/**
 * The element that gets the focus: the same button, or if it is gone, another one of its column.
 * @param {string} id
 */
export function otherwise(id) {
  const found = BUTTON.exec(id);
  if (!found) return [];
  const [, , name] = found;
  return [id, `left-${name}`, `right-${name}`, `show-${name}`, `hide-${name}`];
}

/** @param {string} name */
function where(name) {
  const heads = [...document.querySelectorAll("th[data-column]")];
  const at = heads.findIndex((head) => head.getAttribute("data-column") === name);
  return at < 0 ? `${name} is left out.` : `${name} is column ${at + 1} of ${heads.length}.`;
}
