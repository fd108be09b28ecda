// Draws the map into an SVG and changes it later: what is still there moves to its new position, what is gone is removed. All
// things of a host are in one group, so only the group has to move. Attributes that have not changed are not written again,
// because the browser would paint them again.

import { svg } from "../page/dom.js";
import { roleOf } from "../page/tables.js";
import { COMPOUND } from "./model.js";
import { bow, pathOf } from "./path.js";
import { labelOf, rateOf, shapeParts, weatherParts } from "./shape.js";
import { inWords } from "./words.js";

/** @import { Drawing, Shape, Wire } from "./drawing.js" */
/** @import { Edge, Graph } from "./model.js" */

/**
 * @typedef {"boxes" | "wires" | "things"} Layer
 * @typedef {{ group: SVGElement } & Record<Layer, SVGElement>} Room
 * @typedef {{ group: SVGElement, looks: string, written: Map<string, string> }} Drawn
 */

export class Painter {
  constructor() {
    this.world = svg("g", { class: "world" });
    this.rooms = svg("g", { class: "rooms" });
    this.world.append(this.rooms);
    /** @type {Map<string, Room>} by host; "" is the plane they stand on */
    this.known = new Map([["", layersIn(this.world)]]);
    /** @type {Map<string, Drawn>} */
    this.drawn = new Map();
  }

  /**
   * @param {Graph} graph
   * @param {Drawing} drawing
   * @param {{ chosen: string, lit: (id: string) => string, rate: (edge: Edge) => string }} how `lit` gives the classes of what
   *   glows, `rate` how much passes a wire now
   */
  paint(graph, drawing, how) {
    const corners = new Map(drawing.shapes.map((one) => [one.node.id, one]));
    for (const shape of drawing.shapes) {
      const { node, room } = shape;
      const drawn = this.#drawn(node.id, room, COMPOUND.has(node.kind) ? "boxes" : "things", asButton);
      const chosen = node.place !== "" && node.place === how.chosen && node.id === node.place ? " chosen" : "";
      write(drawn, "class", `shape ${node.kind}${node.faint ? " faint" : ""}${chosen}${how.lit(node.id)}`);
      const corner = corners.get(room);
      if (corner === shape) this.#move(room, shape);
      else move(drawn, shape.x - (corner?.x ?? 0), shape.y - (corner?.y ?? 0));
      this.#fill(drawn, shape);
      glow(drawn);
      write(drawn, "data-shape", node.id);
      write(drawn, "aria-label", inWords(graph, node));
    }
    for (const wire of drawing.wires) {
      const drawn = this.#drawn(wire.edge.id, wire.room, "wires");
      write(drawn, "class", `wire ${lookOf(wire.edge)}${how.lit(wire.edge.id)}`);
      write(drawn, "data-wire", wire.edge.id);
      const corner = corners.get(wire.room);
      const points = wire.points.map(([x, y]) => pair(x - (corner?.x ?? 0), y - (corner?.y ?? 0)));
      const sky = wire.sky && { ...wire.sky, x: round(wire.sky.x - (corner?.x ?? 0)), y: round(wire.sky.y - (corner?.y ?? 0)) };
      this.#wire({ ...wire, points, sky }, drawn, how.rate(wire.edge));
      glow(drawn);
    }
    this.#leave(drawing);
    this.#order(drawing);
  }

  /**
   * @param {string} id
   * @param {string} room
   * @param {Layer} layer
   * @param {(group: SVGElement) => void} [begin]
   */
  #drawn(id, room, layer, begin) {
    const into = this.#room(room)[layer];
    const drawn = this.drawn.get(id) ?? { group: svg("g", {}), looks: "", written: new Map() };
    if (!this.drawn.has(id)) begin?.(drawn.group);
    this.drawn.set(id, drawn);
    if (drawn.group.parentNode !== into) into.append(drawn.group);
    return drawn;
  }

  /** @param {string} id */
  #room(id) {
    const known = this.known.get(id);
    if (known) return known;
    const group = svg("g", { class: "room" });
    this.rooms.append(group);
    const room = layersIn(group);
    this.known.set(id, room);
    return room;
  }

  /**
   * @param {string} room
   * @param {{ x: number, y: number }} to
   */
  #move(room, { x, y }) {
    const { group } = this.#room(room);
    const place = `translate(${round(x)}px, ${round(y)}px)`;
    if (group.style.transform !== place) group.style.transform = place;
  }

  /**
   * @param {Drawn} drawn
   * @param {Shape} shape
   */
  #fill(drawn, shape) {
    const looks = JSON.stringify([shape.node, shape.width, shape.height]);
    if (drawn.looks === looks) return;
    drawn.looks = looks;
    drawn.group.replaceChildren(...shapeParts(shape).flatMap((part) => [part, " "])); // spaces: the words are read one by one
  }

  /**
   * @param {Wire} wire its points as they lie in its room
   * @param {Drawn} drawn
   * @param {string} rate
   */
  #wire(wire, drawn, rate) {
    const { group } = drawn;
    const path = wire.edge.kind === "vxlan" ? bow(wire.points) : pathOf(wire.points);
    const looks = JSON.stringify([path, wire.shared ? "" : wire.edge.label, wire.edge.weather, wire.sky, rate]);
    if (drawn.looks === looks) return;
    const lines = group.querySelectorAll("path");
    if (lines.length && drawn.looks) {
      for (const line of lines) {
        line.setAttribute("d", path);
        line.style.setProperty("d", `path("${path}")`);
      }
      for (const old of group.querySelectorAll(":scope > text, :scope > .weather")) old.remove();
    } else group.replaceChildren(svg("path", { d: path }));
    drawn.looks = looks;
    for (const part of [labelOf(wire), ...weatherParts(wire), rateOf(wire, rate)]) if (part) group.append(part);
  }

  /** @param {Drawing} drawing */
  #leave(drawing) {
    const there = new Set([...drawing.shapes.map((one) => one.node.id), ...drawing.wires.map((one) => one.edge.id)]);
    for (const [id, { group }] of this.drawn) {
      if (there.has(id)) continue;
      group.remove();
      this.drawn.delete(id);
    }
    for (const [id, { group }] of this.known) {
      if (id === "" || there.has(id)) continue;
      group.remove();
      this.known.delete(id);
    }
  }

  /** Boxes in boxes: the outer one lies below. Tab order is reading order.
   * @param {Drawing} drawing */
  #order(drawing) {
    /** @type {Map<Node, number>} how many of a layer are in their place */
    const placed = new Map();
    const groups = drawing.shapes.map((shape) => this.drawn.get(shape.node.id)?.group);
    const rooms = drawing.shapes.map((shape) => (shape.depth === 0 ? this.known.get(shape.node.id)?.group : undefined));
    for (const group of [...rooms, ...groups]) {
      const layer = group?.parentNode;
      if (!group || !layer) continue;
      const at = placed.get(layer) ?? 0;
      placed.set(layer, at + 1);
      if (layer.childNodes[at] !== group) layer.insertBefore(group, layer.childNodes[at] ?? null);
    }
  }
}

/** @param {SVGElement} group @returns {Room} */
function layersIn(group) {
  const room = {
    group,
    boxes: svg("g", { class: "boxes" }),
    wires: svg("g", { class: "wires" }),
    things: svg("g", { class: "things" }),
  };
  group.append(room.boxes, room.wires, room.things);
  return room;
}

/** @param {SVGElement} group */
const asButton = (group) => group.setAttribute("role", "button");

/**
 * @param {Drawn} drawn
 * @param {string} name
 * @param {string} value
 */
function write(drawn, name, value) {
  if (drawn.written.get(name) === value) return;
  drawn.written.set(name, value);
  drawn.group.setAttribute(name, value);
}

/**
 * @param {Drawn} drawn
 * @param {number} x
 * @param {number} y
 */
function move(drawn, x, y) {
  const place = `translate(${round(x)}px, ${round(y)}px)`;
  if (drawn.written.get("transform") === place) return;
  drawn.written.set("transform", place);
  drawn.group.style.transform = place;
}

/**
 * A glow is an element of its own over the line, and fades. Changing the line itself would make the browser paint the page
 * for each frame.
 * @param {Drawn} drawn
 */
function glow({ group, written }) {
  const lit = / (lit|passing)/.test(written.get("class") ?? "");
  const light = group.querySelector(".glow");
  if (lit && !light) {
    const made = /** @type {Element | undefined} */ (group.querySelector("rect, path")?.cloneNode());
    made?.setAttribute("class", "glow");
    if (made) group.append(made);
  } else if (light && !lit) light.remove();
}

/** The classes of a wire: its kind, and that it is no cable where an interface is made out of another. @param {Edge} edge */
const lookOf = ({ kind }) => (roleOf(kind) === "child" ? `${kind} child` : kind);

/** Rounds a number, so that differences too small to be seen do not count. @param {number} value */
const round = (value) => Math.round(value * 100) / 100;

/** @param {number} x @param {number} y @returns {[number, number]} */
const pair = (x, y) => [round(x), round(y)];
