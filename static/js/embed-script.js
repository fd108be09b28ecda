// For pages of other sites: makes a lesson's frame from each <div data-network-explorer="bridge">, and sets each frame to the
// height that the lesson asks for. It needs no other script, stores nothing, and takes messages from its own frames only.

(() => {
  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const origin = new URL(script?.src ?? location.href).origin;
  const LEAST = 360;
  const MOST = 1200;

  /** @param {HTMLElement} place */
  function make(place) {
    const { networkExplorer, step, theme, title } = place.dataset;
    const address = new URL(`/embed/${encodeURIComponent(networkExplorer ?? "")}/`, origin);
    if (step) address.searchParams.set("step", step);
    if (theme) address.searchParams.set("theme", theme);
    const frame = document.createElement("iframe");
    frame.src = address.href;
    frame.title = title ?? "Docker networking: a lesson to try";
    frame.loading = "lazy";
    frame.allow = "clipboard-write; fullscreen";
    frame.referrerPolicy = "strict-origin-when-cross-origin";
    Object.assign(frame.style, { display: "block", width: "100%", height: "640px", border: "0" });
    for (const word of ["least", "most"]) if (place.dataset[word]) frame.dataset[word] = place.dataset[word];
    frame.dataset.networkExplorer = networkExplorer;
    place.replaceWith(frame);
  }

  addEventListener("message", (event) => {
    if (event.origin !== origin || event.data?.type !== "explorer-height" || !Number.isFinite(event.data.height)) return;
    for (const frame of document.querySelectorAll("iframe[data-network-explorer]")) {
      if (!(frame instanceof HTMLIFrameElement) || frame.contentWindow !== event.source) continue;
      const least = Math.max(LEAST, Number(frame.dataset.least) || 0);
      const most = Math.min(MOST, Number(frame.dataset.most) || MOST);
      frame.style.height = `${Math.min(most, Math.max(least, Math.round(event.data.height)))}px`;
    }
  });

  const start = () => {
    for (const place of document.querySelectorAll("div[data-network-explorer]")) make(/** @type {HTMLElement} */ (place));
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
