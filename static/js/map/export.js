// Saves the map as a file: an SVG that needs nothing else, or a PNG.

const KEPT = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "opacity",
  "transform",
];
const LARGEST = 8192; // pixels a side; more, and some browsers draw nothing

/**
 * @param {SVGSVGElement} picture
 * @param {{ width: number, height: number }} drawing
 */
export function asSvg(picture, drawing) {
  const copy = /** @type {SVGSVGElement} */ (picture.cloneNode(true));
  const lights = copy.querySelectorAll(".glow"); // what just changed is of the moment, not of the picture
  const [from, to] = [picture.querySelectorAll("*"), copy.querySelectorAll("*")];
  from.forEach((element, at) => {
    const look = getComputedStyle(element);
    const target = /** @type {SVGElement} */ (to[at]);
    const style = KEPT.map((name) => [name, look.getPropertyValue(name)]).filter(
      ([, value]) => value && value !== "none" && value !== "normal",
    );
    for (const name of ["class", "style", "tabindex", "role", "data-shape", "data-wire"]) target.removeAttribute(name);
    for (const [name, value] of style)
      if (!(name === "transform" && target.hasAttribute("transform")))
        target.setAttribute(name, name === "transform" ? matrix(value) : value);
    if (look.fill === "none") target.setAttribute("fill", "none");
  });
  for (const light of lights) light.remove();
  copy.querySelector("g")?.removeAttribute("transform");
  const back = getComputedStyle(picture.closest("net-map") ?? picture).backgroundColor;
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [
    ["x", -20],
    ["y", -20],
    ["width", drawing.width + 40],
    ["height", drawing.height + 40],
    ["fill", back],
  ])
    ground.setAttribute(String(name), String(value));
  copy.prepend(ground);
  copy.setAttribute("viewBox", `-20 -20 ${drawing.width + 40} ${drawing.height + 40}`);
  copy.setAttribute("width", String(drawing.width + 40));
  copy.setAttribute("height", String(drawing.height + 40));
  return new XMLSerializer().serializeToString(copy);
}

/** CSS writes a translation as matrix(…), which an attribute understands too.
 * @param {string} value */
const matrix = (value) => value.replace(/px/g, "");

/**
 * @param {string} text an SVG that stands by itself
 * @param {{ width: number, height: number }} drawing
 * @returns {Promise<Blob>}
 */
export async function asPng(text, drawing) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const scale = Math.min(2, LARGEST / (Math.max(drawing.width, drawing.height) + 40));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round((drawing.width + 40) * scale);
  canvas.height = Math.round((drawing.height + 40) * scale);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) =>
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png"),
  );
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
