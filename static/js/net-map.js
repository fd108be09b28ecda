// <net-map>: the sandbox as a picture, laid out by ELK in a worker. Every box is a button; what just changed lights up.

import ELK from "elkjs/lib/elk-api.js";
import { announce, make, svg } from "./dom.js";
import { button, makeCard } from "./map-card.js";
import { Painter } from "./map-draw.js";
import { arrange, remembering } from "./map-elk.js";
import { asPng, asSvg, save } from "./map-export.js";
import { onlyHost, readGraph } from "./map-graph.js";
import { MapSight } from "./map-sight.js";
import { outline } from "./map-words.js";

/** @import { ELK as Layouter } from "elkjs/lib/elk-api.js" */
/** @import { Drawing, Shape } from "./map-drawing.js" */
/** @import { Graph } from "./map-model.js" */
/** @import { Entry } from "./map-words.js" */
/** @import { Store } from "./store.js" */
/** @import { StreamEvent } from "./types.js" */

const GLOW = 2600;
const LINGER = 6_000; // how long a packet stays where it was last
const GAP = 25; // a burst of changes is laid out once; what comes during a layout is in the next
const ALL_CHANGED = new Set(["snapshot_taken", "place_seen", "place_gone", "docker_changed"]);
const LAST = new Set(["delivered", "ended"]); // of a hop: it is at the place itself
const TURN = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

export class NetMap extends HTMLElement {
  connectedCallback() {
    if (this.sight) return;
    this.icons = new Map([...this.querySelectorAll("template")].map((one) => [one.dataset.icon ?? "", one]));
    const picture = /** @type {SVGSVGElement} */ (
      svg("svg", { role: "group", "aria-label": "Map of the sandbox", class: "picture" })
    );
    picture.append(this.painter.world);
    this.picture = picture;
    this.sight = new MapSight(picture, this.painter.world);
    this.words = make("div", "outline");
    this.words.hidden = true;
    this.words.setAttribute("aria-label", "The map in words");
    this.words.setAttribute("role", "region");
    this.aside = make("div", "map-aside");
    this.replaceChildren(picture, this.words, this.#tools(), this.aside);
    picture.addEventListener("click", (event) => this.#clicked(event));
    picture.addEventListener("keydown", (event) => this.#key(event));
    picture.addEventListener("focusin", (event) => this.#focused(/** @type {Element} */ (event.target)));
  }

  disconnectedCallback() {
    if (this.isConnected) return;
    this.elk?.terminateWorker();
    clearTimeout(this.timer);
  }

  /** @param {Store} store */
  show(store) {
    this.store = store;
    store.watch((event) => this.#notice(event));
    this.#later();
  }

  /** @param {string} place */
  choose(place) {
    this.chosen = place;
    this.#paint();
  }

  // --- what happened ---

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "view_changed") {
      if (event.view === "interfaces") {
        if (event.added.length || event.changed.length || event.removed.length) this.#light(event.place, "lit");
        this.#later();
      }
      const passing = (event.view === "nat" || event.view === "connections") && (event.added.length || event.changed.length);
      if (passing) {
        this.#light(`${event.place} passing`, "passing");
        this.#paint();
      }
    } else if (ALL_CHANGED.has(event.type)) {
      if (event.type === "snapshot_taken") this.known.clear();
      this.#later();
    }
  }

  /**
   * @param {string} id
   * @param {"lit" | "passing"} how
   */
  #light(id, how) {
    this.lights.set(id, { how, until: Date.now() + GLOW });
    clearTimeout(this.dusk);
    this.dusk = setTimeout(() => this.#paint(), GLOW + 50);
  }

  #later() {
    if (this.timer || !this.store) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.#layOut();
    }, GAP);
  }

  // --- laying out ---

  async #layOut() {
    if (this.busy) {
      this.again = true;
      return;
    }
    if (!this.store) return;
    const whole = readGraph(this.store.places, this.store.docker, this.services);
    const graph = this.only ? onlyHost(whole, this.only) : whole;
    this.graph = this.#inOrder(graph);
    if (this.more) this.more.hidden = this.graph.left === 0 && !this.services;
    this.#write(outline(this.graph));
    const shape = JSON.stringify(this.graph);
    if (shape === this.shape) return this.#paint();
    this.busy = true;
    const began = performance.now();
    try {
      this.drawing = await arrange(this.graph, this.#engine());
      this.shape = shape;
      this.classList.remove("failed");
      this.#paint();
      this.dataset.took = (performance.now() - began).toFixed(1);
    } catch (error) {
      console.error("map: no layout", error);
      this.classList.add("failed"); // the words are shown instead
      if (this.words) this.words.hidden = false;
    } finally {
      this.busy = false;
      if (this.again) {
        this.again = false;
        this.#later();
      }
    }
    return undefined;
  }

  #engine() {
    const elk = this.elk ?? new ELK({ workerUrl: this.dataset.worker ?? "" });
    this.elk = elk;
    this.layout ??= remembering((level) => elk.layout(level));
    return this.layout;
  }

  /** What was there keeps its place in the order; what is new comes after it.
   * @param {Graph} graph */
  #inOrder(graph) {
    for (const node of graph.nodes) if (!this.order.has(node.id)) this.order.set(node.id, this.order.size);
    for (const edge of graph.edges) if (!this.order.has(edge.id)) this.order.set(edge.id, this.order.size);
    /** @param {{ id: string }} a @param {{ id: string }} b */
    const before = (a, b) => (this.order.get(a.id) ?? 0) - (this.order.get(b.id) ?? 0);
    return { ...graph, nodes: [...graph.nodes].sort(before), edges: [...graph.edges].sort(before) };
  }

  // --- drawing ---

  #paint() {
    if (!this.drawing || !this.graph || !this.sight) return;
    const now = Date.now();
    for (const [id, light] of this.lights) if (light.until < now) this.lights.delete(id);
    const first = this.known.size === 0;
    const ids = [...this.drawing.shapes.map((one) => one.node.id), ...this.drawing.wires.map((one) => one.edge.id)];
    if (!first) for (const id of ids) if (!this.known.has(id)) this.#light(id, "lit");
    this.known = new Set(ids);
    const passing = new Set(
      this.drawing.wires
        .filter((one) => ["forward", "uplink"].includes(one.edge.kind) && this.lights.has(`${one.edge.place} passing`))
        .map((one) => one.edge.id),
    );
    const lit = (/** @type {string} */ id) => (this.lights.has(id) ? " lit" : "") + (passing.has(id) ? " passing" : "");
    this.painter.paint(this.graph, this.drawing, { chosen: this.chosen, lit });
    this.sight.show(this.drawing);
    this.#rove();
    if (this.card) this.#card(this.card, false);
  }

  /** One stop for the tab key: the chosen box, or the first. */
  #rove() {
    const boxes = [...this.painter.world.querySelectorAll("[data-shape]")];
    const at =
      boxes.find((one) => one === document.activeElement) ??
      boxes.find((one) => one.getAttribute("data-shape") === this.chosen);
    for (const one of boxes) {
      const stop = one === (at ?? boxes[0]) ? "0" : "-1";
      if (one.getAttribute("tabindex") !== stop) one.setAttribute("tabindex", stop);
    }
  }

  /** @param {Entry[]} entries */
  #write(entries) {
    const looks = JSON.stringify(entries);
    if (looks === this.written || !this.words) return;
    this.written = looks;
    /** @param {Entry[]} those */
    const list = (those) => {
      const made = make("ul", "");
      for (const one of those) {
        const item = make("li", "");
        item.append(one.place ? button("", one.text, () => this.#open(one.id)) : make("span", "", one.text));
        if (one.inside.length) item.append(list(one.inside));
        made.append(item);
      }
      return made;
    };
    this.words.replaceChildren(list(entries));
  }

  // --- asking it ---

  /** @param {MouseEvent} event */
  #clicked(event) {
    if ((this.sight?.moved ?? 0) > 4) return;
    const shape = /** @type {Element} */ (event.target).closest("[data-shape]");
    if (shape) this.#open(shape.getAttribute("data-shape") ?? "");
    else this.#closeCard();
  }

  /** @param {string} id */
  #open(id) {
    const node = this.graph?.nodes.find((one) => one.id === id);
    if (!node) return;
    if (node.place) this.dispatchEvent(new CustomEvent("place", { detail: node.place, bubbles: true }));
    this.#card(id, true);
  }

  /**
   * @param {string} id
   * @param {boolean} enter
   */
  #card(id, enter) {
    const node = this.graph?.nodes.find((one) => one.id === id);
    if (!node || !this.store || !this.graph) return this.#closeCard();
    const focused = this.aside?.contains(document.activeElement);
    const looks = JSON.stringify([node, this.graph.edges.filter((one) => one.id.includes(id))]);
    if (!enter && looks === this.cardLooks) return undefined;
    this.card = id;
    this.cardLooks = looks;
    const made = makeCard(this.store, this.graph, node, {
      close: () => this.#closeCard(true),
      go: (other) => this.#open(other),
      only: (host) => this.#only(host),
      tell: (name, place) => this.dispatchEvent(new CustomEvent(name, { detail: place, bubbles: true })),
    });
    this.aside?.replaceChildren(made);
    this.sight?.leaveRoom(made.getBoundingClientRect());
    if (enter || focused) made.focus({ preventScroll: true });
    return undefined;
  }

  /** @param {boolean} [back] */
  #closeCard(back = false) {
    const from = this.card;
    this.card = "";
    this.aside?.replaceChildren();
    this.sight?.leaveRoom();
    if (back && from) this.#focus(from);
  }

  /** @param {string} host "" for all */
  #only(host) {
    this.only = host;
    this.shape = "";
    this.known.clear();
    this.#closeCard();
    this.sight?.refit(false);
    if (this.back) this.back.hidden = host === "";
    announce(host ? `The map shows ${host} only.` : "The map shows the whole sandbox.");
    void this.#layOut();
  }

  // --- a packet on its way ---

  /**
   * Shows a packet where this hop is: at the interface, or in the middle of its place.
   * @param {import("./types.js").Hop} hop
   */
  follow(hop) {
    const shape = this.#shapeOfHop(hop);
    if (!shape || !this.sight) return;
    clearTimeout(this.leaving);
    if (!this.packet) {
      this.packet = svg("circle", { r: 7, class: "packet" });
      this.painter.world.append(this.packet);
    }
    const port = shape.ports.find((one) => one.name === hop.interface);
    const [x, y] = port ? [port.x, port.y] : [shape.x + shape.width / 2, shape.y + shape.height / 2];
    this.packet.style.transform = `translate(${x}px, ${y}px)`;
    this.packet.setAttribute("class", `packet ${hop.kind}`);
    this.sight.reveal(shape);
    this.leaving = setTimeout(() => {
      this.packet?.remove();
      this.packet = undefined;
    }, LINGER);
  }

  /** @param {import("./types.js").Hop} hop */
  #shapeOfHop(hop) {
    const shapes = this.drawing?.shapes ?? [];
    const exact = shapes.find((one) => one.node.place === hop.place && one.node.key !== "" && one.node.key === hop.key);
    if (exact) return exact;
    const bridge = this.graph?.edges.find((one) => one.label === hop.interface && one.to.startsWith(`${hop.place} `));
    return (
      (bridge && hop.interface && shapes.find((one) => one.node.id === bridge.to)) ||
      shapes.find((one) => one.node.id === `${hop.place} eth0` && hop.interface !== "lo" && !LAST.has(hop.kind)) ||
      shapes.find((one) => one.node.id === hop.place)
    );
  }

  // --- keys ---

  /** @param {KeyboardEvent} event */
  #key(event) {
    const shape = /** @type {Element} */ (event.target).closest("[data-shape]");
    const turn = TURN[/** @type {keyof typeof TURN} */ (event.key)];
    if (event.key === "+" || event.key === "-") this.sight?.step(event.key === "+");
    else if (event.key === "0") this.sight?.refit(false);
    else if ((event.key === "Enter" || event.key === " ") && shape) this.#open(shape.getAttribute("data-shape") ?? "");
    else if (event.key === "Escape" && this.card) this.#closeCard();
    else if (turn && shape) this.#step(shape.getAttribute("data-shape") ?? "", turn);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /**
   * To the nearest box in that direction.
   * @param {string} id
   * @param {number[]} turn
   */
  #step(id, [dx, dy]) {
    const from = this.#shapeOf(id);
    if (!from) return;
    const far = (/** @type {Shape} */ one) => {
      const [x, y] = [one.x + one.width / 2 - from.x - from.width / 2, one.y + one.height / 2 - from.y - from.height / 2];
      const [along, across] = [x * dx + y * dy, Math.abs(x * dy) + Math.abs(y * dx)];
      return along > 1 ? along + 2 * across : Number.POSITIVE_INFINITY;
    };
    const around = new Set(this.graph ? boxesAround(this.graph, from.node) : []);
    const others = this.drawing?.shapes.filter((one) => !around.has(one.node.id) && Number.isFinite(far(one))) ?? [];
    const next = others.sort((a, b) => far(a) - far(b))[0];
    if (next) this.#focus(next.node.id);
  }

  /** @param {string} id */
  #focus(id) {
    const group = this.painter.drawn.get(id)?.group;
    group?.setAttribute("tabindex", "0");
    group?.focus({ preventScroll: true });
  }

  /** @param {Element} target */
  #focused(target) {
    const shape = this.#shapeOf(target.getAttribute("data-shape") ?? "");
    if (shape && target.matches(":focus-visible")) this.sight?.reveal(shape);
    this.#rove();
  }

  /** @param {string} id */
  #shapeOf(id) {
    return this.drawing?.shapes.find((one) => one.node.id === id);
  }

  // --- tools ---

  #tools() {
    const bar = make("div", "map-tools");
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Map");
    const back = button("all", "Whole sandbox", () => this.#only(""));
    back.hidden = true;
    this.back = back;
    const words = this.#tool("words", "The map in words", () => {
      const shown = this.classList.toggle("in-words");
      words.setAttribute("aria-pressed", String(shown));
      if (this.words) this.words.hidden = !shown;
    });
    words.setAttribute("aria-pressed", "false");
    const more = this.#tool("services", "With what Docker keeps for services", () => {
      this.services = !this.services;
      more.setAttribute("aria-pressed", String(this.services));
      this.sight?.refit(false);
      void this.#layOut();
    });
    more.setAttribute("aria-pressed", "false");
    more.hidden = true;
    this.more = more;
    bar.append(
      back,
      this.#tool("out", "Smaller", () => this.sight?.step(false)),
      this.#tool("in", "Larger", () => this.sight?.step(true)),
      this.#tool("fit", "Everything in sight", () => this.sight?.refit(!this.sight.own)),
      words,
      more,
      this.#tool("save", "Save as SVG; with Shift as PNG", (event) => void this.#save(event.shiftKey)),
    );
    return bar;
  }

  /**
   * @param {string} icon
   * @param {string} label
   * @param {(event: MouseEvent) => void} act
   */
  #tool(icon, label, act) {
    const made = /** @type {HTMLButtonElement} */ (make("button", "tool"));
    made.type = "button";
    made.title = label;
    made.setAttribute("aria-label", label);
    const drawn = this.icons?.get(icon)?.content.cloneNode(true);
    if (drawn) made.append(drawn);
    made.addEventListener("click", act);
    return made;
  }

  /** @param {boolean} png */
  async #save(png) {
    if (!this.picture || !this.drawing) return;
    const text = asSvg(this.picture, this.drawing);
    const blob = png ? await asPng(text, this.drawing) : new Blob([text], { type: "image/svg+xml" });
    save(blob, `sandbox-map.${png ? "png" : "svg"}`);
  }

  painter = new Painter();
  /** @type {MapSight | undefined} */
  sight = undefined;
  /** @type {SVGSVGElement | undefined} */
  picture = undefined;
  /** @type {HTMLElement | undefined} */
  words = undefined;
  /** @type {HTMLElement | undefined} */
  aside = undefined;
  /** @type {HTMLButtonElement | undefined} */
  back = undefined;
  /** @type {Map<string, HTMLTemplateElement> | undefined} */
  icons = undefined;
  /** @type {Store | undefined} */
  store = undefined;
  /** @type {Layouter | undefined} */
  elk = undefined;
  /** @type {ReturnType<typeof remembering> | undefined} */
  layout = undefined;
  /** @type {Graph | undefined} */
  graph = undefined;
  /** @type {Drawing | undefined} */
  drawing = undefined;
  /** @type {Map<string, number>} */
  order = new Map();
  /** @type {Map<string, { how: string, until: number }>} */
  lights = new Map();
  /** @type {Set<string>} */
  known = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  dusk = undefined;
  /** @type {SVGElement | undefined} */
  packet = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  leaving = undefined;
  /** @type {HTMLButtonElement | undefined} */
  more = undefined;
  services = false;
  chosen = "";
  only = "";
  card = "";
  cardLooks = "";
  shape = "";
  written = "";
  busy = false;
  again = false;
}

/**
 * @param {Graph} graph
 * @param {import("./map-model.js").Node} node
 */
function boxesAround(graph, node) {
  const ids = [node.id];
  for (let at = node.parent; at && ids.length < 8; at = graph.nodes.find((one) => one.id === at)?.parent ?? "") ids.push(at);
  return ids;
}
