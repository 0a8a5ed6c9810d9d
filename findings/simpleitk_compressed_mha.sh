#!/usr/bin/env bash
# One expects: a compressed MetaImage whose header has no CompressedDataSize is read (its size is what is left of the file), or ReadImage raises.
# What happens: ITK prints "Uncompress failed" and ReadImage returns an image of the right size with wrong pixels; nothing is raised.
# Why it matters: CompressedDataSize isn't among the tags that MetaImage requires, so a pipeline segments noise and nobody notices.
# Seen on 28 November 2026 with SimpleITK 2.5.7 (numpy 2.4.6), Python 3.11.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check SimpleITK==2.5.7 numpy==2.4.6
cd "$work"
venv/bin/python - <<'PY'
import zlib

import numpy as np
import SimpleITK

pixels = np.arange(1200, dtype=np.uint8).reshape(30, 40)
packed = zlib.compress(pixels.tobytes())


def same(size: str) -> bool:
    head = f"ObjectType = Image\nNDims = 2\nBinaryData = True\nCompressedData = True\n{size}DimSize = 40 30\n"
    with open("a.mha", "wb") as file:
        file.write(head.encode() + b"ElementType = MET_UCHAR\nElementDataFile = LOCAL\n" + packed)
    return bool(np.array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage("a.mha")), pixels))


print("SimpleITK", SimpleITK.__version__)
told, untold = same(f"CompressedDataSize = {len(packed)}\n"), same("")
print("with CompressedDataSize the same pixels:", told)
print("without it the same pixels, and nothing raised:", untold)
raise SystemExit(0 if told and not untold else 1)
PY
