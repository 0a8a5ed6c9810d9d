// Where the image lies on the screen: x to the right, y down, 0 at the centre of the first pixel, as
// everywhere.

const LEAST = 0.05,
  MOST = 40;

export class View {
  constructor() {
    Object.assign(this, { scale: 1, left: 0, top: 0, width: 1, height: 1, fitted: true });
  }

  resize(width, height) {
    Object.assign(this, { width, height });
  }

  // Shows the whole image, with a margin.
  fit(image) {
    const margin = Math.min(28, this.width * 0.03);
    this.scale = Math.min((this.width - 2 * margin) / image.width, (this.height - 2 * margin) / image.height);
    this.scale = Math.min(Math.max(this.scale, LEAST), MOST);
    this.left = (this.width - image.width * this.scale) / 2;
    this.top = (this.height - image.height * this.scale) / 2;
    this.fitted = true;
  }

  pan(dx, dy) {
    this.left += dx;
    this.top += dy;
    this.fitted = false;
  }

  // Zooms so that what is under (x, y) on the screen stays there.
  zoom(factor, x, y) {
    const scale = Math.min(Math.max(this.scale * factor, LEAST), MOST);
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.fitted = false;
  }

  toImage(x, y) {
    return [(x - this.left) / this.scale - 0.5, (y - this.top) / this.scale - 0.5];
  }

  toScreen([x, y]) {
    return [(x + 0.5) * this.scale + this.left, (y + 0.5) * this.scale + this.top];
  }
}

// A point moved onto the image.
export function within([x, y], { width, height }) {
  const round = (v) => Math.round(v * 100) / 100;
  return [round(Math.min(Math.max(x, 0), width - 1)), round(Math.min(Math.max(y, 0), height - 1))];
}
