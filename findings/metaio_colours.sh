#!/usr/bin/env bash
# tiny-metaio 0.4.0 (reads and writes MetaImage without ITK): a colour picture written as .mha has two channels for three; every reader sees other colours, shifted from pixel to pixel.
#
# Expected: MetaImage(pixels, vector=True).save() of a frame of 24 x 36 pixels in RGB is what SimpleITK reads back, as it is of a cine of five such frames.
# What happens: ElementNumberOfChannels is the number of axes of the picture, not of its channels: 2 for a frame in three colours. Readers take the values two by two: 200, 100, 50 is
# (200, 100) in the first pixel, (50, 200) in the second and (100, 50) in the third, and the rest of the file is left over. So does its own reader, and so is a colour frame of SimpleITK after
# it has been read and saved. With three axes the two numbers agree by chance. Grey is right, in 2D too, with spacing and direction.
# Why it matters: Doppler and screenshots are 2D in colour, and .mha is what ITK's tools, CAMUS and many scores read. Nothing is said, the size of the picture is right.
# Seen on 30 November 2026 with tiny-metaio 0.4.0, SimpleITK 2.5.7, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" tiny-metaio==0.4.0 simpleitk==2.5.7 numpy==2.4.6
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

import metaio
import numpy as np
import SimpleITK

frame = np.empty((24, 36, 3), np.uint8)
frame[...] = 200, 100, 50


def read(name):
    image = SimpleITK.ReadImage(name)
    pixels = SimpleITK.GetArrayFromImage(image)
    return image.GetNumberOfComponentsPerPixel(), image.GetSize(), pixels


print("tiny-metaio", importlib.metadata.version("tiny-metaio"))
metaio.MetaImage(frame, spacing=np.array([0.2, 0.5]), vector=True).save("frame.mha")
channels, size, pixels = read("frame.mha")
print(f"a frame in RGB: {size}, {channels} channels, first pixels {pixels[0, :3].tolist()}; read by itself {metaio.read('frame.mha').data.shape}")
assert channels == 2 and size == (36, 24) and pixels[0, :3].tolist() == [[200, 100], [50, 200], [100, 50]]
assert metaio.read("frame.mha").data.shape == (24, 36, 2)

SimpleITK.WriteImage(SimpleITK.GetImageFromArray(frame, isVector=True), "itk.mha")
again = metaio.read("itk.mha")
again.save("again.mha")
print(f"of SimpleITK, read {again.data.shape}, saved again: {read('again.mha')[0]} channels")
assert again.data.shape == (24, 36, 3) and np.array_equal(again.data, frame) and read("again.mha")[0] == 2

metaio.MetaImage(np.stack([frame] * 5), vector=True).save("cine.mha")
channels, size, pixels = read("cine.mha")
print(f"five frames: {size}, {channels} channels, first pixel {pixels[0, 0, 0].tolist()}")
assert channels == 3 and (pixels == frame).all()
metaio.MetaImage(frame[..., 0], spacing=np.array([0.2, 0.5])).save("grey.mha")
assert (read("grey.mha")[2] == 200).all() and SimpleITK.ReadImage("grey.mha").GetSpacing() == (0.2, 0.5)
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
