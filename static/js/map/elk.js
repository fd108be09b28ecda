// Turns the graph into questions to ELK, one box at a time. Pure; ELK itself runs in a worker.

import { drawingOf } from "./drawing.js";
import { COMPOUND, owners } from "./model.js";
import { roomForNames, roomForWeather, sizeOf } from "./size.js";

/** @import { ElkNode } from "elkjs/lib/elk-api.js" */
/** @import { Drawing } from "./drawing.js" */
/** @import { Edge, Graph, Node } from "./model.js" */

/** The columns of a host from left to right. So a box that is joined to nothing stands with others of its kind. */
const COLUMNS = { container: 0, project: 0, namespace: 1, bridge: 1, tunnel: 2, link: 2, nic: 3 };
const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  // the earlier order is kept, so boxes do not change places when one is added
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.strategy": "BRANDES_KOEPF",
  "elk.layered.nodePlacement.bk.fixedAlignment": "LEFTDOWN", // of all, the one where a new container moves the others least
  "elk.separateConnectedComponents": "false",
  "elk.partitioning.activate": "true",
  "elk.layered.spacing.nodeNodeBetweenLayers": "48",
  "elk.layered.spacing.edgeNodeBetweenLayers": "22",
  "elk.layered.spacing.edgeEdgeBetweenLayers": "9",
  "elk.spacing.nodeNode": "10",
  "elk.spacing.edgeNode": "12",
  "elk.spacing.edgeEdge": "9",
  "elk.randomSeed": "1",
};

const IN_THE_MIDDLE = { "elk.edgeLabels.inline": "true", "elk.edgeLabels.placement": "CENTER" };

/**
 * Lays out each box by itself, from the inside out: what changes in one host moves nothing in another, and the order of what
 * was there is kept (ELK keeps it within one level only). An edge that leaves a box does so at a port on its border.
 * @param {Graph} graph
 * @param {(level: ElkNode) => Promise<ElkNode>} layout ELK, wherever it runs
 * @returns {Promise<Drawing>}
 */
export async function arrange(graph, layout) {
  const levels = new Levels(graph);
  return drawingOf(graph, await levels.arrange("", layout));
}

const LEVELS_KEPT = 64;

/**
 * Caches the answers: a level with the same question gets the same answer, so a change in one host costs only its own layout.
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
    /** @type {Map<string, Edge[]>} a box without boxes in it → what ends there */
    this.ending = new Map();
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
    const end = to[to.length - 1];
    this.ending.set(end, [...(this.ending.get(end) ?? []), edge]);
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
      ...(edge.weather ? { labels: [{ ...roomForWeather(edge.weather), layoutOptions: IN_THE_MIDDLE }] } : {}),
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
      const { width, height } = sizeOf(node);
      const names = roomForNames(this.ending.get(node.id) ?? []);
      return {
        id: node.id,
        width: width + names.left, // drawn without: see `drawingOf`
        height: Math.max(height, names.height),
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
}

/**
 * @param {string} box
 * @param {string} inner
 * @param {boolean} west
 */
const gateId = (box, inner, west) => `${box} ${west ? "<" : ">"} ${inner}`;

/**
 * Containers stand at the left of their column, so that a wider one moves none of the others; all else at the right of theirs,
 * because the names of cables have their room at the left (`roomForNames`).
 * @param {Node} node
 * @returns {Record<string, string>}
 */
function columnOf(node) {
  const column = node.parent ? COLUMNS[/** @type {keyof typeof COLUMNS} */ (node.kind)] : undefined;
  return column === undefined
    ? {}
    : { "elk.partitioning.partition": String(column), "elk.alignment": column === 0 ? "LEFT" : "RIGHT" };
}

/** @param {Node | undefined} node */
function padding(node) {
  return `[top=${node?.note ? 46 : 32},left=16,bottom=14,right=16]`;
}
