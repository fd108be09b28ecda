// <reach-grid>: guesses first, then what was measured is laid over them; a cell says why; arrows go from cell to cell.

import assert from "node:assert/strict";
import { test } from "node:test";
import { buttonOf, heard, key, openPage, press, textOf, textsOf, wait } from "../page.js";
import { place, Telling } from "../sandbox.js";

const { Store } = await import("../../../../static/js/stream/store.js");
const { isYes, ReachGrid, score } = await import("../../../../static/js/packets/reach-grid.js");
customElements.define("reach-grid", ReachGrid);

function shown(places = [place("h1"), place("h1/web"), place("outside")], { keep = false } = {}) {
  const kept = keep ? { ...localStorage } : {};
  const main = openPage();
  for (const [name, value] of Object.entries(kept)) localStorage.setItem(name, value);
  const store = new Store();
  const element = new ReachGrid();
  element.show(store, "box", 1);
  main.append(element);
  const telling = new Telling(store, places);
  return { element, telling, wishes: heard(element, "wish"), ways: heard(element, "journey-wanted") };
}
const cell = (element, pair) => element.querySelector(`[data-pair="${pair}"]`);
const said = (element) => textOf(element.querySelector("[role=status]"));

const told = (outcome, facts = {}) => ({ outcome, address: "10.77.3.100", by: "", ms: 0.4, why: `It ${outcome}.`, ...facts });
const pairs = ["h1 h1/web", "h1 outside", "h1/web h1", "h1/web outside", "outside h1", "outside h1/web"];
const grid = (facts = {}) => ({
  places: ["h1", "h1/web", "outside"],
  cells: pairs.map((pair) => {
    const [source, target] = pair.split(" ");
    return { source, target, by_address: told(source === "outside" ? "silent" : "answered"), by_name: told("no-name") };
  }),
  left_out: [],
  at: 1,
  seconds: 2.5,
  error: "",
  ...facts,
});
const measure = (element, telling, facts = {}) => {
  press(element, "Measure");
  element.begun("g1");
  telling.tell({ type: "grid_told", asked: "g1", grid: grid(facts) });
};

test("every place asks every other, and none itself", () => {
  const { element } = shown();
  assert.deepEqual(textsOf(element, "thead th"), ["from ↓ to →", "h1", "h1/web", "outside"]);
  assert.deepEqual(textsOf(element, "tbody th"), ["h1", "h1/web", "outside"]);
  assert.equal(element.querySelectorAll("td button").length, 6);
  assert.deepEqual(textsOf(element, "td.self"), ["itself", "itself", "itself"]);
  assert.match(said(element), /^What do you think/);
});

test("IPv6 has answers and guesses of its own; a grid that was not asked for it says so", () => {
  const { element, telling } = shown();
  press(element, "By IPv6 address");
  press(element, "Measure");
  element.begun("g1");
  const told6 = told("answered", { address: "fd00:10:77:3::100", why: "It goes straight." });
  const cells = grid().cells.map((cell) => (cell.target === "outside" ? { ...cell, by_address6: told6 } : cell));
  telling.tell({ type: "grid_told", asked: "g1", grid: grid({ cells }) });
  assert.match(said(element), /^2 of 6 reach their target/);
  element.querySelector('[data-pair="h1 outside"]').click();
  assert.match(element.querySelector(".reach-told").textContent, /by IPv6 address · fd00:10:77:3::100/);
  element.querySelector('[data-pair="outside h1"]').click();
  assert.match(element.querySelector(".reach-told").textContent, /Not measured/);
  press(element, "By address");
  assert.match(said(element), /^4 of 6 reach their target/);
});

test("places that share a namespace, cannot be read, or are one too many are left out", () => {
  const many = Array.from({ length: 14 }, (_, at) => place(`h1/c${String(at).padStart(2, "0")}`));
  const { element } = shown([place("h1"), place("h1/a", { shares: "h1" }), place("h1/b", { error: "gone" }), ...many]);
  const rows = textsOf(element, "tbody th");
  assert.equal(rows.length, 12);
  assert.ok(!rows.includes("h1/a") && !rows.includes("h1/b"));
});

test("a click on a cell guesses yes, then no, then nothing, and says it", () => {
  const { element } = shown();
  const label = () => cell(element, "h1 outside").getAttribute("aria-label");
  assert.equal(label(), "h1 to outside: no guess");
  for (const wanted of ["you say yes", "you say no", "no guess"]) {
    cell(element, "h1 outside").click();
    assert.equal(label(), `h1 to outside: ${wanted}`);
  }
});

test("guesses by address and by name are two things", () => {
  const { element } = shown();
  cell(element, "h1 outside").click();
  press(element, "By name");
  assert.equal(buttonOf(element, "By name").getAttribute("aria-pressed"), "true");
  assert.equal(textOf(cell(element, "h1 outside")), "?");
  press(element, "By address");
  assert.equal(textOf(cell(element, "h1 outside")), "yes");
});

test("measuring turns the button off and asks once; asked again only when nothing comes", () => {
  const { element, wishes } = shown();
  press(element, "Measure");
  assert.deepEqual(wishes, [{ type: "measure_grid" }]);
  assert.equal(buttonOf(element, "Measuring …").disabled, true);
  assert.equal(said(element), "Every place asks every other …");
  wait(22_000);
  assert.equal(wishes.length, 2);
  wait(23_000);
  assert.match(said(element), /^Nothing came back/);
  assert.equal(element.querySelector("[role=status]").classList.contains("trouble"), true);
  assert.equal(buttonOf(element, "Measure").disabled, false);
});

test("what was measured is laid over the guesses, and surprises are marked", () => {
  const { element, telling } = shown();
  cell(element, "h1 outside").click();
  cell(element, "outside h1").click();
  measure(element, telling);
  assert.equal(textOf(cell(element, "h1 outside")), "h1 to outside: yes✓as said");
  assert.equal(textOf(cell(element, "outside h1")), "outside to h1: no✗you: yes");
  assert.equal(cell(element, "outside h1").classList.contains("surprise"), true);
  assert.equal(cell(element, "h1/web h1").querySelector("small"), null);
  assert.equal(
    said(element),
    "4 of 6 reach their target, measured in 2.5 s. You were right in 1 of 2. Choose a cell to see why.",
  );
});

test("a cell says why, what you said, and leads to its ping", () => {
  const { element, telling, ways } = shown();
  cell(element, "outside h1").click();
  measure(element, telling);
  cell(element, "outside h1").click();
  const told = element.querySelector(".reach-told");
  assert.equal(textOf(told.querySelector("p")), "No. You said yes: reality differs. It silent.");
  assert.equal(textOf(told.querySelector("h3")), "outside → h1by address · 10.77.3.100");
  press(told, "Follow this ping");
  assert.deepEqual(ways, [{ source: "outside", target: "10.77.3.100", kind: "ping" }]);
});

test("what a cell's sentence rests on is shown on demand", () => {
  const { element, telling } = shown();
  const evidence = [
    { kind: "route", place: "h1", text: "ip route get 10.77.3.100: dev eth0", command: "ip route get 10.77.3.100" },
  ];
  measure(element, telling, {
    cells: [{ source: "h1", target: "outside", by_address: told("silent", { evidence }), by_name: told("no-name") }],
  });
  cell(element, "h1 outside").click();
  const list = element.querySelector(".reach-told details");
  assert.equal(list.open, false);
  assert.deepEqual(textsOf(list, "li span"), ["h1: ip route get 10.77.3.100: dev eth0"]);
  press(element, "By name");
  cell(element, "h1 outside").click();
  assert.equal(element.querySelector(".reach-told details"), null);
});

test("where there is no name to ping there is no ping to follow", () => {
  const { element, telling } = shown();
  measure(element, telling);
  press(element, "By name");
  cell(element, "h1 outside").click();
  assert.equal(element.querySelector(".reach-told button"), null);
});

test("what was not measured is neither a yes nor a no", () => {
  const { element, telling } = shown();
  measure(element, telling, {
    cells: [{ source: "h1", target: "outside", by_address: told("unmeasured", { ms: null }), by_name: told("unmeasured") }],
  });
  assert.match(textOf(cell(element, "h1 outside")), /not measured…$/);
  cell(element, "h1 outside").click();
  assert.match(textOf(element.querySelector(".reach-told p")), /^Not measured\./);
});

test("a grid that could not be measured says why and leaves the guesses", () => {
  const { element, telling } = shown();
  cell(element, "h1 outside").click();
  measure(element, telling, { error: "The sandbox is busy." });
  assert.equal(said(element), "The sandbox is busy.");
  assert.equal(textOf(cell(element, "h1 outside")), "yes");
});

test("another page's grid is not laid over these guesses", () => {
  const { element, telling } = shown();
  telling.tell({ type: "grid_told", asked: "theirs", grid: grid() });
  assert.equal(element.querySelector(".answer"), null);
});

test("after a reload the guesses are there, and the grid that was measured for them", () => {
  const first = shown();
  cell(first.element, "h1 outside").click();
  measure(first.element, first.telling);
  const again = shown(undefined, { keep: true });
  assert.equal(textOf(cell(again.element, "h1 outside")), "yes");
  again.telling.aside({ type: "grid_told", asked: "g1", grid: grid() });
  assert.match(textOf(cell(again.element, "h1 outside")), /as said$/);
});

test("guess again forgets both", () => {
  const { element, telling } = shown();
  assert.equal(buttonOf(element, "Guess again").hidden, true);
  cell(element, "h1 outside").click();
  measure(element, telling);
  press(element, "Guess again");
  assert.equal(textOf(cell(element, "h1 outside")), "?");
  assert.equal(buttonOf(element, "Guess again").hidden, true);
});

test("a refusal turns the button on", () => {
  const { element } = shown();
  press(element, "Measure");
  element.refused();
  assert.equal(buttonOf(element, "Measure").disabled, false);
});

test("places that come or go make the grid old, and that is said; measured again it is young", () => {
  const { element, telling } = shown();
  measure(element, telling);
  telling.seen("h1/db");
  assert.match(said(element), /Places have come or gone since: measure again\.$/);
  press(element, "Measure again");
  element.begun("g2");
  telling.tell({ type: "grid_told", asked: "g2", grid: grid() });
  assert.doesNotMatch(said(element), /Places have come or gone/);
});

test("a picture with the same places does not make it old", () => {
  const { element, telling } = shown();
  measure(element, telling);
  telling.picture([place("h1"), place("h1/web"), place("outside")]);
  assert.doesNotMatch(said(element), /Places have come or gone/);
});

test("what was left out is said", () => {
  const { element, telling } = shown();
  measure(element, telling, { left_out: ["h1/x has no address."] });
  assert.match(said(element), /h1\/x has no address\.$/);
});

test("a sandbox that starts over begins without guesses", () => {
  const { element, telling } = shown();
  cell(element, "h1 outside").click();
  telling.tell({
    type: "sandbox_changed",
    state: "ready",
    phase: "",
    detail: "",
    generation: 2,
    expires_at: null,
    position: null,
  });
  assert.equal(textOf(cell(element, "h1 outside")), "?");
});

test("one tab stop; arrows go from cell to cell and over the empty ones", () => {
  const { element } = shown();
  const stops = [...element.querySelectorAll("td button")].filter((one) => one.tabIndex === 0);
  assert.deepEqual(
    stops.map((one) => one.dataset.pair),
    ["h1 h1/web"],
  );
  stops[0].focus();
  const at = (name) => {
    key(document.activeElement, name);
    return document.activeElement.dataset.pair;
  };
  assert.equal(at("ArrowRight"), "h1 outside");
  assert.equal(at("ArrowRight"), "h1 outside");
  assert.equal(at("ArrowDown"), "h1/web outside");
  assert.equal(at("ArrowLeft"), "h1/web h1");
  assert.equal(at("ArrowDown"), "outside h1");
});

test("who stands in a cell stands in it after it is drawn again", () => {
  const { element, telling } = shown();
  cell(element, "h1/web outside").focus();
  telling.seen("h1/db");
  assert.equal(document.activeElement.dataset.pair, "h1/web outside");
});

test("what a place is called is text, never a page", () => {
  const evil = "h1/<img src=x>";
  const { element } = shown([place("h1"), place(evil)]);
  assert.equal(element.querySelector("img"), null);
  assert.ok(textsOf(element, "tbody th").includes(evil));
});

test("a stranger's answer is no yes, and what was not measured is neither", () => {
  assert.deepEqual(
    ["answered", "stranger", "silent", "unmeasured"].map((one) => isYes(told(one))),
    [true, false, false, undefined],
  );
});

test("only what was guessed and measured is scored", () => {
  const guesses = new Map([
    ["by_address h1 outside", "yes"],
    ["by_address outside h1", "yes"],
    ["by_name h1 outside", "no"],
  ]);
  assert.deepEqual(score(grid(), "by_address", guesses), { guessed: 2, right: 1, yes: 4, cells: 6 });
  assert.deepEqual(score(grid(), "by_name", guesses), { guessed: 1, right: 1, yes: 0, cells: 6 });
});
