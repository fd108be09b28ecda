// A packet on its way over the map: finds where a hop of its journey is drawn, and moves the mark there.

import { svg } from "../page/dom.js";

/** @import { Drawing, Shape } from "./drawing.js" */
/** @import { Graph } from "./model.js" */
/** @import { Hop } from "../stream/types.js" */

const LAST = new Set(["delivered", "ended"]); // of a hop: it is at the place itself
const LINGER = 6_000; // how long a packet stays where it was last

export class PacketMark {
  /** @param {SVGElement} world */
  constructor(world) {
    this.world = world;
    /** @type {SVGElement | undefined} */
    this.mark = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.leaving = undefined;
  }

  /**
   * @param {Hop} hop
   * @param {Drawing} drawing
   * @param {Shape} shape where the hop is
   */
  show(hop, drawing, shape) {
    clearTimeout(this.leaving);
    if (!this.mark) {
      this.mark = svg("circle", { r: 7 });
      this.world.append(this.mark);
    }
    const [x, y] = pointOfHop(hop, drawing, shape);
    this.mark.style.transform = `translate(${x}px, ${y}px)`;
    this.mark.setAttribute("class", `packet ${hop.kind}`);
    this.leaving = setTimeout(() => {
      this.mark?.remove();
      this.mark = undefined;
    }, LINGER);
  }
}

/**
 * The box a hop is drawn at: its interface's own, the bridge its cable ends at, the host's card, or the place.
 * @param {Hop} hop
 * @param {Graph} graph
 * @param {Drawing} drawing
 * @returns {Shape | undefined}
 */
export function shapeOfHop(hop, graph, { shapes }) {
  const exact = shapes.find((one) => one.node.place === hop.place && one.node.key !== "" && one.node.key === hop.key);
  if (exact) return exact;
  const bridge = graph.edges.find((one) => one.label === hop.interface && one.to.startsWith(`${hop.place} `));
  return (
    (bridge && hop.interface && shapes.find((one) => one.node.id === bridge.to)) ||
    shapes.find((one) => one.node.id === `${hop.place} eth0` && hop.interface !== "lo" && !LAST.has(hop.kind)) ||
    shapes.find((one) => one.node.id === hop.place)
  );
}

/**
 * The point of a hop: its interface's port or cable end. Else a point on the border of the box, so that its text stays
 * readable.
 * @param {Hop} hop
 * @param {Drawing} drawing
 * @param {Shape} shape
 * @returns {[number, number]}
 */
export function pointOfHop(hop, drawing, shape) {
  const port = shape.ports.find((one) => one.name === hop.interface);
  if (port) return [port.x, port.y];
  const cable = drawing.wires.find((one) => one.edge.to === shape.node.id && one.edge.label === hop.interface && hop.interface);
  return cable?.points.at(-1) ?? [shape.x + shape.width / 2, shape.y];
}
