// <net-map>: the sandbox as a picture. Every box is a button that chooses its place; what just changed lights up.

import { make, svg } from "./dom.js";
import { layOut, pathOf, shorten } from "./map-layout.js";
import { readScene, sceneInWords } from "./map-scene.js";

/** @import { Shape, Wire } from "./map-layout.js" */
/** @import { Store } from "./store.js" */
/** @import { StreamEvent } from "./types.js" */

const GLOW = 2600;
const MAPPED = new Set(["snapshot_taken", "place_seen", "place_gone", "docker_changed"]);

export class NetMap extends HTMLElement {
  constructor() {
    super();
    /** @type {Store | null} */
    this.store = null;
    this.chosen = "";
    this.asked = false;
    /** @type {Map<string, number>} when a shape or wire was first drawn or last changed */
    this.lit = new Map();
    /** @type {Set<string>} */
    this.known = new Set();
    this.twin = make("ul", "sr-only");
  }

  /** @param {Store} store */
  show(store) {
    this.store = store;
    store.watch((event) => this.#notice(event));
    this.draw();
  }

  /** @param {string} place */
  choose(place) {
    this.chosen = place;
    this.#later();
  }

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "view_changed") {
      const place = event.place;
      if (event.view === "interfaces") {
        if (event.added.length || event.changed.length || event.removed.length) this.lit.set(place, Date.now());
        this.#later();
      }
      if ((event.view === "nat" || event.view === "connections") && (event.added.length || event.changed.length)) {
        this.lit.set(`${place} passing`, Date.now());
        this.#later();
      }
    } else if (MAPPED.has(event.type)) {
      if (event.type === "snapshot_taken") this.known.clear();
      this.#later();
    }
  }

  #later() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  draw() {
    if (!this.store) return;
    const scene = readScene(this.store.places, this.store.docker);
    const drawing = layOut(scene);
    const focused = this.querySelector(":focus")?.getAttribute("data-shape");
    const now = Date.now();
    for (const [id, since] of this.lit) if (now - since > GLOW) this.lit.delete(id);
    const picture = svg("svg", {
      viewBox: `-3 -3 ${drawing.width + 6} ${drawing.height + 6}`,
      role: "group",
      "aria-label": "Map of the sandbox",
    });
    /** @type {SVGElement} */ (picture).style.setProperty("--map-width", `${drawing.width / 16}rem`);
    const first = this.known.size === 0;
    const shapes = drawing.shapes.map((one) => this.#shape(one, first));
    const wires = drawing.wires.map((one) => this.#wire(one, first));
    const hosts = drawing.shapes.flatMap((one, at) => (one.kind === "host" ? [shapes[at]] : []));
    picture.append(...hosts, ...wires, ...shapes.filter((one) => !hosts.includes(one)));
    this.twin.replaceChildren(...sceneInWords(scene).map((words) => make("li", "", words)));
    this.replaceChildren(picture, this.twin);
    this.known = new Set([...drawing.shapes, ...drawing.wires].map((one) => one.id));
    if (focused) this.#focus(focused);
  }

  /** @param {string} id */
  #focus(id) {
    for (const one of this.querySelectorAll("[data-shape]")) {
      if (one.getAttribute("data-shape") === id) /** @type {SVGElement} */ (one).focus();
    }
  }

  /**
   * @param {string} id
   * @param {boolean} first
   */
  #glows(id, first) {
    if (!first && !this.known.has(id)) this.lit.set(id, Date.now());
    const since = this.lit.get(id);
    return since !== undefined && Date.now() - since < GLOW ? " lit" : "";
  }

  /**
   * Drawn again, a glow goes on where it was.
   * @param {SVGElement} group
   * @param {string} id
   */
  #age(group, id) {
    const since = this.lit.get(id);
    if (since !== undefined) group.style.setProperty("--age", `${since - Date.now()}ms`);
  }

  /**
   * @param {Shape} one
   * @param {boolean} first
   */
  #shape(one, first) {
    const lit = this.#glows(one.id, first);
    const group = svg("g", { class: `shape ${one.kind}${lit}${one.faint ? " faint" : ""}` });
    this.#age(group, one.id);
    const pressable = one.kind !== "lan" && one.kind !== "empty" && one.kind !== "ports";
    if (one.place === this.chosen && (one.kind === "host" || one.kind === "container" || one.kind === "machine"))
      group.classList.add("chosen");
    if (pressable) {
      group.setAttribute("tabindex", one.kind === "nic" || one.kind === "bridge" ? "-1" : "0");
      group.setAttribute("role", "button");
      group.setAttribute("data-shape", one.id);
      group.addEventListener("click", () => this.#pick(one.place));
      group.addEventListener("keydown", (event) => {
        const key = /** @type {KeyboardEvent} */ (event).key;
        if (key === "Enter" || key === " ") {
          event.preventDefault();
          this.#pick(one.place);
        }
      });
    }
    if (one.full) group.append(svg("title", {}, one.full));
    group.append(svg("rect", { x: one.x, y: one.y, width: one.width, height: one.height, rx: one.kind === "lan" ? 6 : 10 }));
    const words = this.#words(one);
    group.append(...words.flatMap((word) => [word, " "])); // spaces: the words are read one by one
    const said = words.map((word) => word.textContent).join(" ");
    if (pressable) group.setAttribute("aria-label", `${one.kind} ${said}: show its views`);
    return group;
  }

  /** @param {Shape} one */
  #words(one) {
    const middle = one.x + one.width / 2;
    const room = one.width + (one.kind === "host" ? 0 : 12);
    if (one.kind === "host") {
      const title = svg("text", { x: one.x + 13, y: one.y + 18, class: "title" }, one.title);
      return [
        title,
        ...one.lines.map((line) => svg("text", { x: one.x + 46, y: one.y + 18, class: "note" }, shorten(line, one.width - 60))),
      ];
    }
    if (one.kind === "lan") {
      const y = one.y + one.height / 2;
      const facts = { x: middle, y: y + 4, class: "title", "text-anchor": "middle", transform: `rotate(-90 ${middle} ${y})` };
      return [svg("text", facts, `LAN ${one.lines[0] ?? ""}`)];
    }
    if (one.kind === "empty" || one.kind === "ports") {
      return [svg("text", { x: middle, y: one.y + one.height / 2 + 4, class: "title", "text-anchor": "middle" }, one.title)];
    }
    const rows = [one.title, ...one.lines];
    const start = one.y + one.height / 2 - (rows.length - 1) * 8 + 4;
    return rows.map((text, at) =>
      svg(
        "text",
        { x: middle, y: start + at * 16, class: at ? "address" : "title", "text-anchor": "middle" },
        shorten(text, room),
      ),
    );
  }

  /**
   * @param {Wire} one
   * @param {boolean} first
   */
  #wire(one, first) {
    const lit = this.#glows(one.id, first);
    const passing =
      one.kind === "forward" || one.kind === "uplink" ? this.#glows(`${one.place} passing`, true) && " passing" : "";
    const group = svg("g", { class: `wire ${one.kind}${lit}${passing}` });
    this.#age(group, lit ? one.id : `${one.place} passing`);
    group.append(svg("path", { d: pathOf(one.points) }));
    if (one.label) {
      const [x, y] = one.points[one.points.length - 1];
      group.append(svg("text", { x: x + 6, y: y - 8, class: "label" }, shorten(one.label, 120)));
    }
    return group;
  }

  /** @param {string} place */
  #pick(place) {
    this.dispatchEvent(new CustomEvent("place", { detail: place, bubbles: true }));
  }
}
