// Shows what an answer rests on, laid over the page. Without this script the same link opens a page of its own.

/**
 * @param {Event} event
 * @param {HTMLAnchorElement} link
 */
export async function showEvidence(event, link) {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("#evidence"));
  const body = dialog?.querySelector(".evidence-body");
  if (!dialog || !body) return;
  event.preventDefault();
  const waiting = document.createElement("p");
  waiting.id = "evidence-title";
  waiting.textContent = "Fetching the evidence …";
  body.replaceChildren(waiting);
  if (!dialog.open) dialog.showModal();
  try {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const told = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(".evidence");
    if (!told) throw new Error("no evidence");
    body.replaceChildren(told);
    dialog.scrollTop = 0;
  } catch {
    location.assign(link.href);
  }
}
