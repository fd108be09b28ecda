// Tells the page around an embedded lesson how high the lesson is. Only sites that are listed in the settings are told.

const LEAST = 480;
const MOST = 900;
const LIVE = 640; // a step, a map and a terminal

/** @param {string[]} sites exact origins */
export function tellHeight(sites) {
  if (parent === window) return;
  let told = 0;
  const tell = () => {
    const height = wanted();
    if (height === told) return;
    told = height;
    for (const site of around(sites)) parent.postMessage({ type: "explorer-height", height }, site);
  };
  const sizes = new ResizeObserver(tell);
  const watch = () => {
    sizes.disconnect();
    for (const part of document.querySelectorAll("#step, #sandbox")) sizes.observe(part);
    tell();
  };
  document.body.addEventListener("htmx:afterSettle", watch);
  watch();
}

/** The page around us, if it is one of the sites; where the browser does not say which it is, all of them: one can hear it.
 * @param {string[]} sites */
function around(sites) {
  const outer = location.ancestorOrigins?.[0] ?? (document.referrer && new URL(document.referrer).origin);
  return outer ? sites.filter((site) => site === outer) : sites;
}

/** What the step needs at this width. The frame's own height plays no part in it, so the two cannot chase each other. */
function wanted() {
  const step = document.getElementById("step");
  const top = document.querySelector(".embed-head")?.clientHeight ?? 0;
  const below = document.querySelector(".pane-switch")?.clientHeight ?? 0;
  const high = Math.ceil((step?.offsetHeight ?? 0) + top + below + 24);
  const least = document.querySelector("live-sandbox, recorded-sandbox") ? LIVE : LEAST;
  return Math.min(MOST, Math.max(least, high));
}
