#!/usr/bin/env bash
# webdataset 1.0.2: decoded, 16-bit label images lose which object is which, 16-bit frames are white, and paletted masks have brightnesses
# for numbers.
#
# Expected: decode("pil"), the usual one, gives the image that the file holds, as PIL's Image.open does; decode("l8") a grey one as it is.
# What happens: each PNG is made RGB, or 8-bit grey, whatever it is. Of 16 bits everything above 255 becomes 255: objects 300 and 600 are one
# object, and all but the darkest 0.4 % of a frame of full range is white. A mask with a palette, as CVAT, labelme and VOC write them, has
# its labels 1 and 2 as the colours' brightness, 81 and 130. Masks of single bits have 255. Nothing is said. 8-bit grey
# is as it is.
# Why it matters: shards are how large sets are kept; pixel counts and shapes are right, so that a loader runs, and two nodules are
# scored as one.
# Seen on 29 November 2026 with webdataset 1.0.2, Pillow 13.0.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check webdataset==1.0.2 pillow==13.0.0 numpy==2.4.6
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import importlib.metadata
import io
import tarfile

import numpy as np
import webdataset
from PIL import Image

labels = np.zeros((40, 60), np.uint8)
labels[5:20, 5:20], labels[20:35, 30:50] = 1, 2
paletted = Image.fromarray(labels).convert("P")
paletted.putpalette([0, 0, 0, 200, 30, 30, 30, 200, 30])
ramp = np.tile(np.linspace(0, 65535, 60).astype(np.uint16), (40, 1))
IMAGES = {
    "objects.png": Image.fromarray(labels.astype(np.uint16) * 300), "frame.png": Image.fromarray(ramp), "palette.png": paletted,
    "bit.png": Image.fromarray(labels > 0), "grey.png": Image.fromarray(labels),
}
with tarfile.open("shard.tar", "w") as shard:
    for name, image in IMAGES.items():
        content = io.BytesIO()
        image.save(content, "PNG")
        member = tarfile.TarInfo(f"a.{name}")
        member.size = content.tell()
        content.seek(0)
        shard.addfile(member, content)


def levels(values):
    """The values that occur, of three equal channels or one."""
    values = np.asarray(values)
    return np.unique(values).tolist() if values.ndim == 2 else np.unique(values.reshape(-1, values.shape[-1]), axis=0).tolist()


print("webdataset", importlib.metadata.version("webdataset"), "Pillow", importlib.metadata.version("pillow"))
seen = {}
for way in (None, "pil", "l8"):
    shard = webdataset.WebDataset("shard.tar", shardshuffle=False)
    sample = next(iter(shard.decode(way) if way else shard))
    seen[way] = {name: levels(sample[name] if way else Image.open(io.BytesIO(sample[name]))) for name in IMAGES}
    for name, found in seen[way].items():
        print(f"{way or 'as stored':9s} {name:11s} {len(found)} values: {str(found[:3])[1:-1]}{' ...' if len(found) > 3 else ''}")
as_described = (
    seen[None]["objects.png"] == [0, 300, 600] and len(seen[None]["frame.png"]) == 60 and seen[None]["palette.png"] == [0, 1, 2]
    and seen["l8"]["objects.png"] == [0, 255] and seen["l8"]["palette.png"] == [0, 81, 130] and seen["l8"]["bit.png"] == [0, 255]
    and seen["pil"]["objects.png"] == [[0] * 3, [255] * 3] and seen["pil"]["frame.png"] == [[0] * 3, [255] * 3]
    and seen["pil"]["palette.png"] == [[0, 0, 0], [30, 200, 30], [200, 30, 30]] and seen["l8"]["grey.png"] == [0, 1, 2]
)
raise SystemExit(0 if as_described else "webdataset does otherwise now")
PYTHON
