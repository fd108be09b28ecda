// Short sentences that appear in the corner and go away again.

import { button, make } from "./dom.js";

const STAYS = 8_000;

/** @param {string} text */
export function toast(text) {
  const corner = document.getElementById("toasts");
  if (!corner) return;
  const note = make(
    "div",
    "toast-note flex gap-3 items-start py-3 px-4 rounded-lg bg-neutral text-neutral-content shadow-float text-md",
    text,
  );
  const close = button("toast-close ml-auto text-lg leading-none cursor-pointer", "×", () => note.remove());
  close.setAttribute("aria-label", "Dismiss");
  note.append(close);
  corner.append(note);
  while (corner.children.length > 3) corner.firstElementChild?.remove();
  setTimeout(() => note.remove(), STAYS);
}
