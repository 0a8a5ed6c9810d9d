#!/usr/bin/env bash
# One expects: slicerio, made by the Slicer community for its .seg.nrrd, keeps the names of segments, which in Slicer's interface may be in any script.
# What happens: it drops every letter beyond ASCII of a name that it reads, says nothing, and raises on such a name when it writes: "左腎" and "右腎",
# left and right kidney, are both read as "", and "Gefäß" as "Gef". (pynrrd, beneath it, takes the header as ASCII and ignores the rest.)
# Why it matters: who picks segments by name in a script gets none, or the wrong one; a check that each name occurs once fails on sound files.
# Seen on 28 November 2026 with slicerio 1.4.0, pynrrd 1.1.3, numpy 2.4.6, Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check slicerio==1.4.0 pynrrd==1.1.3 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
from importlib.metadata import version

import numpy as np
import slicerio

NAMES = ["左腎", "右腎", "Gefäß"]
labels = np.array([[1, 1, 0, 2], [0, 3, 3, 2]], np.uint8)
lines = ["NRRD0004", "type: unsigned char", "dimension: 3", "space: left-posterior-superior", "sizes: 4 2 1"]
lines += ["space directions: (1,0,0) (0,1,0) (0,0,1)", "kinds: domain domain domain", "encoding: raw"]
lines += ["space origin: (0,0,0)", "Segmentation_MasterRepresentation:=Binary labelmap"]
for number, name in enumerate(NAMES):
    said = {"ID": f"Segment_{number + 1}", "Name": name, "LabelValue": number + 1, "Layer": 0}
    lines += [f"Segment{number}_{key}:={value}" for key, value in said.items()]
with open("a.seg.nrrd", "wb") as file:
    file.write("\n".join([*lines, "", ""]).encode() + labels.tobytes())

print("slicerio", version("slicerio"), "pynrrd", version("pynrrd"))
read = slicerio.read_segmentation("a.seg.nrrd")
found = [one["name"] for one in read["segments"]]
print("written into the file:", NAMES)
print("read:", found)
for one, name in zip(read["segments"], NAMES, strict=True):
    one["name"] = name
try:
    slicerio.write_segmentation("b.seg.nrrd", read)
    refused = ""
except UnicodeEncodeError as error:
    refused = type(error).__name__
print("writing them raises:", refused)
raise SystemExit(0 if found == ["", "", "Gef"] and refused else 1)
PY
