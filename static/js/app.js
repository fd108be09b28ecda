// The script of every page: the theme switch, messages from the server in the corner, and the bar of a learner's class.

import { ClassSeat } from "./class/class-seat.js";
import "./page/copy.js";
import { remember } from "./page/dom.js";
import { toast } from "./page/toast.js";

customElements.define("class-seat", ClassSeat);

document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "night" ? "day" : "night";
  document.documentElement.dataset.theme = next;
  remember("theme", next === "night" ? "dark" : "light");
});

for (const button of document.querySelectorAll("[data-print-page]")) {
  button.removeAttribute("hidden");
  button.addEventListener("click", () => window.print());
}

// An answer that is not put into the page (extend, reset) may still have a message; it is shown.
document.body.addEventListener("htmx:afterRequest", (event) => {
  const { successful, xhr, requestConfig } = /** @type {CustomEvent} */ (event).detail;
  const elsewhere = xhr?.getResponseHeader("HX-Reswap") === "none" || requestConfig?.elt?.getAttribute("hx-swap") === "none";
  if (successful || !xhr?.status || !elsewhere) return;
  const said = new DOMParser().parseFromString(xhr.responseText, "text/html").querySelector("p")?.textContent;
  toast(said || "The page could not reach the server. Try again in a moment.");
});
document.body.addEventListener("htmx:sendError", () =>
  toast("The server does not answer. Nothing was changed; try again in a moment."),
);
