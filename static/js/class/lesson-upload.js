// Sending a folder: a form alone sends its files without their folders, so their paths go beside them. What is hidden stays at home.

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
