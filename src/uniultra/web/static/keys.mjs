// Every action has a key; the image can be pointed at with the arrows, too.

import { maskOf, withCaliper, withMask, withoutCaliper } from "./doc.mjs";
import { showHelp } from "./dialogs.mjs";
import { showExport } from "./export_dialog.mjs";
import { addCover, removeCover } from "./cover.mjs";
import { byId } from "./dom.mjs";
import { nextFit } from "./fit.mjs";
import { newStructure, printed } from "./panels.mjs";
import { box, click, endHover } from "./prompts.mjs";
import { track } from "./track.mjs";
import { app, changed, commit, doc, isInSight, redo, say, undo } from "./state.mjs";

const TOOLS = { s: "segment", x: "minus", b: "brush", e: "eraser", m: "caliper", c: "contour", k: "cover", w: "window", h: "pan" };

const EDGE = 14; // pixels of the screen: half a cross

// The keyboard's cross where it begins.
function middle() {
  const { width, height } = app.file;
  return { at: [Math.round(width / 2), Math.round(height / 2)], corner: null, file: app.file };
}

export class Keys {
  constructor(parts) {
    Object.assign(this, parts);
    this.cross = null; // {at, corner} while the keyboard points
    document.addEventListener("keydown", (event) => this.down(event));
    // A button that was clicked doesn't keep Space and Enter to itself, as one that Tab led to does; nor does it get them back from a
    // dialog that it opens.
    const letGo = ({ detail, target }) => detail && target.closest("button") && !target.closest("dialog") && document.activeElement?.blur();
    document.addEventListener("click", letGo, true);
    document.addEventListener("keyup", (event) => {
      if (event.key === "Shift") endHover();
      if (event.key === " ") this.tools.space = false;
    });
  }

  down(event) {
    const focused = event.target.closest("dialog") ? document.body : event.target; // what a dialog holds keeps the focus for a moment after it has closed
    if (document.querySelector("dialog[open]") || focused.closest("input:not([type=range]), select, textarea")) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey) {
      this.controlled(event);
      return;
    }
    if (event.altKey || !app.file) {
      if (event.key === "?") showHelp(this.relabel);
      return;
    }
    const onButton = focused.closest("button, input") && ["Enter", " "].includes(event.key);
    if (onButton) return;
    const forPoints = app.tool === "contour" && !this.cross && this.tools.contour.key(event);
    if (forPoints || (this.cross && this.pointed(event)) || this.plain(event)) event.preventDefault();
  }

  controlled(event) {
    const key = event.key.toLowerCase();
    const steps = { z: event.shiftKey ? redo : undo, y: redo, e: showExport };
    if (!steps[key]) return;
    event.preventDefault();
    steps[key]();
  }

  // Whether the key means something.
  plain(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (TOOLS[key]) {
      app.tool = TOOLS[key];
      changed();
      return true;
    }
    if (/^[1-9]$/.test(key)) {
      app.selected = doc().objects[Number(key) - 1]?.id ?? app.selected;
      changed();
      return true;
    }
    const actions = {
      n: newStructure,
      "?": () => showHelp(this.relabel),
      f: () => {
        this.view.fit(app.file);
        changed();
      },
      "[": () => this.resize(1 / 1.25),
      "]": () => this.resize(1.25),
      g: () => this.toggleCross(),
      u: () => this.bar.jump(event.shiftKey ? -1 : 1, true),
      o: () => this.bar.check(),
      t: () => app.workspace.tracking && track(event.shiftKey ? -1 : 1),
      a: async () => (await import("./alternatives.mjs")).nextAlternative(), // seldom needed: loaded then
      d: nextFit,
      p: printed,
      "+": () => this.zoom(1.25),
      "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      ArrowLeft: () => this.bar.step(-1),
      ArrowRight: () => this.bar.step(1),
      Home: () => this.bar.go(0),
      End: () => this.bar.go(app.file.count - 1),
      " ": () => this.space(event),
      PageUp: () => this.files.go(-1),
      PageDown: () => this.files.go(1),
      Enter: () => this.files.accept(),
      Delete: () => this.remove(),
      Backspace: () => this.remove(),
      Escape: () => this.tools.cancel(),
    };
    if (!actions[key]) return false;
    actions[key]();
    return true;
  }

  space(event) {
    if (event.repeat) return;
    this.tools.space = true;
    if (app.file.count > 1) this.bar.toggle();
  }

  resize(factor) {
    app.brush = Math.min(Math.max(app.brush * factor, 2), 120);
    changed();
  }

  // Around what the keyboard points at, so that it stays in sight.
  zoom(factor) {
    const { width, height } = this.view;
    this.view.zoom(factor, ...(this.cross ? this.view.toScreen(this.cross.at) : [width / 2, height / 2]));
    changed();
  }

  remove() {
    const caliper = doc()
      .calipers.filter((one) => one.frame === app.frame)
      .at(-1);
    if (maskOf(doc(), app.frame, app.selected)) commit(withMask(doc(), app.frame, app.selected, null));
    else if (caliper) commit(withoutCaliper(doc(), caliper.id));
  }

  toggleCross() {
    this.cross = this.cross ? null : middle();
    this.reveal();
    this.showCross();
  }

  // Keys while the keyboard points; whether this one was for that.
  pointed(event) {
    const { cross } = this,
      step = event.shiftKey ? 1 : 8;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    if (move) {
      cross.at = [
        this.clamp(cross.at[0] + move[0], app.file.width),
        this.clamp(cross.at[1] + move[1], app.file.height),
      ];
      this.reveal();
    } else if (!isInSight() && ["enter", "backspace", "b"].includes(event.key.toLowerCase())) say(app.frames.missing(app.frame));
    else if (event.key === "Enter" && app.tool === "cover") removeCover(cross.at);
    else if (event.key === "Enter") click([...cross.at], 1);
    else if (event.key === "Backspace") click([...cross.at], 0);
    else if (event.key.toLowerCase() === "b") this.corner();
    else if (event.key === "Escape") this.cross = null;
    else return false;
    this.showCross();
    return true;
  }

  clamp(value, length) {
    return Math.min(Math.max(value, 0), length - 1);
  }

  corner() {
    const { cross } = this;
    if (!cross.corner) {
      cross.corner = [...cross.at];
      return;
    }
    const [ax, ay] = cross.corner,
      [bx, by] = cross.at;
    cross.corner = null;
    if (app.tool === "caliper") {
      if (ax !== bx || ay !== by) commit(withCaliper(doc(), app.frame, [ax, ay], [bx, by]));
      return;
    }
    if (Math.abs(ax - bx) >= 2 && Math.abs(ay - by) >= 2)
      (app.tool === "cover" ? addCover : box)([Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)]);
  }

  // Moves the image where the cross has left the part of it that is shown.
  reveal() {
    if (!this.cross) return;
    const { width, height } = this.view;
    const over = (at, side) => Math.min(Math.max(at, EDGE), Math.max(side - EDGE, EDGE)) - at;
    const [x, y] = this.view.toScreen(this.cross.at),
      [dx, dy] = [over(x, width), over(y, height)];
    if (dx || dy) this.view.pan(dx, dy);
  }

  // The cross where its pixel is shown now; on another image it begins anew.
  place() {
    const mark = byId("cross");
    if (this.cross && this.cross.file !== app.file) this.cross = app.file ? middle() : null;
    mark.hidden = !this.cross;
    if (!this.cross) return;
    const [x, y] = this.view.toScreen(this.cross.at);
    mark.style.transform = `translate(${x - 14}px, ${y - 14}px)`;
  }

  showCross() {
    const { cross } = this;
    app.draft = null;
    if (cross) {
      const [ax, ay] = cross.corner ?? cross.at,
        [bx, by] = cross.at;
      if (cross.corner)
        app.draft = { box: [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)] };
    }
    changed();
  }
}
