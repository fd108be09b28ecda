// The script for pages of other sites: makes frames of marked places, and gives its own frames the height they ask for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "../page.js";

globalThis.HTMLIFrameElement = globalThis.window.HTMLIFrameElement;
let visits = 0;
async function shown(html) {
  const main = openPage(html);
  visits += 1;
  await import(`../../../../static/js/embed-script.js?visit=${visits}`);
  return [...main.querySelectorAll("iframe")];
}
const say = (frame, data, origin = "https://explorer.test", source = frame.contentWindow) =>
  globalThis.window.dispatchEvent(new globalThis.window.MessageEvent("message", { data, origin, source }));
const ask = (height) => ({ type: "explorer-height", height });

test("a marked place becomes a frame with the lesson, its step and its theme", async () => {
  const [frame] = await shown(
    '<div data-network-explorer="bridge" data-step="two" data-theme="dark" data-title="Try it"></div>',
  );
  assert.equal(frame.src, "https://explorer.test/embed/bridge/?step=two&theme=dark");
  assert.equal(frame.title, "Try it");
  assert.equal(frame.loading, "lazy");
});

test("a lesson's name cannot lead elsewhere", async () => {
  const [frame] = await shown('<div data-network-explorer="../../evil?x"></div>');
  assert.equal(new URL(frame.src).pathname, "/embed/..%2F..%2Fevil%3Fx/");
});

test("a frame gets the height it asks for, within bounds, and within those of its place", async () => {
  const [frame, bounded] = await shown(
    '<div data-network-explorer="a"></div><div data-network-explorer="b" data-least="500" data-most="700"></div>',
  );
  for (const [height, wanted] of [
    [600.4, "600px"],
    [1, "360px"],
    [99_999, "1200px"],
  ]) {
    say(frame, ask(height));
    assert.equal(frame.style.height, wanted);
  }
  say(bounded, ask(1));
  assert.equal(bounded.style.height, "500px");
  say(bounded, ask(9_999));
  assert.equal(bounded.style.height, "700px");
});

test("what another origin says, what is no height, and what comes from no frame of ours changes nothing", async () => {
  const [frame] = await shown('<div data-network-explorer="a"></div>');
  say(frame, ask(700), "https://evil.test");
  say(frame, ask(Number.NaN));
  say(frame, { type: "something", height: 700 });
  say(frame, null);
  say(frame, ask(700), "https://explorer.test", globalThis.window);
  assert.equal(frame.style.height, "640px");
});
