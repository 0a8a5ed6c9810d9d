// The panels at the right: structures, measures, and what is said below.

import { byId, el, fill, icon, iconButton } from "./dom.mjs";
import { isDoubtful, isLost, maskOf, masksOn, withChangedObject, withObject, withoutCaliper, withoutObject } from "./doc.mjs";
import { askEjection, ejectionOf, extremes, requestedCount } from "./ejection.mjs";
import { allMeasured, asTabs, measured, measuresOf, saveCsv } from "./measures.mjs";
import { fitButtons } from "./fit.mjs";
import { renamed } from "./prompts.mjs";
import { lengthOf, scaleAt } from "./core/scale.mjs";
import { app, calibration, changed, commit, doc, say, selectedMask, selectedObject } from "./state.mjs";
import { NAMES, current, hear, inWords, number, qualityOf, reasonOf, sentence, squared, t } from "./texts.mjs";
import { volumeParts, volumeState } from "./volume.mjs";

// The page to print, whose file is loaded when it is wanted.
export const printed = async () => (await import("./report.mjs")).printReport();

export function newStructure() {
  if (!app.file) return;
  const [next, id] = withObject(doc(), t("structure"));
  app.selected = id;
  commit(next);
}

let shown = [];

// Builds the panels anew where what they show has changed: a button that is replaced under the pointer takes
// no click.
export function renderPanels() {
  const state = [app.file, doc(), app.frame, app.selected, current(), measured(), requestedCount(), volumeState(), app.boxFit];
  if (state.every((part, index) => part === shown[index])) return;
  const built = [rebuilt(byId("structures"), structures), rebuilt(byId("measures"), measures)];
  shown = built.every(Boolean) ? state : [];
}

// Builds a panel anew, but never under somebody who types in it or holds a button down; keeps the focus where it was.
function rebuilt(panel, build) {
  if (panel.matches(":active")) {
    addEventListener("pointerup", changed, { once: true });
    return false;
  }
  const active = panel.contains(document.activeElement) ? document.activeElement : null;
  if (active?.tagName === "INPUT") {
    choose(panel);
    return false;
  }
  const key = active?.dataset.key;
  fill(panel, ...build());
  if (key) panel.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  return true;
}

function choose(panel) {
  for (const item of panel.querySelectorAll("[data-id]"))
    item.classList.toggle("chosen", Number(item.dataset.id) === app.selected);
}

function structures() {
  const add = el(
    "button",
    { type: "button", class: "quiet", onclick: newStructure, "data-key": "new", disabled: !app.file },
    icon("add"),
    t("newStructure"),
  );
  const list = doc().objects.map(row);
  return [
    el("h2", {}, t("structures")),
    el("datalist", { id: "known-names" }, ...(app.workspace?.structures ?? []).map((value) => el("option", { value }))),
    list.length ? el("ul", { class: "structures" }, ...list) : el("p", { class: "muted" }, t("noStructures")),
    add,
    app.file ? fitButtons() : null,
  ];
}

function row(object, index) {
  const mask = maskOf(doc(), app.frame, object.id),
    chosen = object.id === app.selected;
  const select = () => {
    app.selected = object.id;
    changed();
  };
  const change = (more) => commit(withChangedObject(doc(), object.id, more));
  const name = el("input", {
    type: "text",
    class: "name",
    value: object.name,
    maxlength: 64,
    list: "known-names",
    "aria-label": t("rename"),
    onfocus: select,
    onchange: ({ target }) => Object.assign(target, { value: renamed(object.id, target.value) }),
    onkeydown: (event) => {
      if (event.key === "Enter") event.target.blur();
    },
    onblur: changed,
  });
  const colour = el("input", {
    type: "color",
    class: "colour",
    value: object.colour,
    "aria-label": object.name,
    onchange: (event) => {
      change({ colour: event.target.value });
      event.target.blur();
    },
  });
  return el(
    "li",
    { class: chosen ? "structure chosen" : "structure", onclick: select, "data-id": object.id },
    colour,
    el("div", { class: "about" }, name, quality(mask, object)),
    el("kbd", { class: "number" }, index < 9 ? `${index + 1}` : ""),
    iconButton(
      object.hidden ? "hidden" : "eye",
      t(object.hidden ? "show" : "hide"),
      () => change({ hidden: !object.hidden }),
      { "data-key": `eye${object.id}` },
    ),
    iconButton(
      "trash",
      t("delete"),
      (event) => {
        event.stopPropagation();
        commit(withoutObject(doc(), object.id));
      },
      { "data-key": `trash${object.id}` },
    ),
  );
}

function quality(mask, { id }) {
  if (!mask && isLost(doc(), app.frame, id)) return el("span", { class: "quality low" }, t("lost"));
  if (!mask) return el("span", { class: "quality none" }, "–");
  if (mask.quality === null) return el("span", { class: "quality none" }, t("drawn"));
  const [words, grade] = mask.checked ? [t("checked"), "high"] : mask.sure === false ? [t("unsure"), "low"] : qualityOf(mask.quality);
  return el("span", { class: `quality ${grade}` }, `${number(mask.quality, 2)} · ${words}`);
}

function measures() {
  const object = selectedObject(),
    mask = selectedMask(),
    found = mask ? measuresOf(object.id) : null;
  const calipers = doc().calipers.filter((one) => one.frame === app.frame);
  const some = masksOn(doc(), app.frame).length + calipers.length > 0;
  return [
    el("h2", {}, t("measures")),
    some ? null : el("p", { class: "muted" }, t("noMeasures")),
    mask ? el("h3", { colour: object.colour }, object.name) : null,
    mask ? table(found) : null,
    ...why(found, calipers),
    mask?.quality !== null && mask?.quality !== undefined && qualityOf(mask.quality)[1] === "low"
      ? el("p", { class: "warning" }, t("lowHint"))
      : null,
    calipers.length ? el("table", { class: "numbers" }, el("tbody", {}, ...calipers.map(caliperRow))) : null,
    ...heart(object),
    ...volumeParts(object, mask),
    some ? buttons() : null,
  ];
}

function table(found) {
  const line = (name) => {
    const value = found?.[name];
    const shown = value
      ? [number(value.value, value.unit.startsWith("px") ? 0 : 1), el("small", {}, ` ${squared(value.unit)}`)]
      : ["…"];
    return el("tr", {}, el("th", { scope: "row" }, t(name)), el("td", {}, ...shown));
  };
  return el("table", { class: "numbers" }, el("tbody", {}, ...NAMES.map(line)));
}

// Why sizes are in pixels, and how to change that.
function why(found, calipers) {
  if (!app.file || (!found && !calipers.length)) return [];
  const whole = [0, 0, app.file.width - 1, app.file.height - 1];
  const there = scaleAt(calibration(), whole);
  hear(there);
  hear(found?.scale);
  const reason = found?.scale ? found.scale.reason : there.reason;
  const notes = (found?.scale?.notes ?? []).map((note) => el("p", { class: "warning" }, sentence(note)));
  const because = reason ? el("p", { class: "muted" }, t("pixelsWhy", inWords(reason))) : null;
  if (doc().spacing_mm_yx) {
    const remove = el(
      "button",
      { type: "button", class: "link", onclick: () => commit({ ...doc(), spacing_mm_yx: null }) },
      t("scaleRemoved"),
    );
    return [el("p", { class: "muted" }, `${t("scaleSet")}. `, remove), because, ...notes];
  }
  if (!reason || app.file.calibration.regions.some((region) => region.spacing_mm_yx)) return [because, ...notes];
  const set = el(
    "button",
    {
      type: "button",
      class: "link",
      id: "set-scale",
      onclick: () => byId("scale-dialog").dispatchEvent(new Event("ask")),
    },
    t("setScale"),
  );
  because.append(" ", set);
  return [because, ...notes];
}

function caliperRow(caliper) {
  const { value, unit } = lengthOf(calibration(), caliper.a, caliper.b);
  const remove = iconButton("close", t("delete"), () => commit(withoutCaliper(doc(), caliper.id)), {
    "data-key": `caliper${caliper.id}`,
  });
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, `${t("caliper")} ${caliper.id}`),
    el("td", {}, number(value, 1), el("small", {}, ` ${unit}`)),
    el("td", { class: "action" }, remove),
  );
}

function buttons() {
  const copy = async () => {
    if (!(await allMeasured())) return;
    try {
      await navigator.clipboard.writeText(asTabs());
      say(t("copied"));
    } catch (error) {
      say(reasonOf(error));
    }
  };
  return el(
    "div",
    { class: "row" },
    el("button", { type: "button", class: "quiet", onclick: copy, "data-key": "copy" }, t("copy")),
    el("button", { type: "button", class: "quiet", onclick: saveCsv, "data-key": "csv" }, t("csv")),
    el("button", { type: "button", class: "quiet", onclick: printed, "data-key": "print" }, t("print")),
  );
}

// The frames that an ejection fraction rests on, where their masks need a look first.
function shaky({ id }, { diastole, systole }) {
  const frames = [diastole, systole].map(({ frame }) => frame).filter((frame) => isDoubtful(maskOf(doc(), frame, id)));
  const go = (frame) => () => {
    app.frame = frame;
    changed();
  };
  return frames.map((frame) =>
    el(
      "p",
      { class: "warning" },
      `${t("shaky", frame + 1)} `,
      el("button", { type: "button", class: "link", onclick: go(frame), "data-key": `shaky${frame}` }, t("lookAt")),
    ),
  );
}

// Volumes by Simpson's method from the frames where the structure is largest and smallest, requested by a
// button.
function heart(object) {
  const found = object ? extremes(object.id) : null;
  if (!found) return [];
  const known = ejectionOf(object.id, found);
  const ask = () => askEjection(object.id, found);
  if (!known)
    return [el("button", { type: "button", class: "quiet", id: "ejection", onclick: ask, "data-key": "ejection" }, t("ejection"))];
  if (known.problem) return [el("p", { class: "warning" }, known.problem)];
  const line = (name, at) => {
    const frame = at ? el("small", {}, `${t("frame")} ${at.frame + 1}`) : null,
      size = known[name]; // volumes are missing without millimetres
    const words = size ? [number(size.value, 1), el("small", {}, ` ± ${number(size.uncertainty, 1)} ${size.unit}`)] : ["–"];
    return el("tr", {}, el("th", { scope: "row" }, t(name), frame), el("td", {}, ...words));
  };
  return [
    el("h3", { colour: object.colour }, t("ejection")),
    el(
      "table",
      { class: "numbers", id: "ejection-table" },
      el(
        "tbody",
        {},
        line("diastole", found.diastole),
        line("systole", found.systole),
        line("fraction"),
        line("area_change"),
      ),
    ),
    ...shaky(object, found),
    el("p", { class: "muted" }, sentence(known.method)),
    ...[known.reason, ...known.notes].filter(Boolean).map((note) => el("p", { class: "warning" }, sentence(note))),
  ];
}
