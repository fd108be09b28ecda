// From the graph to coordinates: what ELK is asked, and what its answers mean on one plane. Pure; the worker is elsewhere.

import { owners } from "./map-graph.js";

/** @import { ElkNode, ElkExtendedEdge } from "elkjs/lib/elk-api.js" */
/** @import { Edge, Graph, Node, Port } from "./map-graph.js" */

/**
 * @typedef {{ x: number, y: number, width: number, height: number }} Area
 * @typedef {Area & { node: Node, depth: number, ports: (Port & { x: number, y: number })[] }} Shape
 * @typedef {{ edge: Edge, points: [number, number][] }} Wire
 * @typedef {{ width: number, height: number, shapes: Shape[], wires: Wire[] }} Drawing
 */

const LETTER = 7.3; // width of a letter of the titles; addresses are set smaller
const SMALL = 6.9;
const WIDEST = 190;
const WIDEST_ROW = 230;
const ROW = 16;
/** Columns of a host from left to right, so that what is joined to nothing stands with its kind. */
const COLUMNS = { container: 0, namespace: 1, bridge: 1, tunnel: 2, link: 2, nic: 3 };
const COMPOUND = new Set(["host", "namespace"]);
const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  // the order of before stays the order: what is there does not change places when something is added
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.nodePlacement.bk.fixedAlignment": "LEFTUP",
  "elk.separateConnectedComponents": "false",
  "elk.partitioning.activate": "true",
  "elk.layered.spacing.nodeNodeBetweenLayers": "92",
  "elk.layered.spacing.edgeNodeBetweenLayers": "22",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "9",
  "elk.spacing.nodeNode": "10",
  "elk.spacing.edgeNode": "12",
  "elk.spacing.edgeEdge": "9",
  "elk.randomSeed": "1",
};

/**
 * @param {Node} node
 * @returns {{ width: number, height: number }}
 */
export function sizeOf(node) {
  const lines = rowsOf(node);
  if (node.kind === "lan") return { width: 26, height: 150 };
  if (inOneRow(node)) {
    const wide = node.title.length * LETTER + (lines[0]?.length ?? 0) * SMALL + (lines.length ? 36 : 24);
    return { width: Math.round(Math.min(WIDEST_ROW, Math.max(96, wide))), height: 32 };
  }
  const wide = Math.max(node.title.length * LETTER, ...lines.map((line) => line.length * SMALL), 0) + 24;
  const least = { bridge: 130, nic: 116, machine: 130 }[/** @type {string} */ (node.kind)] ?? 96;
  return { width: Math.round(Math.min(WIDEST, Math.max(least, wide))), height: Math.max(40, 18 + ROW * (1 + lines.length)) };
}

/** What stands below or beside the title. @param {Node} node */
export const rowsOf = (node) => (node.note ? [...node.lines, node.note] : node.lines);

/** Containers are many: with one thing to say, title and address stand in one row. @param {Node} node */
export const inOneRow = (node) => node.kind === "container" && rowsOf(node).length < 2;

/**
 * Lays out each box by itself, from the inside out: what changes in one host moves nothing in another, and the order of what
 * was there is kept (ELK keeps it within one level only). An edge that leaves a box does so at a port on its border.
 * @param {Graph} graph
 * @param {(level: ElkNode) => Promise<ElkNode>} layout ELK, wherever it runs
 * @returns {Promise<Drawing>}
 */
export async function arrange(graph, layout) {
  const levels = new Levels(graph);
  const whole = await levels.arrange("", layout);
  return levels.drawing(whole);
}

const LEVELS_KEPT = 64;

/**
 * A level that is asked for as before gets the answer of before: what changes in one host costs the layout of that host only.
 * @param {(level: ElkNode) => Promise<ElkNode>} layout
 */
export function remembering(layout) {
  /** @type {Map<string, { asked: string, answer: ElkNode }>} by level */
  const known = new Map();
  /** @param {ElkNode} level */
  return async (level) => {
    const asked = JSON.stringify(level);
    const before = known.get(level.id);
    if (before?.asked === asked) return before.answer;
    const answer = await layout(level);
    if (known.size >= LEVELS_KEPT) known.clear(); // boxes come and go
    known.set(level.id, { asked, answer });
    return answer;
  };
}

/**
 * @typedef {{ id: string, inner: string, west: boolean }} Gate where edges of `inner` cross the border of a box
 * @typedef {{ answer: ElkNode, inside: Map<string, Level> }} Level
 */

class Levels {
  /** @param {Graph} graph */
  constructor(graph) {
    this.graph = graph;
    this.nodes = new Map(graph.nodes.map((one) => [one.id, one]));
    this.owner = owners(graph);
    /** @type {Map<string, Edge[]>} level (id of the box, "" for the whole) → edges that lie in it */
    this.edges = new Map();
    /** @type {Map<string, Map<string, Gate>>} box → its gates */
    this.gates = new Map();
    for (const edge of graph.edges) this.#place(edge);
  }

  /** The boxes around a node, outermost first, and the node itself.
   * @param {string} end */
  #chain(end) {
    /** @type {string[]} */
    const chain = [];
    for (let node = this.owner.get(end); node && chain.length < 8; node = this.nodes.get(node.parent)) chain.unshift(node.id);
    return chain;
  }

  /** @param {Edge} edge */
  #place(edge) {
    const [from, to] = [this.#chain(edge.from), this.#chain(edge.to)];
    if (!from.length || !to.length || edge.kind === "vxlan") return;
    let depth = 0;
    while (from[depth] === to[depth] && depth < from.length && depth < to.length) depth += 1;
    if (depth >= from.length || depth >= to.length) return; // a box with what is in it: nothing to draw
    const level = depth ? from[depth - 1] : "";
    this.edges.set(level, [...(this.edges.get(level) ?? []), edge]);
    this.#open(from.slice(depth), edge.from, false);
    this.#open(to.slice(depth), edge.to, true);
  }

  /**
   * @param {string[]} chain
   * @param {string} end
   * @param {boolean} west
   */
  #open(chain, end, west) {
    for (const box of chain.slice(0, -1)) {
      const id = gateId(box, end, west);
      const gates = this.gates.get(box) ?? new Map();
      gates.set(id, { id, inner: end, west });
      this.gates.set(box, gates);
    }
  }

  /**
   * @param {string} parent
   * @param {(level: ElkNode) => Promise<ElkNode>} layout
   * @returns {Promise<Level>}
   */
  async arrange(parent, layout) {
    const children = this.graph.nodes.filter((one) => one.parent === parent);
    const boxes = children.filter((one) => COMPOUND.has(one.kind));
    const laid = await Promise.all(boxes.map((one) => this.arrange(one.id, layout)));
    const inside = new Map(boxes.map((one, at) => [one.id, laid[at]]));
    const edges = (this.edges.get(parent) ?? []).map((edge) => ({
      id: edge.id,
      sources: [this.#end(parent, edge.from, false)],
      targets: [this.#end(parent, edge.to, true)],
    }));
    const asked = {
      id: parent || "map",
      layoutOptions: {
        ...OPTIONS,
        "elk.padding": parent ? padding(this.nodes.get(parent)) : "[top=0,left=0,bottom=0,right=0]",
      },
      children: children.map((one) => this.#asked(one, inside.get(one.id))),
      edges,
    };
    return { answer: await layout(asked), inside };
  }

  /** What stands for the end of an edge in a level: the thing itself, or the gate of the box it is in.
   * @param {string} level @param {string} end @param {boolean} west */
  #end(level, end, west) {
    const chain = this.#chain(end);
    const at = level ? chain.indexOf(level) + 1 : 0;
    return at === chain.length - 1 ? end : gateId(chain[at], end, west);
  }

  /**
   * @param {Node} node
   * @param {Level | undefined} level
   * @returns {ElkNode}
   */
  #asked(node, level) {
    if (!level) {
      const side = node.kind === "machine" ? "WEST" : "EAST";
      return {
        id: node.id,
        ...sizeOf(node),
        layoutOptions: { ...columnOf(node), ...(node.ports.length ? { "elk.portConstraints": "FIXED_SIDE" } : {}) },
        ports: node.ports.map((port) => ({ id: port.id, width: 8, height: 8, layoutOptions: { "elk.port.side": side } })),
      };
    }
    const width = Math.max(level.answer.width ?? 0, 190);
    const height = Math.max(level.answer.height ?? 0, 84);
    const ports = [...(this.gates.get(node.id)?.values() ?? [])].map((gate) => ({
      id: gate.id,
      width: 0,
      height: 0,
      x: gate.west ? 0 : width,
      y: this.#height(node.id, level, gate),
      layoutOptions: { "elk.port.side": gate.west ? "WEST" : "EAST" },
    }));
    return { id: node.id, width, height, ports, layoutOptions: { ...columnOf(node), "elk.portConstraints": "FIXED_POS" } };
  }

  /** How far below its box's top a gate lies: level with what it leads to.
   * @param {string} box @param {Level} level @param {Gate} gate
   * @returns {number} */
  #height(box, level, gate) {
    const chain = this.#chain(gate.inner);
    const next = chain[chain.indexOf(box) + 1];
    const child = level.answer.children?.find((one) => one.id === next);
    const top = child?.y ?? 0;
    const below = level.inside.get(next ?? "");
    if (below && next) return top + this.#height(next, below, gate);
    return top + (child?.height ?? 0) / 2;
  }

  /**
   * @param {Level} whole
   * @returns {Drawing}
   */
  drawing(whole) {
    /** @type {Shape[]} */
    const shapes = [];
    /** @type {Map<string, Area>} */
    const areas = new Map();
    /** @type {Wire[]} */
    const wires = [];
    const known = new Map(this.graph.edges.map((one) => [one.id, one]));
    /** @param {Level} level @param {number} left @param {number} top @param {number} depth */
    const walk = (level, left, top, depth) => {
      for (const child of level.answer.children ?? []) {
        const node = this.nodes.get(child.id);
        if (!node) continue;
        const area = { x: left + (child.x ?? 0), y: top + (child.y ?? 0), width: child.width ?? 0, height: child.height ?? 0 };
        areas.set(child.id, area);
        shapes.push({ node, depth, ports: portsAt(node, child, area), ...area });
        const below = level.inside.get(child.id);
        if (below) walk(below, area.x, area.y, depth + 1);
      }
      for (const edge of level.answer.edges ?? []) {
        const meant = known.get(edge.id);
        if (meant) wires.push({ edge: meant, points: pointsOf(edge, left, top) });
      }
    };
    walk(whole, 0, 0, 0);
    for (const wire of wires) this.#reach(wire, areas);
    stretch(shapes, wires);
    wires.push(...tunnels(this.graph, areas));
    const width = Math.max(...shapes.map((one) => one.x + one.width), 200);
    const height = Math.max(...shapes.map((one) => one.y + one.height), 100);
    return { width, height, shapes, wires };
  }

  /**
   * From a gate straight on to what it leads to.
   * @param {Wire} wire
   * @param {Map<string, Area>} areas
   */
  #reach(wire, areas) {
    const [from, to] = [this.owner.get(wire.edge.from), this.owner.get(wire.edge.to)];
    const [start, end] = [areas.get(from?.id ?? ""), areas.get(to?.id ?? "")];
    const first = wire.points[0];
    const last = wire.points[wire.points.length - 1];
    if (!first || !last) return;
    if (start && from && first[0] > start.x + start.width + 1) wire.points.unshift([start.x + start.width, first[1]]);
    if (end && to && last[0] < end.x - 1) wire.points.push([end.x, last[1]]);
  }
}

/**
 * @param {string} box
 * @param {string} inner
 * @param {boolean} west
 */
const gateId = (box, inner, west) => `${box} ${west ? "<" : ">"} ${inner}`;

/** @param {Node} node
 * @returns {Record<string, string>} */
function columnOf(node) {
  const column = node.parent ? COLUMNS[/** @type {keyof typeof COLUMNS} */ (node.kind)] : undefined;
  return column === undefined ? {} : { "elk.partitioning.partition": String(column) };
}

/** @param {Node | undefined} node */
function padding(node) {
  return `[top=${node?.note ? 46 : 32},left=16,bottom=14,right=16]`;
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
 * A LAN stands in a column of its own, so it may reach from the top of what it joins to the bottom.
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
 * A tunnel lies over everything: a bow from one host's end to the other's.
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
          points: /** @type {[number, number][]} */ ([
            [x1, upper.y + upper.height],
            [x2, lower.y],
          ]),
        },
      ];
    });
}

/**
 * A path with rounded corners.
 * @param {[number, number][]} points
 */
export function pathOf(points) {
  if (points.length === 0) return "";
  const [[x, y], ...rest] = points;
  let path = `M${x} ${y}`;
  rest.forEach(([px, py], at) => {
    const next = rest[at + 1];
    if (!next) {
      path += `L${px} ${py}`;
      return;
    }
    const [bx, by] = at ? rest[at - 1] : [x, y];
    const [sx, sy] = towards(px, py, bx, by);
    const [ex, ey] = towards(px, py, next[0], next[1]);
    path += `L${sx} ${sy}Q${px} ${py} ${ex} ${ey}`;
  });
  return path;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} tx
 * @param {number} ty
 */
function towards(x, y, tx, ty) {
  const length = Math.hypot(tx - x, ty - y) || 1;
  const by = Math.min(7, length / 2);
  return [x + ((tx - x) / length) * by, y + ((ty - y) / length) * by];
}

/**
 * As much of a text as fits, with an ellipsis where something is missing.
 * @param {string} text
 * @param {number} width
 * @param {number} [letter]
 */
export function shorten(text, width, letter = LETTER) {
  const room = Math.max(3, Math.floor((width - 14) / letter));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
