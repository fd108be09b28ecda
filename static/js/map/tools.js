// The row of buttons over the corner of the map.

import { button, make } from "../page/dom.js";

/**
 * @typedef {{ all: () => void, step: (larger: boolean) => void, fit: () => void, words: () => boolean, services: () => boolean,
 *   save: (png: boolean) => void }} Acts `words` and `services` turn something over and say whether it is on now
 * @typedef {{ bar: HTMLElement, back: HTMLElement, services: HTMLElement }} Tools `back` and `services` are hidden until they are of use
 */

/**
 * @param {Map<string, HTMLTemplateElement>} icons
 * @param {Acts} acts
 * @returns {Tools}
 */
export function makeTools(icons, acts) {
  /** @param {string} icon @param {string} label @param {(event: MouseEvent) => void} act */
  const tool = (icon, label, act) => {
    const made = button("tool", "", act);
    made.title = label;
    made.setAttribute("aria-label", label);
    const drawn = icons.get(icon)?.content.cloneNode(true);
    if (drawn) made.append(drawn);
    return made;
  };
  /** @param {string} icon @param {string} label @param {() => boolean} turn */
  const toggle = (icon, label, turn) => {
    const made = tool(icon, label, () => made.setAttribute("aria-pressed", String(turn())));
    made.setAttribute("aria-pressed", "false");
    return made;
  };
  const bar = make(
    "div",
    "map-tools absolute top-[0.4rem] right-[0.4rem] flex gap-0.5 p-0.5 border border-line rounded-md bg-base-100/88",
  );
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", "Map");
  const back = button("all px-2 text-base-content text-sm font-medium", "Whole sandbox", acts.all);
  const services = toggle("services", "With what Docker keeps for services", acts.services);
  back.hidden = true;
  services.hidden = true;
  bar.append(
    back,
    tool("out", "Smaller", () => acts.step(false)),
    tool("in", "Larger", () => acts.step(true)),
    tool("fit", "Everything in sight", acts.fit),
    toggle("words", "The map in words", acts.words),
    services,
    tool("save", "Save as SVG; with Shift as PNG", (event) => acts.save(event.shiftKey)),
  );
  return { bar, back, services };
}
