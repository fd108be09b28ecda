// What an instructor does for a class: a form whose words were taken is empty again, so that nothing is sent twice by mistake.

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = /** @type {CustomEvent} */ (event).detail;
  if (successful && elt instanceof HTMLFormElement && "clear" in elt.dataset) {
    elt.reset();
    /** @type {HTMLElement | null} */ (elt.querySelector("input:not([type=hidden])"))?.focus();
  }
});
