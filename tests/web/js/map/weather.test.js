// The weather of links: what the kernel says at each end, on the wire; the form in a card; how much passes a wire now.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, openPage, textOf, wait } from "../page.js";
import { face, place, view } from "../sandbox.js";

const { addWeather, rateInWords, weatherAt } = await import("../../../../static/js/map/weather.js");
const { Sky, wrongIn } = await import("../../../../static/js/map/sky.js");
const { Lights } = await import("../../../../static/js/map/lights.js");
const { linesOfWeather, roomForWeather } = await import("../../../../static/js/map/size.js");

const qdisc = (dev, words, parent = "root") => ({ kind_of: "qdisc", key: dev, dev, parent, words });
const web = (mtu, ...qdiscs) =>
  place("h1/web", {
    views: {
      interfaces: view(["eth0"], { items: [{ ...face("eth0"), mtu }] }),
      qdiscs: view(["q"], { items: qdiscs }),
    },
  });
const edge = { kind: "veth", carriers: ["h1/web:eth0", "h1:veth1"], weather: "" };

test("the wire says what shapes it and another MTU than usual, once when both ends are the same", () => {
  const near = web(1400, qdisc("eth0", "50 ms · 1 % lost"), qdisc("eth0", "prio", "1:1"));
  const far = place("h1", {
    views: { interfaces: view(["v"], { items: [{ ...face("veth1"), mtu: 1400 }] }), qdiscs: view([], { items: [] }) },
  });
  const places = new Map([
    ["h1/web", near],
    ["h1", far],
  ]);
  assert.equal(weatherAt(places, "h1/web:eth0"), "50 ms · 1 % lost · MTU 1400");
  const graph = { edges: [{ ...edge }, { ...edge, kind: "forward" }] };
  addWeather(graph, places);
  assert.equal(graph.edges[0].weather, "50 ms · 1 % lost · MTU 1400 · MTU 1400");
  assert.deepEqual(linesOfWeather(graph.edges[0].weather), ["50 ms", "1 % lost", "MTU 1400"]);
  assert.equal(graph.edges[1].weather, "");
  assert.equal(weatherAt(new Map([["h1/web", web(1500)]]), "h1/web:eth0"), "");
  assert.equal(weatherAt(new Map(), "h1/web:eth0"), "");
});

test("it has room on the map", () => {
  const small = roomForWeather("MTU 1400");
  assert.ok(roomForWeather("50 ms ± 5 ms · 1 % lost · MTU 1400").height > small.height);
});

test("a rate is short, and is forgotten", () => {
  assert.deepEqual([900, 64_000, 1_530_000, 25_000_000, 3e9].map(rateInWords), [
    "900 bit/s",
    "64 kbit/s",
    "1.5 Mbit/s",
    "25 Mbit/s",
    "3.0 Gbit/s",
  ]);
  let repainted = 0;
  const lights = new Lights(() => (repainted += 1));
  lights.pass("h1", ["veth1"], { veth1: 2_000_000 });
  assert.equal(lights.rate(edge), "2.0 Mbit/s");
  assert.equal(lights.rate({ ...edge, kind: "forward" }), "");
  wait(5_000);
  assert.equal(lights.rate(edge), "");
  assert.ok(repainted > 0);
  lights.stop();
});

/** A card's form on a page whose node can do this. */
function shown(can) {
  const main = openPage(`<live-sandbox data-weather="${can}"></live-sandbox>`);
  const wishes = [];
  const sky = new Sky((wish) => wishes.push(wish));
  const box = sky.form(new Map([["h1/web", web(1500)]]), "h1/web", "eth0", main);
  main.append(box);
  return { sky, wishes, box, said: () => textOf(box.querySelector(".weather-said")) };
}
const names = (box) => [...box.querySelectorAll("input")].map((one) => one.name);

test("a node without netem offers what it can, and says why", () => {
  assert.deepEqual(names(shown("netem tbf mtu").box), ["delay_ms", "jitter_ms", "loss_percent", "rate_kbit", "mtu"]);
  assert.deepEqual(names(shown("tbf mtu").box), ["rate_kbit", "mtu"]);
  const { box } = shown("mtu");
  assert.deepEqual(names(box), ["mtu"]);
  assert.match(textOf(box), /has no netem: a link can have an MTU, no delay, jitter or loss/);
});

test("what is typed becomes a wish, and its answer is written below", () => {
  const { sky, wishes, box, said } = shown("netem tbf mtu");
  fill(box.querySelector("[name=delay_ms]"), "50");
  fill(box.querySelector("[name=mtu]"), "1400");
  box.querySelector("form").requestSubmit();
  assert.deepEqual(wishes, [{ type: "set_weather", place: "h1/web", interface: "eth0", delay_ms: 50, mtu: 1400 }]);
  assert.equal(said(), "Setting …");
  sky.told({ place: "h1/web", interface: "eth0", text: "50 ms · MTU 1400", error: "" });
  assert.equal(said(), "Set: 50 ms · MTU 1400");
  [...box.querySelectorAll("button")].find((one) => one.textContent === "Clear").click();
  assert.deepEqual(wishes.at(-1), { type: "set_weather", place: "h1/web", interface: "eth0" });
  sky.told({ place: "h1/web", interface: "eth0", text: "", error: "The kernel of this node has no netem." });
  assert.equal(said(), "The kernel of this node has no netem.");
});

test("what cannot be is said before it is sent", () => {
  assert.equal(wrongIn({ delay_ms: 5, jitter_ms: 6 }), "The jitter is at most the delay.");
  assert.equal(wrongIn({ mtu: 100 }), "MTU is at least 576.");
  assert.equal(wrongIn({ loss_percent: 101 }), "Loss is at most 100.");
  assert.equal(wrongIn({ rate_kbit: 64, mtu: 1400, delay_ms: 5 }), "");
});

test("no answer, or a refusal, ends the waiting", () => {
  const { sky, box, said } = shown("mtu");
  box.querySelector("form").requestSubmit();
  wait(13_000);
  assert.match(said(), /Nothing came back/);
  box.querySelector("form").requestSubmit();
  sky.refused("It was not set. Try again.");
  assert.equal(said(), "It was not set. Try again.");
});
