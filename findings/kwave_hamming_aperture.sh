#!/usr/bin/env bash
# k-wave-python 0.6.2, apodization of a receive aperture: with "hamming" it is twice as wide as asked for, and its outermost elements count as much as the middle.
#
# Expected: apodize(distance, aperture, "hamming") is a Hamming window over the aperture: 1 in the middle, 0.08 at half the aperture, 0 beyond, as "boxcar", "hanning" and the three "tukey" are.
# What happens: elements count up to a distance of the whole aperture (the halving is applied to the weight, not to the distance): 0.5 in the middle, 0.04 at half the aperture, and rising again to 0.5 at the whole. Of 129 elements
# 0.15 mm apart and an aperture of 9 mm, 121 count, not 61. The beam of a point at 30 mm (5 MHz) has side lobes of -5.8 dB, a Hamming window -43. No message.
# Why it matters: each point is shown several times side by side, so a cyst is filled and a wire is a row of wires; whoever compares windows concludes that Hamming is the worst of all.
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
WAVELENGTH, DEPTH, APERTURE = 1540 / 5e6, 30e-3, 9e-3
elements = np.arange(-64, 65) * 0.15e-3
beside = np.linspace(-8e-3, 8e-3, 3201)


def beam(weights):
    """How strong a point at this depth is seen `beside` it, in dB of the strongest."""
    phase = 2 * np.pi / WAVELENGTH * elements[None] * beside[:, None] / DEPTH
    level = np.abs((weights * np.exp(1j * phase)).sum(axis=1))
    return 20 * np.log10(level / level.max() + 1e-12)


def side_lobe(decibels):
    """The highest lobe beside the main one."""
    half = decibels[len(decibels) // 2 :]
    end = np.flatnonzero(np.diff(half) > 0)[0]
    return half[end:].max()


distance = np.abs(elements)
hamming = np.where(distance <= APERTURE / 2, 0.53836 + 0.46164 * np.cos(2 * np.pi * distance / APERTURE), 0)
lobes = {"a Hamming window": side_lobe(beam(hamming))}
for name in ("boxcar", "hanning", "tukey25", "tukey50", "tukey75", "hamming"):
    weights = tools.apodize(distance, APERTURE, name)
    lobes[name] = side_lobe(beam(weights))
    middle, edge, whole = tools.apodize(np.array([0, APERTURE / 2, APERTURE]), APERTURE, name)
    print(f"{name}: {np.count_nonzero(weights)} elements; {middle:.2f} in the middle, {edge:.2f} at half the aperture, {whole:.2f} at the whole; side lobes {lobes[name]:.1f} dB")
    assert (np.count_nonzero(weights) == 121 and whole == 0.5) if name == "hamming" else (np.count_nonzero(weights) <= 61 and whole == 0 and middle == 1)
print(f"a Hamming window: {np.count_nonzero(hamming)} elements, side lobes {lobes['a Hamming window']:.1f} dB")
assert lobes["a Hamming window"] < -38 and lobes["hamming"] > -7
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
