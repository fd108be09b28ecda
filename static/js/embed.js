// The script of a lesson that is embedded on another site: takes its pass, goes on where the reader was, and opens the full
// site in a new tab.

import { tellHeight } from "./embed/height.js";
import { keep, recall } from "./embed/memory.js";
import { adopt, ask, HEADER, headers, keepPass } from "./embed/pass.js";
import { begin } from "./workbench/elements.js";

/** @typedef {{ process: (part: Element) => void }} Htmx */

const RENEW_EVERY = 16 * 60 * 1000;
const HERE = `explorer-at ${location.pathname}${location.search}`;
const meta = /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=explorer-embed]"));
const query = new URLSearchParams(location.search);

document.body.addEventListener("htmx:configRequest", (event) => {
  Object.assign(/** @type {CustomEvent} */ (event).detail.headers, headers());
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  keepPass(/** @type {CustomEvent} */ (event).detail.xhr?.getResponseHeader(HEADER));
});
document.body.addEventListener("htmx:afterSettle", () => keep(HERE, shownStep()));
document.body.addEventListener("click", download);
document.getElementById("open-in-full")?.addEventListener("submit", leave);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (dark) => {
  if (!query.has("theme")) document.documentElement.dataset.theme = dark.matches ? "night" : "day";
});

start();

async function start() {
  const known = adopt(meta.content) && (await goOn());
  const lesson = begin();
  if (known) lesson.arrive();
  else document.body.addEventListener("htmx:afterSettle", opened);
  tellHeight((meta.dataset.sites ?? "").split(" "));
  setInterval(() => ask(location.pathname, { method: "HEAD" }).catch(() => {}), RENEW_EVERY);

  /** Who only reads is nobody yet; the first sandbox makes a learner, and then the step of this very page is theirs. */
  function opened() {
    if (!document.querySelector("live-sandbox")) return;
    document.body.removeEventListener("htmx:afterSettle", opened);
    lesson.arrive();
  }
}

/** The reader was here before: shows what is theirs. @returns {Promise<boolean>} false when they are a stranger again */
async function goOn() {
  document.body.classList.add("returning");
  const step = recall(HERE) || query.get("step");
  try {
    const answer = await ask(location.pathname + (step ? `?step=${encodeURIComponent(step)}` : ""));
    if (answer.status === 401) keepPass(meta.content);
    if (!answer.ok) return false;
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
    const bench = document.importNode(/** @type {Element} */ (parsed.querySelector(".workbench")), true);
    document.querySelector(".workbench")?.replaceWith(bench);
    /** @type {{ htmx?: Htmx }} */ (/** @type {unknown} */ (globalThis)).htmx?.process(bench);
    return true;
  } catch {
    return false; // the page as it came can be read
  } finally {
    document.body.classList.remove("returning");
  }
}

function shownStep() {
  return document.getElementById("step")?.dataset.step ?? "";
}

/** A link that leads to a file has no pass with it; the page fetches it. @param {MouseEvent} event */
async function download(event) {
  const link = /** @type {Element} */ (event.target).closest?.("a[download]");
  if (!(link instanceof HTMLAnchorElement) || !link.href.startsWith(location.origin)) return;
  event.preventDefault();
  const answer = await ask(link.href);
  if (!answer.ok) return;
  const copy = document.createElement("a");
  copy.href = URL.createObjectURL(await answer.blob());
  copy.download = answer.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1] ?? "capture.pcapng";
  copy.click();
  URL.revokeObjectURL(copy.href);
}

/** Out into a tab of our own, as the same learner; if that cannot be arranged, at least to the same step. @param {Event} event */
async function leave(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  field("step").value = shownStep();
  const answer = await ask(form.dataset.ask ?? "", { method: "POST" }).catch(() => null);
  field("code").value = answer?.ok ? await answer.text() : "";
  form.submit();
}
