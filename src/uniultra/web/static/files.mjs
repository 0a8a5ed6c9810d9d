// Files: the work list, opening one, dropping new ones.

import { getJson, sendFile, sendJson } from "./api.mjs";
import { History } from "./doc.mjs";
import { byId, el, fill, icon, iconButton } from "./dom.mjs";
import { filesIn } from "./dropped.mjs";
import { answered } from "./turns.mjs";
import { saveNow, saveSoon, unsaved } from "./saving.mjs";
import { app, changed, commit, doc, draw, framePath, itemPath, say } from "./state.mjs";
import { inWords, listed, reasonOf, t } from "./texts.mjs";
import { stopTracking } from "./track.mjs";

let opening = 0;
let filter = "";
const LATE_MS = 150;
const MOST_SHOWN = 1000; // the rest is found by its name

export class Files {
  constructor(view, frames, bar) {
    Object.assign(this, { view, frames, bar });
    const input = byId("file-input");
    input.addEventListener("change", () => {
      this.add([...input.files]);
      input.value = "";
    });
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dropping");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dropping");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      filesIn(event.dataTransfer).then(
        (files) => (files.length ? this.add(files) : say(t("nothingDropped"))),
        () => say(t("nothingDropped")),
      );
    });
  }

  // Opens a file of the list, once what was asked of the open one is answered and saved; the last one that was requested wins. Resolves to why it can't be, or "".
  async open(id) {
    const mine = ++opening;
    stopTracking(); // it would be waited for: each of its frames is saved before another file is opened
    app.opening = app.workspace.items.find((item) => item.id === id)?.name ?? "";
    const late = setTimeout(changed, LATE_MS); // what is quick needs no notice
    let why = "";
    const first = this.frames.first(id);
    first.catch(() => {}); // where there is no picture, the file says why
    try {
      let file, picture, known;
      do {
        await answered();
        await saveNow();
        known = app.file?.revision;
        file = await getJson(itemPath(id));
        picture = await first.catch(() => null);
      } while (mine === opening && (app.busy || ["waiting", "saving"].includes(app.saving) || app.file?.revision !== known)); // something was done meanwhile
      if (mine !== opening) return "";
      this.frames.clear();
      app.file = file;
      this.mark(id, "");
      const begun = picture && this.frames.begin(file, picture);
      this.take(file);
      if (!begun) await this.frames.load(0);
      this.ahead();
    } catch (error) {
      if (mine === opening) say((why = reasonOf(error)));
      if (error.kind === "image") this.mark(id, error.message);
    }
    clearTimeout(late);
    if (mine === opening) app.opening = "";
    changed();
    return why;
  }

  // Why an entry of the list can't be opened; "" where it can.
  mark(id, fault) {
    const item = app.workspace.items.find((one) => one.id === id);
    if (item) item.fault = fault;
  }

  async remove(item) {
    try {
      await sendJson("DELETE", itemPath(item.id), {});
      app.workspace.items = app.workspace.items.filter((one) => one !== item);
      if (app.notice === inWords(item.fault)) say("");
    } catch (error) {
      if (error.kind === "output") item.fault = ""; // it can be opened by now
      say(reasonOf(error));
    }
    changed();
  }

  // Nothing of the file before may be left: not its clicks, its window, its place.
  take(file) {
    sessionStorage.setItem("uniultra-file", file.id);
    Object.assign(app, {
      history: new History(file.doc),
      frame: 0,
      playing: false,
      hover: null,
      draft: null,
      pending: [],
      notice: "", // of the file before
      saving: "saved",
      selected: file.doc.objects[0]?.id ?? null,
      level: { brightness: 1, contrast: 1 },
    });
    this.view.fit(file);
    this.bar.build();
    const left = unsaved(file);
    if (left) {
      commit(left);
      saveSoon();
      say(t("restored"));
    }
    draw();
  }

  // Encodes this image before the first click, fetches a cine's frames, and reads the next image before it is opened.
  async ahead() {
    try {
      await sendJson("POST", `${framePath()}/warm`, {});
      if (app.file.count > 1) this.frames.ahead(app.frame, app.file.count);
      const [next] = this.after();
      if (!next) return;
      await sendJson("POST", `${itemPath(next.id)}/frames/0/warm`, {});
      const { stamp } = await getJson(itemPath(next.id)),
        { picture } = await this.frames.first(next.id, stamp);
      this.frames.keepFirst(next.id, stamp, picture);
    } catch {
      // a head start that is lost is no loss
    }
  }

  // The files after the open one, or before it, that may be opened.
  after() {
    const { items } = app.workspace;
    return items.slice(items.findIndex((item) => item.id === app.file?.id) + 1).filter(({ fault }) => !fault);
  }

  before() {
    const { items } = app.workspace;
    return items.slice(0, Math.max(0, items.findIndex((item) => item.id === app.file?.id))).filter(({ fault }) => !fault).reverse();
  }

  go(step) {
    return this.openFirst(step > 0 ? this.after() : this.before());
  }

  // Opens the first of some files that can be; what can't is said at the end.
  async openFirst(items) {
    const refused = [];
    for (const item of items) {
      const why = await this.open(item.id);
      if (!why || !item.fault) break; // nor does the next one open where the server is away
      refused.push([item.name, why]);
    }
    sayRefused(refused);
  }

  // Accepts the image and opens the next one that isn't done.
  async accept() {
    if (!app.file) return;
    const done = !doc().done;
    stopTracking();
    commit({ ...doc(), done });
    await saveNow();
    if (!done || app.saving !== "saved") return;
    await this.openFirst([...this.after(), ...this.before().reverse()].filter((item) => !item.done));
  }

  // Takes files into the list and opens the first that can be; what can't is said at the end, together.
  async add(files) {
    const refused = [];
    let shown = false;
    for (const file of files) {
      let why;
      try {
        const item = await sendFile(file);
        if (!app.workspace.items.some((one) => one.id === item.id)) app.workspace.items.push(item);
        changed();
        if (!shown) why = await this.open(item.id);
        shown ||= !why;
      } catch (error) {
        why = reasonOf(error);
      }
      if (why) refused.push([file.name, why]);
    }
    sayRefused(refused);
  }

  render() {
    const panel = byId("work-list"),
      { items } = app.workspace;
    const marks = items.reduce((sum, item) => sum + item.objects + 7 * item.frames + 1e6 * item.done, 0);
    const faults = items.filter(({ fault }) => fault).map(({ id }) => id);
    const state = [items.length, marks, faults, app.file?.id, filter, t("workList")].join();
    if (state === this.shown) return;
    this.shown = state;
    const done = items.filter((item) => item.done).length;
    const scrolled = panel.querySelector("ol")?.scrollTop ?? 0,
      focused = document.activeElement?.dataset.item,
      typing = document.activeElement?.id === "filter";
    const search =
      items.length > 8
        ? el("input", {
            type: "search",
            id: "filter",
            value: filter,
            placeholder: t("filter"),
            "aria-label": t("filter"),
            oninput: (event) => {
              filter = event.target.value;
              changed();
            },
          })
        : null;
    fill(
      panel,
      el(
        "div",
        { class: "head" },
        el("h2", {}, t("workList")),
        el("span", { class: "muted" }, t("progress", done, items.length)),
      ),
      el("progress", {
        max: Math.max(1, items.length),
        value: done,
        "aria-label": t("progress", done, items.length),
      }),
      search,
      el(
        "ol",
        {},
        ...items
          .filter((item) => item.name.toLowerCase().includes(filter.toLowerCase()))
          .slice(0, MOST_SHOWN)
          .map((item) => this.row(item)),
      ),
      el(
        "button",
        { type: "button", class: "quiet wide", onclick: () => byId("file-input").click() },
        icon("open"),
        t("openFiles"),
      ),
      el("p", { class: "muted small" }, t("openHint")),
    );
    if (typing) byId("filter")?.focus();
    else if (focused) panel.querySelector(`[data-item="${CSS.escape(focused)}"]`)?.focus();
    this.keepInView(panel.querySelector("ol"), scrolled);
  }

  // A list that is built anew begins at its top: it goes back to where it was, and to the file that was opened.
  keepInView(list, scrolled) {
    list.scrollTop = scrolled;
    const row = list.querySelector("[aria-current]")?.parentElement;
    if (!row || this.inView === app.file.id) return;
    this.inView = app.file.id;
    const [all, own] = [list.getBoundingClientRect(), row.getBoundingClientRect()];
    list.scrollTop += Math.min(0, own.top - all.top) + Math.max(0, own.bottom - all.bottom);
    list.scrollLeft += Math.min(0, own.left - all.left) + Math.max(0, own.right - all.right);
  }

  row(item) {
    const own = item.objects ? t("itemFacts", item.objects, item.frames) : "",
      facts = item.fault ? t("cantOpen") : own;
    return el(
      "li",
      { class: item.fault ? "faulty" : null },
      el(
        "button",
        {
          type: "button",
          class: `item${item.done ? " done" : ""}`,
          "data-item": item.id,
          title: inWords(item.fault) || item.name,
          "aria-current": item.id === app.file?.id ? "true" : null,
          onclick: () => this.open(item.id),
          onfocus: (event) => event.target.scrollIntoView({ block: "nearest", inline: "nearest" }), // Chromium leaves a sliver
        },
        el("span", { class: "text" }, item.name, facts && el("small", {}, facts)),
        el("span", { class: "mark" }, item.done ? icon("check") : ""),
      ),
      item.fault ? iconButton("close", t("removeItem", item.name), () => this.remove(item), { "data-key": `remove ${item.id}` }) : null,
    );
  }
}

// What can't be opened, of pairs of a name and a reason.
function sayRefused(refused) {
  if (!refused.length) return;
  const [[name, why], ...more] = refused,
    first = why.startsWith(name) ? why : `${name}: ${why}`;
  say(more.length ? `${first.replace(/([^.!?])$/, "$1.")} ${t("alsoRefused", listed(more.map(([other]) => other)))}` : first);
}
