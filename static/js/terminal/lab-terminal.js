// <lab-terminal>: one shell in one place. It counts and acknowledges the bytes, so it can go on after a lost connection.

import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Terminal } from "@xterm/xterm";
import { openSocket } from "../embed/pass.js";
import { make, remembered } from "../page/dom.js";
import { toast } from "../page/toast.js";
import { FINAL_CODES, waitBefore } from "../stream/stream.js";
import { bytesOf, keystrokes, Position, readFrame, Typing } from "./framing.js";
import { terminalTheme } from "./theme.js";

const SCROLLBACK = 5_000;
const TOLD_AGAIN = 6_000;
const HELD_AFTER = 1_500; // what waits for a shorter time is not worth a word
const HELD = "The program in this terminal takes no input now. What you typed waits for it.";
const TOO_MUCH = "More was typed than can wait here. The last of it was left out.";

/** The size that the learner chose; else one that follows the page's text size, larger on a projector. */
export function terminalSize() {
  const root = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  return Number(remembered("terminal-size", "")) || Math.round(root * 0.82);
}

export class LabTerminal extends HTMLElement {
  constructor() {
    super();
    this.position = new Position();
    this.typing = new Typing();
    this.closed = "";
    this.wanting = false; // a ticket: it was asked for, or cannot be asked for yet
    this.attempt = 0;
    this.heard = false;
    /** @type {string[]} */
    this.waiting = [];
    /** @type {WebSocket | null} */
    this.socket = null;
    this.encoder = new TextEncoder();
    this.search = new SearchAddon();
    this.fit = new FitAddon();
    this.screen = make("div", "screen");
    this.notice = make("p", "terminal-notice flex-none py-1 px-3 bg-[#ffb454] text-[#23180a] text-sm font-medium");
    this.notice.hidden = true;
    /** @type {Terminal | null} */
    this.term = null;
    /** @type {ResizeObserver | null} */
    this.sizes = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
  }

  get terminal() {
    return this.getAttribute("terminal") ?? "";
  }

  connectedCallback() {
    if (this.term) return;
    this.append(this.screen, this.notice);
    this.#build();
    this.ask();
  }

  disconnectedCallback() {
    if (this.isConnected) return;
    this.closed ||= "left";
    clearTimeout(this.retry);
    clearTimeout(this.holding);
    this.sizes?.disconnect();
    this.socket?.close();
    this.term?.dispose();
    this.term = null;
  }

  #build() {
    const term = new Terminal({
      scrollback: SCROLLBACK,
      fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
      fontSize: terminalSize(),
      lineHeight: 1.2,
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      screenReaderMode: remembered("terminal-reader", "0") === "1",
      theme: terminalTheme,
      allowProposedApi: true,
      linkHandler: { activate: () => {} }, // a host's links lead nowhere
      macOptionIsMeta: true,
    });
    this.term = term;
    term.loadAddon(this.fit);
    term.loadAddon(this.search);
    term.open(this.screen);
    term.textarea?.setAttribute("aria-label", `Terminal on ${this.getAttribute("place")}. F6 leaves it.`);
    term.onData((text) => this.#type(text));
    term.onBinary((report) => this.#enter(bytesOf(report)));
    term.onResize(({ cols, rows }) => this.watching || this.#tell({ type: "resize_terminal", columns: cols, rows }));
    term.attachCustomKeyEventHandler((event) => this.#key(event));
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.screen);
    this.#accelerate(term);
  }

  /** @param {Terminal} term */
  async #accelerate(term) {
    if (remembered("terminal-webgl", "1") !== "1") return;
    try {
      const { WebglAddon } = await import("@xterm/addon-webgl");
      const addon = new WebglAddon();
      addon.onContextLoss(() => addon.dispose());
      if (this.term === term) term.loadAddon(addon);
    } catch {
      // without WebGL, xterm keeps its ordinary renderer
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.type !== "keydown") return true;
    const chord = (event.ctrlKey || event.metaKey) && event.shiftKey;
    if (event.key === "F6") return this.#leave(event, "terminal-leave");
    if (chord && event.code === "KeyF") return this.#leave(event, "terminal-search");
    if (chord && event.code === "KeyC" && this.term?.hasSelection()) {
      navigator.clipboard?.writeText(this.term.getSelection());
      event.preventDefault();
      return false;
    }
    return !(chord && event.code === "KeyV"); // the browser pastes
  }

  /**
   * @param {KeyboardEvent} event
   * @param {string} name
   */
  #leave(event, name) {
    event.preventDefault();
    this.dispatchEvent(new CustomEvent(name, { bubbles: true }));
    return false;
  }

  /** A watcher sees the terminal in the learner's size, and may type when the learner invites them. */
  get watching() {
    return this.closest("[data-watch]") !== null;
  }

  resize() {
    if (this.watching) return this.#shrink();
    if (!this.term || this.screen.clientWidth < 40 || this.screen.clientHeight < 40) return;
    this.fit.fit();
    return undefined;
  }

  /** The learner's page decides how many columns there are; here the letters become smaller until they fit. */
  #shrink() {
    const { term, size } = this;
    if (!term || !size || this.screen.clientWidth < 40) return;
    if (term.cols !== size.columns || term.rows !== size.rows) term.resize(size.columns, size.rows);
    const wide = this.screen.clientWidth / (size.columns * 0.62);
    const high = this.screen.clientHeight / (size.rows * 1.32);
    const fitting = Math.max(6, Math.min(terminalSize(), Math.floor(Math.min(wide, high) * 2) / 2));
    if (term.options.fontSize !== fitting) term.options.fontSize = fitting;
  }

  /** Asks the dock for a ticket, with which the socket opens once. */
  ask() {
    this.wanting = true;
    this.dispatchEvent(new CustomEvent("ticket-wanted", { bubbles: true }));
  }

  /** @param {string} ticket what was asked for */
  admit(ticket) {
    if (!this.wanting || this.closed) return;
    this.wanting = false;
    this.#connect(ticket);
  }

  /** @param {string} ticket */
  #connect(ticket) {
    const sandbox = encodeURIComponent(this.getAttribute("sandbox") ?? "");
    const asks = `sandbox=${sandbox}&offset=${this.position.next}${this.watching ? "&watch=1" : ""}`;
    const socket = openSocket(`/ws/terminal/${encodeURIComponent(this.terminal)}/?${asks}`, ticket);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.attempt = 0;
      this.#say("");
      this.resize();
      if (this.term && !this.watching) this.#tell({ type: "resize_terminal", columns: this.term.cols, rows: this.term.rows });
      this.typing.startOver();
      this.#send();
    };
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.#control(JSON.parse(data)) : this.#receive(data));
    socket.onclose = ({ code }) => this.#lost(socket, code);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #lost(socket, code) {
    if (this.socket !== socket) return;
    this.socket = null;
    if (this.closed) return;
    if (FINAL_CODES.has(code)) return this.end("this terminal is gone");
    this.#say("reconnecting …");
    this.retry = setTimeout(() => this.ask(), waitBefore(this.attempt, Math.random()));
    this.attempt += 1;
    return undefined;
  }

  /** @param {ArrayBuffer} frame */
  #receive(frame) {
    const { offset, bytes } = readFrame(frame);
    const { fresh, lost } = this.position.take(offset, bytes);
    if (lost && this.heard) this.term?.write("\r\n\x1b[2m… some output left out …\x1b[0m\r\n");
    this.heard = true;
    const end = offset + bytes.length;
    if (fresh.length === 0) return;
    this.term?.write(fresh, () => {
      if (this.position.draw(end)) this.#acknowledge();
      else {
        clearTimeout(this.settled);
        this.settled = setTimeout(() => this.#acknowledge(), 100);
      }
    });
    if (this.waiting.length && !this.flushing) this.flushing = setTimeout(() => this.#flush(), 120);
  }

  #acknowledge() {
    clearTimeout(this.settled);
    if (this.watching) return; // how fast it comes is between the learner's page and the shell
    if (this.position.drawn > this.position.acknowledged)
      this.#tell({ type: "acknowledge_terminal", offset: this.position.acknowledge() });
  }

  /** @param {{ type: string, reason?: string, offset?: number, columns?: number, rows?: number, allowed?: boolean, text?: string, bytes?: number }} message */
  #control(message) {
    if (message.type === "size") {
      this.size = { columns: message.columns ?? 80, rows: message.rows ?? 24 };
      this.#shrink();
    }
    if (message.type === "typing") this.#together(message.allowed ?? false);
    if (message.type === "taken") {
      this.typing.take(message.bytes ?? 0);
      this.#send();
    }
    if (message.type === "refused") this.#refused(message.text ?? "");
    if (message.type === "closed") this.end(message.reason || "the shell ended");
    if (message.type === "skipped") {
      if (this.heard) this.term?.write("\r\n\x1b[2m… some output left out …\x1b[0m\r\n");
      this.position.skip(message.offset ?? 0);
      this.heard = true;
    }
  }

  /** What was typed was refused; every key says so, and it is told once in a while. @param {string} text */
  #refused(text) {
    if (Date.now() - (this.refusedAt ?? 0) < TOLD_AGAIN) return;
    this.refusedAt = Date.now();
    toast(text);
  }

  /** @param {boolean} allowed the learner invites whoever watches to type */
  #together(allowed) {
    this.classList.toggle("together", allowed);
    if (this.term) this.term.options.disableStdin = !allowed;
    this.dispatchEvent(new CustomEvent("together", { detail: allowed, bubbles: true }));
  }

  /** @param {string} reason */
  end(reason) {
    if (this.closed) return;
    this.closed = reason;
    this.classList.add("closed");
    this.#say(`Closed: ${reason}.`);
    this.dispatchEvent(new CustomEvent("terminal-closed", { bubbles: true }));
  }

  /** @param {string} text */
  #say(text) {
    this.notice.hidden = text === "";
    this.notice.textContent = text;
  }

  /** @param {object} message */
  #tell(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** @param {string} text */
  #type(text) {
    this.#enter(this.encoder.encode(text));
  }

  /** @param {Uint8Array} bytes */
  #enter(bytes) {
    if (this.closed) return;
    if (!this.typing.add(bytes)) this.#refused(TOO_MUCH);
    this.#send();
  }

  /** Sends what may be sent. When typed bytes wait for long, the page says so. */
  #send() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    for (let frame = this.typing.next(); frame; frame = this.typing.next()) this.socket.send(frame);
    if (this.typing.waiting) this.holding ??= setTimeout(() => this.#hold(), HELD_AFTER);
    else {
      clearTimeout(this.holding);
      this.holding = undefined;
      if (this.notice.textContent === HELD) this.#say("");
    }
  }

  #hold() {
    this.holding = undefined;
    if (this.socket?.readyState === WebSocket.OPEN && !this.closed) this.#say(HELD);
  }

  /**
   * Types a lesson's command as soon as the shell has printed something.
   * @param {string} command
   * @param {boolean} run
   */
  command(command, run) {
    this.waiting.push(keystrokes(command, run));
    if (this.heard) this.#flush();
  }

  #flush() {
    clearTimeout(this.flushing);
    this.flushing = undefined;
    for (const text of this.waiting.splice(0)) this.#type(text);
    this.focusShell();
  }

  focusShell() {
    this.term?.focus();
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  settled = undefined;
  /** @type {{ columns: number, rows: number } | undefined} as the learner has it */
  size = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  flushing = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} until it is said that what was typed waits */
  holding = undefined;
}
