// <packet-capture>: captures at an interface of the chosen place with a filter. It lists packets as they come, shows one of
// them dissected, and offers all of them as a file.

import { ask, openSocket } from "../embed/pass.js";
import { announce, button, labelled, make, rove } from "../page/dom.js";
import { readPlain } from "../page/plain.js";
import { CaptureDesktop } from "./capture-desktop.js";
import { CapturedFrame } from "./captured-frame.js";

/** @import { Store } from "../stream/store.js" */
/** @import { CaptureFacts, Place, StreamEvent } from "../stream/types.js" */

/** @typedef {{ number: number, at: number, way: string, length: number, protocol: string, summary: string, problem: string,
 *   left_out?: undefined } | { left_out: number }} Row */

/** A list of filters. The chosen one is written into the field, where it can be read and changed. */
export const FILTERS = [
  ["", "Everything"],
  ["icmp or icmp6", "Ping (ICMP)"],
  ["arp", "ARP"],
  ["port 53", "DNS"],
  ["tcp port 80", "HTTP, a TCP port"],
  ["udp port 4789", "VXLAN"],
];
const OWN = "own";
const RING = 500; // packets that a ring keeps
/** How long a capture goes on. */
const KEEPING = [
  ["", "The first 2,000"],
  ["ring", "The newest 500, for an hour"],
];
export const SHOWN = 300; // lines in the page; the file has all that was kept
const AGAIN = 1_500;
const LATE = 8_000;

export class PacketCapture extends HTMLElement {
  chosen = "";
  waiting = ""; // "?", then the id of what was asked for, until it is there
  ended = "";
  first = 0;
  count = 0;
  leftOut = 0;
  /** @type {HTMLElement | undefined} */
  about = undefined;
  /** @type {HTMLElement | undefined} */
  counted = undefined;
  /** @type {HTMLButtonElement | undefined} */
  stop = undefined;
  /** @type {HTMLAnchorElement | undefined} */
  file = undefined;
  /** @type {CaptureDesktop | undefined} */
  desktop = undefined;
  /** @type {HTMLSelectElement | undefined} */
  keeping = undefined;

  connectedCallback() {
    if (this.form) return;
    this.form = make("form", "journey-form flex flex-wrap items-end gap-y-2 gap-x-3 capture-form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start();
    });
    this.device = make("select", "select select-sm");
    this.kind = make("select", "select select-sm");
    for (const [value, label] of FILTERS) this.kind.append(new Option(label, value));
    this.kind.append(new Option("Your own", OWN));
    this.expression = make("input", "input input-sm expression w-full font-mono");
    Object.assign(this.expression, { maxLength: 500, spellcheck: false, autocomplete: "off", placeholder: "no filter" });
    this.kind.addEventListener("change", () => this.#preset());
    this.expression.addEventListener("input", () => this.#recognise());
    this.keeping = make("select", "select select-sm");
    for (const [value, label] of KEEPING) this.keeping.append(new Option(label, value));
    this.go = make("button", "btn btn-sm btn-primary", "Start");
    this.go.type = "submit";
    this.form.append(
      labelled("Interface", this.device),
      labelled("Packets", this.kind),
      labelled("Filter, as tcpdump takes it", this.expression),
      labelled("Keep", this.keeping),
      this.go,
    );
    this.kept = make("div", "capture-kept flex flex-wrap gap-1 mt-2 empty:hidden");
    this.said = make("p", "capture-said mt-2 font-medium wrap-anywhere empty:m-0");
    this.said.setAttribute("role", "status");
    this.head = make("div", "capture-head flex flex-wrap items-center gap-y-1 gap-x-2 mt-2 mb-1");
    this.rows = make(
      "ol",
      "capture-rows max-h-[16rem] overflow-auto border border-line rounded-md font-normal text-sm leading-normal font-mono empty:hidden @lg:max-h-[24rem]",
    );
    this.rows.setAttribute("aria-label", "Packets, oldest first");
    rove(this.rows, "button", { vertical: true });
    this.rows.addEventListener("click", (event) => {
      const row = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("[data-number]"));
      if (row) this.#open(row);
    });
    this.frame = new CapturedFrame();
    this.desktop = new CaptureDesktop();
    const body = make("div", "capture-body grid gap-3");
    body.append(this.rows, this.frame);
    this.append(this.form, this.kept, this.said, this.head, body);
    this.#fill();
    this.#list();
  }

  /** @param {Store} store */
  show(store) {
    this.store = store;
    store.watch((event) => this.#notice(event));
  }

  /** @param {Place | undefined} place */
  choose(place) {
    this.place = place;
    this.#fill();
  }

  /** The server has given our request an id. @param {string} capture */
  begun(capture) {
    clearTimeout(this.late);
    this.waiting = capture;
    this.#look(capture);
  }

  refused() {
    this.desktop?.refused();
    if (this.waiting !== "?") return;
    this.#rest();
  }

  get #home() {
    const sandbox = /** @type {HTMLElement | null} */ (document.querySelector("live-sandbox"));
    return { here: sandbox?.dataset.here ?? "", id: sandbox?.dataset.sandbox ?? "" };
  }

  // --- the form ---

  #fill() {
    if (!this.device) return;
    const items = this.place?.views.interfaces?.items ?? [];
    /** @type {string[]} */
    const names = items
      .map((/** @type {{ name?: unknown }} */ item) => ("name" in item ? String(item.name) : ""))
      .filter(Boolean);
    if (JSON.stringify([this.place?.id, names]) === this.filled) return;
    this.filled = JSON.stringify([this.place?.id, names]);
    const chosen = names.includes(this.device.value) ? this.device.value : (names.find((name) => name !== "lo") ?? "lo");
    this.device.replaceChildren(...names.map((name) => new Option(name, name)));
    this.device.value = chosen;
    if (this.go) this.go.disabled = names.length === 0;
  }

  #preset() {
    if (!this.kind || !this.expression) return;
    if (this.kind.value === OWN) this.expression.focus();
    else this.expression.value = this.kind.value;
  }

  #recognise() {
    if (!this.kind || !this.expression) return;
    const written = this.expression.value.trim();
    this.kind.value = FILTERS.some(([value]) => value === written) ? written : OWN;
  }

  #start() {
    if (!this.place || !this.device || !this.expression) return;
    this.waiting = "?";
    this.go?.setAttribute("disabled", "");
    this.#say("Starting …");
    const wish = {
      type: "start_capture",
      place: this.place.id,
      interface: this.device.value,
      expression: this.expression.value.trim(),
      ring: this.keeping?.value === "ring",
    };
    this.dispatchEvent(new CustomEvent("wish", { detail: wish, bubbles: true }));
    clearTimeout(this.late);
    this.late = setTimeout(() => this.#rest("Nothing came back. Is the sandbox still there? Try again."), LATE);
  }

  /** @param {string} [why] */
  #rest(why = "") {
    clearTimeout(this.late);
    this.waiting = "";
    this.go?.removeAttribute("disabled");
    this.#say(why, why !== "");
  }

  /**
   * @param {string} text
   * @param {boolean} [trouble]
   */
  #say(text, trouble = false) {
    if (!this.said) return;
    this.said.textContent = text;
    this.said.classList.toggle("trouble", trouble);
  }

  // --- which captures there are ---

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "captures_changed") this.#list();
    else if (event.type === "view_changed" || event.type === "place_seen" || event.type === "snapshot_taken") {
      this.place = this.store?.places.get(this.place?.id ?? "") ?? this.place;
      this.#fill();
    }
  }

  /** @param {string} [id] */
  #facts(id = this.chosen) {
    return this.store?.captures.find((one) => one.id === id);
  }

  #list() {
    if (!this.kept || !this.store) return;
    const asked = this.waiting ? this.#facts(this.waiting) : undefined;
    if (asked) this.#rest(asked.failed ? asked.reason : "");
    const there = this.store.captures.filter((one) => !one.failed);
    const several = there.length > 1 || !there.some((one) => one.id === this.chosen);
    this.kept.replaceChildren(...(several ? there.map((one) => this.#tab(one)) : []));
    if (this.chosen && !this.#facts() && !this.waiting) this.#look("");
    this.#title();
  }

  /** @param {CaptureFacts} facts */
  #tab(facts) {
    const tab = make(
      "button",
      `capture-tab max-w-full py-0.5 px-2 border border-line rounded-full font-medium text-sm leading-tight font-mono truncate cursor-pointer aria-pressed:border-host aria-pressed:bg-host-tint${facts.running ? " running" : ""}`,
      aboutOf(facts),
    );
    tab.setAttribute("type", "button");
    tab.setAttribute("aria-pressed", String(facts.id === this.chosen));
    tab.addEventListener("click", () => this.#look(facts.id));
    return tab;
  }

  /** @param {string} capture */
  #look(capture) {
    clearTimeout(this.again);
    const socket = this.socket;
    this.socket = undefined;
    socket?.close();
    this.chosen = capture;
    this.#clear();
    this.#list();
    if (capture) this.#listen(capture);
  }

  #clear() {
    this.first = this.count = this.leftOut = 0;
    this.ended = "";
    this.rows?.replaceChildren();
    this.frame?.clear();
  }

  /** @param {string} capture */
  #listen(capture) {
    const sandbox = encodeURIComponent(this.#home.id);
    const asks = `sandbox=${sandbox}${this.closest("[data-watch]") ? "&watch=1" : ""}`;
    const socket = openSocket(`/ws/capture/${encodeURIComponent(capture)}/?${asks}`);
    this.socket = socket;
    socket.onopen = () => this.#clear();
    socket.onmessage = (message) => this.socket === socket && this.#read(readPlain(String(message.data)));
    socket.onclose = (closed) => {
      if (this.socket !== socket || this.ended || closed.code === 4403 || closed.code === 4404) return;
      this.again = setTimeout(() => this.chosen === capture && this.#listen(capture), AGAIN);
    };
  }

  /** @param {{ type: string, rows?: Row[], reason?: string }} message */
  #read(message) {
    if (message.type === "captured") this.#add(message.rows ?? []);
    else if (message.type === "capture_ended") {
      this.ended = message.reason || "It ended.";
      announce(this.ended);
    }
    this.#title();
  }

  // --- what came ---

  /** @param {Row[]} rows */
  #add(rows) {
    const list = this.rows;
    if (!list) return;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const lines = rows.slice(-SHOWN * 2).map((row) => (row.left_out === undefined ? this.#line(row) : this.#gap(row.left_out)));
    this.count += rows.filter((row) => row.left_out === undefined).length;
    list.append(...lines);
    while (list.childElementCount > SHOWN) list.firstElementChild?.remove();
    if (!list.querySelector("[tabindex='0']")) list.querySelector("button")?.setAttribute("tabindex", "0");
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  /** @param {Extract<Row, { number: number }>} row */
  #line(row) {
    this.first ||= row.at;
    const item = make("li");
    const button = make(
      "button",
      `capture-row grid grid-cols-[2.6rem_5.6rem_1.8rem_6rem_minmax(0,1fr)_max-content] gap-x-2 w-full py-0.5 px-2 text-left cursor-pointer hover:bg-host-tint/65 aria-[current]:bg-host-tint @max-sm:grid-cols-[2.2rem_auto_minmax(0,1fr)_max-content]${row.problem ? " broken" : ""}`,
    );
    button.setAttribute("type", "button");
    button.tabIndex = -1;
    button.dataset.number = String(row.number);
    button.append(
      make("span", "number text-muted tabular-nums", String(row.number)),
      make("span", "when text-muted tabular-nums @max-sm:hidden", (row.at - this.first).toFixed(6)),
      make("span", "way text-muted tabular-nums", row.way),
      make("span", "protocol font-semibold whitespace-nowrap", row.protocol),
      make(
        "span",
        "told truncate @max-sm:col-span-full @max-sm:order-1 @max-sm:whitespace-normal @max-sm:wrap-anywhere",
        row.summary,
      ),
      make("span", "length text-muted tabular-nums", `${row.length} B`),
    );
    item.append(button);
    return item;
  }

  /** @param {number} leftOut */
  #gap(leftOut) {
    const here = leftOut - this.leftOut;
    this.leftOut = leftOut;
    return make(
      "li",
      "capture-gap py-0.5 px-2 bg-gone text-base-content font-sans",
      `… ${here.toLocaleString("en")} packets left out here: more came than can be taken`,
    );
  }

  #title() {
    if (!this.head) return;
    const facts = this.#facts();
    if (!this.chosen || !facts || facts.failed) {
      this.head.replaceChildren();
      return;
    }
    const running = facts.running && !this.ended;
    const kept = this.count;
    const words = [`${kept.toLocaleString("en")} packet${kept === 1 ? "" : "s"}`];
    if (this.leftOut) words.push(`sampled: ${this.leftOut.toLocaleString("en")} more were left out`);
    if (kept > SHOWN)
      words.push(`the last ${SHOWN} are shown, the file has ${facts.ring && kept > RING ? "the newest 500" : "all"}`);
    if (!running) words.push(this.ended || facts.reason);
    const text = running && !kept ? "Listening. Nothing has passed yet." : words.join(" · ");
    this.about ??= make("span", "about wrap-anywhere font-medium text-sm leading-tight font-mono");
    this.about.textContent = aboutOf(facts);
    this.counted ??= make("span", "capture-count flex-[1_1_10rem] text-muted tabular-nums");
    if (this.counted.textContent !== text) this.counted.textContent = text;
    this.stop ??= this.#stopButton();
    this.stop.hidden = !running;
    this.file ??= make("a", "btn btn-xs", "Download pcapng");
    this.file.href = `${this.#home.here}captures/${encodeURIComponent(facts.id)}/`;
    this.file.setAttribute("download", "");
    if (!this.head.childElementCount) this.head.append(this.about, this.counted, this.stop, this.file);
    if (this.desktop && this.desktop.parentElement !== this.head) this.head.append(this.desktop);
    this.desktop?.offer(facts.id, running);
  }

  #stopButton() {
    return button("btn btn-xs capture-stop", "Stop", () => {
      const wish = { type: "stop_capture", capture: this.chosen };
      this.dispatchEvent(new CustomEvent("wish", { detail: wish, bubbles: true }));
      this.go?.focus();
    });
  }

  /** @param {HTMLElement} row */
  async #open(row) {
    for (const other of this.rows?.querySelectorAll("[aria-current]") ?? []) other.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
    for (const other of this.rows?.querySelectorAll("[tabindex='0']") ?? []) other.setAttribute("tabindex", "-1");
    row.tabIndex = 0;
    const capture = this.chosen;
    const number = row.dataset.number;
    const gone = "This packet is no longer kept.";
    try {
      const answer = await ask(`${this.#home.here}captures/${encodeURIComponent(capture ?? "")}/${number}/`);
      if (capture !== this.chosen) return;
      if (answer.ok) this.frame?.draw(await answer.json());
      else this.frame?.say(gone);
    } catch {
      this.frame?.say("The page could not reach the server. Try again in a moment.");
    }
  }
}

/** @param {CaptureFacts} facts */
function aboutOf(facts) {
  return [facts.place, facts.interface, facts.expression || "everything"].join(" · ");
}
