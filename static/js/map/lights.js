// Remembers what glows on the map, and until when.

import { rateInWords } from "./weather.js";

/** @import { Drawing } from "./drawing.js" */
/** @import { Edge } from "./model.js" */

const GLOW = 2600;
const RATE_STAYS = 4_500; // a relay counts every three seconds
const LEAST = 1_000; // bits per second; less is not worth a word
const THROUGH = new Set(["forward", "vxlan"]); // no interface of its own: frames went this way when both ends counted some

export class Lights {
  /** @param {() => void} repaint once the light of something has faded */
  constructor(repaint) {
    this.repaint = repaint;
    /** @type {Map<string, number>} id of a box or a wire that changed → until when */
    this.changed = new Map();
    /** @type {Map<string, number>} interface (`portId`) that counted frames → until when */
    this.counted = new Map();
    /** @type {Map<string, { bits: number, until: number }>} interface → how much passes it */
    this.rates = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.dusk = undefined;
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  calm = undefined;

  /** @param {string} id of a box or a wire that changed */
  light(id) {
    this.#until(this.changed, id);
  }

  /** Frames passed these interfaces: their own counters say so.
   * @param {string} place @param {string[]} interfaces @param {Record<string, number>} [rates] in bits per second */
  pass(place, interfaces, rates = {}) {
    for (const name of interfaces) this.#until(this.counted, `${place}:${name}`);
    for (const [name, bits] of Object.entries(rates))
      this.rates.set(`${place}:${name}`, { bits, until: Date.now() + RATE_STAYS });
    if (Object.keys(rates).length) {
      clearTimeout(this.calm);
      this.calm = setTimeout(this.repaint, RATE_STAYS + 50);
    }
  }

  /** How much passes a wire now, in words: what its busier end counts. @param {Edge} edge */
  rate({ kind, carriers }) {
    if (kind !== "veth" && kind !== "uplink") return "";
    const now = Date.now();
    const bits = carriers.map((one) => this.rates.get(one)).map((one) => (one && one.until >= now ? one.bits : 0));
    const most = Math.max(0, ...bits);
    return most >= LEAST ? rateInWords(most) : "";
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
    clearTimeout(this.calm);
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
