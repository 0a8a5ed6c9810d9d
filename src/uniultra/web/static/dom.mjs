// Elements without markup: text goes in as text alone, whatever it holds.

// el("button", {class: "x", onclick: f, title: "..."}, "text", child, ...)
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled") made[key] = value;
    else if (key === "colour") made.style.setProperty("--colour", value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const byId = (id) => document.getElementById(id);

// Replaces what an element holds.
export const fill = (parent, ...children) => parent.replaceChildren(...children.filter(Boolean));

const PATHS = {
  segment: "M4 4h4M4 4v4M20 4h-4M20 4v4M4 20h4M4 20v-4M20 20h-4M20 20v-4M12 9v6M9 12h6",
  minus: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M8 12h8",
  brush: "M14 4l6 6-8 8H6v-6zM4 21h16",
  eraser: "M14 4l6 6-9 9H7l-4-4zM9 9l6 6",
  caliper: "M4 20L20 4M4 15v5h5M15 4h5v5",
  cover: "M3 6h18v5H3zM3 15h10M3 19h7",
  contour: "M5 16c0-7 4-11 9-11s6 5 5 9-5 6-9 6M5 16m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M10 20m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  window: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  pan: "M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  trackOn: "M3 12h5M11 5l8 7-8 7zM21 5v14",
  trackBack: "M21 12h-5M13 5l-8 7 8 7zM3 5v14",
  unsure: "M11 5L3 19h14M11 5l4 7M11 10v4M11 16.500v.01M16 16h6M19.500 13l2.500 3-2.500 3",
  readers: "M9 4a4 4 0 1 0 0 8a4 4 0 0 0 0-8M2 20c0-4 3-6 7-6s7 2 7 6M16 4.500a4 4 0 0 1 0 7M18.500 14.500c2.300.7 3.500 2.600 3.500 5.500",
  undo: "M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6",
  redo: "M15 7l5 5-5 5M20 12H10a6 6 0 0 0-6 6",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  hidden: "M3 3l18 18M5 8c-2 2-3 4-3 4s4 7 10 7c2 0 4-1 5-2M9 5.500c1-.3 2-.5 3-.5 6 0 10 7 10 7s-1 2-3 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  play: "M7 4l13 8-13 8z",
  pause: "M8 4v16M16 4v16",
  back: "M15 5l-8 7 8 7",
  forward: "M9 5l8 7-8 7",
  first: "M18 5l-8 7 8 7M6 5v14",
  last: "M6 5l8 7-8 7M18 5v14",
  sun: "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 2v3m0 14v3M2 12h3m14 0h3M5 5l2 2m10 10l2 2M19 5l-2 2M7 17l-2 2",
  help: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 18v.01M12 2a10 10 0 1 0 0 20a10 10 0 0 0 0-20",
  export: "M12 15V4M8 8l4-4 4 4M4 15v5h16v-5",
  open: "M3 7h6l2 2h10v10H3z",
  check: "M4 12l6 6L20 6",
  add: "M12 5v14M5 12h14",
  close: "M5 5l14 14M19 5L5 19",
  list: "M8 6h12M8 12h12M8 18h12M4 6v.01M4 12v.01M4 18v.01",
};

// A drawn sign of 24 x 24; the button that holds it says what it means.
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, more = {}) {
  return el(
    "button",
    { type: "button", class: "icon", "aria-label": label, title: label, onclick, ...more },
    icon(name),
  );
}
