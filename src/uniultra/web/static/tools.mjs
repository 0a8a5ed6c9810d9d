// What the pointer does on the image, by tool: mouse, pen and touch alike.

import { byId } from "./dom.mjs";
import { calipersOn, maskOf, withCaliper, withMask, withMovedCaliper, withObject } from "./doc.mjs";
import { encode } from "./core/rle.mjs";
import { ContourEditor } from "./contour.mjs";
import { addCover, removeCover } from "./cover.mjs";
import { box, click, endHover, hover } from "./prompts.mjs";
import { shapeOf } from "./shapes.mjs";
import { app, changed, commit, doc, isInSight, say, selectedObject } from "./state.mjs";
import { t } from "./texts.mjs";
import { within } from "./view.mjs";

const DRAG = 5,
  GRAB = 14;

export class Tools {
  constructor(view) {
    Object.assign(this, { view, touches: new Map(), drag: null, space: false, contour: new ContourEditor(view) });
    const stage = byId("stage");
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"])
      stage.addEventListener(name, (event) => this.up(event));
    stage.addEventListener("pointerleave", endHover);
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  at(event) {
    const stage = byId("stage").getBoundingClientRect();
    return [event.clientX - stage.left, event.clientY - stage.top];
  }

  down(event) {
    if (!app.file || event.target.closest("button, input")) return;
    byId("stage").setPointerCapture(event.pointerId);
    if (document.activeElement?.matches("input")) document.activeElement.blur(); // a finger doesn't: what was typed counts
    const [x, y] = this.at(event);
    if (event.pointerType === "touch") this.touches.set(event.pointerId, [x, y]);
    if (this.touches.size === 2) {
      this.cancel();
      return;
    }
    endHover();
    const pans = event.button === 1 || this.space || app.tool === "pan";
    this.drag = {
      kind: pans ? "pan" : this.kind(event, x, y),
      x,
      y,
      lastX: x,
      lastY: y,
      moved: false,
      button: event.button,
    };
    if (!["pan", "window", "none"].includes(this.drag.kind)) app.playing = false; // the frame that one points at is meant
    if (["brush", "eraser"].includes(this.drag.kind)) this.beginStroke(x, y);
  }

  kind(event, x, y) {
    if (!isInSight() && app.tool !== "window") {
      say(app.frames.missing(app.frame)); // the picture of another one is shown
      return "none";
    }
    if (event.button === 2 && app.tool !== "window")
      return app.tool === "segment" || app.tool === "minus" ? "minus" : "none";
    if (app.tool === "segment" || app.tool === "minus") {
      const held = this.caliperAt(x, y);
      if (held) {
        this.held = held;
        return "caliper-end";
      }
      return event.altKey || app.tool === "minus" ? "minus" : "segment";
    }
    if (app.tool === "contour") return this.contour.grab(event, x, y) ? "contour" : "pan";
    if (app.tool === "caliper") {
      this.held = this.caliperAt(x, y);
      return this.held ? "caliper-end" : "caliper";
    }
    return app.tool;
  }

  move(event) {
    if (!app.file) return;
    const [x, y] = this.at(event);
    if (this.touches.has(event.pointerId)) {
      if (this.pinch(event.pointerId, x, y)) return;
    }
    if (!this.drag) {
      this.hovered(event, x, y);
      return;
    }
    const { drag } = this;
    drag.moved ||= Math.hypot(x - drag.x, y - drag.y) > DRAG;
    if (app.tool === "brush" || app.tool === "eraser") this.showRing(x, y);
    if (drag.moved || drag.kind === "brush" || drag.kind === "eraser") this.dragged(drag, x, y);
    [drag.lastX, drag.lastY] = [x, y];
    changed();
  }

  dragged(drag, x, y) {
    if (drag.kind === "pan") this.view.pan(x - drag.lastX, y - drag.lastY);
    else if (drag.kind === "contour") this.contour.drag(this.point(x, y));
    else if (drag.kind === "segment" || drag.kind === "cover") app.draft = { box: this.boxTo(x, y) };
    else if (drag.kind === "brush" || drag.kind === "eraser")
      this.stroke(drag.lastX, drag.lastY, x, y, drag.kind === "brush");
    else if (drag.kind === "caliper")
      app.draft = { caliper: { a: this.point(drag.x, drag.y), b: this.point(x, y) } };
    else if (drag.kind === "caliper-end") this.moveEnd(x, y);
    else if (drag.kind === "window") this.window(x - drag.lastX, y - drag.lastY);
  }

  up(event) {
    this.touches.delete(event.pointerId);
    const { drag } = this;
    this.drag = null;
    if (!drag || event.type === "pointercancel") {
      app.draft = null;
      changed();
      return;
    }
    const [x, y] = this.at(event),
      { draft } = app;
    app.draft = null;
    if (drag.kind === "segment" && drag.moved) this.endBox(draft?.box);
    else if (drag.kind === "cover") this.endCover(drag, draft?.box, x, y);
    else if (drag.kind === "contour") this.contour.drop();
    else if ((drag.kind === "segment" || drag.kind === "minus") && !drag.moved)
      this.clicked(x, y, drag.kind === "segment" ? 1 : 0);
    else if (drag.kind === "brush" || drag.kind === "eraser") this.endStroke(draft);
    else if (drag.kind === "caliper" && draft?.caliper)
      commit(withCaliper(doc(), app.frame, draft.caliper.a, draft.caliper.b));
    else if (drag.kind === "caliper-end" && this.ends) this.endMove();
    changed();
  }

  cancel() {
    this.drag = null;
    app.draft = null;
    changed();
  }

  point(x, y) {
    return within(this.view.toImage(x, y), app.file);
  }

  clicked(x, y, label) {
    const [px, py] = this.view.toImage(x, y);
    const outside = px < -0.5 || py < -0.5 || px > app.file.width - 0.5 || py > app.file.height - 0.5;
    if (!outside) click(this.point(x, y), label);
  }

  boxTo(x, y) {
    const [ax, ay] = this.point(this.drag.x, this.drag.y),
      [bx, by] = this.point(x, y);
    return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
  }

  endBox(drawn) {
    if (drawn && drawn[2] - drawn[0] >= 2 && drawn[3] - drawn[1] >= 2) box(drawn);
  }

  endCover(drag, drawn, x, y) {
    if (!drag.moved) {
      if (!removeCover(this.view.toImage(x, y))) say(t("coverHint"));
    } else if (drawn && drawn[2] - drawn[0] >= 2 && drawn[3] - drawn[1] >= 2) addCover(drawn);
  }

  hovered(event, x, y) {
    this.lastX = x;
    this.lastY = y;
    byId("brush-ring").hidden = true;
    if (app.tool === "brush" || app.tool === "eraser") this.showRing(x, y);
    if (!event.shiftKey || app.tool !== "segment") {
      endHover();
      return;
    }
    const [px, py] = this.view.toImage(x, y);
    if (px < 0 || py < 0 || px > app.file.width - 1 || py > app.file.height - 1) {
      endHover();
      return;
    }
    app.hover ??= { counts: "", size: null };
    hover(this.point(x, y));
  }

  showRing(x, y) {
    const ring = byId("brush-ring");
    ring.hidden = false;
    ring.style.width = ring.style.height = `${2 * app.brush}px`;
    ring.style.transform = `translate(${x - app.brush}px, ${y - app.brush}px)`;
  }

  // The end of a caliper near a place of the screen: [caliper, "a" or "b"].
  caliperAt(x, y) {
    for (const caliper of calipersOn(doc(), app.frame)) {
      for (const end of ["a", "b"]) {
        const [ex, ey] = this.view.toScreen(caliper[end]);
        if (Math.hypot(ex - x, ey - y) < GRAB) return [caliper, end];
      }
    }
    return null;
  }

  moveEnd(x, y) {
    const [caliper, end] = this.held;
    this.ends = { a: caliper.a, b: caliper.b, [end]: this.point(x, y) };
    app.draft = { caliper: this.ends };
  }

  endMove() {
    commit(withMovedCaliper(doc(), this.held[0].id, this.ends));
    this.ends = null;
  }

  window(dx, dy) {
    const limit = (value) => Math.min(Math.max(value, 0.2), 5);
    app.level = {
      contrast: limit(app.level.contrast * 1.006 ** dx),
      brightness: limit(app.level.brightness * 1.006 ** -dy),
    };
  }

  // A stroke works on a copy of the mask, which becomes the structure's at its end.
  beginStroke(x, y) {
    const before = maskOf(doc(), app.frame, app.selected);
    const mask = before
      ? shapeOf(before.counts, app.file).mask.slice()
      : new Uint8Array(app.file.width * app.file.height);
    app.draft = { mask, object: app.selected, colour: selectedObject()?.colour ?? "#4cc9f0", fresh: true };
    this.stroke(x, y, x, y, this.drag.kind === "brush");
    changed();
  }

  stroke(fromX, fromY, x, y, on) {
    const [ax, ay] = this.view.toImage(fromX, fromY),
      [bx, by] = this.view.toImage(x, y);
    const radius = Math.max(app.brush / this.view.scale, 0.5),
      steps = Math.ceil(Math.hypot(bx - ax, by - ay) / (radius / 2)) || 1;
    for (let step = 0; step <= steps; step++)
      this.dab(ax + ((bx - ax) * step) / steps, ay + ((by - ay) * step) / steps, radius, on);
    app.draft.fresh = true;
  }

  dab(cx, cy, radius, on) {
    const { width, height } = app.file,
      { mask } = app.draft;
    for (
      let y = Math.max(0, Math.ceil(cy - radius));
      y <= Math.min(height - 1, Math.floor(cy + radius));
      y++
    ) {
      const half = Math.sqrt(radius ** 2 - (y - cy) ** 2);
      const [from, to] = [Math.max(0, Math.ceil(cx - half)), Math.min(width - 1, Math.floor(cx + half))];
      if (to >= from) mask.fill(on ? 1 : 0, y * width + from, y * width + to + 1);
    }
  }

  endStroke(draft) {
    if (!draft?.mask) return;
    const [next, id] = selectedObject()
      ? [doc(), app.selected]
      : withObject(doc(), t("structure"));
    const before = maskOf(next, app.frame, id) ?? { box: null, points: [], labels: [], region: null };
    const counts = encode(draft.mask, app.file);
    if (!draft.mask.includes(1)) {
      if (maskOf(next, app.frame, id)) commit(withMask(next, app.frame, id, null));
      else say(t("eraseNothing"));
      return;
    }
    app.selected = id;
    commit(withMask(next, app.frame, id, { ...before, counts, quality: null, source: "brush", sure: true }));
  }

  wheel(event) {
    if (!app.file) return;
    event.preventDefault();
    const [x, y] = this.at(event);
    this.view.zoom(Math.exp(-Math.min(Math.max(event.deltaY, -120), 120) * 0.0022), x, y);
    changed();
  }

  // Two fingers: zoom and move. Returns whether there are two.
  pinch(id, x, y) {
    const before = [...this.touches.values()];
    this.touches.set(id, [x, y]);
    if (this.touches.size !== 2) return false;
    const after = [...this.touches.values()];
    const middle = (list) => [(list[0][0] + list[1][0]) / 2, (list[0][1] + list[1][1]) / 2];
    const spread = (list) => Math.hypot(list[0][0] - list[1][0], list[0][1] - list[1][1]) || 1;
    const [mx, my] = middle(after),
      [bx, by] = middle(before);
    this.view.pan(mx - bx, my - by);
    this.view.zoom(spread(after) / spread(before), mx, my);
    changed();
    return true;
  }
}
