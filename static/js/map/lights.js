// Remembers what glows on the map, and until when.

/** @import { Drawing } from "./drawing.js" */

const GLOW = 2600;

export class Lights {
  /** @param {() => void} repaint once the light of something has faded */
  constructor(repaint) {
    this.repaint = repaint;
    /** @type {Map<string, number>} what glows → until when */
    this.until = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.dusk = undefined;
  }

  /** @param {string} id of a box or a wire; `passing PLACE` for all the ways out of a place */
  light(id) {
    this.until.set(id, Date.now() + GLOW);
    clearTimeout(this.dusk);
    this.dusk = setTimeout(this.repaint, GLOW + 50);
  }

  /**
   * The classes of what glows now.
   * @param {Drawing} drawing
   * @returns {(id: string) => string}
   */
  classes(drawing) {
    const now = Date.now();
    for (const [id, until] of this.until) if (until < now) this.until.delete(id);
    const passing = new Set(
      drawing.wires
        .filter((one) => ["forward", "uplink"].includes(one.edge.kind) && this.until.has(`passing ${one.edge.place}`))
        .map((one) => one.edge.id),
    );
    return (id) => (this.until.has(id) ? " lit" : "") + (passing.has(id) ? " passing" : "");
  }

  stop() {
    clearTimeout(this.dusk);
  }
}
