// A lesson embedded on another site: goes on where the reader was, carries its pass, fetches files with it, and leads out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, server, settled, textOf, wait } from "../page.js";

const HEADER = "X-Explorer-Frame";
globalThis.parent = globalThis.window; // the page that is around it has its own tests
const headers = [];
const fetched = globalThis.fetch;
globalThis.fetch = (url, more = {}) => {
  headers.push({ method: more.method ?? "GET", pass: more.headers?.[HEADER] ?? "" });
  return fetched(url);
};
const defined = customElements.define.bind(customElements);
customElements.define = (name, element) => {
  if (!customElements.get(name)) defined(name, element);
};
customElements.define("live-sandbox", class extends HTMLElement {}); // what is in it has its own tests

const step = (
  name,
  current = "one",
) => `<div class="workbench"><article id="step" data-lesson="bridge" data-step="${name}" data-current="${current}" data-move="/move/">
  <h1 id="step-title">${name}</h1></article></div>`;
const page = (
  inside,
) => `${inside}<form id="open-in-full" action="/open/" data-ask="/embed/out/"><input name="step"><input name="code"></form>
  <a id="file" href="/capture/1/" download>File</a><a id="away" href="https://other.test/x" download>Away</a>`;

let visits = 0;
async function shown({ kept = "", at = "", answer = () => new Response("", { status: 401 }), search = "" } = {}) {
  server.answer = answer;
  const main = openPage(page(step("one", "zero")));
  headers.length = 0;
  document.head.innerHTML = '<meta name="explorer-embed" content="fresh" data-sites="https://a.test">';
  history.replaceState(null, "", `/embed/bridge/${search}`);
  if (kept) sessionStorage.setItem("explorer-frame", kept);
  if (at) sessionStorage.setItem(`explorer-at /embed/bridge/${search}`, at);
  const moved = [];
  globalThis.htmx = { ajax: (...all) => moved.push(all), process: () => {} };
  visits += 1;
  await import(`../../../../static/js/embed.js?visit=${visits}`);
  await settled();
  return { main, moved };
}
const theirs = (name) => () => new Response(`<html><body>${step(name)}</body></html>`, { headers: { [HEADER]: "younger" } });
const title = () => textOf(document.querySelector("#step-title"));

// embed.js shares its pass among all imports of this file: the first test is that of somebody nobody knows
test("a stranger reads the page as it came, and nothing is asked", async () => {
  const { moved } = await shown();
  assert.equal(title(), "one");
  assert.deepEqual(server.asked, []);
  assert.deepEqual(moved, []);
  assert.equal(document.body.classList.contains("returning"), false);
});

test("who was here before goes on at their step, as who they are, and is there again", async () => {
  const { moved } = await shown({ kept: "known", at: "two", answer: theirs("two") });
  assert.deepEqual(server.asked, ["/embed/bridge/?step=two"]);
  assert.equal(headers[0].pass, "known");
  assert.equal(title(), "two");
  assert.equal(moved[0][1], "/move/");
  assert.equal(sessionStorage.getItem("explorer-frame"), "younger");
});

test("the step that the address names is shown to who was not on another", async () => {
  await shown({ kept: "known", search: "?step=three", answer: theirs("three") });
  assert.deepEqual(server.asked, ["/embed/bridge/?step=three"]);
  assert.equal(title(), "three");
});

test("whose pass is refused is a stranger again, with the pass the page came with", async () => {
  const { moved } = await shown({ kept: "old" });
  assert.equal(title(), "one");
  assert.deepEqual(moved, []);
  assert.equal(sessionStorage.getItem("explorer-frame"), "fresh");
});

test("without an answer the page as it came can be read", async () => {
  await shown({ kept: "known", answer: () => Promise.reject(new TypeError("no network")) });
  assert.equal(title(), "one");
  assert.equal(document.body.classList.contains("returning"), false);
});

test("a stranger who opens a sandbox is somebody, and is on this very step", async () => {
  const { main, moved } = await shown();
  const settle = () => document.body.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  settle();
  assert.deepEqual(moved, []);
  main.append(document.createElement("live-sandbox"));
  settle();
  settle();
  assert.equal(moved.length, 1);
});

test("the step that is shown is remembered, requests carry the pass, and answers renew it", async () => {
  await shown();
  document.querySelector("#step").dataset.step = "four";
  document.body.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  assert.equal(sessionStorage.getItem("explorer-at /embed/bridge/"), "four");
  const detail = { headers: {} };
  document.body.dispatchEvent(new CustomEvent("htmx:configRequest", { detail }));
  assert.equal(detail.headers[HEADER], "fresh");
  const xhr = { getResponseHeader: () => "renewed" };
  document.body.dispatchEvent(new CustomEvent("htmx:afterRequest", { detail: { xhr } }));
  assert.equal(sessionStorage.getItem("explorer-frame"), "renewed");
});

test("a page that is only read asks now and then, so that its pass does not run out", async () => {
  await shown({ answer: () => new Response("") });
  wait(16 * 60 * 1000);
  await settled();
  assert.deepEqual(headers, [{ method: "HEAD", pass: "fresh" }]);
});

test("a file is fetched with the pass, under the name the server gives; a link elsewhere is left alone", async () => {
  await shown();
  server.answer = () => new Response("x", { headers: { "Content-Disposition": 'attachment; filename="bridge.pcapng"' } });
  const saved = [];
  URL.createObjectURL = () => "blob:x";
  document.addEventListener("click", (event) => event.target.href?.startsWith("blob:") && saved.push(event.target.download), {
    capture: true,
  });
  const made = document.createElement.bind(document);
  document.createElement = (tag) => {
    const element = made(tag);
    if (tag === "a") element.click = () => saved.push(element.download);
    return element;
  };
  const click = (id) => {
    const event = new MouseEvent("click", { bubbles: true, cancelable: true });
    document.getElementById(id).dispatchEvent(event);
    return event.defaultPrevented;
  };
  assert.equal(click("file"), true);
  await settled();
  document.createElement = made;
  assert.deepEqual(saved, ["bridge.pcapng"]);
  assert.deepEqual(headers.at(-1), { method: "GET", pass: "fresh" });
  assert.equal(click("away"), false);
});

test("out into a tab of their own: as the same learner where that can be arranged, to the same step in any case", async () => {
  for (const [answer, code] of [
    [() => new Response("once-only"), "once-only"],
    [() => new Response("", { status: 500 }), ""],
    [() => Promise.reject(new TypeError("no network")), ""],
  ]) {
    await shown();
    server.answer = answer;
    const form = document.getElementById("open-in-full");
    let sent = 0;
    form.submit = () => {
      sent += 1;
    };
    form.dispatchEvent(new Event("submit", { cancelable: true }));
    await settled();
    assert.equal(sent, 1);
    assert.deepEqual([form.elements.namedItem("step").value, form.elements.namedItem("code").value], ["one", code]);
  }
});
