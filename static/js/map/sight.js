// Which part of the map is visible, and how large. The map is fitted to its pane until somebody moves it by wheel, drag,
// pinch, keys or buttons.

const LEAST = 0.25;
const MOST = 3;
const READABLE = 0.68; // smaller than this, letters cannot be read: then the map is moved, not shrunk
const LARGEST = 1.35;
const MARGIN = 10;
const STEP = 1.25;
const MUCH = 1.3; // so much larger a map could be shown that it is

/** @typedef {{ x: number, y: number, scale: number }} Sight */

/**
 * @param {{ width: number, height: number }} drawing
 * @param {{ width: number, height: number }} pane
 * @param {boolean} whole all of it, however small
 * @returns {Sight}
 */
export function fit(drawing, pane, whole = false) {
  const room = { width: Math.max(60, pane.width - 2 * MARGIN), height: Math.max(60, pane.height - 2 * MARGIN) };
  const wanted = Math.min(room.width / drawing.width, room.height / drawing.height, LARGEST);
  const scale = Math.max(whole ? LEAST : READABLE, wanted);
  /** @param {number} size @param {number} space */
  const start = (size, space) => (size * scale > space ? MARGIN : MARGIN + (space - size * scale) / 2);
  return { x: start(drawing.width, room.width), y: start(drawing.height, room.height), scale };
}

/**
 * The visible part after the map has changed. It moves as little as possible, so that what is seen stays in its place.
 * It is fitted again only when the map could be shown much larger.
 * @param {Sight} before
 * @param {{ width: number, height: number }} drawing
 * @param {{ width: number, height: number }} pane
 * @param {boolean} whole
 * @returns {Sight}
 */
export function follow(before, drawing, pane, whole = false) {
  const wanted = fit(drawing, pane, whole);
  if (wanted.scale >= before.scale * MUCH) return wanted;
  const scale = Math.min(before.scale, wanted.scale);
  /** @param {number} from @param {number} size @param {number} space */
  const stay = (from, size, space) => Math.max(MARGIN, Math.min(from, space - MARGIN - size * scale));
  return { scale, x: stay(before.x, drawing.width, pane.width), y: stay(before.y, drawing.height, pane.height) };
}

/**
 * Larger or smaller around one point of the pane.
 * @param {Sight} sight
 * @param {number} by
 * @param {number} x
 * @param {number} y
 * @returns {Sight}
 */
export function zoomed(sight, by, x, y) {
  const scale = Math.min(MOST, Math.max(LEAST, sight.scale * by));
  const ratio = scale / sight.scale;
  return { scale, x: x - (x - sight.x) * ratio, y: y - (y - sight.y) * ratio };
}

export class MapSight {
  /**
   * @param {SVGSVGElement} pane
   * @param {SVGElement} world
   * @param {boolean} whole all of it is shown by itself, however small: where maps stand beside each other
   */
  constructor(pane, world, whole = false) {
    this.pane = pane;
    this.whole = whole;
    this.world = world;
    this.own = false; // somebody has moved it: it does not fit itself any more
    /** @type {Sight} */
    this.sight = { x: 0, y: 0, scale: 1 };
    this.drawing = { width: 1, height: 1 };
    this.covered = 0;
    this.turned = "";
    /** @type {Map<number, { x: number, y: number }>} */
    this.fingers = new Map();
    pane.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    pane.addEventListener("pointerdown", (event) => this.#down(event));
    pane.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      pane.addEventListener(end, (event) => this.fingers.delete(/** @type {PointerEvent} */ (event).pointerId));
    this.moved = 0; // how far the pointer went: a click that moved is no click
    /** @type {{ width: number, height: number } | undefined} as told: to ask would have the page laid out at once */
    this.size = undefined;
    new ResizeObserver(([{ contentRect }]) => {
      this.size = contentRect;
      this.settle();
    }).observe(pane);
  }

  /**
   * Takes a changed map. Nothing else on the screen moves, as long as there is room.
   * @param {{ width: number, height: number }} drawing
   */
  show(drawing) {
    const first = this.drawing.width <= 1;
    this.drawing = drawing;
    if (first) return this.settle();
    if (!this.own) this.sight = follow(this.sight, drawing, this.#size(), this.whole);
    return this.#apply();
  }

  settle() {
    if (!this.own) this.sight = fit(this.drawing, this.#size(), this.whole);
    this.#apply();
  }

  /** @param {boolean} whole */
  refit(whole) {
    this.own = whole;
    this.sight = fit(this.drawing, this.#size(), whole);
    this.#apply();
  }

  /** @param {boolean} larger */
  step(larger) {
    const { width, height } = this.#size();
    this.#turn(zoomed(this.sight, larger ? STEP : 1 / STEP, width / 2, height / 2));
  }

  /**
   * Moves the map so that this part is visible.
   * @param {{ x: number, y: number, width: number, height: number }} area
   */
  reveal(area) {
    const { width, height } = this.#size();
    const { x, y, scale } = this.sight;
    const [left, top] = [area.x * scale + x, area.y * scale + y];
    const [right, bottom] = [left + area.width * scale, top + area.height * scale];
    const dx = left < MARGIN ? MARGIN - left : right > width - MARGIN ? width - MARGIN - right : 0;
    const dy = top < MARGIN ? MARGIN - top : bottom > height - MARGIN ? height - MARGIN - bottom : 0;
    if (dx || dy) this.#turn({ scale, x: x + dx, y: y + dy });
  }

  /**
   * A card covers the right side of the pane: the map is fitted into the rest, if there is enough room.
   * @param {DOMRect} [card]
   */
  leaveRoom(card) {
    const pane = this.pane.getBoundingClientRect();
    const left = card ? card.left - pane.left : pane.width;
    this.covered = left > pane.width / 2 ? pane.width - left : 0;
    this.settle();
  }

  #size() {
    const { width, height } = this.size ?? this.pane.getBoundingClientRect();
    return { width: width - this.covered, height };
  }

  /** @param {Sight} sight */
  #turn(sight) {
    this.own = true;
    this.sight = sight;
    this.#apply();
  }

  #apply() {
    const { x, y, scale } = this.sight;
    const turned = `translate(${x} ${y}) scale(${scale})`;
    if (turned !== this.turned) this.world.setAttribute("transform", turned);
    this.turned = turned;
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!event.ctrlKey && this.pane.closest("[data-calm]")) return; // on a page that scrolls, the wheel is the page's
    event.preventDefault();
    const { left, top } = this.pane.getBoundingClientRect();
    this.#turn(
      zoomed(this.sight, Math.exp(-event.deltaY / (event.ctrlKey ? 120 : 600)), event.clientX - left, event.clientY - top),
    );
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    this.moved = 0;
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    this.moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (this.moved > 4 && !this.pane.hasPointerCapture(event.pointerId)) this.pane.setPointerCapture(event.pointerId);
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, now);
    if (!other) {
      if (this.moved > 4) this.#turn({ ...this.sight, x: this.sight.x + now.x - before.x, y: this.sight.y + now.y - before.y });
      return;
    }
    const { left, top } = this.pane.getBoundingClientRect();
    const by = Math.hypot(now.x - other.x, now.y - other.y) / (Math.hypot(before.x - other.x, before.y - other.y) || 1);
    this.#turn(zoomed(this.sight, by, (now.x + other.x) / 2 - left, (now.y + other.y) / 2 - top));
  }
}
