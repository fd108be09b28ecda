// <net-map>: the picture as a person uses it: buttons, cards, keys, what lights up, its text twin, and a file. ELK itself lays out.

import assert from "node:assert/strict";
import { test } from "node:test";
import worker from "elkjs/lib/elk-worker.min.js";
import { announced, buttonOf, heard, key, openPage, press, settled, textOf, textsOf, wait } from "../page.js";
import { face, line, place, Telling, view } from "../sandbox.js";

globalThis.Worker = worker.Worker; // ELK in this process
const { Store } = await import("../../../../static/js/stream/store.js");
const { NetMap } = await import("../../../../static/js/map/net-map.js");
customElements.define("net-map", NetMap);
window.SVGElement.prototype.hasPointerCapture = () => true;

const GLOW = 2_700;
const faces = (...items) =>
  view(
    items.map((one) => line(one.name, { key: one.key, why: `Docker made ${one.name}.` })),
    { items },
  );
const host = (id = "h1", ports = []) =>
  place(id, {
    views: {
      interfaces: faces(
        face("eth0", "veth", `10.77.3.1${id[1]}/24`, { index: 2 }),
        face("docker0", "bridge", "172.17.0.1/16", { index: 3 }),
        ...ports.map((name, at) => face(`veth${name}`, "veth", "", { index: 20 + at, master: "docker0" })),
      ),
    },
  });
const box = (id, at = 0) =>
  place(id, { views: { interfaces: faces(face("eth0", "veth", `172.17.0.${at + 2}/16`, { peer_index: 20 + at })) } });
const outside = () => place("outside", { views: { interfaces: faces(face("eth0", "veth", "10.77.3.100/24")) } });

/** Lets the map lay out and paint what came. */
async function drawn() {
  for (let at = 0; at < 8; at += 1) {
    wait(20);
    await settled();
  }
}

async function shown(places = [host("h1", ["web"]), box("h1/web"), outside()], docker = []) {
  const map = new NetMap();
  map.dataset.worker = "elk-worker.js";
  openPage().append(map);
  const store = new Store();
  map.show(store);
  const telling = new Telling(store, places, docker);
  await drawn();
  return { map, telling, store };
}
const shape = (map, id) => map.querySelector(`[data-shape="${id}"]`);
const shapes = (map) => [...map.querySelectorAll("[data-shape]")].map((one) => one.dataset.shape);
const lit = (map) => [...map.querySelectorAll(".shape.lit")].map((one) => one.dataset.shape);
const passing = (map) => [...map.querySelectorAll(".passing")].map((one) => one.dataset.shape ?? one.dataset.wire).sort();
const stops = (map) => [...map.querySelectorAll("[data-shape]")].filter((one) => one.getAttribute("tabindex") === "0");
const click = (element) => element.dispatchEvent(new MouseEvent("click", { bubbles: true }));
const card = (map) => map.querySelector(".map-card");
const sight = (map) => map.querySelector(".world").getAttribute("transform");

test("every box is a button that says what it is, and there is one stop for the tab key", async () => {
  const { map } = await shown();
  assert.deepEqual(shapes(map).sort(), ["h1", "h1 docker0", "h1 eth0", "h1/web", "lan 10.77.3.0/24", "outside"]);
  assert.equal(shape(map, "h1/web").getAttribute("role"), "button");
  assert.match(shape(map, "h1/web").getAttribute("aria-label"), /^Container web 172\.17\.0\.2\/16; veth pair to docker0/);
  assert.equal(stops(map).length, 1);
});

test("the box of the place that is looked at is marked, and is the stop", async () => {
  const { map } = await shown();
  map.choose("h1/web");
  assert.equal(shape(map, "h1/web").classList.contains("chosen"), true);
  assert.deepEqual(stops(map), [shape(map, "h1/web")]);
});

test("a click opens a box's card: its facts, why it is there, what it is joined to; the page hears of its place", async () => {
  const { map } = await shown();
  const places = heard(map, "place");
  click(shape(map, "h1 docker0"));
  assert.equal(textOf(card(map).querySelector("h3")), "docker0");
  assert.equal(textOf(card(map).querySelector("small")), "a Linux bridge");
  assert.equal(textOf(card(map).querySelector(".why")), "Docker made docker0.");
  assert.ok(textsOf(card(map), ".joined button").includes("h1/web"));
  assert.deepEqual(places, ["h1"]);
  assert.equal(document.activeElement, card(map));
  press(card(map), "h1/web");
  assert.equal(textOf(card(map).querySelector("h3")), "h1/web");
  assert.deepEqual(places, ["h1", "h1/web"]);
});

test("Escape and the cross close the card, and lead back to the box; a click beside it closes it too", async () => {
  const { map } = await shown();
  click(shape(map, "h1/web"));
  key(card(map), "Escape");
  assert.equal(card(map), null);
  assert.equal(document.activeElement, shape(map, "h1/web"));
  click(shape(map, "h1/web"));
  press(card(map), "Close");
  assert.equal(document.activeElement, shape(map, "h1/web"));
  click(shape(map, "h1/web"));
  click(map.querySelector(".picture"));
  assert.equal(card(map), null);
});

test("a terminal is wanted from the card of what has one", async () => {
  const { map } = await shown();
  const wanted = heard(map, "terminal-wanted");
  click(shape(map, "h1/web"));
  press(card(map), "Open terminal here");
  assert.deepEqual(wanted, ["h1/web"]);
  click(shape(map, "h1 docker0"));
  assert.throws(() => buttonOf(card(map), "Open terminal here"));
});

test("the card of a box that changes is told anew, and closes when its box goes", async () => {
  const { map, telling } = await shown();
  click(shape(map, "h1/web"));
  telling.changed("h1/web", "interfaces", faces(face("eth0", "veth", "172.17.0.99/16", { peer_index: 20 })), {
    changed: ["eth0"],
  });
  await drawn();
  assert.match(textOf(card(map)), /172\.17\.0\.99/);
  telling.gone("h1/web");
  await drawn();
  assert.equal(card(map), null);
});

test("the keyboard alone: arrows to the nearest box, Enter and Space open, Escape closes", async () => {
  const { map } = await shown();
  shape(map, "h1/web").focus();
  key(document.activeElement, "ArrowRight");
  assert.equal(document.activeElement, shape(map, "h1 docker0"));
  assert.deepEqual(stops(map), [shape(map, "h1 docker0")]);
  assert.equal(key(document.activeElement, "Enter").defaultPrevented, true);
  assert.equal(textOf(card(map).querySelector("h3")), "docker0");
  key(shape(map, "h1 docker0"), "Escape");
  assert.equal(card(map), null);
  key(shape(map, "outside"), " ");
  assert.equal(textOf(card(map).querySelector("h3")), "outside");
  assert.equal(key(shape(map, "outside"), "a").defaultPrevented, false);
});

test("nothing glows in the first picture; what is new does, and stops", async () => {
  const { map, telling } = await shown([host("h1", ["web", "db"]), box("h1/web"), outside()]);
  assert.deepEqual(lit(map), []);
  telling.tell({ type: "place_seen", place: box("h1/db", 1) });
  await drawn();
  assert.deepEqual(lit(map), ["h1/db"]);
  assert.ok(shape(map, "h1/db").querySelector(".glow"));
  wait(GLOW);
  assert.deepEqual(lit(map), []);
  assert.equal(map.querySelector(".glow"), null);
});

test("a picture that begins anew glows nowhere", async () => {
  const { map, telling } = await shown();
  telling.picture([host("h1", ["web", "db"]), box("h1/web"), box("h1/db", 1), outside()]);
  await drawn();
  assert.deepEqual(lit(map), []);
  assert.ok(shape(map, "h1/db"));
});

test("a place whose interfaces change lights up; counters of rules light nothing", async () => {
  const { map, telling, store } = await shown();
  telling.changed("h1/web", "interfaces", store.places.get("h1/web").views.interfaces, { changed: ["eth0"] });
  await drawn();
  assert.deepEqual(lit(map), ["h1/web"]);
  wait(GLOW);
  telling.changed("h1", "nat", view(["[1:1] -A POSTROUTING"]), { changed: ["x"] });
  await drawn();
  assert.deepEqual(lit(map), []);
  assert.deepEqual(passing(map), []);
});

test("two containers on one bridge: their wires and the bridge light up, not the third's wire and not the way out", async () => {
  const places = [host("h1", ["web", "db", "third"]), box("h1/web"), box("h1/db", 1), box("h1/third", 2), outside()];
  const { map, telling } = await shown(places);
  telling.tell({ type: "frames_counted", place: "h1", interfaces: ["vethdb", "vethweb"] });
  const seen = ["h1 docker0", "h1/db:eth0 veth h1 docker0", "h1/web:eth0 veth h1 docker0"];
  assert.deepEqual(passing(map), seen);
  telling.tell({ type: "frames_counted", place: "h1/web", interfaces: ["eth0"] });
  assert.deepEqual(passing(map), seen);
  wait(GLOW);
  assert.deepEqual(passing(map), []);
});

test("a way without an interface of its own lights up only when both its ends counted frames", async () => {
  const { map, telling } = await shown();
  telling.tell({ type: "frames_counted", place: "h1", interfaces: ["eth0"] });
  assert.deepEqual(passing(map), ["h1 eth0", "h1 eth0 uplink lan 10.77.3.0/24"]);
  telling.tell({ type: "frames_counted", place: "h1", interfaces: ["docker0", "vethweb"] });
  assert.ok(passing(map).includes("h1 docker0 forward h1 eth0"));
  assert.ok(!passing(map).some((one) => one.startsWith("outside")));
});

test("what goes goes, with its wire", async () => {
  const { map, telling } = await shown();
  const wires = map.querySelectorAll("[data-wire]").length;
  telling.gone("h1/web");
  telling.changed("h1", "interfaces", host().views.interfaces, { removed: [line("vethweb")] });
  await drawn();
  assert.equal(shape(map, "h1/web"), null);
  assert.equal(map.querySelectorAll("[data-wire]").length, wires - 1);
});

test("however much comes at once, it is laid out once; what looks the same is not laid out again", async () => {
  const { map, telling, store } = await shown();
  let asked = 0;
  const { layout } = map;
  map.layout = (level) => {
    asked += 1;
    return layout(level);
  };
  for (let at = 0; at < 20; at += 1) telling.changed("h1", "interfaces", store.places.get("h1").views.interfaces);
  await drawn();
  assert.equal(asked, 0);
  for (let at = 0; at < 5; at += 1) telling.tell({ type: "place_seen", place: box(`h1/c${at}`, at) });
  await drawn();
  assert.equal(asked, 2, "the host and the whole, once each");
});

test("boxes that stay are the same elements, and the tab key finds who stood there", async () => {
  const { map, telling } = await shown();
  const before = shape(map, "h1/web");
  before.focus();
  telling.tell({ type: "place_seen", place: box("h1/a", 1) });
  await drawn();
  assert.equal(shape(map, "h1/web"), before);
  assert.equal(document.activeElement, before);
  assert.deepEqual(stops(map), [before]);
});

test("the map in words: the same boxes, as lists of buttons, kept up to date", async () => {
  const { map, telling } = await shown();
  const words = map.querySelector("[role=region]");
  assert.equal(words.hidden, true);
  const toggle = buttonOf(map, "The map in words");
  toggle.click();
  assert.equal(toggle.getAttribute("aria-pressed"), "true");
  assert.equal(words.hidden, false);
  assert.match(textOf(words), /Container web 172\.17\.0\.2\/16; veth pair to docker0/);
  telling.tell({ type: "place_seen", place: box("h1/db", 1) });
  await drawn();
  assert.match(textOf(words), /Container db/);
  [...words.querySelectorAll("button")].find((one) => textOf(one).startsWith("Container web")).click();
  assert.equal(textOf(card(map).querySelector("h3")), "h1/web");
  toggle.click();
  assert.equal(words.hidden, true);
});

test("where nothing can be laid out, the words are shown instead", async () => {
  const { map, telling } = await shown();
  const silence = console.error;
  console.error = () => {};
  map.layout = () => Promise.reject(new Error("no worker"));
  telling.tell({ type: "place_seen", place: box("h1/db", 1) });
  await drawn();
  console.error = silence;
  assert.equal(map.classList.contains("failed"), true);
  assert.equal(map.querySelector("[role=region]").hidden, false);
  assert.match(textOf(map.querySelector("[role=region]")), /Container db/);
});

test("one host alone, and back to the whole sandbox; both are said", async () => {
  const { map } = await shown([host("h1"), host("h2"), outside()]);
  const back = buttonOf(map, "Whole sandbox");
  assert.equal(back.hidden, true);
  click(shape(map, "h2"));
  press(card(map), "Only this host");
  assert.equal(announced(), "The map shows h2 only.");
  await drawn();
  assert.equal(shape(map, "h1"), null);
  assert.ok(shape(map, "h2"));
  assert.equal(back.hidden, false);
  back.click();
  await drawn();
  assert.ok(shape(map, "h1"));
  assert.equal(back.hidden, true);
});

test("what a swarm keeps for services is offered when there is some, and shown when asked for", async () => {
  const ingress = place("h1/ns", {
    kind: "namespace",
    name: "ingress_sbox",
    views: { interfaces: faces(face("eth0", "veth", "10.0.0.2/24")) },
  });
  const { map, telling } = await shown();
  const services = buttonOf(map, "With what Docker keeps for services");
  assert.equal(services.hidden, true);
  telling.tell({ type: "place_seen", place: ingress });
  await drawn();
  assert.equal(services.hidden, false);
  assert.equal(shape(map, "h1/ns"), null);
  services.click();
  await drawn();
  assert.ok(shape(map, "h1/ns"));
  assert.equal(services.getAttribute("aria-pressed"), "true");
});

test("plus, minus and buttons make it larger and smaller; nought and a button fit it again", async () => {
  const { map } = await shown();
  map.sight.size = { width: 900, height: 400 };
  map.sight.settle();
  const fitted = sight(map);
  key(shape(map, "h1"), "+");
  const larger = sight(map);
  assert.notEqual(larger, fitted);
  key(shape(map, "h1"), "-");
  key(shape(map, "h1"), "0");
  assert.equal(sight(map), fitted);
  press(map, "Larger");
  assert.equal(sight(map), larger);
  press(map, "Smaller");
  press(map, "Everything in sight");
  assert.equal(sight(map), fitted);
});

test("a map somebody has moved stays where it is while things come; one nobody moved keeps all in sight", async () => {
  const { map, telling } = await shown();
  map.sight.size = { width: 900, height: 200 };
  map.sight.settle();
  const many = Array.from({ length: 12 }, (_, at) => box(`h1/c${at}`, at));
  const own = await shown();
  own.map.sight.size = { width: 900, height: 200 };
  own.map.sight.settle();
  key(shape(own.map, "h1"), "+");
  const moved = sight(own.map);
  for (const one of many) own.telling.tell({ type: "place_seen", place: one });
  await drawn();
  assert.equal(sight(own.map), moved);
  const before = sight(map);
  for (const one of many) telling.tell({ type: "place_seen", place: one });
  await drawn();
  assert.notEqual(sight(map), before);
});

test("a drag moves the map and is no click", async () => {
  const { map } = await shown();
  const picture = map.querySelector(".picture");
  const before = sight(map);
  const pointer = (name, x) =>
    picture.dispatchEvent(
      Object.assign(new MouseEvent(name, { bubbles: true, button: 0, clientX: x, clientY: 0 }), { pointerId: 1 }),
    );
  pointer("pointerdown", 0);
  pointer("pointermove", 30);
  pointer("pointermove", 60);
  pointer("pointerup", 60);
  assert.notEqual(sight(map), before);
  click(shape(map, "h1/web"));
  assert.equal(card(map), null);
});

test("a packet on its way is shown at the hop's interface", async () => {
  const { map } = await shown();
  map.follow({ place: "h1/web", interface: "eth0", kind: "sent", key: "", text: "leaves web", headers: [], ms: 0 });
  const mark = map.querySelector(".packet");
  assert.ok(mark);
  const first = mark.outerHTML;
  map.follow({ place: "outside", interface: "eth0", kind: "received", key: "", text: "arrives", headers: [], ms: 0 });
  assert.notEqual(map.querySelector(".packet").outerHTML, first);
  assert.doesNotThrow(() =>
    map.follow({ place: "nowhere", interface: "", kind: "sent", key: "", text: "", headers: [], ms: 0 }),
  );
});

test("the picture is saved as an SVG that stands by itself, without what only glows", async () => {
  const { map, telling } = await shown([host("h1", ["web", "db"]), box("h1/web"), outside()]);
  telling.tell({ type: "place_seen", place: box("h1/db", 1) });
  await drawn();
  assert.ok(map.querySelector(".glow"));
  const blobs = [];
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    blobs.push(blob);
    return "blob:x";
  };
  press(map, "Save as SVG; with Shift as PNG");
  await settled();
  URL.createObjectURL = make;
  const text = await blobs[0].text();
  const saved = new DOMParser().parseFromString(text, "image/svg+xml");
  assert.equal(saved.querySelector("parsererror"), null);
  assert.match(saved.documentElement.textContent, /web/);
  assert.deepEqual(
    [...saved.documentElement.querySelectorAll(".glow, [data-shape], [class]")].map((one) => one.outerHTML),
    [],
  );
});

test("what a host calls its things is text, never a page", async () => {
  const evil = "<img src=x onerror=alert(1)>";
  const id = `h1/${evil}`;
  const { map } = await shown([host("h1", ["web"]), { ...box(id), name: evil }]);
  press(map, "The map in words");
  assert.equal(map.querySelector("img"), null);
  assert.match(textOf(map.querySelector("[role=region]")), /<img src=x/);
});

test("out of the page nothing is laid out", async () => {
  const { map } = await shown();
  let ended = 0;
  map.elk.terminateWorker = () => {
    ended += 1;
  };
  map.remove();
  assert.equal(ended, 1);
});
