// Sets the weather of a link from the card of a box: a form for each of its cables, and what came of it.

import { announce, button, labelled, make } from "../page/dom.js";
import { weatherAt } from "./weather.js";

/** @import { Place, WeatherTold } from "../stream/types.js" */

const LATE = 12_000;
/** @type {[string, string, number, string][]} name of the value, label, most, what it needs */
const FIELDS = [
  ["delay_ms", "Delay, ms", 2000, "netem"],
  ["jitter_ms", "Jitter, ms", 2000, "netem"],
  ["loss_percent", "Loss, %", 100, "netem"],
  ["rate_kbit", "Rate, kbit/s", 1_000_000, "rate"],
  ["mtu", "MTU, bytes", 9000, ""],
];
const LEAST = /** @type {Record<string, number>} */ ({ rate_kbit: 8, mtu: 576 });
const WHOLE = new Set(["rate_kbit", "mtu"]);

export class Sky {
  /** @param {(wish: object) => void} wish */
  constructor(wish) {
    this.wish = wish;
    /** @type {Map<string, string>} "place interface" → what came of the last request */
    this.said = new Map();
    /** @type {Set<string>} which forms are open */
    this.opened = new Set();
    /** @type {Map<string, HTMLElement>} where that is written now */
    this.places = new Map();
  }

  /**
   * @param {Map<string, Place>} places
   * @param {string} place
   * @param {string} device
   * @param {HTMLElement} card
   */
  form(places, place, device, card) {
    const key = `${place} ${device}`;
    const can = new Set((card.ownerDocument.querySelector("live-sandbox")?.getAttribute("data-weather") ?? "").split(" "));
    const box = make("details", "weather-box mt-2 border-t border-line pt-2");
    box.open = this.opened.has(key);
    box.addEventListener("toggle", () => {
      if (box.open) this.opened.add(key);
      else this.opened.delete(key);
      if (box.open) box.scrollIntoView({ block: "nearest" }); // the card may be lower than what is in it
    });
    const now = weatherAt(places, `${place}:${device}`);
    box.append(make("summary", "cursor-pointer font-medium", `Link weather at ${device}${now ? `: ${now}` : ""}`));
    const form = make("form", "weather-form grid grid-cols-2 gap-2 mt-2");
    const fields = FIELDS.filter(([, , , needs]) => offered(needs, can)).map(([name, label, most]) => {
      const field = make("input", "input input-sm w-full");
      Object.assign(field, { type: "number", name, min: "0", max: String(most), step: WHOLE.has(name) ? "1" : "any" });
      field.placeholder = "0";
      form.append(labelled(label, field));
      return field;
    });
    const row = make("p", "col-span-2 flex gap-2");
    const set = make("button", "btn btn-xs btn-primary", "Set");
    set.type = "submit";
    row.append(
      set,
      button("btn btn-xs", "Clear", () => this.#ask(place, device, {})),
    );
    const said = make("p", "weather-said col-span-2 wrap-anywhere empty:hidden", this.said.get(key) ?? "");
    said.setAttribute("role", "status");
    this.places.set(key, said);
    form.append(row, said, make("p", "col-span-2 text-muted text-xs", aboutOf(can)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      /** @type {Record<string, number>} */
      const values = {};
      for (const field of fields) if (field.value) values[field.name] = Number(field.value);
      const wrong = wrongIn(values);
      if (wrong) this.#say(key, wrong);
      else this.#ask(place, device, values);
    });
    box.append(form);
    return box;
  }

  /** @param {string} place @param {string} device @param {Record<string, number>} values */
  #ask(place, device, values) {
    const key = `${place} ${device}`;
    this.#say(key, "Setting …");
    this.wish({ type: "set_weather", place, interface: device, ...values });
    clearTimeout(this.late.get(key));
    const late = () => this.said.get(key) === "Setting …" && this.#say(key, "Nothing came back. Try again.");
    this.late.set(key, setTimeout(late, LATE));
  }

  /** @param {WeatherTold} event */
  told(event) {
    this.#say(`${event.place} ${event.interface}`, event.error || (event.text ? `Set: ${event.text}` : "Cleared."));
  }

  /** @param {string} why */
  refused(why) {
    for (const [key, text] of this.said) if (text === "Setting …") this.#say(key, why);
  }

  /** @param {string} key @param {string} text */
  #say(key, text) {
    this.said.set(key, text);
    const place = this.places.get(key);
    if (place) place.textContent = text;
    announce(text);
  }

  /** @type {Map<string, ReturnType<typeof setTimeout>>} for each form */
  late = new Map();
}

/** @param {string} needs @param {Set<string>} can */
const offered = (needs, can) => needs === "" || (needs === "rate" ? can.has("netem") || can.has("tbf") : can.has(needs));

/** What holds for every weather, and what this node's kernel lacks. @param {Set<string>} can */
function aboutOf(can) {
  const both = "It holds for what leaves at each end of the cable that is in this sandbox. 0 or empty is none.";
  if (can.has("netem")) return both;
  const left = can.has("tbf") ? "a rate and an MTU" : "an MTU";
  return `${both} The kernel of this node has no netem: a link can have ${left}, no delay, jitter or loss.`;
}

/** Why these values cannot be, or "". @param {Record<string, number>} values */
export function wrongIn(values) {
  for (const [name, label, most] of FIELDS) {
    const value = values[name] ?? 0;
    const word = label.split(",")[0];
    if (!(value >= 0 && value <= most)) return `${word} is at most ${most.toLocaleString("en")}.`;
    if (value > 0 && value < (LEAST[name] ?? 0)) return `${word} is at least ${LEAST[name]}.`;
  }
  return (values.jitter_ms ?? 0) > (values.delay_ms ?? 0) ? "The jitter is at most the delay." : "";
}
