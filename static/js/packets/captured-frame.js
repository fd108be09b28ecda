// <captured-frame>: the layers and fields of one packet beside its bytes. Choosing a field marks its bytes, and choosing a
// byte marks its field.

import { make, rove } from "../page/dom.js";

/** @typedef {{ name: string, value: string, offset: number, length: number }} Field */
/** @typedef {{ protocol: string, depth: number, offset: number, length: number, problem: string, fields: Field[] }} Layer */
/** @typedef {{ number: number, length: number, captured: number, summary: string, layers: Layer[], bytes: string }} Frame */

export const WIDTH = 16; // bytes in a line
const SHOWN = 1_024; // bytes

/**
 * The field to which a byte belongs: of several, the one with the fewest bytes. Without a field, the layer.
 * @param {Layer[]} layers
 * @param {number} at
 * @returns {{ layer: number, field: number } | null}
 */
export function fieldAt(layers, at) {
  let best = null;
  let size = Number.POSITIVE_INFINITY;
  for (const [layer, one] of layers.entries()) {
    for (const [field, { offset, length }] of one.fields.entries()) {
      if (at >= offset && at < offset + length && length < size) {
        best = { layer, field };
        size = length;
      }
    }
    if (!best && at >= one.offset && at < one.offset + one.length) best = { layer, field: -1 };
  }
  return best;
}

/** @param {string} hex two digits */
export function letter(hex) {
  const code = Number.parseInt(hex, 16);
  return code >= 0x20 && code <= 0x7e ? String.fromCharCode(code) : "·";
}

export class CapturedFrame extends HTMLElement {
  /** @type {Layer[]} */
  layers = [];
  cursor = 0;

  connectedCallback() {
    if (!this.childElementCount) this.clear();
  }

  clear() {
    this.say("Choose a packet to see its layers beside its bytes.");
  }

  /** @param {string} text */
  say(text) {
    this.layers = [];
    this.replaceChildren(make("p", "frame-hint text-muted", text));
  }

  /** @param {Frame} frame */
  draw(frame) {
    this.layers = frame.layers;
    this.cursor = 0;
    const bytes = frame.bytes.match(/../g) ?? [];
    const cut = frame.captured < frame.length ? `, of which ${frame.captured} were kept` : "";
    const title = make("h3", "text-md", `Packet ${frame.number}`);
    title.append(make("small", "text-muted font-normal", ` ${frame.length} bytes${cut}`));
    this.told = make("p", "frame-told min-h-[1.5rem] pt-1 text-muted wrap-anywhere");
    this.told.setAttribute("role", "status");
    this.tree = this.#fields();
    this.hex = this.#bytes(bytes.slice(0, SHOWN));
    const parts = make(
      "div",
      "frame-parts grid grid-cols-[minmax(15rem,1fr)_max-content] gap-3 @max-md:grid-cols-[minmax(0,1fr)]",
    );
    parts.append(this.tree, this.hex);
    this.replaceChildren(title, parts, this.told);
    if (bytes.length > SHOWN)
      this.append(make("p", "frame-hint text-muted", `The first ${SHOWN} bytes; the file has the others.`));
  }

  #fields() {
    const tree = make("div", "frame-layers max-h-[20rem] overflow-auto border border-line rounded-md py-1 px-2");
    for (const [layer, one] of this.layers.entries()) {
      const part = make("section", "frame-layer pl-[calc(var(--depth)_*_var(--spacing-3))]");
      part.style.setProperty("--depth", String(Math.min(one.depth, 3)));
      part.append(make("h4", "pt-1 text-sm font-semibold", one.protocol));
      const list = make("ul");
      for (const [field, { name, value }] of one.fields.entries()) {
        const item = make("li");
        const button = make(
          "button",
          "frame-field grid grid-cols-[8.2rem_minmax(0,1fr)] gap-2 w-full px-2 rounded-sm text-left text-sm cursor-default",
        );
        button.setAttribute("type", "button");
        button.tabIndex = layer === 0 && field === 0 ? 0 : -1;
        button.dataset.field = `${layer}.${field}`;
        button.append(make("span", "name text-muted", name), make("span", "value font-mono wrap-anywhere", value));
        item.append(button);
        list.append(item);
      }
      part.append(list);
      if (one.problem) part.append(make("p", "frame-problem text-error", one.problem));
      tree.append(part);
    }
    rove(tree, "button", { vertical: true });
    /** @param {Event} event */
    const point = (event) => {
      const button = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("[data-field]"));
      const [layer, field] = (button?.dataset.field ?? "").split(".").map(Number);
      if (button) this.#light(layer, field, false);
    };
    for (const name of ["pointerover", "focusin", "click"]) tree.addEventListener(name, point);
    return tree;
  }

  /** @param {string[]} bytes */
  #bytes(bytes) {
    const hex = make(
      "div",
      "frame-bytes max-h-[20rem] overflow-auto border border-line rounded-md py-1 px-2 font-normal text-sm leading-relaxed font-mono",
    );
    hex.tabIndex = 0;
    hex.setAttribute("role", "group");
    hex.setAttribute("aria-label", "Bytes. Arrow keys go from byte to byte and name the field.");
    for (let start = 0; start < bytes.length; start += WIDTH) {
      const line = make("div", "frame-line flex gap-3 whitespace-nowrap @max-sm:gap-2 @max-sm:text-xs");
      line.append(make("span", "at text-muted", start.toString(16).padStart(4, "0")));
      const pairs = make("span", "pairs inline-grid grid-cols-[repeat(16,1.5rem)] @max-sm:grid-cols-[repeat(16,1.15rem)]");
      const letters = make("span", "letters @max-sm:hidden");
      for (const [index, pair] of bytes.slice(start, start + WIDTH).entries()) {
        for (const [group, text] of /** @type {[HTMLElement, string][]} */ ([
          [pairs, pair],
          [letters, letter(pair)],
        ])) {
          const one = make("span", "text-center", text);
          one.dataset.at = String(start + index);
          group.append(one);
        }
      }
      line.append(pairs, letters);
      hex.append(line);
    }
    hex.addEventListener("pointerover", (event) => this.#pointed(event));
    hex.addEventListener("click", (event) => this.#pointed(event));
    hex.addEventListener("focus", () => this.#move(this.cursor));
    hex.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: WIDTH, ArrowUp: -WIDTH }[event.key];
      const next = event.key === "Home" ? 0 : event.key === "End" ? bytes.length - 1 : this.cursor + (step ?? Number.NaN);
      if (Number.isNaN(next)) return;
      event.preventDefault();
      this.#move(Math.max(0, Math.min(bytes.length - 1, next)));
    });
    return hex;
  }

  /** @param {Event} event */
  #pointed(event) {
    const at = /** @type {HTMLElement} */ (event.target).dataset.at;
    if (at !== undefined) this.#move(Number(at));
  }

  /** @param {number} at */
  #move(at) {
    this.cursor = at;
    const found = fieldAt(this.layers, at);
    if (found) this.#light(found.layer, found.field, true);
    for (const one of this.hex?.querySelectorAll(".cursor") ?? []) one.classList.remove("cursor");
    for (const one of this.hex?.querySelectorAll(`[data-at="${at}"]`) ?? []) one.classList.add("cursor");
  }

  /**
   * @param {number} layer
   * @param {number} field -1: the whole layer
   * @param {boolean} scroll whether the field should come into sight
   */
  #light(layer, field, scroll) {
    const one = this.layers[layer];
    const what = one?.fields[field] ?? one;
    if (!what) return;
    for (const lit of this.querySelectorAll(".lit, .cursor")) lit.classList.remove("lit", "cursor");
    for (const byte of /** @type {NodeListOf<HTMLElement>} */ (this.hex?.querySelectorAll("[data-at]") ?? [])) {
      const at = Number(byte.dataset.at);
      if (at >= what.offset && at < what.offset + what.length) byte.classList.add("lit");
    }
    const button = this.tree?.querySelector(`[data-field="${layer}.${field}"]`);
    button?.classList.add("lit");
    if (scroll && button && this.tree) keepInSight(/** @type {HTMLElement} */ (button), this.tree);
    const range = what.length === 1 ? `byte ${what.offset}` : `bytes ${what.offset} to ${what.offset + what.length - 1}`;
    const name = "value" in what ? `${one.protocol} ${what.name}: ${what.value}` : one.protocol;
    if (this.told) this.told.textContent = `${name} (${range})`;
  }
}

/**
 * Scrolls the box and not the page.
 * @param {HTMLElement} inner
 * @param {HTMLElement} box
 */
function keepInSight(inner, box) {
  const one = inner.getBoundingClientRect();
  const around = box.getBoundingClientRect();
  if (one.top < around.top) box.scrollTop -= around.top - one.top;
  else if (one.bottom > around.bottom) box.scrollTop += one.bottom - around.bottom;
}
