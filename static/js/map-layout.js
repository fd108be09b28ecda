// Where everything of a scene is drawn: hosts around networks around containers, machines beside them, the LAN below. Pure.

/** @import { Box, HostScene, Scene } from "./map-scene.js" */

/**
 * @typedef {{ id: string, kind: "host" | "container" | "bridge" | "nic" | "machine" | "lan" | "empty" | "ports", x: number, y: number,
 *   width: number, height: number, title: string, lines: string[], place: string, faint: boolean, full?: string }} Shape
 *   `full` is what a shortened title stands for
 * @typedef {{ id: string, points: [number, number][], kind: "veth" | "forward" | "uplink", label: string, place: string }} Wire
 * @typedef {{ width: number, height: number, shapes: Shape[], wires: Wire[] }} Drawing
 */

const BOX = { width: 126, height: 58, gap: 16 };
const BAR = { height: 40, least: 170 };
const PAD = 14;
const TITLE = 26;
const DROP = 34; // between a container and its bridge
const CHANNEL = 16; // under the bridges, for the ways of those farther from eth0
const NIC = { width: 132, height: 42 };
const LAN = { width: 24, reach: 34 };
const MACHINE = { width: 150, height: 74, gap: 18 };
const HOST_HEIGHT = TITLE + BOX.height + DROP + BAR.height + CHANNEL + PAD;
const BETWEEN = 20;

/**
 * Hosts stand above each other, their network cards on the right edge; then the LAN as one upright bar; then the machines.
 * @param {Scene} scene
 * @returns {Drawing}
 */
export function layOut(scene) {
  /** @type {Drawing} */
  const drawing = { width: 0, height: 0, shapes: [], wires: [] };
  const nics = scene.hosts.map((host, at) => ({ id: host.id, ...placeHost(host, at * (HOST_HEIGHT + BETWEEN), drawing) }));
  const hostsHeight = Math.max(HOST_HEIGHT, scene.hosts.length * (HOST_HEIGHT + BETWEEN) - BETWEEN);
  const machinesHeight = scene.machines.length * (MACHINE.height + MACHINE.gap) - MACHINE.gap;
  drawing.height = Math.max(hostsHeight, machinesHeight);
  const lan = Math.max(240, ...nics.map((nic) => nic.right)) + LAN.reach;
  for (const nic of nics)
    drawing.wires.push(
      wire(
        `lan ${nic.id}`,
        [
          [nic.right, nic.y],
          [lan, nic.y],
        ],
        "uplink",
        "",
        nic.id,
      ),
    );
  drawing.shapes.push(shape("lan", "lan", lan, 0, LAN.width, drawing.height, "LAN", [scene.lan]));
  const left = lan + LAN.width + LAN.reach;
  const top = (drawing.height - machinesHeight) / 2;
  scene.machines.forEach((machine, at) => {
    const y = top + at * (MACHINE.height + MACHINE.gap);
    const words = [machine.address, machine.note || "on the LAN"];
    drawing.shapes.push(shape(machine.id, "machine", left, y, MACHINE.width, MACHINE.height, machine.id, words));
    const middle = y + MACHINE.height / 2;
    drawing.wires.push(
      wire(
        `lan ${machine.id}`,
        [
          [lan + LAN.width, middle],
          [left, middle],
        ],
        "uplink",
        "",
        machine.id,
      ),
    );
  });
  drawing.width = scene.machines.length ? left + MACHINE.width : lan + LAN.width;
  return drawing;
}

/**
 * Containers stand in columns grouped by their first network; each network's bar lies under its own group.
 * @param {HostScene} host
 * @param {number} top
 * @param {Drawing} drawing
 * @returns {{ right: number, y: number }} where its network card ends
 */
function placeHost(host, top, drawing) {
  const boxTop = top + TITLE;
  const barTop = boxTop + BOX.height + DROP;
  let x = PAD;
  /** @type {Shape[]} */
  const shapes = [];
  /** @type {Map<string, { x: number, width: number }>} */
  const bars = new Map();
  for (const one of host.switches) {
    const group = host.boxes.filter((box) => box.plugs[0]?.network === one.bridge);
    const needed = group.length * (BOX.width + BOX.gap) - BOX.gap;
    const width = Math.max(BAR.least, needed);
    const start = x + (width - needed) / 2;
    shapes.push(...group.map((box, at) => containerShape(box, start + at * (BOX.width + BOX.gap), boxTop)));
    bars.set(one.bridge, { x, width });
    const title = one.name && one.name !== one.bridge ? `${one.name} · ${one.bridge}` : one.bridge;
    const bar = shape(`${host.id} ${one.bridge}`, "bridge", x, barTop, width, BAR.height, shorten(title, width), [one.address]);
    shapes.push({ ...bar, place: host.id, faint: !one.up, full: title });
    x += width + BOX.gap;
  }
  for (const box of host.boxes.filter((one) => !bars.has(one.plugs[0]?.network ?? ""))) {
    shapes.push(containerShape(box, x, boxTop));
    x += BOX.width + BOX.gap;
  }
  if (host.boxes.length === 0) {
    const width = Math.max(BAR.least, x - BOX.gap - PAD);
    shapes.push({
      ...shape(`${host.id} empty`, "empty", PAD, boxTop, width, BOX.height, "no containers yet", []),
      place: host.id,
    });
    x = Math.max(x, PAD + width + BOX.gap);
  }
  const right = x + BOX.gap + NIC.width / 2;
  const y = barTop + BAR.height / 2;
  const nicLeft = right - NIC.width / 2;
  const nic = shape(`${host.id} nic`, "nic", nicLeft, y - NIC.height / 2, NIC.width, NIC.height, host.nic, [host.address]);
  drawing.wires.push(...forwardWires(host.id, bars, nicLeft, y, barTop));
  for (const box of host.boxes) drawing.wires.push(...plugWires(box, shapes, bars, barTop));
  drawing.shapes.push(shape(host.id, "host", 0, top, right, HOST_HEIGHT, host.id, host.note ? [host.note] : []));
  drawing.shapes.push(...shapes, { ...nic, place: host.id });
  if (host.ports.length) drawing.shapes.push(portsShape(host, right, top));
  return { right: right + NIC.width / 2, y };
}

/**
 * From each bridge to the network card: straight from the nearest one, under the others' neighbours from the rest.
 * @param {string} host
 * @param {Map<string, { x: number, width: number }>} bars
 * @param {number} nicLeft
 * @param {number} y
 * @param {number} barTop
 */
function forwardWires(host, bars, nicLeft, y, barTop) {
  const last = [...bars.keys()].pop();
  return [...bars].map(([bridge, bar]) => {
    const id = `${host} ${bridge} forward`;
    const end = bar.x + bar.width;
    if (bridge === last)
      return wire(
        id,
        [
          [end, y],
          [nicLeft, y],
        ],
        "forward",
        "",
        host,
      );
    const under = barTop + BAR.height + CHANNEL / 2 + 2;
    const from = end - 24;
    return wire(
      id,
      [
        [from, barTop + BAR.height],
        [from, under],
        [nicLeft + 20, under],
        [nicLeft + 20, y + NIC.height / 2],
      ],
      "forward",
      "",
      host,
    );
  });
}

/**
 * @param {HostScene} host
 * @param {number} right
 * @param {number} top
 */
function portsShape(host, right, top) {
  const room = Math.max(1, Math.floor((right - 60) / 125));
  const more = host.ports.length > room ? ` · +${host.ports.length - room}` : "";
  const text = host.ports.slice(0, room).join(" · ") + more;
  const width = text.length * 6.7 + 16;
  return { ...shape(`${host.id} ports`, "ports", right - width - 8, top + 4, width, 18, text, []), place: host.id };
}

/**
 * @param {Box} box
 * @param {number} x
 * @param {number} y
 */
function containerShape(box, x, y) {
  const lines = box.plugs.length
    ? box.plugs.slice(0, 2).map((plug) => (box.plugs.length > 1 ? `${plug.name} ${plug.address}` : plug.address || plug.name))
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
  const room = Math.floor((width - 8) / 7.1);
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
