// The map as text on the page: lists within lists. Each box is a button that opens its card.

import { button, make } from "../page/dom.js";
import { outline } from "./words.js";

/** @import { Graph } from "./model.js" */
/** @import { Entry } from "./words.js" */

export class Outline {
  /** @param {(id: string) => void} open */
  constructor(open) {
    this.open = open;
    /** @type {Graph | undefined} */
    this.graph = undefined;
    this.written = "";
    this.list = make("div", "outline");
    this.list.hidden = true;
    this.list.setAttribute("aria-label", "The map in words");
    this.list.setAttribute("role", "region");
  }

  /** @param {Graph} graph */
  write(graph) {
    this.graph = graph;
    if (!this.list.hidden) this.#draw();
  }

  /** @param {boolean} shown */
  turn(shown) {
    this.list.hidden = !shown;
    if (shown) this.#draw();
  }

  #draw() {
    const entries = this.graph ? outline(this.graph) : [];
    const looks = JSON.stringify(entries);
    if (looks === this.written) return;
    this.written = looks;
    this.list.replaceChildren(this.#entries(entries));
  }

  /** @param {Entry[]} entries */
  #entries(entries) {
    const made = make("ul", "");
    for (const one of entries) {
      const item = make("li", "");
      item.append(
        one.place
          ? button("py-0.5 px-1 rounded-sm text-start cursor-pointer hover:bg-base-200", one.text, () => this.open(one.id))
          : make("span", "", one.text),
      );
      if (one.inside.length) item.append(this.#entries(one.inside));
      made.append(item);
    }
    return made;
  }
}
