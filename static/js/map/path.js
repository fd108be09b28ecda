// The lines of the map as SVG paths. Pure.

/**
 * A path with rounded corners.
 * @param {[number, number][]} points
 */
export function pathOf(points) {
  if (points.length === 0) return "";
  const [[x, y], ...rest] = points;
  let path = `M${x} ${y}`;
  rest.forEach(([px, py], at) => {
    const next = rest[at + 1];
    if (!next) {
      path += `L${px} ${py}`;
      return;
    }
    const [bx, by] = at ? rest[at - 1] : [x, y];
    const [sx, sy] = towards(px, py, bx, by);
    const [ex, ey] = towards(px, py, next[0], next[1]);
    path += `L${sx} ${sy}Q${px} ${py} ${ex} ${ey}`;
  });
  return path;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} tx
 * @param {number} ty
 */
function towards(x, y, tx, ty) {
  const length = Math.hypot(tx - x, ty - y) || 1;
  const by = Math.min(7, length / 2);
  return [x + ((tx - x) / length) * by, y + ((ty - y) / length) * by];
}

/**
 * A tunnel is drawn over everything, as a curved line.
 * @param {[number, number][]} points
 */
export function bow(points) {
  const [[x1, y1], [x2, y2]] = points;
  return `M${x1} ${y1}C${x1 - 70} ${y1 + 34} ${x2 - 70} ${y2 - 34} ${x2} ${y2}`;
}
