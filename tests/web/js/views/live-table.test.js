// <live-table>: lines as the tool prints them; what is new lights up, what went lingers, and a line says why it is there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { heard, key, openPage, press, textOf, textsOf, wait } from "../page.js";
import { line, view } from "../sandbox.js";

const { counted, grouped, LiveTable } = await import("../../../../static/js/views/live-table.js");
customElements.define("live-table", LiveTable);

const LINGER = 5_060;

function shown(observation, { folds = false, named = "" } = {}) {
  const table = new LiveTable();
  table.folds = folds;
  table.named = named;
  openPage().append(table);
  table.show("h1", observation);
  return table;
}
const rows = (table) => textsOf(table, ".row");
const marked = (table, mark) => textsOf(table, `.item.${mark} .row`);

test("packet counters are read from rules and chains, and from nothing else", () => {
  const found = counted([
    { text: "[7:420] -A POSTROUTING -j MASQUERADE", key: "rule" },
    { text: ":PREROUTING ACCEPT [3:180]", key: "chain" },
    { text: ":DOCKER - [0:0]", key: "docker" },
    { text: "[x:1] nonsense", key: "odd" },
    { text: "default via 10.0.0.1", key: "route" },
    { text: "tcp 6 src=10.0.0.1 [ASSURED]", key: "flow" },
  ]);
  assert.deepEqual(
    [...found],
    [
      ["rule", 7],
      ["chain", 3],
      ["docker", 0],
    ],
  );
});

test("lines of one item stand together, and lines without a key stand alone", () => {
  const groups = grouped([
    line("2: eth0", { key: "eth0" }),
    line("  inet 10.0.0.2", { key: "eth0", why: "Docker." }),
    line("a", { key: "" }),
    line("b", { key: "" }),
  ]);
  assert.deepEqual(
    groups.map((one) => one.lines.length),
    [2, 1, 1],
  );
  assert.equal(groups[0].why, "Docker.");
});

test("the command stands above what it printed, at the prompt of the place", () => {
  const table = shown(view(["1: lo", "2: eth0"], { command: "ip addr" }), { named: "host one" });
  assert.equal(textOf(table.querySelector(".prompt")), "host one # ip addr");
  assert.deepEqual(rows(table), ["1: lo", "2: eth0"]);
});

test("not read yet, nothing printed, an error and a cut each have their sentence", () => {
  assert.equal(textOf(shown(undefined).querySelector(".empty")), "Not read yet.");
  assert.equal(textOf(shown(view([])).querySelector(".empty")), "Nothing: the tool prints no line.");
  assert.equal(textOf(shown(view([]), { folds: true }).querySelector(".empty")), "No frame yet.");
  const failed = shown(view([], { error: "no such process" }));
  assert.equal(textOf(failed.querySelector(".trouble")), "no such process");
  assert.equal(failed.querySelectorAll(".empty").length, 1);
  assert.deepEqual(textsOf(shown(view(["a"], { truncated: true })), ".empty"), ["More lines than this page shows."]);
});

test("nothing glows when a place is shown first; a new line lights up and goes out again", () => {
  const table = shown(view(["a"]));
  assert.deepEqual(marked(table, "added"), []);
  table.update(view(["a", "b"]), ["b"], [], []);
  assert.deepEqual(marked(table, "added"), ["b"]);
  wait(LINGER);
  assert.deepEqual(marked(table, "added"), []);
  assert.deepEqual(rows(table), ["a", "b"]);
});

test("a line that changed is marked as changed, and a line that is new only as new", () => {
  const table = shown(view([line("eth0 UP", { key: "eth0" })]));
  table.update(view([line("eth0 DOWN", { key: "eth0" }), line("eth1", { key: "eth1" })]), ["eth1"], ["eth0", "eth1"], []);
  assert.deepEqual(marked(table, "changed"), ["eth0 DOWN"]);
  assert.deepEqual(marked(table, "added"), ["eth1"]);
});

test("a rule that packets hit says how many, and adds up while it glows", () => {
  const rule = (packets) => view([line(`[${packets}:0] -A POSTROUTING`, { key: "rule" })]);
  const table = shown(rule(1));
  table.update(rule(2), [], ["rule"], []);
  assert.equal(textOf(table.querySelector(".more")), "+1 packet");
  table.update(rule(5), [], ["rule"], []);
  assert.equal(textOf(table.querySelector(".more")), "+4 packets");
  assert.equal(marked(table, "hit").length, 1);
  wait(LINGER);
  assert.equal(table.querySelector(".more"), null);
});

test("a line that went stays as a ghost where it was, then goes", () => {
  const table = shown(view(["a", "b", "c"]));
  table.update(view(["a", "c"]), [], [], [line("b")]);
  assert.deepEqual(textsOf(table, ".row, .ghost"), ["a", "b", "c"]);
  assert.equal(table.querySelector("del").textContent, "b");
  wait(LINGER);
  assert.equal(table.querySelector("del"), null);
});

test("the first line's ghost stands first; one that was there for a moment only has none; frames have none", () => {
  const table = shown(view(["a", "b"]));
  table.update(view(["b"]), [], [], [line("a")]);
  assert.equal(table.querySelector(".rows").firstElementChild.className, "item removed");
  const brief = shown(view(["a"]));
  brief.update(view(["a", "b"]), ["b"], [], []);
  brief.update(view(["a"]), [], [], [line("b")]);
  assert.equal(brief.querySelector("del"), null);
  const frames = shown(view(["a", "b"]), { folds: true });
  frames.update(view(["b"]), [], [], [line("a")]);
  assert.equal(frames.querySelector("del"), null);
});

test("a line opens to its reason by click, Enter and Space, and stays open when it is drawn again", () => {
  const table = shown(view([line("a", { why: "Docker made it." })]));
  const row = () => table.querySelector(".row");
  const open = () => row().getAttribute("aria-expanded");
  assert.equal(open(), "false");
  row().click();
  assert.equal(open(), "true");
  key(row(), "Enter");
  assert.equal(open(), "false");
  assert.equal(key(row(), " ").defaultPrevented, true);
  table.update(view([line("a", { why: "Docker made it.", text: "a again" })]), [], ["a"], []);
  assert.equal(open(), "true");
  assert.equal(textOf(table.querySelector(".why")), "Docker made it.");
});

test("another place begins with all its lines closed", () => {
  const table = shown(view(["a"]));
  table.querySelector(".row").click();
  table.show("h2", view(["a"]));
  assert.equal(table.querySelector(".row").getAttribute("aria-expanded"), "false");
});

test("a line with an owner leads to all with the same cause", () => {
  const table = shown(view([line("veth1", { why: "A port.", about: ["container:web", "network:app"] })]));
  const owners = heard(table, "owner");
  press(table, "all of container web");
  assert.deepEqual(owners, ["container:web"]);
});

test("frames fold: the first line of each, the others when asked", () => {
  const table = shown(view([line("IP 10.0.0.2 > 10.0.0.3", { key: "1" }), line("  0x0000: 4500", { key: "1" })]), {
    folds: true,
  });
  assert.deepEqual(rows(table), ["IP 10.0.0.2 > 10.0.0.3"]);
  assert.deepEqual(textsOf(table, ".folded"), ["0x0000: 4500"]);
  assert.equal(table.querySelector(".row").getAttribute("aria-expanded"), "false");
});

test("one tab stop; arrows go from line to line and around", () => {
  const table = shown(view(["a", "b", "c"]));
  assert.deepEqual(
    [...table.querySelectorAll(".row")].map((one) => one.tabIndex),
    [0, -1, -1],
  );
  table.querySelector(".row").focus();
  key(document.activeElement, "ArrowDown");
  assert.equal(textOf(document.activeElement), "b");
  key(document.activeElement, "Home");
  key(document.activeElement, "ArrowUp");
  assert.equal(textOf(document.activeElement), "c");
});

test("who stands on a line still stands on it when it looks different", () => {
  const table = shown(view(["a", line("eth0 UP", { key: "eth0" })]));
  table.querySelector("[data-key=eth0]").focus();
  table.update(view(["new", "a", line("eth0 DOWN", { key: "eth0" })]), ["new"], ["eth0"], []);
  assert.equal(textOf(document.activeElement), "eth0 DOWN");
  assert.equal(document.activeElement.tabIndex, 0);
});

test("a line that looks as before is the same element: a selection in it survives", () => {
  const table = shown(view(["a", "b"]));
  const before = table.querySelector("[data-key=b]");
  table.update(view(["x", "a", "b"]), ["x"], [], []);
  assert.equal(table.querySelector("[data-key=b]"), before);
});

test("two lines with the same key are both drawn", () => {
  assert.deepEqual(rows(shown(view([line("a", { key: "k" }), line("x"), line("b", { key: "k" })]))), ["a", "x", "b"]);
});

test("what a host prints is text, never a page", () => {
  const evil = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
  const table = shown(view([line(evil, { key: evil, why: evil, about: [evil] })], { command: evil, error: "" }), {
    named: evil,
  });
  table.update(
    view([line(evil, { key: evil, why: evil, about: [evil] })], { error: evil }),
    [evil],
    [],
    [line(evil, { key: "x" })],
  );
  assert.equal(table.querySelector("img, script"), null);
  assert.ok(rows(table)[0].includes("<script>"));
});
