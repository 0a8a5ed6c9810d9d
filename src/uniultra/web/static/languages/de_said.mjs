// What the server says, in German, by its code: reasons, notes and refusals. Those without a code are in de.po.

export const SAID = {
  uncalibrated: "es ist kein Maßstab bekannt",
  "no-lengths": "kein Bereich hat Längen",
  "nothing-to-measure": "es gibt nichts zu messen",
  "outside-regions": "es liegt außerhalb aller kalibrierten Bereiche",
  "not-2d": ({ shape, across, down }) => `er ist ${shape}: x in ${across}, y in ${down}`,
  "not-an-image": "laut Datei ist er kein 2D-Bild",
  "not-cm": ({ across, down }) => `seine Einheiten sind ${across} nach rechts und ${down} nach unten, nicht cm`,
  "no-deltas": ({ across, down }) => `seine Pixelabstände ${across} und ${down} cm ergeben keine Länge`,
  "in-region": ({ region, fault }) => `es liegt in Bereich ${region}: ${fault}`,
  "beyond-region": ({ region }) => `es reicht über Bereich ${region} hinaus`,
  "across-regions": ({ regions }) => `es liegt über mehreren Bereichen (${regions.join(", ")})`,
  "overlapping-regions": ({ regions }) =>
    `es liegt in den Bereichen ${regions.join(", ")}, die sich überlappen und verschiedene Maßstäbe haben`,
  "region-unused": ({ region, fault }) => `Bereich ${region} wird nicht verwendet: ${fault}`,
  "not-square": ({ name, times }) => `Pixel sind nicht quadratisch: laut ${name} ${times}-mal so breit wie hoch`,
  "scale-conflict": ({ name, size, known, known_size }) =>
    `${name} sagt ${size}, ${known} aber ${known_size}; das Letztere gilt`,
  "scale-overridden": ({ name, said }) =>
    `${name} gilt anstelle der Datei: ${said.map(([source, size]) => `${source} sagt ${size}`).join("; ")}`,
  parts: ({ count }) => `${count} getrennte Teile: Längen und Ellipse sind die des größten, Fläche und Schwerpunkt die aller`,
  "ellipse-fits-badly": ({ dice }) => `die Ellipse passt schlecht (Dice ${dice}): ihr Umfang beschreibt eine andere Form`,
  "volume-needs-mm": ({ reason }) => `Ein Volumen braucht Millimeter, aber ${reason}. Setzen Sie den Maßstab`,
  "volume-needs-region": ({ reason }) =>
    `Ein Volumen braucht Millimeter, aber ${reason}. Die Maske muss in einem Bereich des Bildes liegen`,
  "planes-need-mm": "Ein Volumen braucht Millimeter in beiden Ebenen. Setzen Sie den Maßstab",
  "plane-empty": "Die Maske einer Ebene ist leer. Segmentieren Sie sie zuerst",
  "planes-apart": ({ one, two, percent }) =>
    `die gemeinsamen Durchmesser der Ebenen sind ${one} und ${two} mm: ${percent} % auseinander`,
  foreshortened: ({ one, two, percent }) =>
    `die beiden Ansichten sind ${one} und ${two} mm lang, ${percent} % auseinander: eine ist verkürzt`,
  cube: "um welchen Faktor Millimeter falsch sind, um dessen dritte Potenz ist es das Volumen",
  "square-pixels": "Millimeter sind nicht bekannt: Pixel gelten als quadratisch und in Enddiastole und Endsystole als gleich groß",
  "equal-pixels": "Millimeter sind nicht bekannt: Pixel gelten in Enddiastole und Endsystole als gleich groß",
  ellipsoid: "Ellipsoid aus zwei Ebenen",
  "single-plane-simpson": ({ discs }) => `Simpson in einer Ebene, ${discs} Scheiben`,
  "biplane-simpson": ({ discs }) => `Simpson in zwei Ebenen, ${discs} Scheiben`,
  "needs-dicom": "braucht ein DICOM-Bild, auf das es sich bezieht",
  "needs-library": ({ needs }) => `nicht installiert: ${needs}`,
  "needs-torch": "Zum Anpassen des Modells fehlt PyTorch: pip install 'uniultra[train]'",
  "no-mask": "Es gibt weder Maske noch Messzirkel zum Exportieren. Segmentieren oder messen Sie zuerst eine Struktur.",
  "nothing-saved": "Von dieser Datei ist nichts gesichert. Segmentieren Sie zuerst eine Struktur.",
  "several-models": ({ others, named }) =>
    `Einige Masken stammen von ${others}. Dateien mit einem Modell nennen ${named}, DICOM-SEG und -SR bei jeder Struktur ihr eigenes; in JSON, CSV und COCO steht, bei welchen Masken es anders ist.`,
  "none-accepted": "Noch kein Bild mit einer Maske ist übernommen. Übernehmen Sie zuerst welche.",
  "read-only": ({ folder }) => `${folder} ist schreibgeschützt; geben Sie mit --project einen anderen Ordner an`,
  link: ({ folder }) => `${folder}: ein Link oder kein Ordner; geben Sie mit --project einen anderen an`,
  "not-written": ({ reason }) => `In den Projektordner lässt sich nicht schreiben (${reason}). Nichts wurde geändert.`,
  "newer-project": ({ file }) => `${file}: von einer neueren Version geschrieben. Aktualisieren Sie UniUltra.`,
  "damaged-project": ({ file }) => `${file}: beschädigt. Schieben Sie die Datei beiseite, um neu zu beginnen.`,
  "other-image": ({ was, now }) =>
    `Annotiert wurden ${was} Pixel, das Bild hat ${now}: ein anderes Bild gleichen Namens. Geben Sie ein anderes --project an.`,
  opens: "Diese Datei lässt sich öffnen. Sie bleibt deshalb in der Liste.",
  "saved-elsewhere": "Es wurde inzwischen anderswo gesichert. Laden Sie die Seite neu.",
  "file-changed": "Die Datei wurde auf dem Datenträger geändert. Öffnen Sie sie erneut.",
  "no-file": "Diese Datei ist nicht in der Arbeitsliste. Laden Sie die Seite neu.",
  "empty-file": "Die Datei ist leer (0 Byte). Öffnen Sie ein Bild, DICOM oder Video.",
  "lesson-under-way": "Eine Anpassung läuft schon. Warten Sie, oder brechen Sie sie ab.",
  "lesson-unfinished": "Diese Anpassung ist nicht fertig. Setzen Sie sie zuerst fort.",
  "lesson-broken": "Der Ordner dieser Anpassung ist nicht brauchbar. Beginnen Sie eine neue.",
  "too-few-accepted": ({ count, least }) =>
    `${count} übernommene Bilder haben eine Struktur dieses Namens; nötig sind ${least}: übernehmen Sie mehr davon.`,
  "reader-name": ({ most }) => `Ein Name hat bis zu ${most} Buchstaben, Ziffern, Leerzeichen und Bindestriche.`,
  "no-pairs": "Noch keine Struktur wurde von beiden auf demselben Bild segmentiert.",
  "no-model":
    "Die Dateien des Modells wurden geändert oder entfernt, seit der Server läuft. Legen Sie sie zurück, oder starten Sie den Server neu.",
  "worker-lost": "Der rechnende Prozess ging verloren; ein anderer tritt an seine Stelle. Versuchen Sie es noch einmal.",
};

// What the page says without a server.
export const ALONE = {
  "no-encoder": "dieser Browser kodiert hier kein Video: nötig sind HTTPS oder localhost, und WebCodecs",
  "no-codec": ({ size }) => `dieser Browser kodiert weder H.264 noch VP9 noch VP8 mit ${size} Pixeln`,
  "no-movie": ({ reason }) => `Es wurde kein Film geschrieben: ${reason}`,
  "lacks-uid": "der Datei fehlt eine UID, auf die sich das Ergebnis beziehen müsste",
  "of-planes": "ihre Bilder sind Ebenen eines Volumens: verwenden Sie „uniultra open“",
  "many-structures": ({ count, most }) => `${count} Strukturen sind zu viele: höchstens ${most}. Löschen Sie einige.`,
  "not-in-tab": "Diese Datei ist nicht in diesem Tab. Öffnen Sie sie noch einmal.",
  "needs-server": "Das braucht den Server: verwenden Sie „uniultra open“",
};
