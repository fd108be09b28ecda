// Who an embedded page is: a signed pass with its own requests and sockets, kept in the best place there is.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { lastSocket, openPage, server } from "../page.js";

const memory = await import("../../../../static/js/embed/memory.js");
let pass;
let visit = 0;
const headers = [];
const fetched = globalThis.fetch;
globalThis.fetch = (url, more = {}) => {
  headers.push(more.headers ?? {});
  return fetched(url);
};

/** The page is loaded again: nothing is left of its scripts, all of what it keeps. */
async function load() {
  visit += 1;
  pass = await import(`../../../../static/js/embed/pass.js?visit=${visit}`);
}
beforeEach(async () => {
  openPage();
  headers.length = 0;
  history.replaceState(null, "", "/embed/bridge/");
  server.answer = () => new Response("");
  await load();
});

test("a page that is not embedded carries nothing", async () => {
  await pass.ask("/x/");
  assert.deepEqual(headers, [{}]);
  pass.openSocket("/ws/x/?a=1");
  assert.equal(lastSocket().url, "wss://explorer.test/ws/x/?a=1");
  assert.deepEqual(lastSocket().protocols, []);
});

test("an embedded page begins with the pass it came with, on requests and on sockets", async () => {
  assert.equal(pass.adopt("fresh"), false);
  await pass.ask("/x/", { headers: { Accept: "y" } });
  assert.deepEqual(headers, [{ Accept: "y", "X-Explorer-Frame": "fresh" }]);
  pass.openSocket("/ws/x/");
  assert.deepEqual(lastSocket().protocols, ["explorer", "frame.fresh"]);
  pass.openSocket("/ws/terminal/t1/", "once");
  assert.deepEqual(lastSocket().protocols, ["explorer", "ticket.once", "frame.fresh"]);
});

test("a younger pass takes the place of the older, and is there after a reload", async () => {
  pass.adopt("fresh");
  server.answer = () => new Response("", { headers: { "X-Explorer-Frame": "younger" } });
  await pass.ask("/x/");
  assert.deepEqual(pass.headers(), { "X-Explorer-Frame": "younger" });
  await load();
  assert.equal(pass.adopt("another"), true);
  assert.deepEqual(pass.headers(), { "X-Explorer-Frame": "younger" });
});

test("an answer without a pass changes nothing", () => {
  pass.adopt("fresh");
  pass.keepPass("");
  pass.keepPass(null);
  assert.deepEqual(pass.headers(), { "X-Explorer-Frame": "fresh" });
});

/** A browser that shuts the tab's storage together with third-party cookies. */
function shut(cookies) {
  const kept = Object.getOwnPropertyDescriptor(globalThis, "sessionStorage");
  Object.defineProperty(globalThis, "sessionStorage", {
    configurable: true,
    get() {
      throw new Error("shut");
    },
  });
  let jar = "";
  Object.defineProperty(document, "cookie", {
    configurable: true,
    get: () => jar,
    set: (text) => {
      if (cookies) jar = text.split(";")[0];
    },
  });
  return () => {
    Object.defineProperty(globalThis, "sessionStorage", kept);
    delete document.cookie;
  };
}

test("where the tab's storage is shut, a cookie that is kept apart holds it", async () => {
  const open = shut(true);
  assert.equal(memory.keep("at /x/", "two; three"), true);
  assert.equal(memory.recall("at /x/"), "two; three");
  pass.adopt("fresh");
  await load();
  assert.equal(pass.adopt("another"), true);
  open();
});

test("where nothing can be kept, the pass outlives a reload in the page's own address", async () => {
  const open = shut(false);
  assert.equal(memory.keep("k", "v"), false);
  assert.equal(memory.recall("k"), "");
  pass.adopt("fresh");
  assert.equal(location.hash, "#frame=fresh");
  await load();
  assert.equal(pass.adopt("another"), true);
  assert.deepEqual(pass.headers(), { "X-Explorer-Frame": "fresh" });
  open();
});
