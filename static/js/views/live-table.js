// <live-table>: one view of one place, line by line as the tool prints it. New lines glow, removed lines stay for a moment,
// and each line can say why it is there. A table that `folds` shows the first line of each item, and the other lines when it
// is opened.

import { button, make, rove } from "../page/dom.js";
import { nameOf } from "./what-added.js";

/** @import { Line, Observation } from "../stream/types.js" */

const LINGER = 5_000;

/** @typedef {{ key: string, lines: Line[], why: string, about: string[] }} Group lines of one item, as printed together */

/**
 * @param {Line[]} lines
 * @returns {Group[]}
 */
export function grouped(lines) {
  /** @type {Group[]} */
  const groups = [];
  for (const line of lines) {
    const last = groups[groups.length - 1];
    if (last && line.key && last.key === line.key) {
      last.lines.push(line);
      last.why ||= line.why;
      if (!last.about.length) last.about = line.about ?? [];
    } else groups.push({ key: line.key, lines: [line], why: line.why, about: line.about ?? [] });
  }
  return groups;
}

/**
 * Key of a rule or chain → the number of packets that it has counted.
 * @param {Line[]} lines
 */
export function counted(lines) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const line of lines) {
    const told = line.text.match(/^\[(\d+):\d+\] |^:.* \[(\d+):\d+\]$/);
    if (told) found.set(line.key, Number(told[1] ?? told[2]));
  }
  return found;
}

export class LiveTable extends HTMLElement {
  constructor() {
    super();
    this.place = "";
    this.folds = false;
    this.named = ""; // what people call the place
    /** @type {Observation | undefined} */
    this.observation = undefined;
    /** @type {Set<string>} */
    this.opened = new Set();
    /** @type {Map<string, { kind: "added" | "changed" | "hit", until: number, packets?: number }>} */
    this.marks = new Map();
    /** @type {{ lines: Line[], after: string, until: number }[]} */
    this.ghosts = [];
    /** @type {Map<string, { looks: string, node: HTMLElement }>} */
    this.items = new Map();
    this.head = make("div", "prompt pt-0.5 pb-1 px-4 text-muted");
    this.body = make("div", "rows min-w-max");
    this.body.setAttribute("role", "list");
    rove(this.body, ".row", { vertical: true });
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.sweep = undefined;
  }

  connectedCallback() {
    if (!this.head.isConnected) this.append(this.head, this.body);
  }

  /**
   * Shows a place's view without marking changes.
   * @param {string} place
   * @param {Observation | undefined} observation
   */
  show(place, observation) {
    if (place !== this.place) this.opened.clear();
    this.place = place;
    this.items.clear();
    this.marks.clear();
    this.ghosts = [];
    this.observation = observation;
    this.#draw();
  }

  /**
   * Shows the same view after a change, and marks what is different.
   * @param {Observation} observation
   * @param {string[]} added
   * @param {string[]} changed
   * @param {Line[]} removed
   */
  update(observation, added, changed, removed) {
    const before = grouped(this.observation?.lines ?? []);
    const until = Date.now() + LINGER;
    const isNew = new Set(added);
    for (const key of added) this.marks.set(key, { kind: "added", until });
    const packets = counted(observation.lines);
    const packetsBefore = counted(this.observation?.lines ?? []);
    for (const key of changed) {
      if (isNew.has(key)) continue;
      const more = (packets.get(key) ?? 0) - (packetsBefore.get(key) ?? 0);
      const hit = more > 0 && packetsBefore.has(key);
      const sum = more + (this.marks.get(key)?.packets ?? 0);
      this.marks.set(key, hit ? { kind: "hit", until, packets: sum } : { kind: "changed", until });
    }
    for (const group of this.folds ? [] : grouped(removed)) {
      // frames that leave the end of the list go at once, without staying for a moment
      if (this.marks.get(group.key)?.kind === "added") continue; // there for a moment only: not worth a farewell
      const at = before.findIndex((one) => one.key === group.key);
      this.ghosts.push({ lines: group.lines, after: at > 0 ? before[at - 1].key : "", until });
    }
    this.observation = observation;
    this.#draw();
    clearTimeout(this.sweep);
    this.sweep = setTimeout(() => this.#forget(), LINGER + 60);
  }

  #forget() {
    const now = Date.now();
    this.ghosts = this.ghosts.filter((ghost) => ghost.until > now);
    for (const [key, mark] of this.marks) if (mark.until <= now) this.marks.delete(key);
    this.#draw();
  }

  #draw() {
    const seen = this.observation;
    const prompt = make("span", "who", `${this.named || this.place} # `);
    this.head.replaceChildren(prompt, make("span", "command text-base-content font-semibold", seen?.command ?? ""));
    if (!seen) return this.body.replaceChildren(make("p", "empty", "Not read yet."));
    const nodes = this.#items(grouped(seen.lines));
    for (const ghost of this.ghosts) this.#haunt(nodes, ghost);
    if (seen.error) nodes.unshift(make("p", "empty trouble", seen.error));
    else if (nodes.length === 0)
      nodes.push(make("p", "empty", this.folds ? "No frame yet." : "Nothing: the tool prints no line."));
    if (seen.truncated) nodes.push(make("p", "empty", "More lines than this page shows."));
    this.#place(nodes);
    if (!this.body.querySelector('.row[tabindex="0"]')) this.body.querySelector(".row")?.setAttribute("tabindex", "0");
    return undefined;
  }

  /**
   * A line that looks the same stays the same element, so it keeps a selection, the focus and a fading glow.
   * @param {Group[]} groups
   */
  #items(groups) {
    const kept = new Map();
    const nodes = groups.map((group) => {
      let id = group.key;
      while (kept.has(id)) id += "+";
      const mark = this.marks.get(group.key);
      const looks = JSON.stringify([group.lines.map((line) => line.text), group.why, mark?.kind, mark?.until]);
      const before = this.items.get(id);
      const node = before?.looks === looks ? before.node : this.#row(group);
      kept.set(id, { looks, node });
      return node;
    });
    this.items = kept;
    return nodes;
  }

  /** @param {HTMLElement[]} nodes */
  #place(nodes) {
    const focused = this.body.querySelector(".row:focus")?.getAttribute("data-key");
    nodes.forEach((node, at) => {
      if (this.body.children[at] !== node) this.body.insertBefore(node, this.body.children[at] ?? null);
    });
    while (this.body.children.length > nodes.length) this.body.lastElementChild?.remove();
    if (!focused || this.body.querySelector(".row:focus")) return;
    const rows = /** @type {HTMLElement[]} */ ([...this.body.querySelectorAll(".row")]);
    const again = rows.find((row) => row.dataset.key === focused);
    again?.setAttribute("tabindex", "0");
    again?.focus({ preventScroll: true });
  }

  /** @param {Group} group */
  #row(group) {
    const item = make("div", "item");
    item.setAttribute("role", "listitem");
    const mark = this.marks.get(group.key);
    if (mark) {
      item.classList.add(mark.kind);
      item.style.setProperty("--age", `${mark.until - LINGER - Date.now()}ms`); // drawn again, the glow goes on where it was
    }
    const row = make("div", "row pr-4 pl-[calc(var(--spacing-4)_-_3px)]");
    row.dataset.key = group.key;
    row.tabIndex = -1;
    const shown = this.folds ? group.lines.slice(0, 1) : group.lines;
    row.append(...shown.map((line) => make("code", "", line.text || " ")));
    item.append(row);
    if (mark?.packets) row.append(make("span", "more", `+${mark.packets} packet${mark.packets === 1 ? "" : "s"}`));
    const folded = group.lines.slice(shown.length);
    if (folded.length) {
      const more = make("div", "folded");
      more.append(...folded.map((line) => make("code", "", line.text || " ")));
      item.append(more);
    }
    if (!this.folds || group.why || folded.length) {
      item.classList.add("explained");
      const open = this.opened.has(group.key);
      item.classList.toggle("open", open);
      row.setAttribute("role", "button");
      row.setAttribute("aria-expanded", String(open));
      if (!this.folds || group.why) item.append(this.#why(group));
      row.addEventListener("click", () => getSelection()?.isCollapsed !== false && this.#toggle(group.key, item, row));
      row.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.#toggle(group.key, item, row);
      });
    }
    return item;
  }

  /**
   * The sentence that says why the line is there, and a button that shows everything with the same cause.
   * @param {Group} group
   */
  #why(group) {
    const why = make("p", "why", group.why || "Unknown: nothing here says what put this line there.");
    const [owner] = group.about;
    if (!owner) return why;
    const all = button("all-of", `all of ${nameOf(owner)}`, () =>
      this.dispatchEvent(new CustomEvent("owner", { detail: owner, bubbles: true })),
    );
    why.append(" ", all);
    return why;
  }

  /**
   * @param {string} key
   * @param {HTMLElement} item
   * @param {HTMLElement} row
   */
  #toggle(key, item, row) {
    const open = !this.opened.has(key);
    if (open) this.opened.add(key);
    else this.opened.delete(key);
    item.classList.toggle("open", open);
    row.setAttribute("aria-expanded", String(open));
  }

  /**
   * @param {HTMLElement[]} nodes
   * @param {{ lines: Line[], after: string }} ghost
   */
  #haunt(nodes, ghost) {
    const item = make("div", "item removed");
    const row = make("del", "ghost block pr-4 pl-[calc(var(--spacing-4)_-_3px)]");
    row.append(...ghost.lines.map((line) => make("code", "", line.text)));
    item.append(row);
    const at = nodes.findIndex((node) => node.querySelector(".row")?.getAttribute("data-key") === ghost.after);
    nodes.splice(ghost.after ? (at < 0 ? nodes.length : at + 1) : 0, 0, item);
  }
}
