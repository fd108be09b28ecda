// The script of an instructor's pages: times in the reader's own time zone, buttons that put lessons in order, and messages.

import "./class/acts.js";
import { announce, button } from "./page/dom.js";
import { asLocal } from "./page/local-time.js";

import "./class/lesson-upload.js";

for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-local]"))) {
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

// The form's times are in UTC until this script sets the reader's time zone.
const zone = document.querySelector("input[name=zone]");
const ends = document.querySelector("input[name=ends_at]");
if (zone instanceof HTMLInputElement && ends instanceof HTMLInputElement) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone.value && here) {
    ends.value = asLocal(ends.value);
    zone.value = here;
  }
  const label = document.querySelector("[data-zone]");
  if (label) label.textContent = zone.value;
}

for (const list of document.querySelectorAll("[data-lesson-order] ol")) {
  list.classList.add("by-buttons");
  for (const item of list.children) item.append(makeButton("↑", -1), makeButton("↓", 1));
}

/**
 * @param {string} sign
 * @param {-1 | 1} by
 * @returns {HTMLButtonElement}
 */
function makeButton(sign, by) {
  const made = button("btn btn-xs lesson-move", sign, () => moveItem(made, by));
  made.title = by < 0 ? "Earlier" : "Later";
  made.setAttribute("aria-label", made.title);
  return made;
}

/**
 * @param {HTMLButtonElement} pressed
 * @param {-1 | 1} by
 */
function moveItem(pressed, by) {
  const item = /** @type {HTMLLIElement} */ (pressed.closest("li"));
  const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (by < 0) other.before(item);
  else other.after(item);
  const items = [...(item.parentElement?.children ?? [])];
  items.forEach((one, at) => {
    const place = one.querySelector("input[type=number]");
    if (place instanceof HTMLInputElement) place.value = String(at + 1);
  });
  pressed.focus();
  announce(`Now at place ${items.indexOf(item) + 1}`);
}
