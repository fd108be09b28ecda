// Draws a drawing into an SVG and keeps it: what is still there moves to its new place, what is new fades in, what went goes.

import { svg } from "./dom.js";
import { COMPOUND } from "./map-model.js";
import { bow, pathOf } from "./map-path.js";
import { inOneRow, rowsOf, shorten } from "./map-size.js";
import { inWords } from "./map-words.js";

/** @import { Drawing, Shape, Wire } from "./map-drawing.js" */
/** @import { Graph } from "./map-model.js" */

export class Painter {
  constructor() {
    this.boxes = svg("g", { class: "boxes" });
    this.wires = svg("g", { class: "wires" });
    this.things = svg("g", { class: "things" });
    this.world = svg("g", { class: "world" });
    this.world.append(this.boxes, this.wires, this.things);
    /** @type {Map<string, { group: SVGElement, looks: string }>} */
    this.drawn = new Map();
  }

  /**
   * @param {Graph} graph
   * @param {Drawing} drawing
   * @param {{ chosen: string, lit: (id: string) => string }} how `lit` gives the classes of what glows
   */
  paint(graph, drawing, how) {
    const there = new Set();
    for (const shape of drawing.shapes) {
      const { node } = shape;
      there.add(node.id);
      const group = this.#group(`${node.id}`, COMPOUND.has(node.kind) ? this.boxes : this.things);
      const chosen = node.place !== "" && node.place === how.chosen && node.id === node.place ? " chosen" : "";
      group.setAttribute("class", `shape ${node.kind}${node.faint ? " faint" : ""}${chosen}${how.lit(node.id)}`);
      group.style.transform = `translate(${shape.x}px, ${shape.y}px)`;
      this.#fill(node.id, group, JSON.stringify([node, shape.width, shape.height]), () => shapeParts(shape));
      group.dataset.shape = node.id;
      group.setAttribute("role", "button");
      group.setAttribute("aria-label", inWords(graph, node));
    }
    for (const wire of drawing.wires) {
      there.add(wire.edge.id);
      const group = this.#group(wire.edge.id, this.wires);
      group.setAttribute("class", `wire ${wire.edge.kind}${how.lit(wire.edge.id)}`);
      group.dataset.wire = wire.edge.id;
      this.#wire(wire, group);
    }
    for (const [id, { group }] of this.drawn) {
      if (there.has(id)) continue;
      group.remove();
      this.drawn.delete(id);
    }
    this.#order(drawing);
  }

  /**
   * @param {string} id
   * @param {SVGElement} layer
   */
  #group(id, layer) {
    const known = this.drawn.get(id);
    if (known) return known.group;
    const group = svg("g", {});
    this.drawn.set(id, { group, looks: "" });
    layer.append(group);
    return group;
  }

  /**
   * @param {string} id
   * @param {SVGElement} group
   * @param {string} looks
   * @param {() => SVGElement[]} parts
   */
  #fill(id, group, looks, parts) {
    const known = this.drawn.get(id);
    if (!known || known.looks === looks) return;
    known.looks = looks;
    group.replaceChildren(...parts().flatMap((part) => [part, " "])); // spaces: the words are read one by one
  }

  /**
   * @param {Wire} wire
   * @param {SVGElement} group
   */
  #wire(wire, group) {
    const path = wire.edge.kind === "vxlan" ? bow(wire.points) : pathOf(wire.points);
    const known = this.drawn.get(wire.edge.id);
    if (!known || known.looks === path + wire.edge.label) return;
    const line = /** @type {SVGElement | null} */ (group.querySelector("path"));
    if (line && known.looks) {
      line.setAttribute("d", path);
      line.style.setProperty("d", `path("${path}")`);
      group.querySelector("text")?.remove();
    } else group.replaceChildren(svg("path", { d: path }));
    known.looks = path + wire.edge.label;
    const label = labelOf(wire);
    if (label) group.append(label);
  }

  /** Boxes in boxes: the outer one lies below. Tab order is reading order.
   * @param {Drawing} drawing */
  #order(drawing) {
    for (const layer of [this.boxes, this.things]) {
      const wanted = drawing.shapes.flatMap((shape) => {
        const group = this.drawn.get(shape.node.id)?.group;
        return group?.parentNode === layer ? [group] : [];
      });
      wanted.forEach((group, at) => {
        if (layer.children[at] !== group) layer.insertBefore(group, layer.children[at] ?? null);
      });
    }
  }
}

/** @param {Shape} shape */
function shapeParts(shape) {
  const { node, width, height } = shape;
  const parts = [svg("rect", { width, height, rx: node.kind === "lan" ? 8 : COMPOUND.has(node.kind) ? 12 : 8 })];
  if (node.kind === "lan") {
    const [x, y] = [width / 2, height / 2];
    const facts = { x, y: y + 4, class: "title", "text-anchor": "middle", transform: `rotate(-90 ${x} ${y})` };
    return [...parts, svg("text", facts, shorten(`LAN ${node.lines[0] ?? ""}`, height))];
  }
  if (COMPOUND.has(node.kind)) {
    parts.push(svg("text", { x: 14, y: 21, class: "title" }, shorten(node.title, width - 10)));
    if (node.note) parts.push(svg("text", { x: 14, y: 38, class: "note trouble" }, shorten(node.note, width - 10, 6.3)));
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
    const letter = at === 0 ? 7.3 : 6.9;
    parts.push(
      svg("text", { x: width / 2, y: start + at * 16, class: kind, "text-anchor": "middle" }, shorten(text, width, letter)),
    );
  });
  return parts;
}

/** @param {Shape} shape */
function rowParts({ node, width, height }) {
  const [more = ""] = rowsOf(node);
  const y = height / 2 + 4.5;
  const room = width - more.length * 6.9 - (more ? 10 : 0);
  const kind = node.note ? (node.faint ? "note trouble" : "note") : "address";
  const title = svg("text", { x: 11, y, class: "title" }, shorten(node.title, Math.max(room, 60)));
  return more
    ? [
        title,
        svg(
          "text",
          { x: width - 11, y, class: kind, "text-anchor": "end" },
          shorten(more, width - Math.min(node.title.length * 7.3, 110) - 10, 6.9),
        ),
      ]
    : [title];
}

/**
 * The name of a cable's far end stands beside that end; a tunnel's number in its middle.
 * @param {Wire} wire
 */
function labelOf(wire) {
  const { edge, points } = wire;
  if (!edge.label || points.length < 2) return null;
  if (edge.kind === "vxlan") {
    const [x, y] = [(points[0][0] + points[1][0]) / 2 - 60, (points[0][1] + points[1][1]) / 2];
    return svg("text", { x, y, class: "label", "text-anchor": "end" }, edge.label);
  }
  const [x, y] = points[points.length - 1];
  return svg("text", { x: x - 6, y: y - 5, class: "label", "text-anchor": "end" }, shorten(edge.label, 88, 6.2));
}
