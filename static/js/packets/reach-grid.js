// <reach-grid>: which place reaches which, by address of IPv4 or IPv6, and by name. First the learner guesses; then the measured answers are
// laid over the guesses.

import { button, make, storage } from "../page/dom.js";
import { inOrder } from "../stream/store.js";
import { Guesses } from "./guesses.js";
import { whyList } from "./why-list.js";

/** @import { Guess } from "./guesses.js" */
/** @import { Store } from "../stream/store.js" */
/** @import { Cell, Grid, StreamEvent, Told } from "../stream/types.js" */

const HEADER = "sticky max-w-[8.5rem] py-1 px-2 bg-base-100 font-mono text-sm leading-tight font-medium wrap-anywhere";
const CELL =
  "grid place-content-center w-full min-w-[4.2rem] h-[2.5rem] border border-line rounded-sm leading-tight cursor-pointer hover:border-host";

/** @typedef {"by_address" | "by_address6" | "by_name"} How */

const PLACES = 12;
const AGAIN = 22_000; // a grid takes 15 s at most: after this the wish itself was lost
const LATE = 45_000;
/** @type {[How, string][]} */
const HOWS = [
  ["by_address", "By address"],
  ["by_address6", "By IPv6 address"],
  ["by_name", "By name"],
];
/** @type {Told} of a grid that was measured before IPv6 was asked for */
const UNASKED = { outcome: "unmeasured", address: "", by: "", ms: null, why: "Not asked.", evidence: [] };

/**
 * @param {Cell} cell
 * @param {How} how
 */
function toldOf(cell, how) {
  return cell[how] ?? UNASKED;
}
/** @type {Record<Guess, Guess>} */
const NEXT = { "": "yes", yes: "no", no: "" };
const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

/** Whether a measured answer is a yes; undefined where nothing was measured. @param {Told} told */
export function isYes(told) {
  return told.outcome === "unmeasured" ? undefined : told.outcome === "answered";
}

/**
 * Counts how many guesses were right.
 * @param {Grid} grid
 * @param {How} how
 * @param {{ get(pair: string): Guess | undefined }} guesses by `how source target`
 */
export function score(grid, how, guesses) {
  const all = { guessed: 0, right: 0, yes: 0, cells: grid.cells.length };
  for (const cell of grid.cells) {
    const is = isYes(toldOf(cell, how));
    const guess = guesses.get(`${how} ${cell.source} ${cell.target}`) ?? "";
    if (is) all.yes += 1;
    if (!guess || is === undefined) continue;
    all.guessed += 1;
    if ((guess === "yes") === is) all.right += 1;
  }
  return all;
}

export class ReachGrid extends HTMLElement {
  connectedCallback() {
    if (this.table) return;
    const head = make(
      "div",
      "reach-head sticky left-[0.9rem] max-w-[min(60rem,calc(100cqw_-_2rem))] flex flex-wrap items-center gap-2",
    );
    this.how = HOWS[0][0];
    this.choice = make("div", "reach-how flex flex-wrap gap-1");
    this.choice.setAttribute("role", "group");
    this.choice.setAttribute("aria-label", "How they ask");
    for (const [how, label] of HOWS) {
      const one = button("btn btn-xs btn-plain", label, () => this.#turn(how));
      one.dataset.how = how;
      this.choice.append(one);
    }
    this.go = button("btn btn-xs btn-primary", "Measure", () => this.#ask());
    this.again = button("btn btn-xs", "Guess again", () => this.#startOver());
    head.append(this.choice, this.go, this.again);
    this.said = make("p", "reach-said sticky left-[0.9rem] max-w-[min(60rem,calc(100cqw_-_2rem))] my-2 text-muted");
    this.said.setAttribute("role", "status");
    this.table = make("table", "reach-table border-separate border-spacing-[3px]");
    this.table.addEventListener("keydown", (event) => this.#key(event));
    this.told = make("div", "reach-told");
    this.told.setAttribute("aria-live", "polite");
    this.append(head, this.said, this.table, this.told);
    this.draw();
  }

  /**
   * @param {Store} store
   * @param {string} [sandbox] and its generation: what the guesses are about
   * @param {number} [generation]
   */
  show(store, sandbox = "", generation = 1) {
    this.store = store;
    this.sandbox = sandbox;
    this.#remember(generation);
    store.watch((event) => this.#notice(event));
  }

  refused() {
    this.#rest();
    this.draw();
  }

  /** The server has accepted the request. @param {string} asked */
  begun(asked) {
    this.asked = asked;
  }

  /** @param {number} generation */
  #remember(generation) {
    this.generation = generation;
    this.guesses = new Guesses(storage(), this.sandbox && `${this.sandbox}.${generation}`);
    this.grid = undefined;
  }

  // --- asking ---

  #ask() {
    this.#rest();
    this.waiting = true;
    this.trouble = "";
    this.told?.replaceChildren();
    this.draw();
    this.repeat = setTimeout(() => this.#wish(), AGAIN);
    this.late = setTimeout(() => {
      this.#rest();
      this.trouble = "Nothing came back. Is the sandbox still there? Try again.";
      this.draw();
    }, LATE);
    this.#wish();
  }

  #wish() {
    this.dispatchEvent(new CustomEvent("wish", { detail: { type: "measure_grid" }, bubbles: true }));
  }

  #rest() {
    clearTimeout(this.repeat);
    clearTimeout(this.late);
    this.waiting = false;
  }

  #startOver() {
    this.grid = undefined;
    this.guesses.clear();
    this.told?.replaceChildren();
    this.draw();
  }

  /** @param {How} how */
  #turn(how) {
    this.how = how;
    this.told?.replaceChildren();
    this.draw();
  }

  /** @param {StreamEvent} event */
  #notice(event) {
    if (event.type === "grid_told") {
      const ours = this.waiting ? event.number > 0 || event.asked === this.asked : event.asked === this.guesses.asked;
      if (!ours) return; // another page's
      this.#rest();
      this.trouble = event.grid.error;
      this.grid = event.grid.error ? undefined : event.grid;
      this.guesses.measured(this.grid ? event.asked : "");
      this.old = false;
      this.draw();
    } else if (event.type === "sandbox_changed" && event.generation !== this.generation) {
      this.#remember(event.generation);
      this.draw();
    } else if (["snapshot_taken", "place_seen", "place_gone"].includes(event.type)) {
      this.old = this.grid !== undefined && (event.type !== "snapshot_taken" || this.#now().join() !== this.grid.places.join());
      if (this.isConnected && !this.waiting) this.draw();
    }
  }

  // --- drawing ---

  draw() {
    const { table, go, again, said, choice } = this;
    if (!table || !go || !again || !said || !choice) return;
    for (const one of choice.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one.dataset.how === this.how));
    go.textContent = this.waiting ? "Measuring …" : this.grid ? "Measure again" : "Measure";
    go.toggleAttribute("disabled", this.waiting);
    again.hidden = !this.grid;
    said.textContent = this.#sentence();
    said.classList.toggle("trouble", this.trouble !== "");
    const focused = table.contains(document.activeElement) ? document.activeElement?.getAttribute("data-pair") : "";
    table.replaceChildren(...this.#rows(this.#places()));
    const cells = /** @type {HTMLElement[]} */ ([...table.querySelectorAll("button")]);
    const at = cells.find((one) => one.dataset.pair === focused) ?? cells[0];
    if (at) at.tabIndex = 0;
    if (focused) at?.focus({ preventScroll: true });
  }

  #places() {
    return this.grid?.places ?? this.#now();
  }

  #now() {
    const all = inOrder(this.store?.places.values() ?? []);
    return all
      .filter((one) => one.kind !== "namespace" && !one.shares && !one.error)
      .slice(0, PLACES)
      .map((one) => one.id);
  }

  #sentence() {
    if (this.trouble) return this.trouble;
    if (this.waiting) return "Every place asks every other …";
    if (!this.grid)
      return "What do you think: who reaches whom? Click a cell: yes, no, or leave it empty. Then measure: every place pings every other.";
    const { guessed, right, yes, cells } = score(this.grid, this.how ?? "by_address", this.guesses);
    const told = [`${yes} of ${cells} reach their target, measured in ${this.grid.seconds} s.`];
    if (guessed) told.push(`You were right in ${right} of ${guessed}.`);
    told.push("Choose a cell to see why.", ...this.grid.left_out);
    if (this.old) told.push("Places have come or gone since: measure again.");
    return told.join(" ");
  }

  /** @param {string[]} places */
  #rows(places) {
    const caption = make("caption", "sr-only", "Each row asks, each column is asked");
    const head = make("thead", "");
    const top = make("tr", "");
    const corner = make("th", `${HEADER} top-[-0.5rem] left-0 z-3 pt-2 text-right text-muted`, "from ↓ to →");
    top.append(corner, ...places.map((place) => header(place, "col")));
    head.append(top);
    const body = make("tbody", "");
    for (const source of places) {
      const row = make("tr", "");
      row.append(header(source, "row"), ...places.map((target) => this.#cell(source, target)));
      body.append(row);
    }
    return [caption, head, body];
  }

  /**
   * @param {string} source
   * @param {string} target
   */
  #cell(source, target) {
    const box = make("td", "");
    if (source === target) {
      box.className = "self";
      box.append(make("span", "sr-only", "itself"));
      return box;
    }
    const how = this.how ?? "by_address";
    const guess = this.guesses.get(`${how} ${source} ${target}`);
    const cell = this.grid?.cells.find((one) => one.source === source && one.target === target);
    const one = cell ? this.#answer(cell, toldOf(cell, how), guess) : this.#question(source, target, guess);
    one.dataset.pair = `${source} ${target}`;
    one.tabIndex = -1;
    box.append(one);
    return box;
  }

  /**
   * @param {string} source
   * @param {string} target
   * @param {Guess} guess
   */
  #question(source, target, guess) {
    const made = button(`${CELL} guess border-dashed text-muted ${guess}`, guess || "?", () => {
      this.guesses.set(`${this.how} ${source} ${target}`, NEXT[guess]);
      this.draw();
    });
    made.setAttribute("aria-label", `${source} to ${target}: ${guess ? `you say ${guess}` : "no guess"}`);
    return made;
  }

  /**
   * @param {Cell} cell
   * @param {Told} told
   * @param {Guess} guess
   */
  #answer(cell, told, guess) {
    const is = isYes(told);
    const surprise = guess !== "" && is !== undefined && (guess === "yes") !== is;
    const what = is === undefined ? "not measured" : is ? "yes" : "no";
    const classes = [CELL, "answer", is === undefined ? "unknown" : what, surprise ? "surprise" : guess ? "agreed" : ""];
    const made = button(classes.filter(Boolean).join(" "), "", () => this.#tell(cell, told, guess, surprise));
    const mark = make("span", "mark text-base font-bold", is === undefined ? "…" : is ? "✓" : "✗");
    mark.setAttribute("aria-hidden", "true");
    made.append(make("span", "sr-only", `${cell.source} to ${cell.target}: ${what}`), mark);
    if (guess) made.append(make("small", "text-xs", surprise ? `you: ${guess}` : "as said"));
    return made;
  }

  /**
   * @param {Cell} cell
   * @param {Told} told
   * @param {Guess} guess
   * @param {boolean} surprise
   */
  #tell(cell, told, guess, surprise) {
    const head = make("h3", "font-semibold text-md leading-tight font-mono", `${cell.source} → ${cell.target}`);
    head.append(
      make(
        "small",
        "ml-2 text-muted font-normal",
        [HOWS.find(([how]) => how === this.how)?.[1].replace("By", "by"), told.address].filter(Boolean).join(" · "),
      ),
    );
    const yes = isYes(told);
    const verdict = yes === undefined ? "Not measured." : yes ? `Yes${told.ms === null ? "" : `, in ${told.ms} ms`}.` : "No.";
    const yours = guess ? ` You said ${guess}${surprise ? ": reality differs." : ", and so it is."}` : "";
    const why = make("p", "mt-1", `${verdict}${yours} ${told.why}`);
    const row = make("div", "reach-line flex flex-wrap items-center gap-y-1 gap-x-4");
    row.append(head);
    const target = told.address || cell.target;
    if (told.outcome !== "no-address" && told.outcome !== "no-name")
      row.append(
        button("btn btn-xs", "Follow this ping", () => {
          const detail = { source: cell.source, target, kind: "ping" };
          this.dispatchEvent(new CustomEvent("journey-wanted", { detail, bubbles: true }));
        }),
      );
    this.told?.replaceChildren(row, why, ...whyList(told, ""));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    const from = /** @type {Element} */ (event.target).closest("td");
    const row = from?.closest("tr");
    if (!step || !from || !row) return;
    event.preventDefault();
    const rows = [...(row.parentElement?.children ?? [])];
    let [down, along] = [rows.indexOf(row), [...row.children].indexOf(from)];
    for (;;) {
      down += step[0];
      along += step[1];
      const box = rows[down]?.children[along];
      if (!box) return;
      const next = box.querySelector("button");
      if (!next) continue;
      from.querySelector("button")?.setAttribute("tabindex", "-1");
      next.tabIndex = 0;
      next.focus();
      return;
    }
  }

  guesses = new Guesses(undefined, "");
  sandbox = "";
  generation = 1;
  asked = "";
  /** @type {Grid | undefined} */
  grid = undefined;
  waiting = false;
  old = false;
  trouble = "";
  /** @type {How | undefined} */
  how = undefined;
  /** @type {Store | undefined} */
  store = undefined;
  /** @type {HTMLElement | undefined} */
  table = undefined;
  /** @type {HTMLElement | undefined} */
  choice = undefined;
  /** @type {HTMLElement | undefined} */
  go = undefined;
  /** @type {HTMLElement | undefined} */
  again = undefined;
  /** @type {HTMLElement | undefined} */
  said = undefined;
  /** @type {HTMLElement | undefined} */
  told = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  late = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  repeat = undefined;
}

/**
 * @param {string} place
 * @param {"col" | "row"} scope
 */
function header(place, scope) {
  const made = make(
    "th",
    `${HEADER} ${scope === "row" ? "left-0 z-2 text-right" : "top-[-0.5rem] z-1 pt-2 align-bottom"}`,
    place,
  );
  made.setAttribute("scope", scope);
  return made;
}
