// <capture-desktop>: offers a running capture to a program on the learner's own machine: asks for a ticket and shows the command
// line with it, to be copied.

import { button, make } from "../page/dom.js";

const CLIENT = "explorer-capture.py";
const LATE = 8_000;
let made = 0;

export class CaptureDesktop extends HTMLElement {
  capture = "";
  waiting = false;

  connectedCallback() {
    if (this.go) return;
    this.className = "capture-desktop block";
    this.go = button("btn btn-xs capture-to-desktop", "In Wireshark …", () => this.#ask());
    this.said = make("div", "capture-desktop-said mt-2 grid gap-1 max-w-prose empty:hidden");
    this.said.setAttribute("role", "status");
    this.append(this.go, this.said);
  }

  /** @param {string} capture @param {boolean} running */
  offer(capture, running) {
    if (capture !== this.capture) this.said?.replaceChildren();
    this.capture = capture;
    this.hidden = !running;
  }

  #ask() {
    this.waiting = true;
    this.go?.setAttribute("disabled", "");
    const wish = { type: "ask_capture_ticket", capture: this.capture };
    this.dispatchEvent(new CustomEvent("wish", { detail: wish, bubbles: true }));
    clearTimeout(this.late);
    this.late = setTimeout(() => this.refused("Nothing came back. Try again."), LATE);
  }

  /** @param {string} [why] */
  refused(why = "") {
    if (!this.waiting) return;
    this.#rest();
    if (why) this.said?.replaceChildren(make("p", "", why));
  }

  /** @param {{ capture: string, ticket?: string }} message */
  given({ capture, ticket }) {
    this.#rest();
    if (capture !== this.capture || !this.said) return;
    if (!ticket) return this.said.replaceChildren(make("p", "", "This capture is no longer there."));
    const field = make("input", "input input-sm min-w-0 flex-1 font-mono");
    field.id = `capture-command-${++made}`;
    field.readOnly = true;
    field.value = command(ticket);
    field.setAttribute("aria-label", "Command line for your own terminal");
    const copy = make("button", "btn btn-sm", "Copy");
    copy.setAttribute("type", "button");
    copy.dataset.copy = field.id;
    const line = make("div", "flex gap-2");
    line.append(field, copy);
    const about = make("p", "text-sm text-muted wrap-anywhere");
    const file = make("a", "link", CLIENT);
    file.href = this.closest("live-sandbox")?.getAttribute("data-capture-client") ?? "";
    file.setAttribute("download", CLIENT);
    about.append(
      "Save ",
      file,
      " and run this line beside it, once, in the next five minutes. It shows this capture and nothing else.",
    );
    this.said.replaceChildren(line, about);
    field.select();
    return undefined;
  }

  #rest() {
    clearTimeout(this.late);
    this.waiting = false;
    this.go?.removeAttribute("disabled");
  }

  /** @type {HTMLButtonElement | undefined} */
  go = undefined;
  /** @type {HTMLElement | undefined} */
  said = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  late = undefined;
}

/** The ticket stands behind `#`, so the program sends it in no address. @param {string} ticket */
export function command(ticket) {
  const address = `${location.origin.replace(/^http/, "ws")}/ws/pcapng/#${ticket}`;
  return `python3 ${CLIENT} "${address}" | wireshark -k -i -`;
}
