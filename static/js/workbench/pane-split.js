// <pane-split>: a line between panes that can be dragged or moved with arrow keys; on a phone, the switch between the panes.

import { remember, remembered } from "../page/dom.js";

const STEP = 24;

export class PaneSplit extends HTMLElement {
  connectedCallback() {
    if (this.dataset.ready) return;
    this.dataset.ready = "1";
    this.variable = this.dataset.variable ?? "--split";
    this.flat = this.getAttribute("aria-orientation") === "horizontal";
    const kept = Number(remembered(`split${this.variable}`, ""));
    if (kept) this.set(kept, false);
    else requestAnimationFrame(() => this.setAttribute("aria-valuenow", String(this.size)));
    this.addEventListener("pointerdown", (event) => this.#drag(event));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("dblclick", () => this.#reset());
  }

  get size() {
    const pane = this.dataset.from === "end" ? this.nextElementSibling : this.previousElementSibling;
    const box = pane?.getBoundingClientRect();
    return Math.round((this.flat ? box?.height : box?.width) ?? 0);
  }

  /**
   * @param {number} size in pixels
   * @param {boolean} [keep]
   */
  set(size, keep = true) {
    const least = Number(this.dataset.least ?? 120);
    const most = Math.min(Number(this.dataset.most ?? 900), (this.flat ? innerHeight : innerWidth) - 160);
    const fitting = Math.round(Math.max(least, Math.min(most, size)));
    document.documentElement.style.setProperty(/** @type {string} */ (this.variable), `${fitting}px`);
    this.setAttribute("aria-valuenow", String(fitting));
    this.setAttribute("aria-valuemin", String(least));
    this.setAttribute("aria-valuemax", String(most));
    if (keep) remember(`split${this.variable}`, String(fitting));
  }

  #reset() {
    document.documentElement.style.removeProperty(/** @type {string} */ (this.variable));
    remember(`split${this.variable}`, "");
  }

  /** @param {PointerEvent} down */
  #drag(down) {
    down.preventDefault();
    this.focus();
    this.setPointerCapture(down.pointerId);
    const start = this.flat ? down.clientY : down.clientX;
    const size = this.size;
    const sign = this.dataset.from === "end" ? -1 : 1;
    /** @param {PointerEvent} event */
    const move = (event) => this.set(size + sign * ((this.flat ? event.clientY : event.clientX) - start));
    this.addEventListener("pointermove", move);
    this.addEventListener("lostpointercapture", () => this.removeEventListener("pointermove", move), { once: true });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const sign = this.dataset.from === "end" ? -1 : 1;
    const more = this.flat ? "ArrowDown" : "ArrowRight";
    const less = this.flat ? "ArrowUp" : "ArrowLeft";
    if (event.key === more) this.set(this.size + sign * STEP);
    else if (event.key === less) this.set(this.size - sign * STEP);
    else if (event.key === "Enter") this.#reset();
    else return;
    event.preventDefault();
  }
}

/** @param {string} pane */
export function showPane(pane) {
  const bench = /** @type {HTMLElement | null} */ (document.querySelector(".workbench"));
  if (!bench) return;
  bench.dataset.show = pane;
  for (const button of document.querySelectorAll(".pane-switch button")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-pane") === pane));
  }
}

export function watchPanes() {
  for (const button of document.querySelectorAll(".pane-switch button")) {
    button.addEventListener("click", () => showPane(button.getAttribute("data-pane") ?? "lesson"));
  }
}
