// Closed lines with few points, and the pixels within them.

// A closed line [[x, y], ...] without the points that lie nearer than `tolerance` to what is left (Douglas and
// Peucker, 1973); at least three stay where there are so many.
export function simplified(loop, tolerance) {
  if (loop.length < 4) return loop;
  let far = 0;
  for (let i = 1; i < loop.length; i++) if (apart(loop[0], loop[i]) > apart(loop[0], loop[far])) far = i;
  const half = (points) => kept(points, tolerance).slice(0, -1);
  const found = [...half(loop.slice(0, far + 1)), ...half([...loop.slice(far), loop[0]])];
  if (found.length >= 3) return found;
  const third = Math.floor(loop.length / 3);
  return [loop[0], loop[third], loop[2 * third]];
}

const apart = ([ax, ay], [bx, by]) => (ax - bx) ** 2 + (ay - by) ** 2;

function kept(points, tolerance) {
  const stay = new Uint8Array(points.length);
  stay[0] = stay[points.length - 1] = 1;
  const parts = [[0, points.length - 1]];
  while (parts.length) {
    const [from, to] = parts.pop();
    let [most, at] = [tolerance, -1];
    for (let i = from + 1; i < to; i++) {
      const distance = toSegment(points[i], points[from], points[to])[0];
      if (distance > most) [most, at] = [distance, i];
    }
    if (at < 0) continue;
    stay[at] = 1;
    parts.push([from, at], [at, to]);
  }
  return points.filter((_, i) => stay[i]);
}

// [distance, nearest place] of a point to the line from a to b.
export function toSegment([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay],
    length = dx * dx + dy * dy;
  const share = length ? Math.min(Math.max(((x - ax) * dx + (y - ay) * dy) / length, 0), 1) : 0;
  const near = [ax + share * dx, ay + share * dy];
  return [Math.hypot(x - near[0], y - near[1]), near];
}

// The pixels whose centres lie within an odd number of loops: Uint8Array of 0 and 1.
export function filled(loops, { width, height }) {
  const mask = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const crossings = [];
    for (const loop of loops) {
      for (let i = 0, j = loop.length - 1; i < loop.length; j = i++) {
        const [[ax, ay], [bx, by]] = [loop[j], loop[i]];
        if (ay > y !== by > y) crossings.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
      }
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const [from, to] = [Math.max(0, Math.ceil(crossings[i])), Math.min(width - 1, Math.floor(crossings[i + 1]))];
      if (to >= from) mask.fill(1, y * width + from, y * width + to + 1);
    }
  }
  return mask;
}
