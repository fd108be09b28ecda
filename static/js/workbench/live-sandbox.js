// <live-sandbox>: has the store and the websocket of one sandbox, and tells every part of the page what has come.

import { announce, button, make } from "../page/dom.js";
import { toast } from "../page/toast.js";
import { Lens } from "../stream/lens.js";
import { fetchPast } from "../stream/past.js";
import { Store } from "../stream/store.js";
import { Stream } from "../stream/stream.js";
import { inWords } from "../views/time-line.js";
import { showPane } from "./pane-split.js";

/** @import { Moment } from "../stream/lens.js" */
/** @import { LiveViews } from "../views/live-views.js" */
/** @import { NetMap } from "../map/net-map.js" */
/** @import { TerminalDock } from "../terminal/terminal-dock.js" */
/** @import { EdgeMessage, SandboxChanged, StreamEvent } from "../stream/types.js" */

const OVER = new Set(["closing", "closed", "expired", "failed"]);
const WORDS = { queued: "waiting for a place", opening: "opening", ready: "live", resetting: "starting over" };
const WATCHING = "You are watching: this is for the learner to do.";
const QUIET = 1_500; // a loss shorter than this is not worth a banner
const SLOW = "Your connection is slow … what you see may be old.";

export class LiveSandbox extends HTMLElement {
  connectedCallback() {
    if (this.stream) return;
    this.store = new Store();
    this.state = this.dataset.state ?? "";
    this.expires = Number(this.dataset.expires || 0);
    this.began = Number(this.dataset.created || 0);
    this.generation = Number(this.dataset.generation || 1);
    const path = `/ws/sandbox/${encodeURIComponent(this.sandbox)}/`;
    this.stream = new Stream(this.store, path, this.watching ? "watch=1" : "");
    this.stream.addEventListener("link", (event) => this.#link(/** @type {CustomEvent} */ (event).detail));
    this.stream.addEventListener("edge", (event) => this.#edge(/** @type {CustomEvent} */ (event).detail));
    this.store.watch((event) => this.#notice(event));
    queueMicrotask(() => this.#start());
  }

  disconnectedCallback() {
    if (this.isConnected) return;
    this.stream?.stop();
    clearInterval(this.clock);
    clearTimeout(this.grace);
    document.body.removeEventListener("command", this.onCommand);
    document.body.removeEventListener("look", this.onLook);
    document.removeEventListener("keydown", this.onKey);
  }

  get sandbox() {
    return this.dataset.sandbox ?? "";
  }

  /** A watcher: the page shows the sandbox and offers no actions. */
  get watching() {
    return this.hasAttribute("data-watch");
  }

  get views() {
    return /** @type {LiveViews} */ (this.querySelector("live-views"));
  }

  get map() {
    return /** @type {NetMap} */ (this.querySelector("net-map"));
  }

  get dock() {
    return /** @type {TerminalDock | null} */ (this.querySelector("terminal-dock"));
  }

  #start() {
    const { store, stream } = this;
    if (!store || !stream) return;
    const lens = new Lens(store);
    this.lens = lens;
    lens.askPast = (before) => fetchPast(this.sandbox, before);
    lens.turned.add((moment) => this.#look(moment));
    this.map.show(lens);
    this.views.show(lens);
    this.dock?.show(store, stream);
    this.addEventListener("place", (event) => this.views.choose(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("chosen", (event) => this.map.choose(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("wish", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      const not = this.watching && detail.type !== "ask_capture_ticket"; // a watcher may read what is captured
      if (not) toast(WATCHING);
      if (not || !stream.send(detail)) this.#refused();
    });
    this.addEventListener("journey-wanted", (event) => this.views.follow(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("hop", (event) => this.map.follow(/** @type {CustomEvent} */ (event).detail));
    this.addEventListener("terminal-wanted", (event) => {
      if (this.watching) return toast(WATCHING);
      showPane("terminal");
      this.dock?.open(/** @type {CustomEvent} */ (event).detail);
    });
    this.addEventListener("together", (event) => this.#together(/** @type {CustomEvent} */ (event).detail));
    document.body.addEventListener("command", this.onCommand);
    document.body.addEventListener("look", this.onLook);
    document.addEventListener("keydown", this.onKey);
    this.#show(this.state ?? "", this.dataset.phase ?? "", "");
    this.clock = setInterval(() => this.#tick(), 500);
    stream.connect();
  }

  /** @type {(event: Event) => void} */
  onCommand = (event) => {
    const { place, command, run } = /** @type {CustomEvent} */ (event).detail;
    event.preventDefault();
    if (this.state !== "ready") return toast("The sandbox is not ready yet. A moment.");
    showPane("terminal");
    this.dock?.command(place, command, run);
    return undefined;
  };

  /** @type {(event: Event) => void} */
  onLook = (event) => {
    event.preventDefault();
    if (this.state !== "ready") return toast("The sandbox is not ready yet. A moment.");
    showPane("network");
    this.views.look(/** @type {CustomEvent} */ (event).detail);
    return undefined;
  };

  /** @param {KeyboardEvent} event */
  onKey = (event) => {
    if (event.key === "Escape" && this.lens?.moment && !this.dock?.contains(/** @type {Node} */ (event.target)))
      this.lens.look(null);
    if (event.key !== "F6" || !this.dock || this.dock.contains(/** @type {Node} */ (event.target))) return;
    event.preventDefault();
    showPane("terminal");
    this.dock.focusShell();
  };

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "snapshot_taken" || event.type === "docker_changed") this.#engines();
    if (event.type === "sandbox_changed") this.#changed(event);
    else if (event.type === "lesson_moved") this.dispatchEvent(new CustomEvent("lesson", { detail: event, bubbles: true }));
    else if (event.type === "measured_changed") document.body.dispatchEvent(new CustomEvent("measured"));
    else if (event.type === "snapshot_taken") {
      this.classList.add("seen");
      document.body.dispatchEvent(new CustomEvent("sandbox-settled"));
    }
  }

  /** Shows another moment in the views and the map, and a notice while it does. @param {Moment | null} moment */
  #look(moment) {
    if (!this.banner) {
      this.banner = make("p", "then-banner flex flex-wrap items-center gap-y-1 gap-x-4 py-2 px-4 bg-glow text-md");
      this.banner.setAttribute("role", "status");
      this.banner.append(
        make("span", "flex-[1_1_14rem] wrap-anywhere"),
        button("btn btn-xs", "Back to now", () => this.lens?.look(null)),
      );
      this.querySelector(".network")?.before(this.banner);
    }
    this.classList.toggle("then", moment !== null);
    this.banner.hidden = moment === null;
    const said = /** @type {HTMLElement} */ (this.banner.firstElementChild);
    said.textContent = moment ? `You are looking at ${inWords(moment)}.` : "";
    if (!moment) announce("You are looking at now.");
  }

  /** @param {boolean} allowed who watches may type */
  #together(allowed) {
    const note = this.querySelector(".watch-note span");
    if (note) note.textContent = allowed ? "You type together" : "You watch";
    this.classList.toggle("together", allowed);
  }

  /** Shows in the page's head which versions of Docker or Podman the hosts report. */
  #engines() {
    const said = [...(this.store?.docker.values() ?? [])].filter((docker) => docker.version);
    const told = said.map((docker) => `${docker.engine === "podman" ? "Podman" : "Docker"} ${docker.version.split("+")[0]}`);
    const versions = [...new Set(told)];
    const place = this.querySelector(".engine-version");
    if (place && versions.length) place.textContent = versions.join(", ").slice(0, 60);
  }

  /** @param {SandboxChanged} event */
  #changed(event) {
    if (event.expires_at) this.expires = event.expires_at;
    if (event.generation !== this.generation) {
      this.generation = event.generation;
      this.dock?.startOver();
    }
    if (OVER.has(event.state)) return this.#over();
    const position = event.position ? `number ${event.position} in line` : "";
    this.#show(event.state, event.phase, [event.detail, position].filter(Boolean).join(" · "));
    return undefined;
  }

  /**
   * @param {string} state
   * @param {string} phase
   * @param {string} detail
   */
  #show(state, phase, detail) {
    const changed = state !== this.dataset.state;
    if (changed && (state === "resetting" || state === "opening")) this.began = Date.now() / 1000;
    this.state = state;
    this.dataset.state = state;
    const text = this.querySelector(".state-text");
    if (text)
      text.textContent =
        (WORDS[/** @type {keyof typeof WORDS} */ (state)] ?? state) + (state === "ready" || !detail ? "" : ` · ${detail}`);
    const items = [.../** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll(".phases li"))];
    const at = state === "ready" ? items.length : items.findIndex((item) => item.dataset.phase === phase);
    items.forEach((item, index) => {
      const was = item.className;
      item.className = index < at ? "past" : index === at ? "now" : "";
      if (was !== item.className && index === at) announce(`${item.textContent} …`);
    });
    if (changed && state === "ready") announce("Your sandbox is ready.");
    for (const button of this.querySelectorAll("[data-action=extend], [data-action=reset]")) {
      /** @type {HTMLButtonElement} */ (button).disabled = state !== "ready";
    }
    this.#tick();
  }

  #tick() {
    const now = Date.now() / 1000;
    const countdown = /** @type {HTMLElement | null} */ (this.querySelector(".countdown"));
    if (countdown) {
      countdown.hidden = !(this.state === "ready" && this.expires);
      const left = Math.max(0, Math.round((this.expires ?? 0) - now));
      const label = countdown.querySelector(".left");
      if (label) label.textContent = clock(left);
      countdown.classList.toggle("soon", left < 300);
      if (left === 299) announce("Five minutes are left. Extend gives you more.");
    }
    const phase = this.querySelector(".phases .now");
    if (phase) phase.setAttribute("data-seconds", `${Math.max(0, now - (this.began ?? now)).toFixed(1)} s`);
  }

  #over() {
    if (this.leaving) return;
    this.leaving = true;
    this.stream?.stop();
    const htmx = /** @type {{ htmx?: import("./lesson-step.js").Htmx }} */ (/** @type {unknown} */ (globalThis)).htmx;
    htmx?.ajax("GET", this.dataset.here ?? "", { target: "#sandbox", swap: "outerHTML" });
  }

  /** @param {"open" | "lost" | "silent" | "late" | "current" | "crowded" | number} link */
  #link(link) {
    if (link === "open") return undefined; // what was missed is still on its way; `fresh` comes after it
    this.late = link === "late";
    if (link === "current") return this.#fresh(this.looked);
    clearTimeout(this.grace);
    if (link === "late") return this.#dim(SLOW);
    if (typeof link === "number") return this.#over();
    const old = "Reconnecting … what you see may be old.";
    if (link === "silent") return this.#dim(old); // it is old already
    const crowded = "Too many pages show this sandbox. Close one of them; this one goes on by itself.";
    this.grace = setTimeout(() => this.#dim(link === "crowded" ? crowded : old), QUIET);
    return undefined;
  }

  /** @param {EdgeMessage} message */
  #edge(message) {
    if (message.type === "refused") {
      toast(message.text);
      this.dock?.refused();
      this.#refused();
    } else if (message.type === "journey_begun") this.views.journey.begun(message.journey);
    else if (message.type === "capture_begun") this.views.capture.begun(message.capture);
    else if (message.type === "capture_ticket_given" || message.type === "no_capture_ticket")
      this.views.capture.desktop?.given(message);
    else if (message.type === "grid_begun") this.views.reach.begun(message.asked);
    else if (message.type === "terminal_opened") this.dock?.opened(message.terminal);
    else if (message.type === "fresh") this.#fresh(message.ok);
  }

  /** Everything up to now has come. @param {boolean} looked false when nobody has looked into the sandbox for three seconds */
  #fresh(looked) {
    this.looked = looked;
    clearTimeout(this.grace);
    if (this.late) return;
    const old = !looked && this.state === "ready";
    this.#dim(old ? "Reconnecting to your sandbox … what you see may be old." : "");
  }

  #refused() {
    this.map.sky?.refused("It was not set. Try again.");
    this.views.journey.refused();
    this.views.capture.refused();
    this.views.reach.refused();
  }

  /** @param {string} why */
  #dim(why) {
    const banner = /** @type {HTMLElement | null} */ (this.querySelector(".link-banner"));
    if (!banner) return;
    banner.hidden = why === "";
    banner.textContent = why;
    this.classList.toggle("stale", why !== "");
  }

  /** @type {Store | undefined} */
  store = undefined;
  /** @type {Lens | undefined} */
  lens = undefined;
  /** @type {HTMLElement | undefined} */
  banner = undefined;
  /** @type {Stream | undefined} */
  stream = undefined;
  state = "";
  expires = 0;
  began = 0;
  generation = 1;
  leaving = false;
  late = false; // what the socket brings is old
  looked = true; // the last that was said of it
  /** @type {ReturnType<typeof setInterval> | undefined} */
  clock = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  grace = undefined;
}

/** @param {number} seconds */
export function clock(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
