// The outlines of a mask as closed lines through the middles of its boundary's pixel edges: smooth at any
// zoom, half a pixel off at most.

const TURNS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
]; // right, down, left, up: each is a right turn from the one before
// From a corner back to the pixel ahead of it on the left and on the right of the way, by turn.
const LEFT = [
  [0, 1],
  [0, 0],
  [1, 0],
  [1, 1],
];
const RIGHT = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

// mask: Uint8Array of 0 and 1. A list of loops [[x, y], ...], 0 at the centre of the first pixel; holes run
// the other way round.
export function outlines(mask, { width, height }) {
  const seen = new Uint8Array(mask.length),
    loops = [];
  const inside = (x, y) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] === 1;
  const end = mask.lastIndexOf(1);
  for (let index = mask.indexOf(1); index >= 0 && index <= end; index = mask.indexOf(1, index + 1)) {
    if (seen[index] === 1 || (index >= width && mask[index - width] === 1)) continue;
    loops.push(follow(inside, seen, index % width, Math.floor(index / width), width));
  }
  return loops;
}

// Walks along the boundary with the mask on the right, beginning with the upper edge of a pixel, until it is
// there again.
function follow(inside, seen, startX, startY, width) {
  const loop = [];
  let [x, y, turn] = [startX, startY, 0];
  do {
    const [dx, dy] = TURNS[turn];
    if (turn === 0) seen[y * width + x] = 1;
    loop.push([x + dx / 2 - 0.5, y + dy / 2 - 0.5]);
    x += dx;
    y += dy;
    if (inside(x - LEFT[turn][0], y - LEFT[turn][1])) turn = (turn + 3) % 4;
    else if (!inside(x - RIGHT[turn][0], y - RIGHT[turn][1])) turn = (turn + 1) % 4;
  } while (x !== startX || y !== startY || turn !== 0);
  return loop;
}
