#!/usr/bin/env bash
# k-wave-python 0.6.2, log compression of B-mode lines: every scan line has a curve of its own, so the same tissue is twice as bright beside a bright reflector, and a vessel's wall is a bright column.
#
# Expected: log_compression(lines, 3, True), as its B-mode examples call it, maps equal echoes to equal brightness wherever they are: one curve for the picture.
# What happens: with normalize=True the maximum is taken of each line, not of the picture. Tissue with an envelope of 1 is 1.00 in lines without a reflector, 1.89 in lines that cross one of 10, and 2.13 where it is 100: 6.6 dB between
# equal tissues. Speckle's ratio of mean to deviation, 1.91 before and equal in all lines, is 2.59 in lines without the reflector and 1.95 in those with it. normalize=False has one curve.
# Why it matters: networks trained on simulated pictures learn bright columns above and below each strong echo, which no scanner shows, and contrast between a lesion and tissue beside it depends on what else lies in their lines.
# Seen on 30 November 2026 with k-wave-python 0.6.2 (its file reconstruction/tools.py alone, as the package fetches programs when imported), numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "$folder/packages")
"${get[@]}" k-wave-python==0.6.2 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.util

import numpy as np

found = importlib.util.spec_from_file_location("tools", "packages/kwave/reconstruction/tools.py")
tools = importlib.util.module_from_spec(found)
found.loader.exec_module(tools)


def tissue(lines, reflector):
    """Lines of 100 samples with an envelope of 1, and a reflector at sample 40 of each second half of them."""
    made = np.ones((lines, 100))
    made[lines // 2 :, 40] = reflector
    return made


for reflector, expected in ((1, 1.0), (10, 1.89), (100, 2.13)):
    shown = tools.log_compression(tissue(8, reflector), 3, True)
    print(f"tissue of 1 beside a reflector of {reflector}: {shown[0, 0]:.2f} in lines without it, {shown[-1, 0]:.2f} in lines with it, {20 * np.log10(shown[-1, 0] / shown[0, 0]):.1f} dB")
    assert abs(shown[0, 0] - 1) < 1e-9 and abs(shown[-1, 0] - expected) < 0.01
one = tools.log_compression(tissue(8, 100), 3, False)
assert one[0, 0] == one[-1, 0]

speckle = np.random.default_rng(0).rayleigh(size=(2000, 100))
ratio = {"before": speckle}
speckle[1000:, 40] = 100
ratio |= {name: tools.log_compression(speckle, 3, True) for name in ("normalised",)}
for name, values in ratio.items():
    kept = np.delete(values, 40, axis=1)
    without, beside = (part.mean() / part.std() for part in (kept[:1000], kept[1000:]))
    print(f"speckle {name}: mean over deviation {without:.2f} in lines without a reflector, {beside:.2f} in lines with one; mean {kept[:1000].mean():.2f}, {kept[1000:].mean():.2f}")
    ratio[name] = (without, beside)
assert abs(ratio["before"][0] - 1.91) < 0.02 and abs(ratio["before"][1] - 1.91) < 0.02
assert abs(ratio["normalised"][0] - ratio["normalised"][1]) > 0.5
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
