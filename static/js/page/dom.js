// Small functions that make elements. Text from a host is set as textContent only, never as HTML.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * A button that calls a function and sends no form.
 * @param {string} className
 * @param {string} text
 * @param {(event: MouseEvent) => void} [act]
 */
export function button(className, text, act) {
  const made = make("button", className, text);
  made.type = "button";
  if (act) made.addEventListener("click", act);
  return made;
}

/**
 * A field of a form with its label above it.
 * @param {string} text
 * @param {HTMLElement} field
 */
export function labelled(text, field) {
  const label = make("label", "grid gap-0.5 min-w-[7.5rem]");
  label.append(make("span", "text-muted text-xs", text), field);
  return label;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string | number>} facts
 * @param {string} [text]
 */
export function svg(tag, facts, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(facts)) element.setAttribute(name, String(value));
  if (text) element.textContent = text;
  return element;
}

const ALLOWED = new Set(["P", "CODE", "EM", "STRONG", "KBD", "UL", "OL", "LI", "BR", "PRE"]);

/**
 * A lesson's own sentence (HTML made from Markdown by us), rebuilt from allowed tags without attributes.
 * @param {string} html
 */
export function prose(html) {
  const out = document.createDocumentFragment();
  const parsed = new DOMParser().parseFromString(html, "text/html");
  copy(parsed.body, out);
  return out;
}

/**
 * @param {Node} from
 * @param {Node} to
 */
function copy(from, to) {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) to.appendChild(document.createTextNode(child.textContent ?? ""));
    else if (child instanceof HTMLElement) {
      const kept = ALLOWED.has(child.tagName) ? to.appendChild(document.createElement(child.tagName)) : to;
      copy(child, kept);
    }
  }
}

/**
 * Makes a row of elements one stop for the Tab key; arrow keys, Home and End move within it.
 * @param {HTMLElement} container
 * @param {string} selector
 * @param {{ vertical?: boolean, activate?: boolean }} [options]
 */
export function rove(container, selector, { vertical = false, activate = false } = {}) {
  container.addEventListener("keydown", (event) => {
    const items = /** @type {HTMLElement[]} */ ([...container.querySelectorAll(selector)]);
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at < 0) return;
    const step = { [vertical ? "ArrowDown" : "ArrowRight"]: at + 1, [vertical ? "ArrowUp" : "ArrowLeft"]: at - 1 };
    const next = { ...step, Home: 0, End: items.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const target = items[(next + items.length) % items.length];
    items.forEach((item) => {
      item.tabIndex = item === target ? 0 : -1;
    });
    target.focus();
    if (activate) target.click();
  });
}

/** The browser's storage; undefined where it is blocked, as in some private windows and frames. */
export function storage() {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} key
 * @param {string} otherwise
 */
export function remembered(key, otherwise) {
  try {
    return localStorage.getItem(key) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // the storage may be blocked; then nothing is remembered
  }
}

/** @param {string} text */
export function announce(text) {
  const region = document.getElementById("announce");
  if (!region) return;
  region.textContent = "";
  setTimeout(() => {
    region.textContent = text;
  }, 40);
}

/**
 * Keeps the scroll position of a row of buttons that is drawn again. When another button is chosen now, it is scrolled into
 * view.
 * @param {HTMLElement} row
 * @param {HTMLElement[]} buttons
 * @param {number} chosen which of them
 */
export function refill(row, buttons, chosen) {
  const left = row.scrollLeft;
  row.replaceChildren(...buttons);
  row.scrollLeft = left;
  const button = buttons[chosen];
  const name = button?.textContent ?? "";
  if (!button || row.dataset.chosen === name) return;
  row.dataset.chosen = name;
  const [frame, box] = [row.getBoundingClientRect(), button.getBoundingClientRect()];
  if (box.left < frame.left || box.right > frame.right) row.scrollLeft += box.left - frame.left - frame.width / 3;
}
