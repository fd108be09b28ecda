// Any moment that is kept is exactly what folding the events forward gave then; trimming gives up moments, never truth.

import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, History, settledAfter } from "../../../../static/js/stream/history.js";
import { Lens } from "../../../../static/js/stream/lens.js";
import { Store } from "../../../../static/js/stream/store.js";
import "../tables.js";

const line = (text, key = text) => ({ text, key, why: "", about: [] });
const seen = (...texts) => ({ command: "x", lines: texts.map((text) => line(text)), items: [], error: "", truncated: false });
const place = (id, views = {}) => ({ id, kind: "container", host: "h1", name: id, netns: 1, shares: "", error: "", views });
const snapshot = (number, places = {}) => ({
  type: "snapshot_taken",
  number,
  at: number,
  resync: false,
  snapshot: { sandbox: "s", generation: 1, number, at: number, places, docker: {}, probes: {}, gone: [] },
});
const docker = (containers) => ({ host: "h1", version: "26", error: "", networks: [], containers });

/** A small generator of its own, so that a failure can be repeated. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

function makeEvent(number, pick) {
  const id = `h1/c${pick(4)}`;
  const at = number;
  const views = ["interfaces", "routes", "nat"];
  const kind = pick(10);
  if (kind < 2) return { type: "place_seen", number, at, place: place(id, { routes: seen(`r${pick(5)}`) }) };
  if (kind < 3) return { type: "place_gone", number, at, place: id, name: id };
  if (kind < 4) return { type: "docker_changed", number, at, docker: docker([]) };
  if (kind < 5) return { type: "happened", number, at, source: "docker", place: "h1", text: `t${number}`, detail: "" };
  const observation = seen(...Array.from({ length: pick(4) }, () => `l${pick(9)}`));
  return {
    type: "view_changed",
    number,
    at,
    place: id,
    view: views[pick(3)],
    observation,
    added: [],
    changed: [],
    removed: [],
    cause: "",
  };
}

const frozen = (store) => structuredClone({ places: [...store.places], docker: [...store.docker] });

for (const [name, limits] of [
  ["everything kept", {}],
  ["few changes kept", { changes: 17 }],
  ["little text kept", { text: 9_000 }],
]) {
  test(`the picture at each number equals the fold up to it: ${name}`, () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const pick = random(seed);
      const store = new Store();
      const history = new History(limits);
      const was = new Map();
      for (let number = 5; number < 125; number += 1) {
        const event = number === 5 ? snapshot(5, { "h1/c0": place("h1/c0") }) : makeEvent(number, pick);
        store.apply(event);
        history.add(event);
        was.set(number, frozen(store));
      }
      assert.ok(history.changes.length <= (limits.changes ?? 600));
      assert.ok(history.text <= (limits.text ?? 20_000_000));
      assert.equal(history.trimmed, Object.keys(limits).length > 0);
      for (const [number, then] of was) {
        const picture = history.at(number);
        if (number < history.first) assert.equal(picture, undefined);
        else
          assert.deepEqual(
            { places: [...picture.places].sort(), docker: [...picture.docker] },
            { ...then, places: then.places.sort() },
          );
      }
    }
  });
}

for (const [name, limits] of [
  ["everything kept", {}],
  ["few changes kept", { changes: 60 }],
]) {
  test(`what was before is put before: each moment is what it was, ${name}`, () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const pick = random(seed);
      const store = new Store();
      const events = [];
      const was = new Map();
      for (let number = 5; number < 125; number += 1) {
        const anew = number === 5 || number === 40; // the second is one of a relay that was started again
        const event = anew ? snapshot(number, { "h1/c0": place("h1/c0") }) : makeEvent(number, pick);
        store.apply(event);
        events.push(event);
        was.set(number, frozen(store));
      }
      const history = new History(limits);
      const places = Object.fromEntries(was.get(90).places);
      const opened = snapshot(90, places);
      opened.snapshot.docker = Object.fromEntries(was.get(90).docker);
      history.add(opened);
      for (const event of events.filter((one) => one.number > 90 && one.number < 110)) history.add(event);
      const past = { number: 5, at: 5, first: true, before: 90, snapshot: events[0].snapshot, events: events.slice(1, 86) };
      assert.equal(history.precede({ ...past, before: 89 }), false);
      assert.equal(history.precede(past), true);
      for (const event of events.filter((one) => one.number >= 110)) history.add(event);
      assert.equal(history.complete, !limits.changes);
      assert.ok(history.changes.length <= (limits.changes ?? 600));
      for (const [number, then] of was) {
        const picture = history.at(number);
        if (number < history.first) assert.equal(picture, undefined);
        else assert.deepEqual([...picture.places].sort(), then.places.sort());
      }
      assert.equal(history.first === 5, !limits.changes);
    }
  });
}

test("where nothing was before, that is known", () => {
  const history = new History();
  history.add(snapshot(5));
  assert.equal(history.precede({ number: 5, at: 5, first: true, before: 5, snapshot: null, events: [] }), true);
  assert.deepEqual([history.complete, history.first, history.changes.length], [true, 5, 0]);
});

const happened = (number, text) => ({ type: "happened", number, at: number, source: "docker", place: "h1", text, detail: "" });

test("a lens fetches what was before, once, with its lines", async () => {
  const store = new Store();
  const lens = new Lens(store);
  let asked = 0;
  lens.askPast = async (before) => {
    asked += 1;
    const events = [happened(3, "one"), { type: "place_gone", number: 4, at: 4, place: "h1/web", name: "web" }];
    return { number: 2, at: 2, first: true, before, snapshot: snapshot(2, { "h1/web": place("h1/web") }).snapshot, events };
  };
  await lens.reachBack();
  assert.equal(asked, 0); // there is no beginning yet
  store.apply(snapshot(9));
  store.apply({ type: "timeline_told", number: 0, at: 0, happenings: [happened(1, "zero"), happened(3, "one")] });
  store.apply(happened(10, "two"));
  await Promise.all([lens.reachBack(), lens.reachBack()]);
  await lens.reachBack();
  assert.equal(asked, 1);
  assert.deepEqual(
    lens.timeline.map((line) => line.number),
    [1, 3, 4, 10],
  );
  assert.equal(lens.look({ number: 3, at: 3, text: "x" }), true);
  assert.equal(lens.places.has("h1/web"), true);
});

test("what cannot be fetched is said, and asked for again", async () => {
  const store = new Store();
  const lens = new Lens(store);
  store.apply(snapshot(9));
  lens.askPast = async () => {
    throw new Error("503");
  };
  await lens.reachBack();
  assert.match(lens.noPast, /could not be fetched/);
  lens.askPast = async () => null;
  await lens.reachBack();
  assert.match(lens.noPast, /no longer kept/);
});

test("before the first picture there is nothing, and a new picture begins anew", () => {
  const history = new History();
  history.add({ type: "place_gone", number: 3, at: 3, place: "h1", name: "h1" });
  assert.equal(history.at(3), undefined);
  history.add(snapshot(4, { a: place("a") }));
  history.add({ type: "place_gone", number: 5, at: 5, place: "a", name: "a" });
  history.add(snapshot(9));
  assert.equal(history.at(8), undefined);
  assert.equal(history.at(9).places.size, 0);
});

test("a lens shows then and goes on folding; back to now shows all that came", () => {
  const store = new Store();
  const lens = new Lens(store);
  const heard = [];
  lens.watch((event) => heard.push(event.type));
  store.apply(snapshot(1, { "h1/web": place("h1/web") }));
  store.apply({ type: "place_gone", number: 2, at: 2, place: "h1/web", name: "web" });
  assert.equal(lens.places.has("h1/web"), false);
  assert.equal(lens.look({ number: 1, at: 2, text: "x" }), true);
  assert.equal(lens.places.has("h1/web"), true);
  heard.length = 0;
  store.apply({ type: "place_seen", number: 3, at: 3, place: place("h1/new") });
  assert.deepEqual(heard, []);
  store.apply({ type: "place_gone", number: 4, at: 4, place: "h1/other", name: "other" });
  assert.deepEqual(heard, ["happened"]); // silently for the picture, told in the timeline
  assert.equal(lens.places.has("h1/new"), false);
  assert.equal(lens.look({ number: 0, at: 0, text: "x" }), false);
  lens.look(null);
  assert.deepEqual([...lens.places.keys()], ["h1/new"]);
});

test("through a lens everything the store knows is known, now and at a moment", () => {
  const store = new Store();
  const lens = new Lens(store);
  const facts = () => Object.keys(store).filter((name) => !["watchers", "places", "docker", "gone"].includes(name));
  const told = () => {
    for (const name of facts()) assert.deepEqual(lens[name], store[name], name);
  };
  const capture = { id: "c", place: "h1", interface: "eth0", expression: "", began: 1, running: true, failed: false };
  store.apply(snapshot(1, { "h1/web": place("h1/web") }));
  store.apply({ type: "captures_changed", number: 2, at: 2, captures: [capture] });
  store.apply({ type: "terminals_changed", number: 3, at: 3, terminals: [{ id: "t" }] });
  told();
  assert.equal(lens.captures.length, 1);
  lens.look({ number: 1, at: 2, text: "x" });
  store.apply({ type: "captures_changed", number: 4, at: 4, captures: [{ ...capture, running: false }] });
  told();
});

test("a line's consequences end before the next command, or are not over; the other end of a pipe is the same job", () => {
  const said = (number, at, source) => ({ type: "happened", number, at, source, place: "h1", text: `t${number}`, detail: "" });
  const lines = [
    said(1, 1, "command"),
    said(2, 1.01, "command"),
    said(3, 2, "docker"),
    said(4, 2.5, "sandbox"),
    said(5, 9, "command"),
    said(6, 9.5, "kernel"),
  ];
  assert.equal(settledAfter(lines, lines[0]), lines[4]);
  assert.equal(settledAfter(lines, lines[2]), lines[4]);
  assert.equal(settledAfter(lines, lines[4]), null);
});

test("why commands are not listed is known from the first picture on, now and at a moment", () => {
  const store = new Store();
  const lens = new Lens(store);
  const first = snapshot(1);
  store.apply({ ...first, snapshot: { ...first.snapshot, no_commands: "Commands are not listed." } });
  lens.look({ number: 1, at: 1, text: "x" });
  assert.equal(lens.noCommands, "Commands are not listed.");
});

test("two moments differ by key; counters, timers and order are no difference", () => {
  const rule = (counts, text) => line(`${counts}${text}`, `rule:nat:${text}`);
  const nat = (...lines) => ({ ...seen(), lines });
  const before = {
    places: new Map([
      [
        "h1",
        place("h1", {
          nat: nat(line("# made at 1", "comment:nat"), rule("[1:60] ", "-A X"), line("10.0.0.0/8 dev a", "route 10")),
          routes: seen("a", "b"),
        }),
      ],
    ]),
    docker: new Map([
      ["h1", docker([{ id: "1", name: "web", image: "box", state: "running", network_mode: "n", endpoints: [], ports: [] }])],
    ]),
  };
  const after = {
    places: new Map([
      [
        "h1",
        place("h1", {
          nat: nat(line("# made at 2", "comment:nat"), rule("[9:90] ", "-A X"), line("10.0.0.0/8 dev b", "route 10")),
          routes: seen("b", "a", "c"),
        }),
      ],
      ["h1/web", place("h1/web")],
    ]),
    docker: new Map([["h1", docker([])]]),
  };
  const [h1, web] = difference(before, after);
  assert.deepEqual(h1.views, [
    { view: "docker", added: [], removed: [["container web running: n"]], changed: [] },
    { view: "nat", added: [], removed: [], changed: [[["10.0.0.0/8 dev a"], ["10.0.0.0/8 dev b"]]] },
    { view: "routes", added: [["c"]], removed: [], changed: [] },
  ]);
  assert.deepEqual([web.place, web.fate], ["h1/web", "added"]);
  assert.deepEqual(difference(before, before), []);
});
