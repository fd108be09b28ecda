// Makes the SVG elements of one box, and of one wire's label.

import { svg } from "../page/dom.js";
import { COMPOUND } from "./model.js";
import { begin, inOneRow, LETTER, linesOfWeather, nameOfCable, rowsOf, SMALL, shorten, WEATHER_ROW } from "./size.js";

/** @import { Shape, Wire } from "./drawing.js" */

const LAN_EVERY = 260;
let named = 0; // LANs so far: what is drawn again needs a name in the document

/** @param {Shape} shape */
export function shapeParts(shape) {
  const { node, width, height } = shape;
  const parts = [svg("rect", { width, height, rx: node.kind === "lan" ? 8 : COMPOUND.has(node.kind) ? 12 : 8 })];
  if (node.kind === "lan") return [...parts, ...lanNames(shape)];
  if (COMPOUND.has(node.kind)) {
    parts.push(svg("text", { x: 14, y: 21, class: "title" }, shorten(node.title, width - 10)));
    if (node.note) parts.push(svg("text", { x: 14, y: 38, class: "note trouble" }, begin(node.note, width - 10, 6.3)));
    return parts;
  }
  for (const port of shape.ports)
    parts.push(svg("circle", { cx: port.x - shape.x, cy: port.y - shape.y, r: 3.4, class: "port" }));
  if (inOneRow(node)) return [...parts, ...rowParts(shape)];
  const rows = [node.title, ...rowsOf(node)];
  const start = height / 2 - (rows.length - 1) * 8 + 4.5;
  rows.forEach((text, at) => {
    const remark = node.faint ? "note trouble" : "note";
    const kind = at === 0 ? "title" : at > node.lines.length ? remark : "address";
    const letter = at === 0 ? LETTER : SMALL;
    const fitting = at > node.lines.length ? begin : shorten;
    parts.push(
      svg("text", { x: width / 2, y: start + at * 16, class: kind, "text-anchor": "middle" }, fitting(text, width, letter)),
    );
  });
  return parts;
}

/**
 * A LAN may be long: its name is repeated so that one is always visible; screen readers get it once.
 * @param {Shape} shape
 */
function lanNames({ node, width, height }) {
  const times = Math.max(1, Math.floor(height / LAN_EVERY));
  const text = shorten(`LAN ${node.lines[0] ?? ""}`, height);
  const every = height / times;
  const [x, y] = [width / 2, every / 2];
  named += 1;
  const id = `lan-name-${named}`;
  const facts = { id, x, y: y + 4, class: "title", "text-anchor": "middle", transform: `rotate(-90 ${x} ${y})` };
  const again = Array.from({ length: times - 1 }, (_, at) =>
    svg("use", { href: `#${id}`, y: every * (at + 1), class: "title" }),
  );
  return [svg("text", facts, text), ...again];
}

/** @param {Shape} shape */
function rowParts({ node, width, height }) {
  const [more = ""] = rowsOf(node);
  const y = height / 2 + 4.5;
  const room = width - more.length * SMALL - (more ? 10 : 0);
  const kind = node.note ? (node.faint ? "note trouble" : "note") : "address";
  const title = svg("text", { x: 11, y, class: "title" }, shorten(node.title, Math.max(room, 60)));
  return more
    ? [
        title,
        svg(
          "text",
          { x: width - 11, y, class: kind, "text-anchor": "end" },
          (node.note ? begin : shorten)(more, width - Math.min(node.title.length * LETTER, 110) - 10, SMALL),
        ),
      ]
    : [title];
}

/**
 * A cable's label is the name of its far end and stands beside that end. A tunnel's number stands in its middle.
 * @param {Wire} wire
 */
export function labelOf(wire) {
  const { edge, points, shared } = wire;
  if (!edge.label || points.length < 2 || shared) return null; // all names are in the words
  if (edge.kind === "vxlan") {
    const [x, y] = [(points[0][0] + points[1][0]) / 2 - 60, (points[0][1] + points[1][1]) / 2];
    return svg("text", { x, y, class: "label", "text-anchor": "end" }, edge.label);
  }
  const [x, y] = points[points.length - 1];
  return svg("text", { x: x - 6, y: y - 5, class: "label", "text-anchor": "end" }, nameOfCable(edge.label));
}

/**
 * What slows or loses the packets of a wire, on the wire.
 * @param {Wire} wire
 */
export function weatherParts({ edge, sky }) {
  if (!edge.weather || !sky) return [];
  const { x, y, width, height } = sky;
  const group = svg("g", { class: "weather" });
  group.append(svg("rect", { x, y, width, height, rx: 5 }));
  linesOfWeather(edge.weather).forEach((line, at) => {
    const place = { x: x + width / 2, y: y + 13 + at * WEATHER_ROW, "text-anchor": "middle" };
    group.append(svg("text", place, line), " ");
  });
  return [group];
}

/**
 * How much passes a wire now: below its weather, else below the end that is its own.
 * @param {Wire} wire
 * @param {string} words
 */
export function rateOf({ edge, points, sky }, words) {
  if (!words || points.length < 2) return null;
  if (sky) {
    const middle = { x: sky.x + sky.width / 2, y: sky.y + sky.height + 11 };
    return svg("text", { ...middle, class: "rate", "text-anchor": "middle" }, words);
  }
  const last = edge.from.startsWith("lan ");
  const [x, y] = last ? points[points.length - 1] : points[0];
  return svg("text", { x: last ? x - 6 : x + 7, y: y + 13, class: "rate", "text-anchor": last ? "end" : "start" }, words);
}
