// Uploads a folder with a lesson. A form sends only the names of files, so their paths are sent beside them. Hidden files are
// left out.

/** @param {HTMLFormElement} form */
function tell(form) {
  const folder = /** @type {HTMLInputElement} */ (form.elements.namedItem("folder"));
  const paths = /** @type {HTMLInputElement} */ (form.elements.namedItem("paths"));
  const shown = [...(folder.files ?? [])].filter((file) => !/(^|\/)(\.|node_modules\/)/.test(file.webkitRelativePath));
  const kept = new DataTransfer();
  for (const file of shown) kept.items.add(file);
  paths.value = shown.some((file) => file.webkitRelativePath)
    ? JSON.stringify(shown.map((file) => file.webkitRelativePath))
    : paths.value;
  if (folder.files?.length !== shown.length) folder.files = kept.files;
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-lesson-upload]"))) {
  form.addEventListener("submit", () => tell(form));
}
