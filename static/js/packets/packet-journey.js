// <packet-journey>: the learner chooses from, to and kind; a real packet is sent and followed. Its journey is a list of hops,
// which is also played on the map.

import { announce, button, labelled, make } from "../page/dom.js";
import { inOrder } from "../stream/store.js";
import { hopItem } from "./hop-item.js";
import { whyList } from "./why-list.js";

/** @import { Store } from "../stream/store.js" */
/** @import { Hop, Journey, Journeys, StreamEvent } from "../stream/types.js" */

const KINDS = [
  ["ping", "Ping"],
  ["http", "HTTP request"],
  ["tcp", "TCP connection"],
  ["dns", "Name lookup (DNS)"],
  ["record", "My own next packet"],
];
const PACE = 900; // milliseconds a hop is shown while playing
const LATE = 8_000;
const WAITS = 22_000; // the node waits so long for a packet of the learner's own

export class PacketJourney extends HTMLElement {
  connectedCallback() {
    if (this.form) return;
    this.form = make("form", "journey-form flex flex-wrap items-end gap-y-2 gap-x-3");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.from = make("select", "select select-sm");
    this.kind = make("select", "select select-sm");
    for (const [value, label] of KINDS) this.kind.append(new Option(label, value));
    this.to = make("input", "input input-sm");
    this.to.setAttribute("list", "journey-places");
    this.to.required = true;
    this.to.maxLength = 253;
    this.to.autocomplete = "off";
    this.to.spellcheck = false;
    this.port = make("input", "input input-sm port w-[5.5rem]");
    Object.assign(this.port, { type: "number", min: "1", max: "65535", value: "80" });
    this.family = make("select", "select select-sm");
    for (const version of ["4", "6"]) this.family.append(new Option(`IPv${version}`, version));
    this.places = make("datalist", "");
    this.places.id = "journey-places";
    this.go = make("button", "btn btn-sm btn-primary", "Send and follow");
    this.go.type = "submit";
    this.kind.addEventListener("change", () => this.#fit());
    this.form.append(
      labelled("From", this.from),
      labelled("Kind of packet", this.kind),
      labelled("To", this.to),
      labelled("Port", this.port),
      labelled("By", this.family),
      this.places,
      this.go,
    );
    this.said = make("p", "journey-said min-h-[1.5rem] mt-2 mb-1 font-medium");
    this.said.setAttribute("role", "status");
    this.ways = make("div", "journey-ways");
    this.append(this.form, this.said, this.ways);
    this.#fit();
    this.#fill();
  }

  /** @param {Store} store */
  show(store) {
    this.store = store;
    store.watch((event) => this.#notice(event));
    this.#fill();
  }

  /**
   * Fills in the form from another part of the page, and sends it.
   * @param {{ source: string, target: string, kind?: string, port?: number }} wish
   */
  ask(wish) {
    if (!this.from || !this.to || !this.kind || !this.port) return;
    this.#fill();
    this.from.value = wish.source;
    this.to.value = wish.target;
    this.kind.value = wish.kind ?? "ping";
    if (wish.port) this.port.value = String(wish.port);
    this.#fit();
    this.#ask();
  }

  /** The server has given our request an id. @param {string} journey */
  begun(journey) {
    this.waiting = journey;
  }

  refused() {
    this.#rest("");
  }

  // --- asking ---

  #ask() {
    if (!this.from || !this.to || !this.kind || !this.port) return;
    const message = {
      type: "follow_journey",
      source: this.from.value,
      target: this.kind.value === "record" ? "*" : this.to.value.trim(),
      kind: this.kind.value,
      port: Number(this.port.value) || 80,
      family: Number(this.family?.value ?? 4),
    };
    if (!message.source || !message.target) return;
    this.#stop();
    this.waiting = "?";
    this.go?.setAttribute("disabled", "");
    const record = message.kind === "record";
    this.#say(
      record ? `Now do something in ${message.source}: ping, curl, look up a name. Its first packet is followed.` : "Sending …",
    );
    this.dispatchEvent(new CustomEvent("wish", { detail: message, bubbles: true }));
    clearTimeout(this.late);
    this.late = setTimeout(
      () => this.#rest("Nothing came back. Is the sandbox still there? Try again."),
      record ? LATE + WAITS : LATE,
    );
  }

  /** @param {string} why */
  #rest(why) {
    clearTimeout(this.late);
    this.waiting = "";
    this.go?.removeAttribute("disabled");
    this.#say(why);
  }

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "journey_told") {
      const watched = this.closest("[data-watch]") !== null; // then the learner's journeys are what there is to see
      if (!watched && !this.waiting) return; // another page's
      if (!watched && this.waiting !== "?" && this.waiting !== event.journey) return;
      this.#rest("");
      this.#draw(event.told);
    } else if (["snapshot_taken", "place_seen", "place_gone"].includes(event.type)) this.#fill();
  }

  #fill() {
    if (!this.store || !this.from || !this.places) return;
    const names = inOrder(this.store.places.values())
      .filter((place) => place.kind !== "namespace")
      .map((place) => place.id);
    if (JSON.stringify(names) === this.names) return;
    this.names = JSON.stringify(names);
    const chosen = this.from.value || names.find((name) => name.includes("/")) || names[0];
    this.from.replaceChildren(...names.map((name) => new Option(name, name)));
    if (names.includes(chosen)) this.from.value = chosen;
    this.places.replaceChildren(...names.map((name) => new Option(name, name)));
    if (this.to && !this.to.value && names.includes("outside")) this.to.value = "outside";
  }

  #fit() {
    const kind = this.kind?.value;
    const port = this.port?.closest("label");
    if (port) port.hidden = kind !== "http" && kind !== "tcp";
    const family = this.family?.closest("label");
    if (family) family.hidden = kind === "dns" || kind === "record";
    const to = this.to?.closest("label");
    if (to) to.hidden = kind === "record";
    if (this.to) this.to.required = kind !== "record";
    if (this.go) this.go.textContent = kind === "record" ? "Wait for it" : "Send and follow";
    if (this.to) this.to.placeholder = kind === "dns" ? "a name" : "a place, a name or an address";
  }

  /** @param {string} text */
  #say(text) {
    if (this.said) this.said.textContent = text;
  }

  // --- showing ---

  /** @param {Journeys} told */
  #draw(told) {
    if (told.error) return this.#fail(told.error);
    const { asked } = told;
    const what = asked.kind === "http" || asked.kind === "tcp" ? `${asked.kind} to port ${asked.port}` : asked.kind;
    const to = asked.kind === "record" ? "" : ` → ${asked.target}`;
    this.#say(
      `${what}, ${asked.source}${to}${told.address && told.address !== asked.target ? ` (${told.address})` : ""}: ${told.result}`,
    );
    this.said?.classList.toggle("trouble", !told.ok);
    const ways = [told.request, told.answer].filter((one) => one !== null);
    this.ways?.replaceChildren(
      ...ways.map((journey) => this.#way(/** @type {Journey} */ (journey))),
      ...told.notes.map((note) => make("p", "empty", note)),
    );
    announce(`${ways[0]?.hops.length ?? 0} hops. ${ways[0]?.end ?? ""}`);
    return undefined;
  }

  /** @param {string} why */
  #fail(why) {
    this.#say(why);
    this.said?.classList.add("trouble");
    this.ways?.replaceChildren();
  }

  /** @param {Journey} journey */
  #way(journey) {
    const arrived = journey.ending === "arrived";
    const box = make("section", `journey-way mb-4 ${arrived ? "" : "stopped"}`);
    const title = journey.way === "request" ? "The request's way" : "The answer's way";
    box.setAttribute("aria-label", title);
    this.hops.set(box, journey.hops);
    const head = make("header", "flex flex-wrap items-baseline gap-y-1 gap-x-2 sticky z-1 top-[-0.5rem] py-1 bg-base-100");
    const back = tool("Step back", "◂", () => this.#step(box, -1));
    const play = tool("Play", "▶", () => this.#play(box));
    play.classList.add("play");
    const on = tool("Step on", "▸", () => this.#step(box, 1));
    head.append(
      make("h3", "text-md", title),
      make(
        "small",
        `flex-1 max-md:order-1 max-md:basis-full ${arrived ? "text-muted" : "text-error"} ${journey.ending}`,
        journey.end,
      ),
      back,
      play,
      on,
    );
    const list = make("ol", "hops border-l-2 border-line");
    list.append(...journey.hops.map((hop, at) => hopItem(hop, at, () => this.#look(box, at))));
    box.append(head, list, ...whyList(journey));
    return box;
  }

  // --- playing ---

  /**
   * @param {HTMLElement} box
   * @param {number} at
   */
  #look(box, at) {
    const items = [...box.querySelectorAll(".hop")];
    const index = Math.max(0, Math.min(items.length - 1, at));
    for (const other of this.querySelectorAll(".hop.now")) other.classList.remove("now");
    items[index]?.classList.add("now");
    items[index]?.scrollIntoView({ block: "nearest" });
    this.at.set(box, index);
    const hop = this.hops.get(box)?.[index];
    if (hop) this.dispatchEvent(new CustomEvent("hop", { detail: hop, bubbles: true }));
  }

  /**
   * @param {HTMLElement} box
   * @param {number} by
   */
  #step(box, by) {
    this.#stop();
    this.#look(box, (this.at.get(box) ?? -1) + by);
  }

  /** @param {HTMLElement} box */
  #play(box) {
    if (this.playing) return this.#stop();
    const play = box.querySelector(".play");
    if (play) {
      play.textContent = "❚❚";
      play.setAttribute("aria-label", "Pause");
    }
    const last = box.querySelectorAll(".hop").length - 1;
    let at = this.at.get(box) ?? -1;
    if (at >= last) at = -1;
    const next = () => {
      at += 1;
      this.#look(box, at);
      if (at >= last) this.#stop();
    };
    this.playing = setInterval(next, PACE);
    next();
    return undefined;
  }

  #stop() {
    clearInterval(this.playing);
    this.playing = undefined;
    for (const play of this.querySelectorAll(".play")) {
      play.textContent = "▶";
      play.setAttribute("aria-label", "Play");
    }
  }

  disconnectedCallback() {
    this.#stop();
  }

  /** @type {Store | undefined} */
  store = undefined;
  /** @type {HTMLFormElement | undefined} */
  form = undefined;
  /** @type {HTMLSelectElement | undefined} */
  from = undefined;
  /** @type {HTMLSelectElement | undefined} */
  kind = undefined;
  /** @type {HTMLInputElement | undefined} */
  to = undefined;
  /** @type {HTMLInputElement | undefined} */
  port = undefined;
  /** @type {HTMLElement | undefined} */
  places = undefined;
  /** @type {HTMLButtonElement | undefined} */
  go = undefined;
  /** @type {HTMLElement | undefined} */
  said = undefined;
  /** @type {HTMLElement | undefined} */
  ways = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  late = undefined;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  playing = undefined;
  /** @type {Map<HTMLElement, number>} */
  at = new Map();
  /** @type {WeakMap<HTMLElement, Hop[]>} */
  hops = new WeakMap();
  names = "";
  waiting = "";
}

/**
 * @param {string} label
 * @param {string} sign
 * @param {() => void} act
 */
function tool(label, sign, act) {
  const look = "tool min-w-[1.9rem] h-[1.7rem] border border-line rounded-sm cursor-pointer hover:bg-base-200";
  const made = button(look, sign, act);
  made.title = label;
  made.setAttribute("aria-label", label);
  return made;
}
