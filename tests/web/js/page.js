// A page without a browser: jsdom, a clock that only the test moves, sockets and a server that say what the test says.
// A test imports this file first and fetches the modules under test with `await import()`, because they need the page to load.

import { register } from "node:module";
import { JSDOM, VirtualConsole } from "jsdom";
import "./tables.js";

process.env.TZ = "UTC";
export const NOW = Date.UTC(2026, 10, 29, 12, 0, 0); // every test begins at noon
const dom = new JSDOM("<!doctype html><body></body>", {
  url: "https://explorer.test/lessons/bridge/",
  virtualConsole: new VirtualConsole(), // what jsdom lacks (canvas, navigation) is not worth a line
});
const { window } = dom;

// xterm's packages are modules for a bundler and scripts for Node; tests read the modules, as the bundle does
register(
  `data:text/javascript,${encodeURIComponent(`export async function resolve(name, context, next) {
    if (!name.startsWith("@xterm/")) return next(name, context);
    return next(name + "/lib/" + name.split("/")[1] + ".mjs", context);
  }`)}`,
);

// --- the clock ---

let now = NOW;
let timers = 0;
/** @type {Map<number, { due: number, every: number, act: () => void }>} in the order in which they were set */
const due = new Map();

/** @param {(...all: unknown[]) => void} act @param {number} after @param {number} every @param {unknown[]} all */
function set(act, after, every, all) {
  timers += 1;
  due.set(timers, { due: now + Math.max(0, Number(after) || 0), every, act: () => act(...all) });
  return timers;
}

/** Lets milliseconds pass, and whatever is due meanwhile happen at its moment. @param {number} milliseconds */
export function wait(milliseconds) {
  const until = now + milliseconds;
  for (;;) {
    const [id, next] = [...due].reduce((a, b) => (b[1].due < a[1].due ? b : a), [0, { due: Number.POSITIVE_INFINITY }]);
    if (next.due > until) break;
    now = Math.max(now, next.due);
    if (next.every) next.due = now + next.every;
    else due.delete(id);
    next.act();
  }
  now = until;
}

class ClockDate extends Date {
  constructor(...all) {
    super(...(all.length ? all : [now]));
  }

  static now() {
    return now;
  }
}
const clock = {
  Date: ClockDate,
  setTimeout: (act, after, ...all) => set(act, after, 0, all),
  setInterval: (act, every, ...all) => set(act, every, Math.max(1, every), all),
  clearTimeout: (id) => due.delete(id),
  clearInterval: (id) => due.delete(id),
};

/** Lets promises that are settled go on. */
export async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

// --- sockets ---

/** @type {FakeSocket[]} in the order they were opened */
export const sockets = [];

/** A WebSocket whose other end is the test. */
export class FakeSocket {
  static OPEN = 1;

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    this.readyState = 0;
    this.sent = [];
    this.openers = [];
    sockets.push(this);
  }

  send(data) {
    this.sent.push(data);
  }

  close() {
    this.lose(1000);
  }

  open() {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.({});
    for (const hear of this.openers) hear({});
  }

  addEventListener(kind, hear) {
    if (kind === "open") this.openers.push(hear);
  }

  /** The server says something: an object as JSON, bytes as they are. */
  hear(message) {
    this.onmessage?.({ data: message instanceof ArrayBuffer ? message : JSON.stringify(message) });
  }

  lose(code = 1006) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** The messages the page sent that are no bytes. */
  get told() {
    return this.sent.filter((one) => typeof one === "string").map((one) => JSON.parse(one));
  }

  /** The bytes the page sent, all in one row. */
  get typed() {
    return this.sent.filter((one) => typeof one !== "string").flatMap((one) => [...one]);
  }
}

export const lastSocket = () => sockets.at(-1);

// --- the server ---

/** What the page asked for, and what it is answered; a test replaces `answer`. */
export const server = {
  /** @type {string[]} */
  asked: [],
  /** @type {(url: string) => Response | Promise<Response>} */
  answer: () => new Response("", { status: 404 }),
};

// --- the rest of a browser ---

class NeverResized {
  observe() {}
  disconnect() {}
}

/** @type {((entries: { isIntersecting: boolean }[]) => void)[]} what is asked to be told when it comes into sight */
const waitingForSight = [];
class Sight {
  constructor(told) {
    waitingForSight.push(told);
  }
  observe() {}
  disconnect() {}
}

/** Everything comes into sight. */
export function scrollThere() {
  for (const told of waitingForSight) told([{ isIntersecting: true }]);
}

const taken =
  `Node Element HTMLElement SVGElement HTMLInputElement HTMLSelectElement HTMLFormElement HTMLDetailsElement HTMLTimeElement
  HTMLAnchorElement HTMLButtonElement Event
  EventTarget MutationObserver CustomEvent MouseEvent KeyboardEvent DOMParser XMLSerializer Option document customElements location localStorage
  sessionStorage history navigator`.split(/\s+/);
const bound = ["getComputedStyle", "getSelection", "addEventListener", "removeEventListener"];
const ours = {
  ...clock,
  window,
  self: window,
  WebSocket: FakeSocket,
  ResizeObserver: NeverResized,
  IntersectionObserver: Sight,
  CSS: { escape: (text) => text.replace(/[^\w-]/g, (letter) => `\\${letter}`) }, // jsdom has none
  matchMedia: () => ({
    matches: false,
    addEventListener() {},
    removeEventListener() {},
    addListener() {},
    removeListener() {},
  }),
  requestAnimationFrame: (act) => clock.setTimeout(() => act(now), 16),
  cancelAnimationFrame: clock.clearTimeout,
  innerWidth: 1400,
  innerHeight: 900,
  fetch: async (url) => {
    server.asked.push(String(url));
    return server.answer(String(url));
  },
};
const give = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
for (const name of taken) give(name, window[name]);
for (const name of bound) give(name, window[name].bind(window));
for (const [name, value] of Object.entries(ours)) {
  give(name, value);
  if (name !== "window" && name !== "self") window[name] = value;
}
performance.now = () => now - NOW + 60_000; // a page that has been there for a minute
window.Element.prototype.scrollIntoView = () => {};
window.HTMLElement.prototype.hidePopover = () => {};

/**
 * A new page with this in it, beside the corner for toasts and the region for what is announced.
 * @param {string} [html]
 */
export function openPage(html = "") {
  due.clear(); // nothing of an earlier page happens any more
  waitingForSight.length = 0;
  localStorage.clear();
  sessionStorage.clear();
  sockets.length = 0;
  server.asked.length = 0;
  document.body.replaceWith(document.createElement("body")); // nor does anybody of it listen
  document.body.innerHTML = `<p id="announce"></p><div id="toasts"></div><main>${html}</main>`;
  return document.querySelector("main");
}

// --- a person ---

/** What stands there to read, each space once. @param {Element | null | undefined} element */
export const textOf = (element) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();

/** @param {Element} root @param {string} selector */
export const textsOf = (root, selector) => [...root.querySelectorAll(selector)].map(textOf);

/** The button with these words, or this label. @param {Element} root @param {string} words */
export function buttonOf(root, words) {
  const buttons = [...root.querySelectorAll("button")];
  const found = buttons.find((one) => textOf(one) === words || one.getAttribute("aria-label") === words);
  if (!found) throw new Error(`no button "${words}" among ${buttons.map(textOf).join(", ")}`);
  return found;
}

/** @param {Element} root @param {string} words */
export function press(root, words) {
  buttonOf(root, words).click();
}

/** A key on an element. @param {Element} element @param {string} key @param {object} [more] */
export function key(element, key, more = {}) {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  element.dispatchEvent(event);
  return event;
}

/** @param {HTMLInputElement | HTMLSelectElement} field @param {string} value */
export function fill(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** The details of the events of this name from now on. @param {EventTarget} target @param {string} name */
export function heard(target, name) {
  const details = [];
  target.addEventListener(name, (event) => details.push(event.detail));
  return details;
}

/** What a screen reader was told last. */
export function announced() {
  wait(40);
  return textOf(document.getElementById("announce"));
}

export const toasts = () => [...document.querySelectorAll(".toast-note")].map((one) => one.firstChild.textContent);
