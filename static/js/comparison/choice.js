// The choice of two to five columns: the button says how many are chosen, and a sixth cannot be ticked.

const LEAST = 2;
const MOST = 5;

/** @param {HTMLFormElement} form */
export function watchChoice(form) {
  const boxes = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[name=columns]")]);
  const button = /** @type {HTMLButtonElement | null} */ (form.querySelector(".compare-options button[type=submit]"));
  const fit = () => {
    const count = boxes.filter((box) => box.checked).length;
    for (const box of boxes) box.disabled = count >= MOST && !box.checked;
    if (!button) return;
    button.disabled = count < LEAST;
    button.textContent = count < LEAST ? "Choose at least two" : `Compare these ${count}`;
  };
  form.addEventListener("change", fit);
  window.addEventListener("pageshow", fit); // a browser that goes back has them ticked still
  fit();
}
