// <lab-terminal>: xterm's own screen and keys; bytes counted, acknowledged, continued after a loss; what is typed leaves as bytes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { heard, key, lastSocket, openPage, sockets, textOf, toasts, wait } from "../page.js";

const { LabTerminal } = await import("../../../../static/js/terminal/lab-terminal.js");
const { TYPED_AHEAD } = await import("../../../../static/js/terminal/framing.js");
customElements.define("lab-terminal", LabTerminal);

const bytes = (text) => [...new TextEncoder().encode(text)];

function shown({ watch = false, open = true, tickets = true } = {}) {
  const main = openPage(`<div ${watch ? "data-watch" : ""}></div>`);
  localStorage.setItem("terminal-webgl", "0");
  const element = new LabTerminal();
  element.setAttribute("terminal", "t1");
  element.setAttribute("sandbox", "box 1");
  element.setAttribute("place", "h1");
  let given = 0;
  if (tickets)
    element.addEventListener("ticket-wanted", () => {
      given += 1;
      element.admit(`k${given}`);
    });
  main.firstChild.append(element);
  if (open) lastSocket().open();
  return element;
}

/** The shell says bytes, the first of which has this offset; they are drawn. */
function say(offset, data) {
  const said = typeof data === "string" ? bytes(data) : data;
  const frame = new ArrayBuffer(8 + said.length);
  new DataView(frame).setBigUint64(0, BigInt(offset));
  new Uint8Array(frame, 8).set(said);
  lastSocket().hear(frame);
  for (let at = 0; at < 15; at += 1) wait(20); // xterm draws in steps, each of which sets the clock for the next
}
const lines = (element) => {
  const { active } = element.term.buffer;
  const all = Array.from({ length: active.length }, (_, at) => active.getLine(at).translateToString(true));
  return all.join("\n").trimEnd();
};
const notice = (element) => element.querySelector(".terminal-notice");
const acks = () =>
  lastSocket()
    .told.filter((one) => one.type === "acknowledge_terminal")
    .map((one) => one.offset);

test("what the shell says stands on the screen, and is acknowledged once it is drawn", () => {
  const element = shown();
  say(0, "root@h1:~# ");
  assert.equal(lines(element), "root@h1:~#");
  assert.deepEqual(acks(), [11]);
  say(11, "ls\r\nfile\r\n");
  assert.equal(lines(element), "root@h1:~# ls\nfile");
});

test("much that comes at once is acknowledged at once", () => {
  shown();
  say(0, "x".repeat(40_000));
  assert.deepEqual(acks(), [40_000]);
});

test("it goes on at the byte where it stood, and what comes twice is drawn once", () => {
  const element = shown();
  assert.equal(lastSocket().url, "wss://explorer.test/ws/terminal/t1/?sandbox=box%201&offset=0");
  say(0, "hello");
  lastSocket().lose();
  assert.equal(textOf(notice(element)), "reconnecting …");
  wait(10_000);
  assert.match(lastSocket().url, /&offset=5$/);
  lastSocket().open();
  assert.equal(notice(element).hidden, true);
  say(3, "lo world");
  assert.equal(lines(element), "hello world");
});

test("each connection has a ticket of its own", () => {
  shown();
  assert.deepEqual(lastSocket().protocols, ["explorer", "ticket.k1"]);
  lastSocket().lose(4401);
  wait(10_000);
  assert.deepEqual(lastSocket().protocols, ["explorer", "ticket.k2"]);
});

test("without a ticket it does not connect, and with one it connects once", () => {
  const element = shown({ tickets: false, open: false });
  const asked = heard(element, "ticket-wanted");
  assert.equal(sockets.length, 0);
  element.ask();
  assert.equal(asked.length, 1);
  element.admit("a");
  element.admit("b");
  assert.equal(sockets.length, 1);
});

test("a terminal that has closed uses no ticket", () => {
  const element = shown({ tickets: false, open: false });
  element.end("the shell ended");
  element.admit("a");
  assert.equal(sockets.length, 0);
});

test("the pauses between two tries become longer, and short again after one that worked", () => {
  shown();
  const tries = () => {
    lastSocket().lose();
    const before = sockets.length;
    let waited = 0;
    while (sockets.length === before && waited < 20_000) {
      wait(50);
      waited += 50;
    }
    return waited;
  };
  const first = tries();
  tries();
  tries();
  const fourth = tries();
  assert.ok(first <= 400 && fourth > 1_500 && fourth <= 8_000, `${first} and ${fourth}`);
  lastSocket().open();
  assert.ok(tries() <= 400);
});

test("what is left out is said, but not at the very beginning", () => {
  const element = shown();
  lastSocket().hear({ type: "skipped", offset: 1_000 });
  say(1_000, "here");
  assert.equal(lines(element), "here");
  lastSocket().hear({ type: "skipped", offset: 9_000 });
  say(9_000, "later");
  assert.equal(lines(element), "here\n… some output left out …\nlater");
});

test("a terminal that is gone or forbidden is closed, and not asked for again", () => {
  for (const code of [4403, 4404]) {
    const element = shown();
    const closed = heard(element, "terminal-closed");
    lastSocket().lose(code);
    assert.equal(textOf(notice(element)), "Closed: this terminal is gone.");
    assert.equal(closed.length, 1);
    wait(60_000);
    assert.equal(sockets.length, 1);
  }
});

test("a shell that ends says why, once, and takes no more keys", () => {
  const element = shown();
  lastSocket().hear({ type: "closed", reason: "The shell has ended (exit status 3)" });
  element.end("something else");
  assert.equal(textOf(notice(element)), "Closed: The shell has ended (exit status 3).");
  element.term.input("x");
  assert.deepEqual(lastSocket().typed, []);
});

// --- typed ---

test("keys and pastes leave as UTF-8", () => {
  const element = shown();
  element.term.input("ls ä€😀\r");
  assert.deepEqual(lastSocket().typed, bytes("ls ä€😀\r"));
});

test("a mouse report leaves as its bytes, also beyond column 95, where they are no text", () => {
  const element = shown();
  element.term.resize(200, 120);
  say(0, "\x1b[?1000h");
  const { coreMouseService } = element.term._core;
  const click = (col, row) => coreMouseService.triggerMouseEvent({ col, row, x: 0, y: 0, button: 0, action: 1 });
  click(9, 1);
  assert.deepEqual(lastSocket().typed, [0x1b, 0x5b, 0x4d, 32, 32 + 10, 32 + 2]);
  click(128, 104);
  assert.deepEqual(lastSocket().typed.slice(6), [0x1b, 0x5b, 0x4d, 32, 32 + 129, 32 + 105]);
});

test("what is typed while the connection is lost waits, and goes when it is there again", () => {
  const element = shown();
  lastSocket().lose();
  element.term.input("ls\r");
  wait(10_000);
  lastSocket().open();
  assert.deepEqual(lastSocket().typed, bytes("ls\r"));
});

test("what was sent on a connection that broke is not typed a second time", () => {
  const element = shown();
  element.term.input("rm one\r");
  lastSocket().lose();
  wait(10_000);
  lastSocket().open();
  assert.deepEqual(lastSocket().typed, []);
});

test("a new connection has its own room: what was under way on the old one takes none of it", () => {
  const element = shown();
  element.term.input("x".repeat(TYPED_AHEAD + 5));
  lastSocket().lose();
  wait(10_000);
  lastSocket().open();
  assert.deepEqual(lastSocket().typed, bytes("xxxxx"));
});

test("a long paste goes as far as there is room; that the rest waits is said, until it is taken", () => {
  const element = shown();
  const paste = "0123456789".repeat(6_000);
  element.term.input(paste);
  assert.equal(lastSocket().typed.length, TYPED_AHEAD);
  assert.equal(notice(element).hidden, true);
  wait(1_500);
  assert.match(textOf(notice(element)), /^The program in this terminal takes no input now\. What you typed waits/);
  lastSocket().hear({ type: "taken", bytes: 16_384 });
  lastSocket().hear({ type: "taken", bytes: 32_768 });
  assert.equal(notice(element).hidden, true);
  assert.equal(new TextDecoder().decode(Uint8Array.from(lastSocket().typed)), paste);
});

test("keys alone are never waited for and never spoken of", () => {
  const element = shown();
  for (let at = 0; at < 1_000; at += 1) element.term.input("x");
  wait(5_000);
  assert.equal(lastSocket().typed.length, 1_000);
  assert.equal(notice(element).hidden, true);
});

test("more than can wait is left out, and that is said once in a while", () => {
  const element = shown();
  element.term.input("x".repeat(900_000));
  element.term.input("y".repeat(900_000));
  element.term.input("z".repeat(900_000));
  assert.deepEqual(toasts(), ["More was typed than can wait here. The last of it was left out."]);
  lastSocket().hear({ type: "taken", bytes: 10_000_000 });
  assert.equal(lastSocket().typed.filter((one) => one === 0x79).length, 0);
});

test("a refusal is told once in a while, not for every key", () => {
  shown();
  const refuse = () => lastSocket().hear({ type: "refused", text: "Your class is paused." });
  refuse();
  refuse();
  assert.deepEqual(toasts(), ["Your class is paused."]);
  wait(6_000);
  refuse();
  assert.equal(toasts().length, 2);
});

test("a lesson's command is typed once the shell has spoken, with Enter when it should run", () => {
  const element = shown();
  element.command("ip addr\n", true);
  element.command("ip route", false);
  assert.deepEqual(lastSocket().typed, []);
  say(0, "# ");
  wait(120);
  assert.deepEqual(lastSocket().typed, bytes("ip addr\rip route"));
  assert.ok(document.activeElement.closest("lab-terminal"));
});

// --- keys that are the page's ---

test("F6 leaves the terminal and Ctrl+Shift+F searches: neither is typed", () => {
  const element = shown();
  const [left, searched] = [heard(element, "terminal-leave"), heard(element, "terminal-search")];
  key(element.term.textarea, "F6", { keyCode: 117 });
  key(element.term.textarea, "F", { code: "KeyF", ctrlKey: true, shiftKey: true });
  assert.deepEqual([left.length, searched.length], [1, 1]);
  assert.deepEqual(lastSocket().typed, []);
});

test("the field for keys says where it is and how to leave it", () => {
  assert.equal(shown().term.textarea.getAttribute("aria-label"), "Terminal on h1. F6 leaves it.");
});

// --- sizes, and watching ---

test("its size is told when it is connected, and when it changes", () => {
  const element = shown();
  assert.deepEqual(lastSocket().told, [{ type: "resize_terminal", columns: 80, rows: 24 }]);
  element.term.resize(100, 30);
  assert.deepEqual(lastSocket().told.at(-1), { type: "resize_terminal", columns: 100, rows: 30 });
});

test("who watches tells no size and acknowledges nothing", () => {
  const element = shown({ watch: true });
  assert.match(lastSocket().url, /&watch=1$/);
  say(0, "hello");
  element.term.resize(100, 30);
  assert.deepEqual(lastSocket().told, []);
  assert.equal(lines(element), "hello");
});

test("who watches has the learner's size, in letters that fit", () => {
  const element = shown({ watch: true });
  Object.defineProperty(element.screen, "clientWidth", { value: 620 });
  Object.defineProperty(element.screen, "clientHeight", { value: 400 });
  lastSocket().hear({ type: "size", columns: 100, rows: 20 });
  assert.deepEqual([element.term.cols, element.term.rows], [100, 20]);
  assert.equal(element.term.options.fontSize, 10);
});

test("who watches types when the learner invites, and no more when that is taken back", () => {
  const element = shown({ watch: true });
  const told = heard(element, "together");
  lastSocket().hear({ type: "typing", allowed: false });
  element.term.input("x");
  assert.deepEqual(lastSocket().typed, []);
  lastSocket().hear({ type: "typing", allowed: true });
  element.term.input("y");
  assert.deepEqual(lastSocket().typed, bytes("y"));
  assert.deepEqual(told, [false, true]);
  assert.equal(element.classList.contains("together"), true);
});

test("what a shell prints is text and never a page, and its links lead nowhere", () => {
  const element = shown();
  say(0, '<img src=x onerror="alert(1)">\x1b]8;;https://evil.test/\x07click\x1b]8;;\x07');
  assert.equal(element.querySelector("img"), null);
  assert.match(lines(element), /^<img src=x onerror="alert\(1\)">click$/);
  assert.doesNotThrow(() => element.term.options.linkHandler.activate(new MouseEvent("click"), "https://evil.test/"));
});

test("out of the page the terminal asks for nothing more", () => {
  const element = shown();
  element.remove();
  wait(60_000);
  assert.equal(sockets.length, 1);
  assert.equal(lastSocket().readyState, 3);
});
