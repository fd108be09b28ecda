// <net-map>: the sandbox as a drawing, laid out by ELK in a worker. Every box is a button; what has just changed glows.

import ELK from "elkjs/lib/elk-api.js";
import { announce, make, svg } from "../page/dom.js";
import { makeCard } from "./card.js";
import { Painter } from "./draw.js";
import { arrange, remembering } from "./elk.js";
import { asPng, asSvg, save } from "./export.js";
import { onlyHost, readGraph } from "./graph.js";
import { Lights } from "./lights.js";
import { nearest } from "./nearest.js";
import { Outline } from "./outline.js";
import { PacketMark, shapeOfHop } from "./packet.js";
import { MapSight } from "./sight.js";
import { Sky } from "./sky.js";
import { makeTools } from "./tools.js";

/** @import { ELK as Layouter } from "elkjs/lib/elk-api.js" */
/** @import { Drawing } from "./drawing.js" */
/** @import { Graph } from "./model.js" */
/** @import { Store } from "../stream/store.js" */
/** @import { StreamEvent } from "../stream/types.js" */

const GAP = 16; // milliseconds: a burst of changes is laid out once; what comes during a layout is in the next, at once
const ALL_CHANGED = new Set(["snapshot_taken", "place_seen", "place_gone", "docker_changed"]);
const TURN = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

export class NetMap extends HTMLElement {
  connectedCallback() {
    if (this.sight) return;
    const icons = new Map([...this.querySelectorAll("template")].map((one) => [one.dataset.icon ?? "", one]));
    const picture = /** @type {SVGSVGElement} */ (
      svg("svg", { role: "group", "aria-label": "Map of the sandbox", class: "picture" })
    );
    picture.append(this.painter.world);
    this.picture = picture;
    this.sight = new MapSight(picture, this.painter.world, this.hasAttribute("whole"));
    this.aside = make("div", "map-aside");
    this.tools = this.#tools(icons);
    this.replaceChildren(picture, this.words.list, this.tools.bar, this.aside);
    picture.addEventListener("click", (event) => this.#clicked(event));
    picture.addEventListener("keydown", (event) => this.#key(event));
    picture.addEventListener("focusin", (event) => this.#focused(/** @type {Element} */ (event.target)));
  }

  disconnectedCallback() {
    if (this.isConnected) return;
    this.elk?.terminateWorker();
    clearTimeout(this.timer);
    this.lights.stop();
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
        if (event.added.length || event.changed.length || event.removed.length) this.lights.light(event.place);
        this.#later();
      } else if (event.view === "qdiscs") this.#later();
    } else if (event.type === "weather_told") this.sky.told(event);
    else if (event.type === "frames_counted") {
      this.lights.pass(event.place, event.interfaces, event.rates);
      this.#paint();
    } else if (ALL_CHANGED.has(event.type)) {
      if (event.type === "snapshot_taken") this.known.clear();
      this.#later();
    }
  }

  #later() {
    if (!this.store) return;
    this.timer ??= setTimeout(() => {
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
    if (this.tools) this.tools.services.hidden = this.graph.left === 0 && !this.services;
    this.words.write(this.graph);
    const shape = JSON.stringify(this.graph);
    if (shape === this.shape) return this.#paint();
    this.busy = true;
    try {
      this.drawing = await arrange(this.graph, this.#engine());
      this.shape = shape;
      this.classList.remove("failed");
      this.#paint();
    } catch (error) {
      console.error("map: no layout", error);
      this.classList.add("failed"); // the words are shown instead
      this.words.turn(true);
    } finally {
      this.busy = false;
      if (this.again) {
        this.again = false;
        void this.#layOut();
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
    const first = this.known.size === 0;
    const ids = [...this.drawing.shapes.map((one) => one.node.id), ...this.drawing.wires.map((one) => one.edge.id)];
    if (!first) for (const id of ids) if (!this.known.has(id)) this.lights.light(id);
    this.known = new Set(ids);
    this.painter.paint(this.graph, this.drawing, {
      chosen: this.chosen,
      lit: this.lights.classes(this.drawing),
      rate: (edge) => this.lights.rate(edge),
    });
    this.sight.show(this.drawing);
    this.#rove();
    if (this.card) this.#card(this.card, false);
  }

  /** Makes the map one stop for the Tab key: the chosen box, or the first one. */
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
      sky: this.closest("live-sandbox") ? this.sky : undefined,
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
    if (this.tools) this.tools.back.hidden = host === "";
    announce(host ? `The map shows ${host} only.` : "The map shows the whole sandbox.");
    void this.#layOut();
  }

  // --- a packet on its way ---

  /**
   * Shows a packet where this hop is: at the interface, or in the middle of its place.
   * @param {import("../stream/types.js").Hop} hop
   */
  follow(hop) {
    if (!this.graph || !this.drawing) return;
    const shape = shapeOfHop(hop, this.graph, this.drawing);
    if (!shape) return;
    this.packet.show(hop, this.drawing, shape);
    this.sight?.reveal(shape);
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
  #step(id, turn) {
    const from = this.#shapeOf(id);
    const next = from && this.graph && this.drawing && nearest(this.graph, this.drawing, from, turn);
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

  /** @param {Map<string, HTMLTemplateElement>} icons */
  #tools(icons) {
    return makeTools(icons, {
      all: () => this.#only(""),
      step: (larger) => this.sight?.step(larger),
      fit: () => this.sight?.refit(!this.sight.own),
      words: () => {
        const shown = this.classList.toggle("in-words");
        this.words.turn(shown);
        return shown;
      },
      services: () => {
        this.services = !this.services;
        this.sight?.refit(false);
        void this.#layOut();
        return this.services;
      },
      save: (png) => void this.#save(png),
    });
  }

  /** @param {boolean} png */
  async #save(png) {
    if (!this.picture || !this.drawing) return;
    const text = asSvg(this.picture, this.drawing);
    const blob = png ? await asPng(text, this.drawing) : new Blob([text], { type: "image/svg+xml" });
    save(blob, `sandbox-map.${png ? "png" : "svg"}`);
  }

  painter = new Painter();
  lights = new Lights(() => this.#paint());
  sky = new Sky((wish) => this.dispatchEvent(new CustomEvent("wish", { detail: wish, bubbles: true })));
  packet = new PacketMark(this.painter.world);
  words = new Outline((id) => this.#open(id));
  /** @type {MapSight | undefined} */
  sight = undefined;
  /** @type {SVGSVGElement | undefined} */
  picture = undefined;
  /** @type {HTMLElement | undefined} */
  aside = undefined;
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
  /** @type {Set<string>} */
  known = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer = undefined;
  /** @type {import("./tools.js").Tools | undefined} */
  tools = undefined;
  services = false;
  chosen = "";
  only = "";
  card = "";
  cardLooks = "";
  shape = "";
  busy = false;
  again = false;
}
