// Where everything of a scene is drawn: hosts around networks around containers, machines beside them, the LAN below. Pure.

/** @import { Box, HostScene, Scene } from "./map-scene.js" */

/**
 * @typedef {{ id: string, kind: "host" | "container" | "bridge" | "nic" | "machine" | "lan" | "empty" | "ports", x: number, y: number,
 *   width: number, height: number, title: string, lines: string[], place: string, faint: boolean }} Shape
 * @typedef {{ id: string, points: [number, number][], kind: "veth" | "forward" | "uplink", label: string, place: string }} Wire
 * @typedef {{ width: number, height: number, shapes: Shape[], wires: Wire[] }} Drawing
 */

const BOX = { width: 148, height: 62, gap: 18 };
const BAR = { height: 42, least: 176 };
const PAD = 18;
const TITLE = 30;
const DROP = 44; // between a container and its bridge
const NIC = { width: 178, height: 40 };
const LAN = { gap: 30, height: 26 };

/**
 * @param {Scene} scene
 * @returns {Drawing}
 */
export function layOut(scene) {
  /** @type {Drawing} */
  const drawing = { width: 0, height: 0, shapes: [], wires: [] };
  let x = 0;
  const tall = PAD + TITLE + BOX.height + DROP + BAR.height + DROP + NIC.height / 2;
  /** @type {[number, string][]} */
  const drops = [];
  for (const host of scene.hosts) {
    const width = placeHost(host, x, tall, drawing);
    drops.push([x + width / 2, host.id]);
    x += width + 28;
  }
  for (const machine of scene.machines) {
    const y = tall - 78;
    drawing.shapes.push(
      shape(machine.id, "machine", x, y, 156, 78 + NIC.height / 2, machine.id, [
        machine.address,
        machine.note || "a machine on the LAN",
      ]),
    );
    drops.push([x + 78, machine.id]);
    x += 156 + 28;
  }
  drawing.width = Math.max(x - 28, 320);
  placeLan(scene.lan, drops, tall + NIC.height / 2, drawing);
  return drawing;
}

/**
 * @param {string} lan
 * @param {[number, string][]} drops
 * @param {number} from
 * @param {Drawing} drawing
 */
function placeLan(lan, drops, from, drawing) {
  const y = from + LAN.gap;
  drawing.shapes.push(shape("lan", "lan", 0, y, drawing.width, LAN.height, "LAN", [lan]));
  for (const [x, id] of drops) {
    drawing.wires.push({
      id: `lan-${id}`,
      points: [
        [x, from],
        [x, y],
      ],
      kind: "uplink",
      label: "",
      place: id,
    });
  }
  drawing.height = y + LAN.height;
}

/**
 * Containers stand in columns grouped by their first network; each network's bar lies under its own group.
 * @param {HostScene} host
 * @param {number} left
 * @param {number} tall
 * @param {Drawing} drawing
 */
function placeHost(host, left, tall, drawing) {
  const top = PAD + TITLE;
  const barTop = top + BOX.height + DROP;
  const inside = left + PAD;
  let x = inside;
  const shapes = [];
  const wires = [];
  /** @type {Map<string, { x: number, width: number }>} */
  const bars = new Map();
  for (const one of host.switches) {
    const group = host.boxes.filter((box) => box.plugs[0]?.network === one.bridge);
    const width = Math.max(BAR.least, group.length * (BOX.width + BOX.gap) - BOX.gap);
    const start = x + (width - (group.length * (BOX.width + BOX.gap) - BOX.gap)) / 2;
    shapes.push(...group.map((box, at) => containerShape(box, start + at * (BOX.width + BOX.gap), top)));
    bars.set(one.bridge, { x, width });
    const title = one.name ? `${one.name} · ${one.bridge}` : one.bridge;
    shapes.push({
      ...shape(`${host.id} ${one.bridge}`, "bridge", x, barTop, width, BAR.height, shorten(title, width), [one.address]),
      place: host.id,
      faint: !one.up,
    });
    x += width + BOX.gap;
  }
  for (const box of host.boxes.filter((one) => !bars.has(one.plugs[0]?.network ?? ""))) {
    shapes.push(containerShape(box, x, top));
    x += BOX.width + BOX.gap;
  }
  const width = Math.max(x - BOX.gap - inside, NIC.width + 24) + 2 * PAD;
  if (host.boxes.length === 0) {
    shapes.push({
      ...shape(`${host.id} empty`, "empty", inside, top, width - 2 * PAD, BOX.height, "no containers yet", []),
      place: host.id,
    });
  }
  const middle = left + width / 2;
  const nicTop = tall - NIC.height / 2;
  const nic = {
    ...shape(`${host.id} nic`, "nic", middle - NIC.width / 2, nicTop, NIC.width, NIC.height, host.nic, [host.address]),
    place: host.id,
  };
  for (const [bridge, bar] of bars) {
    const at = bar.x + bar.width / 2;
    const turn = barTop + BAR.height + DROP / 2 - 4;
    wires.push(
      wire(
        `${host.id} ${bridge} forward`,
        [
          [at, barTop + BAR.height],
          [at, turn],
          [middle, turn],
          [middle, nicTop],
        ],
        "forward",
        "",
        host.id,
      ),
    );
  }
  for (const box of host.boxes) wires.push(...plugWires(box, shapes, bars, barTop));
  drawing.shapes.push(shape(host.id, "host", left, PAD, width, tall - PAD, host.id, host.note ? [host.note] : []));
  drawing.shapes.push(...shapes, nic);
  if (host.ports.length) drawing.shapes.push(portsShape(host, left + width, PAD));
  drawing.wires.push(...wires);
  return width;
}

/**
 * @param {HostScene} host
 * @param {number} right
 * @param {number} top
 */
function portsShape(host, right, top) {
  const text =
    host.ports.length > 2 ? `${host.ports.slice(0, 2).join("   ")}   +${host.ports.length - 2}` : host.ports.join("   ");
  const width = text.length * 6.7 + 16;
  return { ...shape(`${host.id} ports`, "ports", right - width - 10, top + 5, width, 20, text, []), place: host.id };
}

/**
 * @param {Box} box
 * @param {number} x
 * @param {number} y
 */
function containerShape(box, x, y) {
  const lines = box.plugs.length
    ? box.plugs.slice(0, 2).map((plug) => `${plug.name} ${plug.address}`)
    : [shorten(box.note, BOX.width)];
  return {
    ...shape(box.id, "container", x, y, BOX.width, BOX.height, shorten(box.name, BOX.width), lines),
    faint: box.unreadable,
  };
}

/**
 * @param {Box} box
 * @param {Shape[]} shapes
 * @param {Map<string, { x: number, width: number }>} bars
 * @param {number} barTop
 */
function plugWires(box, shapes, bars, barTop) {
  const at = shapes.find((one) => one.id === box.id && one.kind === "container");
  if (!at) return [];
  const count = box.plugs.length;
  return box.plugs.flatMap((plug, index) => {
    const bar = bars.get(plug.network);
    if (!bar) return [];
    const x = at.x + (at.width * (index + 1)) / (count + 1);
    const bottom = at.y + at.height;
    const id = `${box.id} ${plug.name}`;
    const under = x >= bar.x + 8 && x <= bar.x + bar.width - 8;
    if (under)
      return [
        wire(
          id,
          [
            [x, bottom],
            [x, barTop],
          ],
          "veth",
          plug.host,
          box.id,
        ),
      ];
    const target = x < bar.x ? bar.x + 22 : bar.x + bar.width - 22;
    const turn = bottom + 14 + index * 7;
    return [
      wire(
        id,
        [
          [x, bottom],
          [x, turn],
          [target, turn],
          [target, barTop],
        ],
        "veth",
        plug.host,
        box.id,
      ),
    ];
  });
}

/**
 * @param {string} id
 * @param {Shape["kind"]} kind
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @param {string} title
 * @param {string[]} lines
 * @returns {Shape}
 */
function shape(id, kind, x, y, width, height, title, lines) {
  return { id, kind, x, y, width, height, title, lines: lines.filter(Boolean), place: id, faint: false };
}

/**
 * @param {string} id
 * @param {[number, number][]} points
 * @param {Wire["kind"]} kind
 * @param {string} label
 * @param {string} place
 * @returns {Wire}
 */
function wire(id, points, kind, label, place) {
  return { id, points, kind, label, place };
}

/**
 * @param {string} text
 * @param {number} width
 */
export function shorten(text, width) {
  const room = Math.floor((width - 20) / 7.3);
  return text.length > room ? `${text.slice(0, Math.max(1, room - 1))}…` : text;
}

/**
 * A wire as an SVG path with rounded corners.
 * @param {[number, number][]} points
 */
export function pathOf(points) {
  const radius = 7;
  let path = `M${points[0][0]} ${points[0][1]}`;
  for (let at = 1; at < points.length - 1; at += 1) {
    const [x, y] = points[at];
    const [before, after] = [points[at - 1], points[at + 1]];
    const inward = step(points[at], before, radius);
    const outward = step(points[at], after, radius);
    path += `L${inward[0]} ${inward[1]}Q${x} ${y} ${outward[0]} ${outward[1]}`;
  }
  const last = points[points.length - 1];
  return `${path}L${last[0]} ${last[1]}`;
}

/**
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @param {number} most
 */
function step(from, to, most) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const part = length === 0 ? 0 : Math.min(most, length / 2) / length;
  return [from[0] + (to[0] - from[0]) * part, from[1] + (to[1] - from[1]) * part];
}
