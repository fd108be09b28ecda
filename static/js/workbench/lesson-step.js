// The lesson's side of a page: commands that can be clicked, checks that turn green, hints, and predictions that the machine
// answers.

import { announce, prose, remember, remembered } from "../page/dom.js";
import { toast } from "../page/toast.js";
import { allTabs } from "../views/live-views.js";

/** @import { LessonMoved } from "../stream/types.js" */

/** @typedef {{ ajax: (verb: string, url: string, options: object) => Promise<void> }} Htmx */

export class LessonStep {
  /** @param {HTMLElement} page */
  constructor(page) {
    this.page = page;
    /** @type {LessonMoved | null} */
    this.last = null;
    /** @type {Map<string, number>} how often the page asked for an answer's words */
    this.asked = new Map();
    page.addEventListener("click", (event) => this.#click(event));
    page.addEventListener("change", (event) => this.#chosen(event));
    page.addEventListener("lesson", (event) => this.moved(/** @type {CustomEvent} */ (event).detail));
    page.addEventListener("htmx:afterSettle", (event) => this.#settled(/** @type {CustomEvent} */ (event)));
    this.#showTyping();
  }

  /** The page was opened by a link to this step, so the learner is moved to it. */
  arrive() {
    const { current, step, move } = this.step?.dataset ?? {};
    if (!move || current === step) return;
    const htmx = /** @type {{ htmx?: Htmx }} */ (/** @type {unknown} */ (globalThis)).htmx;
    htmx?.ajax("POST", move, { swap: "none", source: this.page });
  }

  get step() {
    return /** @type {HTMLElement | null} */ (this.page.querySelector("#step"));
  }

  get run() {
    return remembered("typing", "type") === "run";
  }

  /** @param {Event} event */
  #click(event) {
    this.#look(event);
    const button = /** @type {HTMLElement} */ (event.target).closest?.("button.run");
    if (!(button instanceof HTMLElement)) return;
    const detail = { place: button.dataset.place ?? "", command: button.dataset.command ?? "", run: this.run };
    const asked = new CustomEvent("command", { detail, bubbles: true, cancelable: true });
    this.page.dispatchEvent(asked);
    button.classList.add("typed");
  }

  /**
   * A link in the text may open a tool of the page: `#journey?source=h1&target=outside`.
   *
   * @param {Event} event
   */
  #look(event) {
    const link = /** @type {HTMLElement} */ (event.target).closest?.('.words a[href^="#"]');
    const [tab, query] = (link?.getAttribute("href") ?? "").slice(1).split("?");
    if (!tab || !allTabs().some((one) => one.id === tab)) return;
    event.preventDefault();
    const detail = { tab, ...Object.fromEntries(new URLSearchParams(query)) };
    const unheard = this.page.dispatchEvent(new CustomEvent("look", { detail, bubbles: true, cancelable: true }));
    if (unheard) toast("This needs your own sandbox. Open one first.");
  }

  /** @param {Event} event */
  #chosen(event) {
    const box = /** @type {HTMLInputElement} */ (event.target);
    if (box.name !== "typing") return;
    remember("typing", box.value);
    this.#showTyping();
  }

  #showTyping() {
    const value = this.run ? "run" : "type";
    for (const box of this.page.querySelectorAll("input[name=typing]")) {
      /** @type {HTMLInputElement} */ (box).checked = /** @type {HTMLInputElement} */ (box).value === value;
    }
    this.page.classList.toggle("click-runs", this.run);
  }

  /** @param {CustomEvent} event */
  #settled(event) {
    const swapped = /** @type {HTMLElement} */ (event.target);
    if (swapped.id === "step") {
      this.#showTyping();
      this.asked.clear();
      /** @type {HTMLElement | null} */ (swapped.querySelector("#step-title"))?.focus({ preventScroll: true });
    }
    const step = this.step;
    if (step && swapped.matches(".prediction")) this.#open(step, swapped.dataset.prediction ?? "");
    // what the machine said while the page was busy still counts
    if (this.last && (swapped.id === "step" || swapped.matches(".prediction"))) this.moved(this.last);
  }

  /** @param {LessonMoved} event */
  moved(event) {
    this.last = event;
    const step = this.step;
    if (!step || step.dataset.lesson !== event.lesson || step.dataset.step !== event.step) return;
    const passed = new Set(event.passed);
    for (const check of step.querySelectorAll("[data-check]")) {
      const name = check.getAttribute("data-check") ?? "";
      if (passed.has(name)) this.#tick(/** @type {HTMLElement} */ (check), event.found[name]);
    }
    const all = step.querySelectorAll(".check");
    if (all.length && step.querySelectorAll(".check.passed").length === all.length) this.#complete(step);
    this.#hint(step, event.hints);
    for (const prediction of Object.keys(event.answers)) this.#answer(step, prediction);
  }

  /**
   * @param {HTMLElement} check
   * @param {string | undefined} found what was found, in place of what to look at
   */
  #tick(check, found) {
    if (check.classList.contains("passed")) return;
    check.classList.add("passed", "just");
    if (found) check.querySelector(".check-text")?.replaceChildren(prose(found));
    const state = check.querySelector(".check-state");
    announce(`Done: ${check.textContent?.replace("(not yet)", "").trim()}`);
    if (state) state.textContent = " (done)";
  }

  /** @param {HTMLElement} step */
  #complete(step) {
    const next = step.querySelector(".step-nav .next");
    if (next && !next.classList.contains("btn-primary")) {
      next.classList.add("btn-primary", "just");
      announce("Everything on this step is done.");
    }
    const here = step.querySelector(".rail .here");
    here?.classList.add("done");
    this.#open(step, "done");
  }

  /**
   * Asks for the parts of the text that come after this question, or after the checks. The server sends a part when it may be
   * read.
   *
   * @param {HTMLElement} step
   * @param {string} after
   */
  #open(step, after) {
    const htmx = /** @type {{ htmx?: Htmx }} */ (/** @type {unknown} */ (globalThis)).htmx;
    for (const part of step.querySelectorAll(`.part.waiting[data-after="${CSS.escape(after)}"]`)) {
      if (!(part instanceof HTMLElement) || part.dataset.asking) continue;
      part.dataset.asking = "1";
      htmx?.ajax("GET", part.dataset.part ?? "", { target: part, swap: "outerHTML" });
    }
  }

  /**
   * @param {HTMLElement} step
   * @param {string[]} hints
   */
  #hint(step, hints) {
    const aside = /** @type {HTMLElement | null} */ (step.querySelector(".hints"));
    if (!aside) return;
    const said = hints.join("\n");
    if (aside.dataset.said === said) return;
    aside.dataset.said = said;
    aside.hidden = hints.length === 0;
    aside.replaceChildren(
      ...hints.map((hint) => {
        const note = document.createElement("p");
        note.className = "hint py-3 px-4 rounded-md bg-glow-soft text-md animate-appear";
        note.append(prose(hint));
        return note;
      }),
    );
  }

  /**
   * @param {HTMLElement} step
   * @param {string} prediction
   */
  #answer(step, prediction) {
    const form = step.querySelector(`form.prediction[data-prediction="${CSS.escape(prediction)}"].locked`); // nothing is told to who has not guessed
    const times = this.asked.get(prediction) ?? 0;
    if (!(form instanceof HTMLElement) || form.dataset.asking || times >= 3) return;
    this.asked.set(prediction, times + 1);
    form.dataset.asking = "1";
    const htmx = /** @type {{ htmx?: Htmx }} */ (/** @type {unknown} */ (globalThis)).htmx;
    htmx?.ajax("GET", `/learn/${step.dataset.lesson}/?prediction=${encodeURIComponent(prediction)}`, {
      target: form,
      swap: "outerHTML",
    });
  }
}
