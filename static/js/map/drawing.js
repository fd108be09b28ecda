// Turns ELK's answers into coordinates on one plane: boxes, their ports, and wires with their corners. Pure.

import { owners } from "./model.js";
import { sizeOf } from "./size.js";

/** @import { ElkNode, ElkExtendedEdge } from "elkjs/lib/elk-api.js" */
/** @import { Level } from "./elk.js" */
/** @import { Edge, Graph, Node, Port } from "./model.js" */

/**
 * @typedef {{ x: number, y: number, width: number, height: number }} Area
 * @typedef {Area & { node: Node, depth: number, room: string, ports: (Port & { x: number, y: number })[] }} Shape
 * @typedef {{ edge: Edge, room: string, points: [number, number][], shared?: boolean, sky?: Area }} Wire `sky`: where its weather stands
 *   `shared`: others end at the same point, so that its name would lie on theirs; `room` is the host it lies in, which moves with all that is in it, or ""; coordinates are those of the whole plane
 * @typedef {{ width: number, height: number, shapes: Shape[], wires: Wire[] }} Drawing
 */

/**
 * ELK's answers, level by level, on one plane.
 * @param {Graph} graph
 * @param {Level} whole
 * @returns {Drawing}
 */
export function drawingOf(graph, whole) {
  const nodes = new Map(graph.nodes.map((one) => [one.id, one]));
  const owner = owners(graph);
  /** @type {Shape[]} */
  const shapes = [];
  /** @type {Map<string, Area>} */
  const areas = new Map();
  /** @type {Wire[]} */
  const wires = [];
  const known = new Map(graph.edges.map((one) => [one.id, one]));
  /** @param {Level} level @param {number} left @param {number} top @param {number} depth @param {string} room */
  const walk = (level, left, top, depth, room) => {
    for (const child of level.answer.children ?? []) {
      const node = nodes.get(child.id);
      if (!node) continue;
      const area = { x: left + (child.x ?? 0), y: top + (child.y ?? 0), width: child.width ?? 0, height: child.height ?? 0 };
      const ports = portsAt(node, child, area);
      const asked = level.inside.has(child.id) ? area.width : sizeOf(node).width;
      area.x += area.width - asked; // the names of cables stand left of it
      area.width = asked;
      areas.set(child.id, area);
      const below = level.inside.get(child.id);
      const own = room || (below ? child.id : "");
      shapes.push({ node, depth, room: own, ports, ...area });
      if (below) walk(below, area.x, area.y, depth + 1, own);
    }
    for (const edge of level.answer.edges ?? []) {
      const meant = known.get(edge.id);
      if (meant) wires.push({ edge: meant, room, points: pointsOf(edge, left, top), sky: skyOf(edge, left, top) });
    }
  };
  walk(whole, 0, 0, 0, "");
  for (const wire of wires) reach(wire, areas, owner);
  share(wires);
  stretch(shapes, wires);
  wires.push(...tunnels(graph, areas));
  const width = Math.max(...shapes.map((one) => one.x + one.width), 200);
  const height = Math.max(...shapes.map((one) => one.y + one.height), 100);
  return { width, height, shapes, wires };
}

/**
 * A line from a gate straight to what it leads to.
 * @param {Wire} wire
 * @param {Map<string, Area>} areas
 * @param {Map<string, Node>} owner
 */
function reach(wire, areas, owner) {
  const [from, to] = [owner.get(wire.edge.from), owner.get(wire.edge.to)];
  const [start, end] = [areas.get(from?.id ?? ""), areas.get(to?.id ?? "")];
  const first = wire.points[0];
  const last = wire.points[wire.points.length - 1];
  if (!first || !last) return;
  if (start && from && first[0] > start.x + start.width + 1) wire.points.unshift([start.x + start.width, first[1]]);
  if (end && to && last[0] < end.x - 1) wire.points.push([end.x, last[1]]);
}

/**
 * Marks the wires that end where others end, such as all that go into a box by one gate.
 * @param {Wire[]} wires
 */
function share(wires) {
  /** @type {Map<string, Wire>} */
  const ends = new Map();
  for (const wire of wires) {
    const at = String(wire.points.at(-1));
    const other = ends.get(at);
    if (other) other.shared = true;
    wire.shared = other !== undefined;
    ends.set(at, wire);
  }
}

/**
 * @param {Node} node
 * @param {ElkNode} answer
 * @param {Area} area
 */
function portsAt(node, answer, area) {
  const at = new Map((answer.ports ?? []).map((port) => [port.id, port]));
  return node.ports.map((port) => ({
    ...port,
    x: area.x + (at.get(port.id)?.x ?? 0) + 4,
    y: area.y + (at.get(port.id)?.y ?? 0) + 4,
  }));
}

/**
 * @param {ElkExtendedEdge} edge
 * @param {number} left
 * @param {number} top
 * @returns {[number, number][]}
 */
function pointsOf(edge, left, top) {
  return (edge.sections ?? []).flatMap((section) =>
    [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map(
      (point) => /** @type {[number, number]} */ ([left + point.x, top + point.y]),
    ),
  );
}

/**
 * Where the weather of a wire stands.
 * @param {ElkExtendedEdge} edge
 * @param {number} left
 * @param {number} top
 * @returns {Area | undefined}
 */
function skyOf({ labels }, left, top) {
  const label = labels?.[0];
  if (!label) return undefined;
  return { x: left + (label.x ?? 0), y: top + (label.y ?? 0), width: label.width ?? 0, height: label.height ?? 0 };
}

/**
 * A LAN has a column of its own, so its box may reach from the top to the bottom of what it joins.
 * @param {Shape[]} shapes
 * @param {Wire[]} wires
 */
function stretch(shapes, wires) {
  const others = shapes.filter((one) => one.node.kind !== "lan" && one.depth === 0);
  const lans = shapes.filter((one) => one.node.kind === "lan");
  for (const lan of lans) {
    const column = lans.filter((one) => Math.abs(one.x - lan.x) < lan.width);
    if (column.length > 1) continue; // two segments one above the other keep their own heights
    const touching = wires.filter((wire) => wire.edge.from === lan.node.id || wire.edge.to === lan.node.id);
    const ys = touching.flatMap((wire) => wire.points.map((point) => point[1]));
    const tops = others.map((one) => one.y);
    const bottoms = others.map((one) => one.y + one.height);
    const top = Math.min(lan.y, ...ys, ...tops);
    const bottom = Math.max(lan.y + lan.height, ...ys, ...bottoms);
    lan.y = top;
    lan.height = bottom - top;
  }
}

/**
 * A tunnel is drawn over everything, as a curve from one host's end to the other's.
 * @param {Graph} graph
 * @param {Map<string, Area>} areas
 * @returns {Wire[]}
 */
function tunnels(graph, areas) {
  return graph.edges
    .filter((edge) => edge.kind === "vxlan")
    .flatMap((edge) => {
      const [from, to] = [areas.get(edge.from), areas.get(edge.to)];
      if (!from || !to) return [];
      const [upper, lower] = from.y < to.y ? [from, to] : [to, from];
      const x1 = upper.x + upper.width / 2;
      const x2 = lower.x + lower.width / 2;
      return [
        {
          edge,
          room: "",
          points: /** @type {[number, number][]} */ ([
            [x1, upper.y + upper.height],
            [x2, lower.y],
          ]),
        },
      ];
    });
}
