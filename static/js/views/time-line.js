// <time-line>: what happened, in words, newest first; a slider to any moment that is kept; and a comparison of two moments.

import { save } from "../map/export.js";
import { announce, button, make, rove } from "../page/dom.js";
import { difference, settledAfter } from "../stream/history.js";
import { Lens } from "../stream/lens.js";
import { gone } from "../stream/store.js";
import { written } from "./time-difference.js";

const LINE = "grid grid-cols-[4.8rem_7rem_minmax(0,1fr)] gap-3 py-1 px-4 text-md max-md:grid-cols-[4.3rem_minmax(0,1fr)]";

/** @import { Moment } from "../stream/lens.js" */
/** @import { Store } from "../stream/store.js" */
/** @import { Happened, StreamEvent } from "../stream/types.js" */

const SHOWN = 200;
const SAVED = "Earlier pictures are not kept, to save memory";
const EARLIER = "What was before is no longer kept";
const ACTS = new Set(["command", "docker"]); // what somebody did, and what may differ because of it

export class Timeline extends HTMLElement {
  constructor() {
    super();
    this.tools = make("div", "time-tools flex flex-wrap items-center gap-2 pt-0.5 pb-1 px-4");
    this.said = make("p", "time-said pb-1 px-4 text-muted text-sm wrap-anywhere");
    this.compared = make("section", "time-compared mt-1 mb-3 mx-4 py-2 px-3 border border-line rounded-md");
    this.list = make("ol", "happenings");
    this.onlyCommands = false;
    this.slider = make("input", "time-slider flex-[1_1_12rem] min-w-[8rem] accent-primary");
    this.slider.type = "range";
    this.slider.min = "0";
    this.slider.setAttribute("aria-label", "Moment");
    this.slider.addEventListener("input", () => this.#goTo(this.stops[Number(this.slider.value)]));
    /** @type {(Happened | null)[]} the moments before each of these, and now */
    this.stops = [null];
    /** @type {{ a: Moment | null, b: Moment | null }} null is now */
    this.marks = { a: null, b: null };
    this.buttons = {
      now: button("btn btn-xs", "Now", () => this.lens?.look(null)),
      a: button("btn btn-xs", "Mark A here", () => this.#mark("a")),
      b: button("btn btn-xs", "Mark B here", () => this.#mark("b")),
      compare: button("btn btn-xs btn-primary", "Compare A and B", () => this.#compare()),
      only: button("btn btn-xs", "Commands only", () => this.#filter()),
      export: button("btn btn-xs", "Export", () => this.#export()),
    };
    this.tools.append(this.slider, ...Object.values(this.buttons));
    this.compared.hidden = true;
    this.compared.setAttribute("aria-label", "What differs between A and B");
    this.buttons.only.setAttribute("aria-pressed", "false");
    rove(this.list, "button", { vertical: true });
  }

  connectedCallback() {
    if (this.list.isConnected) return;
    if (this.lens) this.append(this.tools, this.said, this.compared);
    this.append(this.list);
    this.#settle();
    this.lens?.reachBack();
  }

  /** @param {Store} store */
  show(store) {
    this.store = store;
    if (store instanceof Lens) {
      this.lens = store;
      store.turned.add(() => this.#settle());
    }
    this.#draw();
    store.watch((event) => this.#notice(event));
  }

  /** @type {Store | undefined} */
  store = undefined;
  /** @type {Lens | undefined} */
  lens = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  later = undefined;

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "timeline_told" || event.type === "snapshot_taken") this.#draw();
    if (event.type === "snapshot_taken" && this.isConnected) this.lens?.reachBack();
    const line = event.type === "place_gone" && this.lens ? gone(event) : event;
    if (line.type !== "happened" || !this.#listed(line)) return;
    this.list.querySelector(".empty")?.remove();
    this.list.prepend(this.#entry(line, true));
    while (this.list.children.length > SHOWN) this.list.lastElementChild?.remove();
    this.later ??= setTimeout(() => {
      this.later = undefined;
      this.#settle();
    }, 150);
  }

  #draw() {
    const lines = this.store?.timeline.filter((event) => this.#listed(event)) ?? [];
    const happened = lines.slice(-SHOWN).reverse();
    this.list.replaceChildren(...happened.map((event) => this.#entry(event, false)));
    const nothing = this.onlyCommands ? "No command has been seen yet." : "Nothing has happened yet.";
    if (happened.length === 0) this.list.append(make("li", "empty block", nothing));
    this.#settle();
  }

  /**
   * @param {Happened} event
   * @param {boolean} isNew
   */
  #entry(event, isNew) {
    const item = make("li", `${LINE} from-${event.source}${isNew ? " added" : ""}`);
    item.dataset.number = String(event.number);
    const where = make(
      "span",
      `where font-medium text-sm leading-relaxed font-mono text-host overflow-hidden text-ellipsis ${event.source}`,
      event.place || event.source,
    );
    const what = make("span", "what wrap-anywhere max-md:col-span-full", event.text);
    if (event.source === "command")
      what.replaceChildren(
        make(
          "code",
          "flex-[1_1_12rem] py-0.5 px-2 rounded-sm bg-glass text-[#d7e3e8] font-medium text-sm leading-normal font-mono wrap-anywhere whitespace-pre-wrap before:content-['#_'] before:opacity-60",
          event.text,
        ),
      );
    if (event.detail) what.append(make("small", "block text-muted font-mono", event.detail));
    item.append(this.#time(event), where, what);
    if (!this.lens || !this.#kept(event)) return item;
    item.addEventListener("click", (click) => {
      const aside = /** @type {Element} */ (click.target).closest("button") || getSelection()?.toString();
      if (!aside && item.querySelector("button.go")) this.#goTo(event);
    });
    if (ACTS.has(event.source)) what.append(this.#around(event));
    return item;
  }

  /** @param {Happened} event */
  #time(event) {
    const time = make("time", "text-muted tabular-nums", clock(event.at));
    if (!this.lens || !this.#kept(event)) return time;
    const go = button("go justify-self-start text-left linked decoration-dotted cursor-pointer", "", () => this.#goTo(event));
    go.tabIndex = -1;
    go.setAttribute("aria-label", `Look at ${clock(event.at)}, before ${event.text}`);
    go.append(time);
    return go;
  }

  /** @param {Happened} event */
  #around(event) {
    const both = button(
      "around text-muted text-xs linked cursor-pointer hover:text-inherit focus-visible:text-inherit",
      "before and after",
      () => this.#compareAround(event),
    );
    both.tabIndex = -1;
    both.setAttribute("aria-label", `Compare before and after ${event.text}`);
    return both;
  }

  /** @param {Happened} event */
  #listed(event) {
    return !this.onlyCommands || event.source === "command";
  }

  #filter() {
    this.onlyCommands = !this.onlyCommands;
    this.buttons.only.setAttribute("aria-pressed", String(this.onlyCommands));
    this.#draw();
  }

  /** @param {Happened} event */
  #kept(event) {
    const first = this.lens?.history.first ?? 0;
    return first > 0 && event.number - 1 >= first;
  }

  // --- moments ---

  /** @param {Happened | null} stop */
  #goTo(stop) {
    if (!this.lens) return;
    if (!this.lens.look(stop ? momentOf(stop) : null)) announce("That moment is not kept any more.");
    this.#settle();
  }

  /** Draws the slider, its marks, and the sentence that says what is kept. */
  #settle() {
    const { lens } = this;
    if (!lens || !this.isConnected) return;
    const { history, moment } = lens;
    this.stops = [...lens.timeline.filter((event) => this.#kept(event)), null];
    const at = moment ? this.stops.findIndex((stop) => stop && stop.number > moment.number) : this.stops.length - 1;
    this.slider.max = String(this.stops.length - 1);
    this.slider.value = String(at < 0 ? this.stops.length - 1 : at);
    this.slider.disabled = this.stops.length < 2;
    this.slider.setAttribute("aria-valuetext", inWords(moment));
    this.buttons.now.toggleAttribute("disabled", !moment);
    const why = history.complete ? "That is when the sandbox was new" : history.trimmed ? SAVED : lens.noPast || EARLIER;
    const marks = `A: ${inWords(this.marks.a)}. B: ${inWords(this.marks.b)}.`;
    const said = history.first ? `Pictures from ${clock(history.since)} on. ${why}. ${marks}` : "";
    this.said.textContent = [said, lens.noCommands].filter(Boolean).join(" ");
    this.buttons.only.hidden = lens.noCommands !== "";
    this.buttons.compare.toggleAttribute("disabled", this.marks.a?.number === this.marks.b?.number);
    for (const item of this.list.children) this.#markItem(/** @type {HTMLElement} */ (item), history.first, moment);
    const first = /** @type {HTMLElement | null} */ (this.list.querySelector("button.go"));
    if (first && !this.list.querySelector('button.go[tabindex="0"]')) first.tabIndex = 0;
  }

  /**
   * @param {HTMLElement} item
   * @param {number} first
   * @param {Moment | null} moment
   */
  #markItem(item, first, moment) {
    const number = Number(item.dataset.number) - 1;
    item.classList.toggle("ahead", Boolean(moment) && number >= (moment?.number ?? 0));
    item.classList.toggle("here", moment?.number === number);
    const go = item.querySelector("button.go");
    if (!go || number >= first) return;
    go.replaceWith(...go.childNodes); // given up meanwhile
    item.querySelector("button.around")?.remove();
  }

  // --- two of them ---

  /** @param {"a" | "b"} which */
  #mark(which) {
    this.marks[which] = this.lens?.moment ?? null;
    this.#settle();
    announce(`${which.toUpperCase()} is ${inWords(this.marks[which])}.`);
  }

  /** A is just before a line, B when things had settled after it. @param {Happened} event */
  #compareAround(event) {
    const timeline = this.lens?.timeline ?? [];
    const next = settledAfter(timeline, event);
    this.marks = { a: beforeOf(timeline, event), b: next ? momentOf(next) : null };
    this.#settle();
    this.#compare();
  }

  /** @param {Moment | null} moment */
  #picture(moment) {
    const { lens } = this;
    if (!lens) return undefined;
    return moment ? lens.history.at(moment.number) : { places: lens.source.places, docker: lens.source.docker };
  }

  #compare() {
    const [a, b] = [this.#picture(this.marks.a), this.#picture(this.marks.b)];
    this.compared.hidden = false;
    const head = make("header", "flex gap-2 justify-between items-start");
    const title = make(
      "h3",
      "text-md font-semibold wrap-anywhere",
      `From A, ${inWords(this.marks.a)}, to B, ${inWords(this.marks.b)}`,
    );
    title.tabIndex = -1;
    head.append(
      title,
      button("btn btn-xs", "Close", () => {
        this.compared.hidden = true;
        this.slider.focus();
      }),
    );
    this.compared.replaceChildren(head);
    if (!a || !b)
      this.compared.append(make("p", "empty block trouble", "One of the two moments is not kept any more. Mark another."));
    else this.compared.append(...written(difference(a, b)));
    title.focus();
  }

  async #export() {
    const { lens } = this;
    if (!lens) return;
    await lens.reachBack();
    const told = {
      what: "timeline of a sandbox",
      exported_at: Date.now() / 1000,
      pictures_since: { number: lens.history.first, at: lens.history.since, whole: lens.history.complete },
      pictures: lens.history.told(),
      timeline: lens.timeline.map(({ number, at, source, place, text, detail }) => ({
        number,
        at,
        source,
        place,
        text,
        detail,
      })),
      ...(this.compared.hidden ? {} : { compared: { a: this.#taken(this.marks.a), b: this.#taken(this.marks.b) } }),
    };
    save(new Blob([JSON.stringify(told, null, 1)], { type: "application/json" }), "sandbox-timeline.json");
  }

  /** @param {Moment | null} moment */
  #taken(moment) {
    const picture = this.#picture(moment);
    const when = moment ?? { number: this.lens?.number ?? 0, at: Date.now() / 1000, text: "" };
    if (!picture) return { ...when, kept: false };
    return { ...when, places: Object.fromEntries(picture.places), docker: Object.fromEntries(picture.docker) };
  }
}

/** @param {Happened} event @returns {Moment} */
function momentOf(event) {
  const where = event.text.startsWith(event.place) ? "" : event.place;
  return { number: event.number - 1, at: event.at, text: [where, event.text].filter(Boolean).join(": ") };
}

/**
 * The moment before what a line tells of. A line that sums up several events comes after them: then it is the moment of the last
 * line before the first of these.
 * @param {Happened[]} timeline oldest first
 * @param {Happened} event
 * @returns {Moment}
 */
function beforeOf(timeline, event) {
  const { began = 0 } = event;
  const last = began ? timeline.findLast((one) => one.at < began) : undefined;
  return last ? { ...momentOf(event), number: last.number } : momentOf(event);
}

/** @param {Moment | null} moment */
export function inWords(moment) {
  return moment ? `${clock(moment.at)}, before ${moment.text}` : "now";
}

/** @param {number} at */
function clock(at) {
  return new Date(at * 1000).toLocaleTimeString([], { hour12: false });
}
