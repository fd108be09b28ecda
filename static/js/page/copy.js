// A button with data-copy="ID" copies the content of the field with that id.

import { announce } from "./dom.js";

/** @param {HTMLInputElement} field */
async function copy(field) {
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand("copy"); // a page that came over plain HTTP has no clipboard of its own
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  const field = button instanceof HTMLElement ? document.getElementById(button.dataset.copy ?? "") : null;
  if (!(button instanceof HTMLElement) || !(field instanceof HTMLInputElement)) return;
  const said = (await copy(field)) ? "Copied" : "Select it and copy by hand";
  button.textContent = said;
  announce(said);
});
