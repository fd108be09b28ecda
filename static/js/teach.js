// An instructor's pages: times in the reader's own zone, lessons put in order by buttons, and what was said.

import "./class/acts.js";
import { announce } from "./page/dom.js";
import { asLocal } from "./page/local-time.js";

import "./class/lesson-upload.js";

for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll("time[data-local]"))) {
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

// The form speaks UTC until a script says which zone its reader lives in.
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
 */
function makeButton(sign, by) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-xs lesson-move";
  button.textContent = sign;
  button.title = by < 0 ? "Earlier" : "Later";
  button.setAttribute("aria-label", button.title);
  button.addEventListener("click", () => moveItem(button, by));
  return button;
}

/**
 * @param {HTMLButtonElement} button
 * @param {-1 | 1} by
 */
function moveItem(button, by) {
  const item = /** @type {HTMLLIElement} */ (button.closest("li"));
  const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (by < 0) other.before(item);
  else other.after(item);
  const items = [...(item.parentElement?.children ?? [])];
  items.forEach((one, at) => {
    const place = one.querySelector("input[type=number]");
    if (place instanceof HTMLInputElement) place.value = String(at + 1);
  });
  button.focus();
  announce(`Now at place ${items.indexOf(item) + 1}`);
}
