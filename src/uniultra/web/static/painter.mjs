// Draws the image and, on a canvas above it, all that lies on it.

import { calipersOn, masksOn, objectOf } from "./doc.mjs";
import { lengthOf } from "./core/scale.mjs";
import { contour } from "./contour.mjs";
import { byId } from "./dom.mjs";
import { measuresOf } from "./measures.mjs";
import { pathOf, shapeOf } from "./shapes.mjs";
import { app, calibration, changed, doc } from "./state.mjs";
import { number } from "./texts.mjs";

const SETTLED_MS = 120; // how long a frame stays before it is drawn well

export class Painter {
  constructor(view, frames) {
    Object.assign(this, { view, frames, image: byId("image"), overlay: byId("overlay"), shown: "", labels: [] });
    this.brushPath = null;
  }

  // Fits both canvases to the stage, at the screen's own pixels.
  resize() {
    const stage = byId("stage"),
      ratio = devicePixelRatio || 1;
    for (const canvas of [this.image, this.overlay]) {
      canvas.width = Math.max(1, Math.round(stage.clientWidth * ratio));
      canvas.height = Math.max(1, Math.round(stage.clientHeight * ratio));
    }
    this.view.resize(stage.clientWidth, stage.clientHeight);
    if (app.file && this.view.fitted) this.view.fit(app.file);
    this.shown = "";
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.fontSize = 0.86 * size;
    this.weight = Math.max(1, size / 14); // of lines: thicker on a large screen
  }

  paint() {
    if (!app.file) return;
    this.paintImage();
    const context = this.begin(this.overlay);
    context.clearRect(0, 0, this.view.width, this.view.height);
    this.paintRegions(context);
    this.paintBanners(context);
    for (const mask of masksOn(doc(), app.frame)) this.paintMask(context, mask);
    if (app.hover?.counts) this.fillPath(context, this.hoverPath(app.hover), "#ffffff", 0.18, 1.5, [5, 4]);
    if (app.draft?.mask) this.paintBrush(context);
    this.paintPrompts(context);
    this.paintAxes(context);
    for (const caliper of calipersOn(doc(), app.frame)) this.paintCaliper(context, caliper);
    if (app.draft?.caliper) this.paintCaliper(context, app.draft.caliper);
    if (app.draft?.box) this.paintBox(context, app.draft.box, "#ffffff");
    for (const label of this.labels.splice(0)) this.paintLabel(context, ...label);
  }

  begin(canvas) {
    const context = canvas.getContext("2d"),
      ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }

  paintImage() {
    const bitmap = this.frames.nearest(app.frame), { view } = this;
    const { brightness, contrast } = app.level, quick = this.isQuick(bitmap?.key);
    const state = [bitmap?.key, quick, app.file.banners, view.scale, view.left, view.top, view.width, view.height].join();
    this.image.style.filter =
      brightness === 1 && contrast === 1 ? "" : `brightness(${brightness}) contrast(${contrast})`;
    if (state === this.shown) return;
    this.shown = state;
    const context = this.begin(this.image);
    context.clearRect(0, 0, view.width, view.height);
    if (!bitmap) return;
    context.imageSmoothingEnabled = view.scale < 6;
    context.imageSmoothingQuality = quick ? "low" : "high";
    context.drawImage(
      bitmap.picture,
      view.left,
      view.top,
      app.file.width * view.scale,
      app.file.height * view.scale,
    );
    this.image.dataset.shown = bitmap.key; // for who measures
    context.fillStyle = "#000"; // what is covered is so on the screen, too
    for (const box of app.file.banners) context.fillRect(...this.rectOf(box));
  }

  // Whether frames follow so fast that a plain picture will do; the last one is drawn well soon after.
  isQuick(key) {
    const now = performance.now();
    if (key !== this.key) Object.assign(this, { key, since: now });
    if (app.playing) return true;
    const left = SETTLED_MS - (now - this.since);
    clearTimeout(this.again);
    if (left > 0) this.again = setTimeout(changed, left + 1);
    return left > 0;
  }

  // A box on the screen: left, top, width, height, whole pixels of the image.
  rectOf([x0, y0, x1, y1]) {
    const [left, top] = this.view.toScreen([Math.floor(x0 + 0.5) - 0.5, Math.floor(y0 + 0.5) - 0.5]),
      [right, bottom] = this.view.toScreen([Math.ceil(x1 + 0.5) - 0.5, Math.ceil(y1 + 0.5) - 0.5]);
    return [left, top, right - left, bottom - top];
  }

  // The borders of what is covered, while one works on that.
  paintBanners(context) {
    if (app.tool !== "cover") return;
    for (const box of app.file.banners) {
      const [left, top, width, height] = this.rectOf(box);
      context.strokeStyle = "#fbbf24";
      context.setLineDash([5, 4]);
      context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
      context.setLineDash([]);
    }
  }

  // Calls `draw` with the image's pixels as the unit.
  inImage(context, draw) {
    context.save();
    context.translate(this.view.left, this.view.top);
    context.scale(this.view.scale, this.view.scale);
    context.translate(0.5, 0.5);
    draw();
    context.restore();
  }

  fillPath(context, path, colour, alpha, width, dash = []) {
    this.inImage(context, () => {
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      context.fill(path, "evenodd");
      context.globalAlpha = 1;
      context.lineJoin = "round";
      context.setLineDash(dash.map((length) => length / this.view.scale));
      context.strokeStyle = "rgb(0 0 0 / 0.65)";
      context.lineWidth = (width * this.weight + 2) / this.view.scale;
      context.stroke(path);
      context.strokeStyle = colour;
      context.lineWidth = (width * this.weight) / this.view.scale;
      context.stroke(path);
    });
  }

  paintMask(context, mask) {
    const object = objectOf(doc(), mask.object);
    const drawn = app.draft?.mask && app.draft.object === mask.object;
    if (!object || object.hidden || drawn) return;
    if (mask.object === app.selected && contour()) {
      this.paintContour(context, contour(), object.colour);
      return;
    }
    const chosen = object.id === app.selected, shape = shapeOf(mask.counts, app.file);
    const dash = mask.sure === false ? [9, 7] : []; // tracking is unsure of it
    this.fillPath(context, shape.path, object.colour, chosen ? 0.24 : 0.14, chosen ? 2.4 : 1.6, dash);
    if (!shape.top || !object.name || app.playing) return;
    const [x, y] = this.view.toScreen(shape.top);
    this.labels.push([object.name, x, y - 1.5 * this.fontSize, object.colour, true]); // drawn over what else there is
  }

  // The mask under the pointer, which may have fewer pixels than the image.
  hoverPath({ counts, size }) {
    const path = new Path2D(), [across, down] = [app.file.width / size.width, app.file.height / size.height];
    path.addPath(shapeOf(counts, size).path, new DOMMatrix([across, 0, 0, down, (across - 1) / 2, (down - 1) / 2]));
    return path;
  }

  // The contour while its points can be moved.
  paintContour(context, { loops, at }, colour) {
    const path = new Path2D();
    for (const loop of loops) {
      loop.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
      path.closePath();
    }
    this.fillPath(context, path, colour, 0.16, 2);
    loops.forEach((loop, l) =>
      loop.forEach((point, i) => {
        const [x, y] = this.view.toScreen(point),
          chosen = at?.[0] === l && at[1] === i;
        context.beginPath();
        context.arc(x, y, chosen ? 6 : 4, 0, 2 * Math.PI);
        context.fillStyle = chosen ? "#fff" : colour;
        context.fill();
        context.lineWidth = 1.5;
        context.strokeStyle = chosen ? colour : "#05070a";
        context.stroke();
      }),
    );
  }

  paintBrush(context) {
    const { mask, colour } = app.draft;
    if (app.draft.fresh) {
      this.brushPath = pathOf(mask, app.file);
      app.draft.fresh = false;
    }
    this.fillPath(context, this.brushPath, colour, 0.24, 2.4);
  }

  paintPrompts(context) {
    const mask = masksOn(doc(), app.frame).find((one) => one.object === app.selected);
    if (app.playing) return;
    if (mask?.box && !objectOf(doc(), app.selected)?.hidden)
      this.paintBox(context, mask.box, objectOf(doc(), app.selected).colour);
    for (const [i, point] of (mask?.points ?? []).entries()) this.paintClick(context, point, mask.labels[i]);
    for (const { point, label, frame } of app.pending) if (frame === app.frame) this.paintClick(context, point, label);
  }

  paintClick(context, point, label) {
    const [x, y] = this.view.toScreen(point);
    context.beginPath();
    context.arc(x, y, 6.5 * this.weight, 0, 2 * Math.PI);
    context.fillStyle = label ? "#22c55e" : "#ef4444";
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = "#fff";
    context.stroke();
    context.beginPath();
    context.moveTo(x - 3, y);
    context.lineTo(x + 3, y);
    if (label) {
      context.moveTo(x, y - 3);
      context.lineTo(x, y + 3);
    }
    context.stroke();
  }

  paintBox(context, [x0, y0, x1, y1], colour) {
    const [left, top] = this.view.toScreen([x0, y0]),
      [right, bottom] = this.view.toScreen([x1, y1]);
    context.save();
    context.setLineDash([6, 5]);
    context.lineWidth = 1.25 * this.weight;
    context.strokeStyle = colour;
    context.globalAlpha = 0.85;
    context.strokeRect(left, top, right - left, bottom - top);
    context.restore();
  }

  paintRegions(context) {
    if (app.playing) return;
    for (const region of app.file.calibration.regions) {
      const [x0, y0, x1, y1] = region.box_xyxy, // some files name more than their image has
        { width, height } = app.file;
      if (x0 >= width || y0 >= height) continue;
      this.paintBox(context, [x0, y0, Math.min(x1, width - 1), Math.min(y1, height - 1)], region.spacing_mm_yx ? "#7d8ba1" : "#a16a6a");
    }
  }

  // The two diameters of the selected structure, where they are known.
  paintAxes(context) {
    const found = app.playing ? null : measuresOf(app.selected);
    if (!found) return;
    for (const name of ["long_diameter", "short_diameter"]) {
      const ends = found[name]?.ends_xy;
      if (ends) this.paintLine(context, ends[0], ends[1], "rgb(255 255 255 / 0.75)", [3, 4], 1.25);
    }
  }

  paintLine(context, a, b, colour, dash, width) {
    const [ax, ay] = this.view.toScreen(a),
      [bx, by] = this.view.toScreen(b);
    context.save();
    context.setLineDash(dash);
    context.lineWidth = width * this.weight;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(ax, ay);
    context.lineTo(bx, by);
    context.stroke();
    context.restore();
  }

  paintCaliper(context, { a, b }) {
    this.paintLine(context, a, b, "rgb(0 0 0 / 0.7)", [], 4);
    this.paintLine(context, a, b, "#ffe066", [], 1.75);
    for (const end of [a, b]) {
      const [x, y] = this.view.toScreen(end);
      this.paintLine(context, this.view.toImage(x - 7, y), this.view.toImage(x + 7, y), "#ffe066", [], 2);
      this.paintLine(context, this.view.toImage(x, y - 7), this.view.toImage(x, y + 7), "#ffe066", [], 2);
    }
    const { value, unit } = lengthOf(calibration(), a, b);
    const [x, y] = this.view.toScreen([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
    this.paintLabel(context, `${number(value, 1)} ${unit}`, x + 12, y - 12, "#ffe066");
  }

  paintLabel(context, text, x, y, colour, centred = false) {
    const size = this.fontSize;
    context.font = `600 ${size}px system-ui, sans-serif`;
    const shown = text.length > 28 ? `${text.slice(0, 27)}…` : text;
    const width = context.measureText(shown).width + 12;
    const left = centred ? x - width / 2 : x;
    context.fillStyle = "rgb(8 11 16 / 0.78)";
    context.beginPath();
    context.roundRect(left, y - size * 0.83, width, size * 1.66, 5);
    context.fill();
    context.fillStyle = colour;
    context.textBaseline = "middle";
    context.fillText(shown, left + 6, y + 0.5);
  }
}
