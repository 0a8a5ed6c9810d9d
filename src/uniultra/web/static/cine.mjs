// The bar below a cine: play, step, speed, where structures are marked, and the selected one's area over
// time.

import { byId, el, fill, icon, iconButton } from "./dom.mjs";
import { isDoubtful, isLost, maskOf, withChecked } from "./doc.mjs";
import { areaIn } from "./shapes.mjs";
import { app, changed, commit, doc, draw, say, selectedObject } from "./state.mjs";
import { isTracking, stopTracking, track } from "./track.mjs";
import { number, t } from "./texts.mjs";

const SPEEDS = [0.1, 0.25, 0.5, 1, 2];
const PLAIN_RATE = 25;
const UNSURE = "#fb7185";
const SLIDER = 17; // pixels below the curve

export class CineBar {
  constructor(frames) {
    Object.assign(this, { frames, speed: 1, late: 0, played: 0, intervals: [] });
    this.play = iconButton("play", t("play"), () => this.toggle(), { "data-key": "play" });
    this.slider = el("input", {
      type: "range",
      min: 0,
      value: 0,
      step: 1,
      id: "frame-slider",
      oninput: () => this.seek(Number(this.slider.value)),
    });
    this.follow = el("button", { type: "button", class: "quiet", id: "track", onclick: () => track(1) });
    this.unsure = el("button", { type: "button", class: "doubt", id: "next-unsure", onclick: () => this.jump(1, true) });
    this.right = iconButton("check", "", () => this.check(), { id: "right", "data-key": "right" });
    this.empty = el("p", { class: "muted bar-hint" });
    this.label = el("output", { class: "frame-label" });
    this.curve = el("canvas", { id: "curve", "aria-hidden": "true" });
    this.select = el("select", {
      onchange: () => {
        this.speed = Number(this.select.value);
        this.begin();
      },
    });
  }

  build() {
    const bar = byId("cine");
    bar.hidden = !(app.file?.count > 1);
    if (bar.hidden) return;
    this.slider.max = app.file.count - 1;
    this.slider.setAttribute("aria-label", t("frame"));
    this.select.setAttribute("aria-label", t("speed"));
    fill(
      this.select,
      ...SPEEDS.map((speed) => el("option", { value: `${speed}` }, `${number(speed, speed < 1 ? 2 : 0)}×`)),
    );
    this.select.value = `${this.speed}`;
    fill(
      bar,
      iconButton("first", t("previousMarked"), () => this.jump(-1)),
      iconButton("back", t("previousFrame"), () => this.step(-1)),
      this.play,
      iconButton("forward", t("nextFrame"), () => this.step(1)),
      iconButton("last", t("nextMarked"), () => this.jump(1)),
      el("span", { class: "gap" }),
      iconButton("trackBack", t("trackBack"), () => track(-1)),
      this.follow,
      this.unsure,
      this.right,
      el("div", { class: "track" }, this.curve, this.slider, this.empty),
      this.label,
      this.select,
    );
  }

  render() {
    if (byId("cine").hidden) return;
    if (this.shown !== app.playing) {
      this.shown = app.playing;
      this.play.replaceChildren(icon(app.playing ? "pause" : "play"));
      this.play.setAttribute("aria-label", t(app.playing ? "pause" : "play"));
    }
    this.renderTracking();
    this.right.hidden = app.playing || !this.isDoubtful();
    this.slider.value = app.frame;
    const time = app.file.times_s ? ` · ${number(app.file.times_s[app.frame], 2)} s` : "";
    this.label.textContent = `${app.frame + 1} / ${app.file.count}${time}`;
    if (!app.playing || app.frame % 5 === 0) this.paintCurve();
  }

  // The button follows or stops; beside it, how many frames need a look.
  renderTracking() {
    const state = [isTracking(), doc(), t("track")];
    if (app.playing || state.every((part, index) => part === this.told?.[index])) return;
    this.told = state;
    const going = isTracking(), count = doubtful();
    fill(this.follow, icon(going ? "pause" : "trackOn"), t(going ? "trackStop" : "track"));
    this.follow.title = t("trackOn");
    this.follow.setAttribute("aria-pressed", `${going}`);
    this.unsure.hidden = !count;
    fill(this.unsure, icon("unsure"), t("toCheck", count));
    this.unsure.title = t("nextUnsure");
    this.right.title = t("rightAsItIs");
    this.right.setAttribute("aria-label", t("rightAsItIs"));
    this.empty.hidden = doc().frames.some(({ masks }) => masks.length);
    this.empty.textContent = t("trackHint");
  }

  seek(number, by = 1) {
    app.frame = Math.min(Math.max(number, 0), app.file.count - 1);
    draw();
    this.frames.ahead(app.frame, app.file.count, by);
  }

  step(by) {
    this.stop();
    this.seek(app.frame + by, by);
  }

  // To a frame; what is needed next lies behind the last one.
  go(number) {
    this.stop();
    this.seek(number, number ? -1 : 1);
  }

  // Whether the frame that is shown needs a person.
  isDoubtful() {
    return doc().frames.some((frame) => frame.number === app.frame && isUnsure(frame)) || doc().objects.some(({ id }) => isLost(doc(), app.frame, id));
  }

  // What is on this frame is right as it is: to the next one that needs a person.
  check() {
    if (!(app.file?.count > 1) || !this.isDoubtful()) return;
    stopTracking();
    commit(withChecked(doc(), app.frame));
    this.jump(1, true);
  }

  // To the nearest frame before or after that has masks; to one that needs a person, where `unsure`: after the last the first.
  jump(direction, unsure = false) {
    if (!(app.file?.count > 1)) return;
    this.stop();
    const marked = doc().frames.filter((frame) => frame.masks.length && (!unsure || isUnsure(frame)));
    const numbers = [...marked.map((frame) => frame.number), ...(unsure ? lostFrames() : [])];
    const others = numbers.filter((number) => number !== app.frame),
      beyond = others.filter((number) => (number - app.frame) * direction > 0),
      next = beyond.length || !unsure ? beyond : others;
    if (next.length) this.seek(direction > 0 ? Math.min(...next) : Math.max(...next));
    else if (unsure) say(t("allSure"));
  }

  toggle() {
    if (app.playing) this.stop();
    else if (app.file?.count > 1) {
      app.playing = true;
      this.begin();
      requestAnimationFrame((now) => this.tick(now));
    }
    changed();
  }

  stop() {
    app.playing = false;
    changed();
  }

  begin() {
    Object.assign(this, { began: performance.now(), from: app.frame, shownAt: 0 });
  }

  // Shows the frame of the moment; one that isn't here yet is waited for, and the clock with it.
  tick(now) {
    if (!app.playing) return;
    const next = this.frameAt(((now - this.began) / 1000) * this.speed);
    if (next !== app.frame) {
      if (this.frames.has(next)) this.show(next, now);
      else {
        this.late++;
        this.frames.load(next).catch(() => this.stop());
        Object.assign(this, { began: now, from: app.frame });
      }
    }
    this.frames.ahead(app.frame, app.file.count);
    requestAnimationFrame((later) => this.tick(later));
  }

  show(next, now) {
    if (this.shownAt) this.intervals.push(now - this.shownAt);
    this.shownAt = now;
    this.played++;
    app.frame = next;
    draw();
  }

  // The frame that is on so many seconds after `from`; after the last comes the first.
  frameAt(seconds) {
    const { times_s: times, count } = app.file;
    if (!times) return (this.from + Math.floor(seconds * PLAIN_RATE)) % count;
    const step = (times.at(-1) - times[0]) / Math.max(1, count - 1) || 1 / PLAIN_RATE;
    const length = times.at(-1) - times[0] + step;
    const at = (times[this.from] - times[0] + seconds + 1e-6) % length;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] - times[0] <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  paintCurve() {
    const state = [doc(), app.file, app.selected, this.curve.clientWidth, devicePixelRatio];
    if (state.every((part, index) => part === this.drawn?.[index])) return;
    this.drawn = state;
    const { curve } = this,
      ratio = (devicePixelRatio || 1) * (curve.currentCSSZoom ?? 1),
      { count } = app.file;
    const [width, height] = [curve.clientWidth, curve.clientHeight - SLIDER];
    curve.width = Math.round(width * ratio);
    curve.height = Math.round((height + SLIDER) * ratio);
    const context = curve.getContext("2d");
    context.scale(ratio, ratio);
    const x = (frame) => 8 + (frame / Math.max(1, count - 1)) * (width - 16);
    const sure = getComputedStyle(curve).color;
    for (const frame of doc().frames.filter(({ masks }) => masks.length)) {
      context.fillStyle = isUnsure(frame) ? UNSURE : sure;
      context.fillRect(x(frame.number) - 1, height - 5, 2.5, 5);
    }
    context.strokeStyle = UNSURE;
    context.lineWidth = 1.5;
    for (const frame of lostFrames()) {
      for (const slope of [1, -1]) {
        context.beginPath();
        context.moveTo(x(frame) - 2.5, height - 2.5 - 2.5 * slope);
        context.lineTo(x(frame) + 2.5, height - 2.5 + 2.5 * slope);
        context.stroke();
      }
    }
    this.paintAreas(context, x, height);
  }

  paintAreas(context, x, height) {
    const object = selectedObject();
    const found = object
      ? doc()
          .frames.map(({ number: frame }) => [frame, maskOf(doc(), frame, object.id)])
          .filter(([, mask]) => mask)
      : [];
    if (found.length < 2) return;
    const areas = found.map(([frame, mask]) => [frame, areaIn(mask.counts)]);
    const values = areas.map(([, area]) => area),
      [low, high] = [Math.min(...values), Math.max(...values)];
    const place = (area) => height - 9 - ((area - low) / Math.max(1, high - low)) * (height - 15);
    context.beginPath();
    areas.forEach(([frame, area], index) => {
      const gone = index && object.lost?.some((number) => number > areas[index - 1][0] && number < frame);
      if (index && !gone) context.lineTo(x(frame), place(area));
      else context.moveTo(x(frame), place(area));
    });
    context.strokeStyle = object.colour;
    context.lineWidth = 1.75;
    context.stroke();
    for (const value of [high, low]) {
      const [frame] = areas.find(([, area]) => area === value); // of a ventricle: end of diastole, of systole
      context.beginPath();
      context.arc(x(frame), place(value), 3.2, 0, 2 * Math.PI);
      context.fillStyle = object.colour;
      context.fill();
    }
  }
}

// The frames on which tracking lost a structure.
const lostFrames = () => [...new Set(doc().objects.flatMap(({ lost }) => lost ?? []))];

// Whether the model is unsure of a mask on a frame.
const isUnsure = ({ masks }) => masks.some(isDoubtful);

// How many frames need a person: unsure or lost.
const doubtful = () => new Set([...doc().frames.filter(isUnsure).map((frame) => frame.number), ...lostFrames()]).size;
