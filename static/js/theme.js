// Sets the chosen theme before the page is drawn, so that the wrong one does not flash up.
(() => {
  if (document.documentElement.dataset.theme) return; // the address of a frame has chosen
  let chosen = "";
  try {
    chosen = localStorage.getItem("theme") ?? "";
  } catch {
    // the storage may be blocked; then the system's theme is used
  }
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "night" : "day";
})();
