#!/usr/bin/env bash
# ImageJ 1.53t (Debian 12): label images in TIFF, compressed by deflate with a predictor, open as outlines: the value at each left edge, its negative at each right one, 0 within.
#
# Expected: the labels as stored, as of the same file without a predictor, or an error. TIFF's predictor 2 stores each pixel as the difference from the one to its left, which
# the reader has to add up; tifffile and GDAL write it (PREDICTOR=2) because label images become small by it.
# What happens: the differences are shown as they are: a structure of label 300, 20 pixels wide, has one column of 300 and one of 65,236; of label 7 in 8 bits 7 and 249. Without the predictor
# both are right, plain or compressed. No message.
# Why it matters: measured by threshold or label, an area of 400 mm2 becomes 20, and the second column is a label that nobody gave.
# Seen on 29 November 2026 with libij-java 1.53t-1 (Debian 12), jpype1 1.7.1, tifffile 2026.3.3, numpy 2.4.6, OpenJDK 17, Python 3.11.
# Needs Debian 12 with java.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download libij-java >/dev/null
dpkg-deb -f libij-java*.deb Package Version
dpkg -x libij-java*.deb root
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages jpype1==1.7.1 tifffile==2026.3.3 numpy==2.4.6
cat >run.py <<'PYTHON'
import jpype
import numpy as np
import tifffile

jpype.startJVM("-Djava.awt.headless=true", classpath=["root/usr/share/java/ij.jar"])
Opener = jpype.JClass("ij.io.Opener")
print("ImageJ", jpype.JClass("ij.IJ").getVersion())
seen = {}
for bits, label in ((8, 7), (16, 300)):
    labels = np.zeros((60, 80), f"u{bits // 8}")
    labels[10:30, 20:40] = label
    for name, options in {"plain": {}, "deflate": {"compression": "zlib"}, "deflate with predictor": {"compression": "zlib", "predictor": True}}.items():
        tifffile.imwrite("a.tif", labels, photometric="minisblack", **options)
        assert (tifffile.imread("a.tif") == labels).all()
        frame = Opener().openImage("./a.tif").getProcessor()
        got = np.array([[int(frame.getf(x, y)) for x in range(80)] for y in range(60)])
        values, counts = np.unique(got, return_counts=True)
        seen[bits, name] = dict(zip(values.tolist(), counts.tolist(), strict=True))
        print(f"{bits} bits, {name}: pixels by value {seen[bits, name]}")
right = {8: {0: 4400, 7: 400}, 16: {0: 4400, 300: 400}}
assert seen.pop((8, "deflate with predictor")) == {0: 4760, 7: 20, 249: 20}
assert seen.pop((16, "deflate with predictor")) == {0: 4760, 300: 20, 65236: 20}
assert all(found == right[bits] for (bits, _), found in seen.items()), seen
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
