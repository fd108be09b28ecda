// <terminal-dock>: the shells of a sandbox as tabs. It opens shells, finds the right one for a command, searches their output,
// and remembers which tab is chosen.

import { button, make, remember, remembered, rove } from "../page/dom.js";
import { inOrder } from "../stream/store.js";
import { LabTerminal, terminalSize } from "./lab-terminal.js";
import { handOutTickets } from "./tickets.js";

/** @import { Store } from "../stream/store.js" */
/** @import { Stream } from "../stream/stream.js" */
/** @import { StreamEvent, TerminalFacts } from "../stream/types.js" */

const ASK_LIMIT = 8_000;
const TOOL =
  "shell-tool grid place-items-center min-w-[1.6rem] text-[#a9bcc6] text-xs font-semibold cursor-pointer rounded-sm hover:text-white hover:bg-[#ffffff14] aria-pressed:bg-[#ffffff24] aria-pressed:text-white";

export class TerminalDock extends HTMLElement {
  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    /** @type {Stream | null} */
    this.stream = null;
    /** @type {Map<string, LabTerminal>} */
    this.shells = new Map();
    this.chosen = "";
    /** @type {{ place: string, commands: { command: string, run: boolean }[], at: number }[]} asked for, not yet there */
    this.asked = [];
    /** @type {Set<string>} shells of before a reset */
    this.buried = new Set();
    this.first = true;
    this.tabs = make("div", "shell-tabs flex min-w-0 overflow-x-auto");
    this.screens = make("div", "shells relative flex-1 min-h-0");
    this.menu = make("div", "shell-menu");
    this.finder = make("form", "finder absolute z-5 right-[0.8rem] top-[2.6rem] flex gap-1 p-1 rounded-md bg-[#1c3440]");
  }

  connectedCallback() {
    if (this.tabs.isConnected) return;
    this.tabs.setAttribute("role", "tablist");
    this.tabs.setAttribute("aria-label", "Terminals");
    rove(this.tabs, "[role=tab]", { activate: true });
    const bar = make("div", "shell-bar");
    bar.append(this.tabs, ...(this.watching ? [] : [this.#plus()]), this.#tools());
    this.#buildFinder();
    this.append(bar, this.finder, this.screens);
    this.addEventListener("terminal-leave", () =>
      /** @type {HTMLElement | null} */ (this.tabs.querySelector("[aria-selected=true]"))?.focus(),
    );
    this.addEventListener("terminal-search", () => this.#find());
    this.addEventListener("terminal-closed", () => this.#draw());
  }

  /** A watcher: only the learner opens and closes shells. */
  get watching() {
    return this.closest("[data-watch]") !== null;
  }

  /**
   * @param {Store} store
   * @param {Stream} stream
   */
  show(store, stream) {
    this.store = store;
    this.stream = stream;
    store.watch((event) => this.#notice(event));
    handOutTickets(this, this.shells, stream);
    this.#draw();
  }

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "terminals_changed") this.#settle(event.terminals);
    if (event.type === "snapshot_taken" || event.type === "terminals_changed" || event.type === "sandbox_changed")
      this.#begin();
  }

  /** Opens a first shell on the first host when the sandbox has no shell at all. */
  #begin() {
    const { store } = this;
    if (this.watching || !this.first || !store?.seen || !store.terminalsKnown || store.sandbox?.state !== "ready") return;
    const host = inOrder(store.places.values()).find((place) => place.kind === "host");
    if (!host) return;
    this.first = false;
    if (!store.terminals.some((one) => one.open && !this.buried.has(one.id))) this.open(host.id);
  }

  /** The sandbox was rebuilt: its shells are gone, and a new first shell waits for the new snapshot. */
  startOver() {
    for (const [id, shell] of this.shells) {
      this.buried.add(id);
      shell.end("the sandbox started over");
      shell.remove();
    }
    this.shells.clear();
    this.asked = [];
    this.first = true;
    if (this.store) this.store.seen = false;
    this.#draw();
  }

  /** @param {TerminalFacts[]} facts */
  #settle(facts) {
    const alive = new Map(facts.map((one) => [one.id, one]));
    for (const [id, shell] of this.shells) {
      const known = alive.get(id);
      if (!known && this.watching) this.#drop(id, shell);
      else if (!known) shell.end("it is gone");
      else if (!known.open) shell.end(known.reason || "the shell ended");
    }
    for (const one of facts) if (one.open && !this.shells.has(one.id) && !this.buried.has(one.id)) this.#add(one);
    this.#draw();
  }

  /** @param {TerminalFacts} facts */
  #add(facts) {
    const shell = new LabTerminal();
    shell.setAttribute("terminal", facts.id);
    shell.setAttribute("place", facts.place);
    shell.setAttribute("sandbox", this.dataset.sandbox ?? "");
    shell.setAttribute("role", "tabpanel");
    shell.id = `shell-${facts.id}`;
    this.shells.set(facts.id, shell);
    this.screens.append(shell);
    const at = this.asked.findIndex((one) => one.place === facts.place);
    const wish = at >= 0 ? this.asked.splice(at, 1)[0] : undefined;
    for (const { command, run } of wish?.commands ?? []) shell.command(command, run);
    if (wish || remembered(`shell ${this.dataset.sandbox}`, "") === facts.id) this.choose(facts.id);
    else if (!this.chosen) this.#show(facts.id); // the one of the last visit may be among those that follow
  }

  /** @param {string} place */
  open(place) {
    const now = Date.now();
    if (this.watching) return { place, commands: [], at: now };
    this.asked = this.asked.filter((one) => now - one.at < ASK_LIMIT);
    const waiting = this.asked.find((one) => one.place === place);
    if (waiting) return waiting;
    const wish = { place, commands: /** @type {{ command: string, run: boolean }[]} */ ([]), at: now };
    this.asked.push(wish);
    const { columns, rows } = this.#measure();
    if (!this.stream?.send({ type: "open_terminal", place, columns, rows })) this.asked.pop();
    this.#draw();
    return wish;
  }

  refused() {
    this.asked = [];
    this.#draw();
  }

  /** @param {string} terminal */
  opened(terminal) {
    remember(`shell ${this.dataset.sandbox}`, terminal);
  }

  /**
   * @param {string} place
   * @param {string} command
   * @param {boolean} run
   */
  command(place, command, run) {
    const here = this.shells.get(this.chosen);
    const fits = (/** @type {LabTerminal | undefined} */ one) => one && !one.closed && one.getAttribute("place") === place;
    const shell = fits(here) ? here : [...this.shells.values()].find(fits);
    if (!shell) return void this.open(place).commands.push({ command, run });
    this.choose(shell.terminal);
    shell.command(command, run);
    return undefined;
  }

  /** @param {string} id */
  choose(id) {
    remember(`shell ${this.dataset.sandbox}`, id);
    this.#show(id);
  }

  /** @param {string} id */
  #show(id) {
    this.chosen = id;
    this.#draw();
    requestAnimationFrame(() => this.shells.get(id)?.resize());
  }

  focusShell() {
    this.shells.get(this.chosen)?.focusShell();
  }

  #measure() {
    const open = this.shells.get(this.chosen)?.term;
    if (open) return { columns: open.cols, rows: open.rows };
    const { clientWidth, clientHeight } = this.screens;
    return { columns: clamp(Math.floor(clientWidth / 7.9), 20, 300), rows: clamp(Math.floor(clientHeight / 15.7), 5, 120) };
  }

  #draw() {
    if (!this.shells.has(this.chosen)) this.chosen = [...this.shells.keys()].pop() ?? "";
    const focused = this.tabs.contains(document.activeElement);
    const names = new Map();
    const tabs = [...this.shells].map(([id, shell]) => {
      const place = shell.getAttribute("place") ?? "";
      const count = (names.get(place) ?? 0) + 1;
      names.set(place, count);
      shell.hidden = id !== this.chosen;
      return this.#tab(id, count > 1 ? `${place} ${count}` : place, shell);
    });
    this.tabs.replaceChildren(...tabs);
    this.classList.toggle("empty", this.shells.size === 0);
    this.screens.dataset.say = this.asked.length ? "Opening a shell …" : "No shell is open. The plus opens one.";
    if (this.watching) this.screens.dataset.say = "The learner has no shell open.";
    if (focused) /** @type {HTMLElement | null} */ (this.tabs.querySelector("[aria-selected=true]"))?.focus();
  }

  /**
   * @param {string} id
   * @param {string} name
   * @param {LabTerminal} shell
   */
  #tab(id, name, shell) {
    const tab = button(
      `shell-tab flex items-center gap-1 flex-none pr-2 pl-3 text-[#a9bcc6] font-medium text-sm leading-tight font-mono cursor-pointer${shell.closed ? " closed" : ""}`,
      name,
    );
    tab.setAttribute("role", "tab");
    tab.id = `shell-tab-${id}`;
    tab.setAttribute("aria-selected", String(id === this.chosen));
    tab.setAttribute("aria-controls", shell.id);
    tab.title = "Enter goes into the shell";
    shell.setAttribute("aria-labelledby", tab.id);
    tab.tabIndex = id === this.chosen ? 0 : -1;
    const close = make(
      "span",
      "shell-close grid place-items-center text-[#a9bcc6] text-xs font-semibold cursor-pointer rounded-sm min-w-[1.2rem] h-[1.2rem] hover:text-white hover:bg-[#ffffff14]",
    );
    if (!this.watching) {
      tab.setAttribute("aria-keyshortcuts", "Delete");
      tab.title = "Enter goes into the shell, Delete closes it";
      close.setAttribute("aria-hidden", "true");
      close.append(this.#icon("close"));
      tab.append(close);
    }
    tab.addEventListener("click", (event) =>
      close.contains(/** @type {Node} */ (event.target)) ? this.#close(id) : this.choose(id),
    );
    tab.addEventListener("dblclick", () => this.focusShell());
    tab.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "F6" || event.key === "ArrowDown") {
        event.preventDefault();
        event.stopPropagation();
        this.choose(id);
        shell.focusShell();
      } else if (event.key === "Delete" && !this.watching) this.#close(id);
    });
    return tab;
  }

  /**
   * @param {string} id
   * @param {LabTerminal} shell
   */
  #drop(id, shell) {
    shell.remove();
    this.shells.delete(id);
  }

  /** @param {string} id */
  #close(id) {
    const shell = this.shells.get(id);
    if (!shell) return;
    if (!shell.closed) this.stream?.send({ type: "close_terminal", terminal: id });
    shell.end("you closed it");
    this.#drop(id, shell);
    this.#draw();
  }

  #plus() {
    const plus = this.#tool("plus", "Open another shell");
    plus.setAttribute("popovertarget", "shell-menu");
    this.menu.id = "shell-menu";
    this.menu.setAttribute("popover", "auto");
    this.menu.addEventListener("beforetoggle", () => this.#fillMenu(plus));
    this.append(this.menu);
    return plus;
  }

  /** @param {HTMLElement} plus */
  #fillMenu(plus) {
    const box = plus.getBoundingClientRect();
    this.menu.style.setProperty("--menu-left", `${Math.min(box.left, innerWidth - 220)}px`);
    this.menu.style.setProperty("--menu-bottom", `${innerHeight - box.top + 4}px`);
    const places = inOrder(this.store?.places.values() ?? []).filter((place) => place.kind !== "namespace");
    const items = places.map((place) => {
      return button(`chip kind-${place.kind}`, place.id, () => {
        this.menu.hidePopover();
        this.open(place.id);
      });
    });
    this.menu.replaceChildren(make("p", "pt-0.5 pb-1 px-2 text-muted text-sm", "A new shell on"), ...items);
  }

  #tools() {
    const tools = make("div", "shell-tools flex items-stretch gap-0.5 ml-auto");
    const search = this.#tool("search", "Search this terminal (Ctrl+Shift+F)", () => this.#find());
    const smaller = this.#tool("", "A−: smaller text", () => this.#size(-1), "A−");
    const larger = this.#tool("", "A+: larger text", () => this.#size(1), "A+");
    const reader = this.#tool("", "SR: screen reader mode", () => this.#reader(reader), "SR");
    reader.setAttribute("aria-pressed", String(remembered("terminal-reader", "0") === "1"));
    tools.append(
      make(
        "span",
        "leave-note self-center mr-2 text-[#93a8b4] text-xs whitespace-nowrap max-md:hidden",
        "F6 leaves the terminal",
      ),
      search,
      smaller,
      larger,
      reader,
    );
    return tools;
  }

  /**
   * @param {string} icon
   * @param {string} label
   * @param {() => void} [act]
   * @param {string} [text]
   * @returns {HTMLButtonElement}
   */
  #tool(icon, label, act, text = "") {
    const made = button(TOOL, text, act);
    made.setAttribute("aria-label", label);
    made.title = label;
    if (icon) made.append(this.#icon(icon));
    return made;
  }

  /** @param {number} by */
  #size(by) {
    const size = clamp(terminalSize() + by, 9, 32);
    remember("terminal-size", String(size));
    for (const shell of this.shells.values()) {
      if (shell.term) shell.term.options.fontSize = size;
      shell.resize();
    }
  }

  /** @param {HTMLButtonElement} button */
  #reader(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    remember("terminal-reader", on ? "1" : "0");
    for (const shell of this.shells.values()) if (shell.term) shell.term.options.screenReaderMode = on;
  }

  #buildFinder() {
    this.finder.hidden = true;
    const box = make("input", "input input-xs");
    box.type = "search";
    box.setAttribute("aria-label", "Search in this terminal");
    box.placeholder = "Search";
    const look = (/** @type {boolean} */ back) => {
      const found = this.shells.get(this.chosen)?.search;
      if (box.value) back ? found?.findPrevious(box.value) : found?.findNext(box.value);
    };
    this.finder.addEventListener("submit", (event) => {
      event.preventDefault();
      look(false);
    });
    this.finder.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.finder.hidden = true;
      this.focusShell();
    });
    this.finder.append(
      box,
      this.#tool("up", "Previous match", () => look(true)),
      this.#tool("down", "Next match", () => look(false)),
    );
  }

  #find() {
    this.finder.hidden = !this.finder.hidden;
    if (!this.finder.hidden) this.finder.querySelector("input")?.focus();
  }

  /** @param {string} name */
  #icon(name) {
    const template = /** @type {HTMLTemplateElement | null} */ (this.querySelector(`template[data-icon="${name}"]`));
    return template ? template.content.cloneNode(true) : document.createTextNode("");
  }
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function clamp(value, least, most) {
  return Math.max(least, Math.min(most, value));
}
