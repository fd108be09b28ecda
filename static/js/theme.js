// Runs before the page is drawn: the chosen theme, so that nothing flashes.
(() => {
  if (document.documentElement.dataset.theme) return; // the address of a frame has chosen
  let chosen = "";
  try {
    chosen = localStorage.getItem("theme") ?? "";
  } catch {
    // private mode: the system decides
  }
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "night" : "day";
})();
