// All that the page says, by language. A further language is one more table here.

const EN = {
  language: "English",
  openFiles: "Open images", openHint: "or drop images, DICOM or video anywhere",
  workList: "Work list", progress: (done, all) => `${done} of ${all} done`, filter: "Filter by name",
  structures: "Structures", newStructure: "New structure", structure: "Structure", rename: "Name of the structure",
  noStructures: "Nothing segmented on this image yet.", hide: "Hide", show: "Show", delete: "Delete",
  measures: "Measures", copy: "Copy", csv: "CSV", print: "Print", copied: "Copied.",
  noMeasures: "Segment a structure, or draw a caliper, to see sizes here.",
  area: "Area", long_diameter: "Long diameter", short_diameter: "Short diameter", perimeter: "Perimeter",
  ellipse_circumference: "Ellipse circumference (HC)", equivalent_diameter: "Equivalent diameter", length: "Length",
  caliper: "Caliper", inPixels: "In pixels", pixelsWhy: (reason) => `In pixels: ${reason}.`,
  setScale: "Set the scale", scaleSet: "Scale set by hand", scaleRemoved: "Remove the scale",
  scaleAsk: (px) => `The caliper is ${px} pixels long. How many millimetres is that on the image?`,
  scaleFirst: "Draw a caliper along a ruler of known length first (M), then set the scale.",
  quality: "Quality", high: "high", fair: "check the edge", low: "low: add clicks",
  lowHint: "The model is unsure. Click + where the mask is missing and − where it is too much; "
    + "this may also be an organ that it doesn't know.",
  drawn: "drawn by hand",
  segment: "Segment: drag a box, click inside", minus: "Remove: click outside the structure",
  brush: "Brush", eraser: "Eraser", calipers: "Caliper", window: "Brightness and contrast: drag", pan: "Move",
  fit: "Fit to window", undo: "Undo", redo: "Redo",
  play: "Play", pause: "Pause", previousFrame: "Previous frame", nextFrame: "Next frame",
  previousMarked: "Previous segmented frame", nextMarked: "Next segmented frame", speed: "Speed", frame: "Frame",
  done: "Accept and next", reopen: "Done. Mark as not done",
  saved: "Saved", waiting: "Saving…", saving: "Saving…", offline: "Not saved: the server doesn't answer; trying again",
  conflict: "Changed in another tab or program", refused: "Not saved", reload: "Reload",
  readOnly: "Nothing is saved here",
  export: "Export", exportTitle: "Export results", exportAlways: "Masks, overlay pictures and JSON are always written.",
  exportDone: (count, folder) => `${count} files written to ${folder}`, exportNow: "Export", close: "Close",
  seg: "DICOM SEG", sr: "DICOM SR (measures)", csvKind: "CSV (measures)", nifti: "NIfTI", coco: "COCO", movie: "Overlay movie",
  ejection: "Ejection fraction (Simpson)", diastole: "End-diastolic volume", systole: "End-systolic volume",
  fraction: "Ejection fraction", perFrame: (name) => `${name}, one file a frame`,
  alternative: (at, all) => `Answer ${at} of ${all}`, noAlternative: "The model has no other answer to this.",
  theme: "Light or dark", help: "Help and keys", helpTitle: "How it works",
  busy: "Working…", nothingFound: "Nothing was found there. Draw a box around the structure.",
  clickInsideFirst: "Click inside the structure first, or drag a box around it.",
  offlineNotice: "The server doesn't answer. Is `uniultra open` still running?",
  signIn: "This tab isn't signed in.",
  signInHint: "Run `uniultra open` in a terminal: it opens this page with a key of its own.",
  browserFull: "The browser's storage is full: unsaved work is in this tab alone.",
  restored: "Work that couldn't be saved last time was brought back.",
  notice: "Not a medical device. Check every mask.",
  hint1: "Drag a box around a structure.", hint2: "Click adds, right-click removes.",
  hintExample: "A bundled example: a breast lesion.", hintClose: "Got it",
  empty: "Open an image to begin", of: "of", millimetres: "mm",
  keys: [
    ["Drag", "a box around a structure: its mask"], ["Click", "add this place to the structure"],
    ["Right-click or Alt+click", "take this place away"], ["Shift", "a mask under the pointer before you click"],
    ["A", "another answer to the same prompt"], ["N", "a new structure"], ["1 – 9", "select a structure"], ["Delete", "delete its mask, or the last caliper"],
    ["S X B E M W H", "segment, remove, brush, eraser, caliper, window, move"], ["[ ]", "smaller or larger brush"],
    ["Ctrl+Z, Ctrl+Y", "undo and redo, prompts included"], ["← →", "previous and next frame"], ["Space", "play or pause"],
    ["Page Up, Page Down", "previous and next image"], ["Enter", "accept and go to the next image"],
    ["Wheel, + −", "zoom"], ["F", "fit to the window"], ["Middle button, Space+drag", "move the image"],
    ["G, then arrows", "point with the keyboard: Enter clicks, Backspace removes, B B spans a box"], ["P", "a report to print"], ["?", "this help"],
  ],
};

const DE = {
  language: "Deutsch",
  openFiles: "Bilder öffnen", openHint: "oder Bilder, DICOM oder Video hierher ziehen",
  workList: "Arbeitsliste", progress: (done, all) => `${done} von ${all} fertig`, filter: "Nach Namen filtern",
  structures: "Strukturen", newStructure: "Neue Struktur", structure: "Struktur", rename: "Name der Struktur",
  noStructures: "Auf diesem Bild ist noch nichts segmentiert.", hide: "Ausblenden", show: "Einblenden", delete: "Löschen",
  measures: "Maße", copy: "Kopieren", csv: "CSV", print: "Drucken", copied: "Kopiert.",
  noMeasures: "Segmentieren Sie eine Struktur oder ziehen Sie einen Messzirkel, um Maße zu sehen.",
  area: "Fläche", long_diameter: "Langer Durchmesser", short_diameter: "Kurzer Durchmesser", perimeter: "Umfang",
  ellipse_circumference: "Ellipsenumfang (KU)", equivalent_diameter: "Äquivalenter Durchmesser", length: "Länge",
  caliper: "Messzirkel", inPixels: "In Pixeln", pixelsWhy: (reason) => `In Pixeln: ${reason}.`,
  setScale: "Maßstab setzen", scaleSet: "Maßstab von Hand gesetzt", scaleRemoved: "Maßstab entfernen",
  scaleAsk: (px) => `Der Messzirkel ist ${px} Pixel lang. Wie viele Millimeter sind das im Bild?`,
  scaleFirst: "Ziehen Sie zuerst einen Messzirkel (M) entlang eines Lineals bekannter Länge.",
  quality: "Qualität", high: "hoch", fair: "Rand prüfen", low: "gering: Klicks ergänzen",
  lowHint: "Das Modell ist unsicher. Klicken Sie +, wo die Maske fehlt, und −, wo sie zu weit reicht; "
    + "vielleicht kennt es dieses Organ auch nicht.",
  drawn: "von Hand gezeichnet",
  segment: "Segmentieren: Rahmen ziehen, hineinklicken", minus: "Wegnehmen: außerhalb der Struktur klicken",
  brush: "Pinsel", eraser: "Radierer", calipers: "Messzirkel", window: "Helligkeit und Kontrast: ziehen", pan: "Verschieben",
  fit: "Einpassen", undo: "Rückgängig", redo: "Wiederholen",
  play: "Abspielen", pause: "Anhalten", previousFrame: "Voriges Bild", nextFrame: "Nächstes Bild",
  previousMarked: "Voriges segmentiertes Bild", nextMarked: "Nächstes segmentiertes Bild", speed: "Tempo", frame: "Bild",
  done: "Übernehmen und weiter", reopen: "Fertig. Wieder öffnen",
  saved: "Gesichert", waiting: "Sichert …", saving: "Sichert …",
  offline: "Nicht gesichert: Der Server antwortet nicht; neuer Versuch folgt",
  conflict: "In einem anderen Tab oder Programm geändert", refused: "Nicht gesichert", reload: "Neu laden",
  readOnly: "Hier wird nichts gesichert",
  export: "Exportieren", exportTitle: "Ergebnisse exportieren",
  exportAlways: "Masken, Übersichtsbilder und JSON werden immer geschrieben.",
  exportDone: (count, folder) => `${count} Dateien in ${folder} geschrieben`, exportNow: "Exportieren", close: "Schließen",
  seg: "DICOM SEG", sr: "DICOM SR (Maße)", csvKind: "CSV (Maße)", nifti: "NIfTI", coco: "COCO", movie: "Film mit Masken",
  ejection: "Ejektionsfraktion (Simpson)", diastole: "Enddiastolisches Volumen", systole: "Endsystolisches Volumen",
  fraction: "Ejektionsfraktion", perFrame: (name) => `${name}, eine Datei je Bild`,
  alternative: (at, all) => `Antwort ${at} von ${all}`, noAlternative: "Das Modell hat darauf keine andere Antwort.",
  theme: "Hell oder dunkel", help: "Hilfe und Tasten", helpTitle: "So geht es",
  busy: "Rechnet …", nothingFound: "Dort wurde nichts gefunden. Ziehen Sie einen Rahmen um die Struktur.",
  clickInsideFirst: "Klicken Sie zuerst in die Struktur, oder ziehen Sie einen Rahmen darum.",
  offlineNotice: "Der Server antwortet nicht. Läuft `uniultra open` noch?",
  signIn: "Dieser Tab ist nicht angemeldet.",
  signInHint: "Starten Sie `uniultra open` in einem Terminal: Es öffnet diese Seite mit einem eigenen Schlüssel.",
  browserFull: "Der Speicher des Browsers ist voll: Ungesichertes liegt nur in diesem Tab.",
  restored: "Was zuletzt nicht gesichert werden konnte, ist wieder da.",
  notice: "Kein Medizinprodukt. Prüfen Sie jede Maske.",
  hint1: "Ziehen Sie einen Rahmen um eine Struktur.", hint2: "Klick fügt hinzu, Rechtsklick nimmt weg.",
  hintExample: "Ein mitgeliefertes Beispiel: ein Herd in der Brust.", hintClose: "Verstanden",
  empty: "Öffnen Sie ein Bild", of: "von", millimetres: "mm",
  keys: [
    ["Ziehen", "ein Rahmen um eine Struktur: ihre Maske"], ["Klick", "diese Stelle gehört dazu"],
    ["Rechtsklick oder Alt+Klick", "diese Stelle gehört nicht dazu"], ["Umschalt", "Maske unter dem Zeiger, vor dem Klick"],
    ["A", "eine andere Antwort auf dieselbe Eingabe"], ["N", "neue Struktur"], ["1 – 9", "Struktur auswählen"], ["Entf", "Maske oder letzten Messzirkel löschen"],
    ["S X B E M W H", "Segmentieren, Wegnehmen, Pinsel, Radierer, Messzirkel, Helligkeit, Verschieben"],
    ["[ ]", "kleinerer oder größerer Pinsel"], ["Strg+Z, Strg+Y", "rückgängig und wiederholen, Klicks inbegriffen"],
    ["← →", "voriges und nächstes Bild des Films"], ["Leertaste", "abspielen oder anhalten"],
    ["Bild auf, Bild ab", "vorige und nächste Datei"], ["Eingabe", "übernehmen und weiter"],
    ["Rad, + −", "zoomen"], ["F", "einpassen"], ["Mittlere Taste, Leertaste+Ziehen", "Bild verschieben"],
    ["G, dann Pfeile", "mit der Tastatur zeigen: Eingabe klickt, Rücktaste nimmt weg, B B spannt einen Rahmen"],
    ["P", "ein Bericht zum Drucken"], ["?", "diese Hilfe"],
  ],
};

export const LANGUAGES = { en: EN, de: DE };
// The measures in their order in tables.
export const NAMES = ["area", "long_diameter", "short_diameter", "perimeter", "ellipse_circumference", "equivalent_diameter"];

let language = localStorage.getItem("uniultra-language") ?? navigator.language.slice(0, 2);
if (!LANGUAGES[language]) language = "en";

export const current = () => language;

export function speak(next) {
  language = next;
  localStorage.setItem("uniultra-language", next);
  document.documentElement.lang = next;
}

// A text by its name; one with gaps takes what fills them.
export function t(key, ...values) {
  const text = LANGUAGES[language][key] ?? EN[key] ?? key;
  return typeof text === "function" ? text(...values) : text;
}

export function number(value, digits) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

// A quality as [words, grade]: grade is high, fair or low.
export function qualityOf(quality) {
  const grade = quality >= 0.88 ? "high" : quality >= 0.72 ? "fair" : "low";
  return [t(grade), grade];
}

export const reasonOf = (error) => (error.kind === "offline" ? t("offlineNotice") : error.message);
export const squared = (unit) => unit.replace("2", "²");
