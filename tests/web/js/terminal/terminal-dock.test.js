// <terminal-dock>: shells as tabs; the right one for a command; opening, closing, starting over; watching; keys and search.

import assert from "node:assert/strict";
import { test } from "node:test";
import { buttonOf, key, lastSocket, openPage, press, sockets, textOf, textsOf, wait } from "../page.js";
import { place, Telling } from "../sandbox.js";

const { Store } = await import("../../../../static/js/stream/store.js");
const { LabTerminal } = await import("../../../../static/js/terminal/lab-terminal.js");
const { TerminalDock } = await import("../../../../static/js/terminal/terminal-dock.js");
customElements.define("lab-terminal", LabTerminal);
customElements.define("terminal-dock", TerminalDock);

/** The stream of the sandbox as far as the dock speaks to it. */
class Stream extends EventTarget {
  sent = [];
  open = true;
  giving = true;
  send(message) {
    if (this.open) this.sent.push(message);
    if (this.open && this.giving && message.type === "ask_ticket")
      this.hear({ type: "ticket_given", terminal: message.terminal, ticket: `for-${message.terminal}` });
    return this.open;
  }
  hear(message) {
    this.dispatchEvent(new CustomEvent("edge", { detail: message }));
  }
  link(link) {
    this.dispatchEvent(new CustomEvent("link", { detail: link }));
  }
}

function shown({ watch = false, ready = true, terminals = [] } = {}) {
  const main = openPage(`<div ${watch ? "data-watch" : ""}></div>`);
  localStorage.setItem("terminal-webgl", "0");
  const dock = new TerminalDock();
  dock.dataset.sandbox = "box";
  main.firstChild.append(dock);
  const store = new Store();
  const stream = new Stream();
  dock.show(store, stream);
  const telling = new Telling(store, [place("h1"), place("h1/web"), place("outside")]);
  const all = { dock, stream, telling, store };
  all.shells = (...facts) => telling.aside({ type: "terminals_changed", terminals: facts });
  if (ready) {
    all.shells(...terminals);
    change(telling, {});
  }
  return all;
}
const change = (telling, more) =>
  telling.tell({
    type: "sandbox_changed",
    state: "ready",
    phase: "",
    detail: "",
    generation: 1,
    expires_at: null,
    position: null,
    ...more,
  });
const shell = (id, where = "h1", more = {}) => ({ id, place: where, open: true, reason: "", ...more });
const tabs = (dock) => textsOf(dock, "[role=tab]");
const chosen = (dock) => textOf(dock.querySelector("[role=tab][aria-selected=true]"));
const visible = (dock) => [...dock.querySelectorAll("lab-terminal")].filter((one) => !one.hidden).map((one) => one.terminal);
const opened = (stream) => stream.sent.filter((one) => one.type === "open_terminal").map((one) => one.place);

/** What a terminal's socket was sent as typed text. @param {string} id */
function typed(id) {
  const socket = sockets.filter((one) => one.url.includes(`/ws/terminal/${id}/`)).at(-1);
  return new TextDecoder().decode(Uint8Array.from(socket.typed));
}
function answer(id, text = "# ") {
  const socket = sockets.filter((one) => one.url.includes(`/ws/terminal/${id}/`)).at(-1);
  if (socket.readyState === 0) socket.open();
  const frame = new Uint8Array(8 + text.length);
  frame.set(new TextEncoder().encode(text), 8);
  socket.hear(frame.buffer);
  wait(200);
}

test("the first shell opens by itself on the first host, once the sandbox is ready", () => {
  const { dock, stream, telling, shells } = shown({ ready: false });
  assert.deepEqual(opened(stream), []);
  shells();
  assert.deepEqual(opened(stream), []);
  change(telling, {});
  assert.deepEqual(opened(stream), ["h1"]);
  assert.equal(dock.querySelector(".shells").dataset.say, "Opening a shell …");
  change(telling, {});
  telling.seen("h1/db");
  assert.deepEqual(opened(stream), ["h1"]);
});

test("where there is a shell already none is opened", () => {
  const { dock, stream } = shown({ terminals: [shell("a")] });
  assert.deepEqual(opened(stream), []);
  assert.deepEqual(tabs(dock), ["h1"]);
});

test("a shell is a tab with its place's name; a second one on the same place has a number", () => {
  const { dock, shells } = shown();
  shells(shell("a"), shell("b"), shell("c", "outside"));
  assert.deepEqual(tabs(dock), ["h1", "h1 2", "outside"]);
  assert.deepEqual(visible(dock), ["a"]);
});

test("another tab shows its shell alone, and is remembered for the next visit", () => {
  const { dock, shells } = shown();
  shells(shell("a"), shell("b", "outside"));
  press(dock, "outside");
  assert.deepEqual(visible(dock), ["b"]);
  assert.equal(localStorage.getItem("shell box"), "b");
  assert.equal(dock.querySelector("[role=tab][aria-selected=true]").tabIndex, 0);
  const tab = buttonOf(dock, "outside");
  assert.equal(tab.getAttribute("aria-controls"), dock.querySelectorAll("lab-terminal")[1].id);
});

test("after a reload the shell of before is shown", () => {
  const { dock, shells } = shown({ ready: false });
  localStorage.setItem("shell box", "b");
  shells(shell("a"), shell("b", "outside"));
  assert.equal(chosen(dock), "outside");
});

test("the size of what is asked for fits, within bounds", () => {
  const { stream } = shown();
  const [{ columns, rows }] = stream.sent;
  assert.deepEqual([columns, rows], [20, 5]);
});

test("a shell that ends keeps its tab and says why; one that is gone says so", () => {
  const { dock, shells } = shown();
  shells(shell("a"), shell("b", "outside"));
  shells(shell("a", "h1", { open: false, reason: "exit status 3" }));
  assert.deepEqual(textsOf(dock, ".terminal-notice"), ["Closed: exit status 3.", "Closed: it is gone."]);
  assert.equal(dock.querySelectorAll(".shell-tab.closed").length, 2);
});

test("the cross closes a shell and its tab, and asks the node; a closed one only goes", () => {
  const { dock, stream, shells } = shown();
  shells(shell("a"), shell("b", "outside"));
  dock.querySelectorAll(".shell-close")[1].dispatchEvent(new MouseEvent("click", { bubbles: true }));
  assert.deepEqual(stream.sent.at(-1), { type: "close_terminal", terminal: "b" });
  assert.deepEqual(tabs(dock), ["h1"]);
  shells(shell("a", "h1", { open: false }));
  const before = stream.sent.length;
  key(buttonOf(dock, "h1"), "Delete");
  assert.equal(stream.sent.length, before);
  assert.deepEqual(tabs(dock), []);
  assert.equal(dock.querySelector(".shells").dataset.say, "No shell is open. The plus opens one.");
  assert.equal(dock.classList.contains("empty"), true);
});

test("the plus offers every place that is no bare namespace, and opens a shell there", () => {
  const { dock, stream, telling } = shown({ terminals: [shell("a")] });
  telling.seen("h1/1-abc", { kind: "namespace" });
  const menu = dock.querySelector("#shell-menu");
  menu.dispatchEvent(new Event("beforetoggle"));
  assert.deepEqual(textsOf(menu, "button"), ["h1", "h1/web", "outside"]);
  press(menu, "h1/web");
  assert.deepEqual(opened(stream), ["h1/web"]);
});

test("asked for twice in a moment, a shell is opened once; later it is asked for again", () => {
  const { dock, stream } = shown({ terminals: [shell("a")] });
  dock.open("outside");
  dock.open("outside");
  assert.deepEqual(opened(stream), ["outside"]);
  wait(8_000);
  dock.open("outside");
  assert.deepEqual(opened(stream), ["outside", "outside"]);
});

test("without a connection nothing waits to be opened; a refusal ends the waiting", () => {
  const { dock, stream } = shown({ terminals: [shell("a")] });
  stream.open = false;
  dock.open("outside");
  assert.notEqual(dock.querySelector(".shells").dataset.say, "Opening a shell …");
  stream.open = true;
  dock.open("outside");
  assert.equal(dock.querySelector(".shells").dataset.say, "Opening a shell …");
  dock.refused();
  assert.equal(dock.querySelector(".shells").dataset.say, "No shell is open. The plus opens one.");
});

test("a shell that was asked for is shown when it comes, one that came by itself is not", () => {
  const { dock, shells } = shown({ terminals: [shell("a")] });
  shells(shell("a"), shell("b", "h1/web"));
  assert.equal(chosen(dock), "h1");
  dock.open("outside");
  shells(shell("a"), shell("b", "h1/web"), shell("c", "outside"));
  assert.equal(chosen(dock), "outside");
});

test("a command goes into the shell of its place, the one that is shown first", () => {
  const { dock, shells } = shown();
  shells(shell("a"), shell("b"), shell("c", "outside"));
  for (const id of ["a", "b", "c"]) answer(id);
  press(dock, "h1 2");
  dock.command("h1", "ip addr", true);
  dock.command("outside", "ping h1", false);
  assert.deepEqual(["a", "b", "c"].map(typed), ["", "ip addr\r", "ping h1"]);
  assert.equal(chosen(dock), "outside");
});

test("a command for a place without a shell opens one, and is typed once it speaks", () => {
  const { dock, stream, shells } = shown({ terminals: [shell("a")] });
  dock.command("outside", "ip addr\n", true);
  dock.command("outside", "ip route", true);
  assert.deepEqual(opened(stream), ["outside"]);
  shells(shell("a"), shell("b", "outside"));
  assert.equal(chosen(dock), "outside");
  lastSocket().open();
  assert.equal(typed("b"), "");
  answer("b");
  assert.equal(typed("b"), "ip addr\rip route\r");
});

test("a shell that has ended takes no command: another is opened", () => {
  const { dock, stream, shells } = shown({ terminals: [shell("a")] });
  shells(shell("a", "h1", { open: false }));
  dock.command("h1", "ip addr", true);
  assert.deepEqual(opened(stream), ["h1"]);
});

test("a sandbox that starts over has no shell of before, and opens a first one in the new picture", () => {
  const { dock, stream, telling, shells } = shown({ terminals: [shell("a")] });
  dock.startOver();
  assert.deepEqual(tabs(dock), []);
  shells(shell("a"));
  assert.deepEqual(tabs(dock), [], "the shell of before is still listed, and is not shown again");
  change(telling, { generation: 2 });
  assert.deepEqual(opened(stream), []);
  telling.picture([place("h1")]);
  assert.deepEqual(opened(stream), ["h1"]);
});

test("who watches sees the learner's shells, opens and closes none", () => {
  const { dock, stream, shells } = shown({ watch: true });
  assert.equal(dock.querySelector(".shells").dataset.say, "The learner has no shell open.");
  shells(shell("a"), shell("b", "outside"));
  assert.throws(() => buttonOf(dock, "Open another shell"));
  assert.equal(dock.querySelector(".shell-close"), null);
  key(buttonOf(dock, "h1"), "Delete");
  dock.command("h1", "ip addr", true);
  dock.open("outside");
  assert.deepEqual(new Set(stream.sent.map((one) => one.type)), new Set(["ask_ticket"]));
  assert.match(lastSocket().url, /&watch=1$/);
  shells(shell("b", "outside"));
  assert.deepEqual(tabs(dock), ["outside"], "a tab the learner closed goes here too");
});

test("arrows go from tab to tab; Enter, F6 and the arrow down lead into the shell, F6 out of it", () => {
  const { dock, shells } = shown();
  shells(shell("a"), shell("b", "outside"));
  buttonOf(dock, "h1").focus();
  key(document.activeElement, "ArrowRight");
  assert.equal(textOf(document.activeElement), "outside");
  assert.deepEqual(visible(dock), ["b"]);
  for (const name of ["Enter", "F6", "ArrowDown"]) {
    buttonOf(dock, "outside").focus();
    assert.equal(key(document.activeElement, name).defaultPrevented, true);
    assert.equal(document.activeElement.closest("lab-terminal")?.terminal, "b", name);
  }
  key(document.activeElement, "F6");
  assert.equal(textOf(document.activeElement), "outside");
});

test("text becomes larger and smaller in every shell, within bounds, and that is remembered", () => {
  const { dock, shells } = shown();
  shells(shell("a"), shell("b", "outside"));
  const sizes = () => [...dock.querySelectorAll("lab-terminal")].map((one) => one.term.options.fontSize);
  const before = sizes()[0];
  press(dock, "A+: larger text");
  assert.deepEqual(sizes(), [before + 1, before + 1]);
  for (let at = 0; at < 50; at += 1) press(dock, "A−: smaller text");
  assert.deepEqual(sizes(), [9, 9]);
  assert.equal(localStorage.getItem("terminal-size"), "9");
});

test("the mode for screen readers is on in every shell, says so, and is remembered", () => {
  const { dock, shells } = shown();
  shells(shell("a"));
  const button = buttonOf(dock, "SR: screen reader mode");
  assert.equal(button.getAttribute("aria-pressed"), "false");
  button.click();
  assert.equal(button.getAttribute("aria-pressed"), "true");
  assert.equal(dock.querySelector("lab-terminal").term.options.screenReaderMode, true);
  assert.equal(localStorage.getItem("terminal-reader"), "1");
});

test("search opens with its field in focus, looks forwards and back in the shell shown, Escape leads back", () => {
  const { dock, shells } = shown();
  shells(shell("a"));
  press(dock, "Search this terminal (Ctrl+Shift+F)");
  const field = dock.querySelector("input[type=search]");
  assert.equal(document.activeElement, field);
  const looked = [];
  const { search } = dock.shells.get("a");
  search.findNext = (words) => looked.push(`next ${words}`);
  search.findPrevious = (words) => looked.push(`previous ${words}`);
  press(dock, "Next match");
  field.value = "eth0";
  press(dock, "Next match");
  press(dock, "Previous match");
  dock.querySelector(".finder").requestSubmit();
  assert.deepEqual(looked, ["next eth0", "previous eth0", "next eth0"]);
  key(field, "Escape");
  assert.equal(dock.querySelector(".finder").hidden, true);
  assert.ok(document.activeElement.closest("lab-terminal"));
});

test("what a place is called is text, never a page", () => {
  const { dock, shells } = shown();
  shells(shell("a", "h1/<img src=x onerror=alert(1)>"));
  assert.equal(dock.querySelector("img"), null);
  assert.deepEqual(tabs(dock), ["h1/<img src=x onerror=alert(1)>"]);
});

// --- tickets ---

const asked = (stream) => stream.sent.filter((one) => one.type === "ask_ticket").map((one) => one.terminal);
const protocols = () => sockets.map((one) => one.protocols);

test("each shell connects with the ticket that was given for it", () => {
  const { stream } = shown({ terminals: [shell("a"), shell("b")] });
  assert.deepEqual(asked(stream), ["a", "b"]);
  assert.deepEqual(protocols(), [
    ["explorer", "ticket.for-a"],
    ["explorer", "ticket.for-b"],
  ]);
});

test("a ticket that was asked for over a connection that broke is asked for again over the next one", () => {
  const { stream, shells } = shown();
  stream.giving = false;
  shells(shell("a"));
  stream.open = false;
  stream.link("lost");
  shells(shell("a"), shell("b"));
  stream.open = true;
  stream.giving = true;
  stream.link("open");
  assert.deepEqual(asked(stream), ["a", "a", "b"]);
  assert.equal(sockets.length, 2);
  stream.link("open");
  assert.equal(sockets.length, 2);
});

test("a shell for which there is no ticket is over", () => {
  const { stream, dock, shells } = shown();
  stream.giving = false;
  shells(shell("a"));
  stream.hear({ type: "no_ticket", terminal: "a" });
  assert.equal(textOf(dock.querySelector(".terminal-notice")), "Closed: this terminal is gone.");
  assert.deepEqual(sockets, []);
});
