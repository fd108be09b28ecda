// The forms of an instructor's actions: a form whose text was accepted is emptied, so that it is not sent twice by mistake.

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = /** @type {CustomEvent} */ (event).detail;
  if (successful && elt instanceof HTMLFormElement && "clear" in elt.dataset) {
    elt.reset();
    /** @type {HTMLElement | null} */ (elt.querySelector("input:not([type=hidden])"))?.focus();
  }
});
