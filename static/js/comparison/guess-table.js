// <guess-table>: the learner's answers before the results are shown; afterwards it marks which of them were different. The
// browser keeps the answers. When a browser keeps nothing, the table works for as long as the page is open.

import { announce, storage } from "../page/dom.js";
import { Guesses } from "./kept-guesses.js";

export class GuessTable extends HTMLElement {
  connectedCallback() {
    const place = this.closest("live-comparison") ?? document.body;
    this.place = place;
    this.guesses = new Guesses(storage(), this.dataset.comparison ?? "");
    place.addEventListener("renewed", this.onRenewed);
    if ("revealed" in this.dataset) this.#judge();
    else {
      place.addEventListener("change", this.onChange);
      this.#fill();
    }
  }

  disconnectedCallback() {
    this.place?.removeEventListener("renewed", this.onRenewed);
    this.place?.removeEventListener("change", this.onChange);
  }

  onRenewed = () => ("revealed" in this.dataset ? this.#judge() : this.#fill());

  /** @param {Event} event */
  onChange = (event) => {
    const select = /** @type {HTMLElement} */ (event.target);
    if (!(select instanceof HTMLSelectElement) || !select.dataset.guess) return;
    this.guesses?.set(select.dataset.guess, select.value);
    this.#count();
  };

  #fill() {
    for (const select of this.#selects()) select.value = this.guesses?.get(select.dataset.guess ?? "") ?? "";
    this.#count();
  }

  #selects() {
    return /** @type {HTMLSelectElement[]} */ ([...(this.place?.querySelectorAll("select[data-guess]") ?? [])]);
  }

  #count() {
    const all = this.#selects();
    this.#say(`${all.filter((one) => one.value).length} of ${all.length} answered.`);
  }

  #judge() {
    if (!this.guesses?.all.size) return;
    let [right, wrong] = [0, 0];
    const cells = /** @type {HTMLElement[]} */ ([...(this.place?.querySelectorAll("td[data-guessed]") ?? [])]);
    for (const cell of cells) {
      const guess = this.guesses.get(cell.dataset.guessed ?? "");
      const outcome = verdict(guess, cell.dataset.answer ?? "");
      cell.classList.toggle("guess-right", outcome === "right");
      cell.classList.toggle("guess-wrong", outcome === "wrong");
      right += Number(outcome === "right");
      wrong += Number(outcome === "wrong");
      cell.querySelector(".guess-told")?.remove();
      if (outcome === "wrong") {
        const told = document.createElement("p");
        told.className = "guess-told text-sm font-semibold";
        told.textContent = `You said: ${guess}`;
        cell.append(told);
      }
    }
    this.hidden = right + wrong === 0;
    if (right + wrong > 0)
      this.#say(`You had ${right} of ${right + wrong} as measured${wrong ? "; the others are marked" : ""}.`);
  }

  /** @param {string} text */
  #say(text) {
    const line = this.querySelector(".guess-count");
    if (!line || line.textContent === text) return;
    line.textContent = text;
    if ("revealed" in this.dataset) announce(text);
  }

  /** @type {Guesses | undefined} */
  guesses = undefined;
  /** @type {Element | undefined} */
  place = undefined;
}

/**
 * @param {string} guess
 * @param {string} answer
 * @returns {"" | "right" | "wrong"} "" where nothing was said or nothing was measured
 */
export function verdict(guess, answer) {
  if (!guess || !answer) return "";
  return guess === answer ? "right" : "wrong";
}
