// Remembers what glows on the map, and until when.

/** @import { Drawing } from "./drawing.js" */
/** @import { Edge } from "./model.js" */

const GLOW = 2600;
const THROUGH = new Set(["forward", "vxlan"]); // no interface of its own: frames went this way when both ends counted some

export class Lights {
  /** @param {() => void} repaint once the light of something has faded */
  constructor(repaint) {
    this.repaint = repaint;
    /** @type {Map<string, number>} id of a box or a wire that changed → until when */
    this.changed = new Map();
    /** @type {Map<string, number>} interface (`portId`) that counted frames → until when */
    this.counted = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.dusk = undefined;
  }

  /** @param {string} id of a box or a wire that changed */
  light(id) {
    this.#until(this.changed, id);
  }

  /** Frames passed these interfaces: their own counters say so.
   * @param {string} place @param {string[]} interfaces */
  pass(place, interfaces) {
    for (const name of interfaces) this.#until(this.counted, `${place}:${name}`);
  }

  /**
   * The classes of what glows now: `lit` what changed, `passing` where frames passed.
   * @param {Drawing} drawing
   * @returns {(id: string) => string}
   */
  classes(drawing) {
    for (const known of [this.changed, this.counted]) for (const [id, until] of known) if (until < Date.now()) known.delete(id);
    const passing = new Set([...this.#wires(drawing), ...this.#boxes(drawing)]);
    return (id) => (this.changed.has(id) ? " lit" : "") + (passing.has(id) ? " passing" : "");
  }

  stop() {
    clearTimeout(this.dusk);
  }

  /** @param {Map<string, number>} known @param {string} id */
  #until(known, id) {
    known.set(id, Date.now() + GLOW);
    clearTimeout(this.dusk);
    this.dusk = setTimeout(this.repaint, GLOW + 50);
  }

  /** @param {Edge} edge */
  #carried({ kind, carriers }) {
    if (THROUGH.has(kind)) return carriers.length > 0 && carriers.every((one) => this.counted.has(one));
    return carriers.some((one) => this.counted.has(one));
  }

  /** @param {Drawing} drawing */
  #wires({ wires }) {
    return wires.filter(({ edge }) => this.#carried(edge)).map(({ edge }) => edge.id);
  }

  /** The boxes that stand for an interface which counted frames. A bridge does not count what it passes from port to port: two
   * of its ports do.
   * @param {Drawing} drawing */
  #boxes({ shapes, wires }) {
    /** @param {string} id */
    const ports = (id) => wires.filter(({ edge }) => edge.to === id && edge.kind !== "forward" && this.#carried(edge)).length;
    return shapes
      .filter(({ node }) => {
        if (!["bridge", "nic", "link", "tunnel"].includes(node.kind)) return false;
        const own = `${node.place}:${node.id.slice(node.place.length + 1)}`;
        return this.counted.has(own) || (node.kind === "bridge" && ports(node.id) > 1);
      })
      .map(({ node }) => node.id);
  }
}
