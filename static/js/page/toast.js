// Short sentences that come and go in the corner.

import { make } from "./dom.js";

const STAYS = 8_000;

/** @param {string} text */
export function toast(text) {
  const corner = document.getElementById("toasts");
  if (!corner) return;
  const note = make("div", "toast-note", text);
  const close = make("button", "toast-close ml-auto text-lg leading-none cursor-pointer", "×");
  close.setAttribute("type", "button");
  close.setAttribute("aria-label", "Dismiss");
  close.addEventListener("click", () => note.remove());
  note.append(close);
  corner.append(note);
  while (corner.children.length > 3) corner.firstElementChild?.remove();
  setTimeout(() => note.remove(), STAYS);
}
