// What a person says of how boxes fit: of the selected structure's, and from then on of the next ones.

import { el } from "./dom.mjs";
import { refit } from "./prompts.mjs";
import { app, changed, selectedMask } from "./state.mjs";
import { t } from "./texts.mjs";

const KEY = "uniultra-box-fit",
  FITS = [null, "tight", "loose"]; // null: nothing is said

app.boxFit = FITS.find((fit) => fit === localStorage.getItem(KEY)) ?? null;

// Of a mask that was drawn on since, its prompt says nothing any more.
const prompted = () => {
  const mask = selectedMask();
  return mask?.box && mask.source === "prompt" ? mask : null;
};
const said = () => (prompted() ? (prompted().box_fit ?? null) : app.boxFit);

export function chooseFit(fit) {
  app.boxFit = fit;
  if (fit) localStorage.setItem(KEY, fit);
  else localStorage.removeItem(KEY);
  if (said() !== fit) refit(fit);
  changed();
}

export function nextFit() {
  if (app.workspace.box_fits) chooseFit(FITS[(FITS.indexOf(said()) + 1) % FITS.length]);
}

// Nothing where the model can't be told.
export function fitButtons() {
  if (!app.workspace?.box_fits) return null;
  const now = said();
  const button = (fit) =>
    el(
      "button",
      {
        type: "button",
        "data-key": `fit-${fit ?? "any"}`,
        "aria-pressed": `${fit === now}`,
        title: t(`box_${fit ?? "any"}_hint`),
        onclick: () => chooseFit(fit),
      },
      t(`box_${fit ?? "any"}`),
    );
  return el("div", { class: "fit", role: "group", "aria-label": t("box") }, el("span", { class: "muted" }, t("box")), ...FITS.map(button));
}
