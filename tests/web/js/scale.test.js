// The scale of static/css/scale.css holds every sheet, template and script to it; a value outside it is named with file and line.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SCALE = readFileSync(join(ROOT, "static/css/scale.css"), "utf8");

/** The steps of one kind by name: `steps("radius")` is { sm: "0.3rem", … }. */
function steps(kind) {
  const found = SCALE.matchAll(new RegExp(`^ *--${kind}-([a-z0-9\\\\.-]+): ([^;]+);`, "gm"));
  return Object.fromEntries([...found].map((one) => [one[1].replace("\\", ""), one[2]]));
}
const TEXT = steps("text");
const SPACE = steps("spacing");
const RADIUS = steps("radius");
const WIDTHS = steps("breakpoint");

function files(folder, ending) {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile() && one.name.endsWith(ending))
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => !path.includes("build"));
}

/** Every line of these files as { text, where }; `where` is "file:line". */
function linesOf(paths) {
  return paths.flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .map((text, at) => ({ text, where: `${relative(ROOT, path)}:${at + 1}` })),
  );
}
const SHEETS = linesOf(files("static/css", ".css").filter((path) => !/(scale|vendor|app)\.css$/.test(path)));
const MARKUP = linesOf([...files("templates", ".html"), ...files("static/js", ".js")]);

const names = (value, kind) => [...value.matchAll(new RegExp(`var\\(--${kind}-([a-z0-9\\\\.-]+)\\)`, "g"))];
const lengths = (value) =>
  [...value.replace(/var\([^()]*\)/g, "").matchAll(/-?[\d.]+(px|rem|vw|vh|vmin|pt|cm)\b/g)].map((one) => one[0]);
const hairline = (length) => length.endsWith("px") && Math.abs(Number.parseFloat(length)) <= 3;

/** What is wrong with a value that may hold steps of this kind, and these lengths besides. */
function outside(value, kind, known, allowed = () => false) {
  const unknown = names(value, kind).filter((one) => !(one[1].replace("\\", "") in known));
  const free = lengths(value).filter((length) => !allowed(length) && !Object.values(known).includes(length));
  return [...unknown.map((one) => one[0]), ...free];
}

/** @param {RegExp} property @param {(value: string) => string[]} judge */
function faultsOf(property, judge) {
  return SHEETS.flatMap(({ text, where }) => {
    const found = text.match(new RegExp(`^\\s*(?:${property.source}): ([^;]+);`));
    return found ? judge(found[1]).map((value) => `${where}: ${value} in "${text.trim()}"`) : [];
  });
}

test("the scale stays a scale: few steps of each kind", () => {
  const pictures = Object.keys(TEXT).filter((name) => name.startsWith("picture-"));
  const plain = Object.entries(TEXT).filter(([, value]) => /^[\d.]+rem$/.test(value));
  assert.equal(plain.length, 8);
  assert.ok(pictures.length <= 4);
  assert.ok(Object.keys(TEXT).length - pictures.length - plain.length <= 4, "what follows the window or its neighbours");
  assert.equal(Object.keys(SPACE).length, 9, "eight and none");
  assert.equal(Object.keys(RADIUS).length, 3);
  assert.equal(Object.keys(WIDTHS).length, 4);
});

test("a step is not another one again", () => {
  for (const kind of [TEXT, SPACE, RADIUS, WIDTHS]) assert.equal(new Set(Object.values(kind)).size, Object.keys(kind).length);
});

test("letters are as large as a step", () => {
  assert.deepEqual(
    faultsOf(/font-size|font|--text-[a-z-]+/, (value) => outside(value, "text", TEXT)),
    [],
  );
});

test("space is a step, a hairline, or follows the letters", () => {
  const property = /(?:padding|margin|gap|row-gap|column-gap)(?:-[a-z-]+)?/;
  assert.deepEqual(
    faultsOf(property, (value) => outside(value, "spacing", SPACE, hairline)),
    [],
  );
});

test("a corner is one of three, or round", () => {
  assert.deepEqual(
    faultsOf(/border-radius/, (value) => outside(value.replace("infinity * 1px", ""), "radius", RADIUS)),
    [],
  );
});

test("things change at the four widths and no other", () => {
  const faults = SHEETS.flatMap(({ text, where }) => {
    const asked = [...text.matchAll(/@(?:media|container)[^{]*width[^{]*?([\d.]+(?:px|rem|em))/g)].map((one) => one[1]);
    const named = [...text.matchAll(/@variant (?:not-)?@?(?:max-|min-)?([a-z0-9]+)\b/g)].map((one) => one[1]);
    const wrong = [
      ...asked.filter((width) => !Object.values(WIDTHS).includes(width)),
      ...named.filter((name) => !(name in WIDTHS) && !["print", "dark"].includes(name)),
    ];
    return wrong.map((one) => `${where}: ${one}`);
  });
  assert.deepEqual(faults, []);
});

test("utilities with a value of their own take no size, space, corner or width from outside the scale", () => {
  const free = /(?:^|[\s"'`:])-?(text|[pm][xytblrse]?|gap(?:-[xy])?|rounded(?:-[a-z]+)?|max|min)-\[([^\]\s]+)\]/g;
  const faults = MARKUP.flatMap(({ text, where }) =>
    [...text.matchAll(free)]
      .filter(([, , value]) =>
        lengths(value.replaceAll("_", " ")).some((length) => !hairline(length) && !/v(w|h|min)$/.test(length)),
      )
      .filter(([, , value]) => !value.startsWith("clamp("))
      .map((one) => `${where}: ${one[0].trim()}`),
  );
  assert.deepEqual(faults, []);
});

test("a utility names a step that exists", () => {
  const space = /(?:^|[\s"'`:])-?(?:[pm][xytblrse]?|gap(?:-[xy])?)-([\d.]+)(?=[\s"'`{])/g;
  const corner = /(?:^|[\s"'`:])rounded(?:-[tblr]{1,2})?-(xs|sm|md|lg|xl|2xl|3xl|4xl)(?=[\s"'`{])/g;
  const letters = /(?:^|[\s"'`:])text-(\d?xs|sm|md|base|lg|\d?xl|hero|poster|code)(?=[\s"'`{])/g;
  const faults = MARKUP.flatMap(({ text, where }) => {
    if (!/class|make\(|button\(|["'`]/.test(text)) return [];
    return [
      ...[...text.matchAll(space)].filter((one) => !(one[1] in SPACE)),
      ...[...text.matchAll(corner)].filter((one) => !(one[1] in RADIUS)),
      ...[...text.matchAll(letters)].filter((one) => !(one[1] in TEXT)),
    ].map((one) => `${where}: ${one[0].trim()}`);
  });
  assert.deepEqual(faults, []);
});
