// Finds the box of the map to which an arrow key leads. Pure.

/** @import { Drawing, Shape } from "./drawing.js" */
/** @import { Graph, Node } from "./model.js" */

/**
 * The nearest box in that direction that does not stand around this one.
 * @param {Graph} graph
 * @param {Drawing} drawing
 * @param {Shape} from
 * @param {number[]} turn the direction, one step long
 * @returns {Shape | undefined}
 */
export function nearest(graph, drawing, from, [dx, dy]) {
  const far = (/** @type {Shape} */ one) => {
    const [x, y] = [one.x + one.width / 2 - from.x - from.width / 2, one.y + one.height / 2 - from.y - from.height / 2];
    const [along, across] = [x * dx + y * dy, Math.abs(x * dy) + Math.abs(y * dx)];
    return along > 1 ? along + 2 * across : Number.POSITIVE_INFINITY;
  };
  const around = new Set(boxesAround(graph, from.node));
  const others = drawing.shapes.filter((one) => !around.has(one.node.id) && Number.isFinite(far(one)));
  return others.sort((a, b) => far(a) - far(b))[0];
}

/**
 * @param {Graph} graph
 * @param {Node} node
 */
function boxesAround(graph, node) {
  const ids = [node.id];
  for (let at = node.parent; at && ids.length < 8; at = graph.nodes.find((one) => one.id === at)?.parent ?? "") ids.push(at);
  return ids;
}
