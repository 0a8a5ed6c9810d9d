#!/usr/bin/env bash
# GNU Octave 7.3.0 (Debian 12), imread of a stack of frames: where the first frame is empty, all others come back as 0 and 1; of a cine's labels 1, 2 and 61 to 64 all are 1. Where it is grey, colours of all others are lost.
#
# Expected: imread (file, "Index", "all") of a TIFF stack of 8 bits gives uint8 with the values that imread (file, k) has of each frame.
# What happens: a picture that holds only 0 and 255 is black-and-white to it, of class logical (as its help says), and a stack has the class of its first frame (as it doesn't). Is that
# empty, as where the structure comes into view later, then grey values and labels of all frames are turned into true and false. No message. In the same way a cine of RGB whose first frame has no colour yet is read as
# one channel, the red one: colour flow of (200, 100, 50) is 200. One by one the frames are right, and with an empty frame further behind the stack is, too. A mask of 0 and 255 alone is logical in the same way, one of 0 and 1 is uint8.
# Why it matters: frames of labels and cines that begin in black are what a segmenter writes and an examination starts with. Areas of each label are then those of all, the
# mean grey value is 1, and sum (mask(:)) / 255 gives nothing. What functions do with logical masks is another matter (octave_imresize_masks.sh).
# Seen on 30 November 2026 with GNU Octave 7.3.0-2 (Debian 12), Pillow 13.0.0, numpy 2.4.6, Python 3.11.
# Needs Debian 12 with octave.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages pillow==13.0.0 numpy==2.4.6
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
import numpy as np
from PIL import Image

labels = []
for frame in range(5):
    picture = np.zeros((40, 50), np.uint8)
    picture[10:20, 10:30], picture[25:30, 5:9], picture[30:35, 20:40] = 1, 2, 60 + frame
    labels.append(Image.fromarray(picture * (frame > 0)))
labels[0].save("late.tif", save_all=True, append_images=labels[1:])
labels[1].save("gap.tif", save_all=True, append_images=[labels[0], *labels[2:]])
colours = [Image.fromarray(np.full((40, 50, 3), 40, np.uint8)) for _ in range(3)]
for picture in colours[1:]:
    picture.paste((200, 100, 50), (5, 5, 10, 10))
colours[0].save("doppler.tif", save_all=True, append_images=colours[1:])
Image.fromarray((np.asarray(labels[1]) > 0) * np.uint8(255)).save("mask255.png")
Image.fromarray((np.asarray(labels[1]) > 0) * np.uint8(1)).save("mask1.png")
PYTHON
cat >run.m <<'OCTAVE'
printf ("GNU Octave %s\n", version ());
function found = values (frame)
  found = unique (double (frame(:)))';
endfunction
late = imread ("late.tif", "Index", "all");
gap = imread ("gap.tif", "Index", "all");
for k = 2:5
  alone = imread ("late.tif", k);
  printf ("frame %d: alone %s %s; of the stack %s %s\n", k, class (alone), mat2str (values (alone)), class (late), mat2str (values (late(:, :, 1, k))));
  assert (isa (alone, "uint8"));
  assert (values (alone), [0, 1, 2, 59 + k]);
  assert (values (late(:, :, 1, k)), [0, 1]);
endfor
printf ("empty frame second: %s %s\n", class (gap), mat2str (values (gap(:, :, 1, 5))));
assert (class (late), "logical");
assert (class (gap), "uint8");
assert (values (gap(:, :, 1, 5)), [0, 1, 2, 64]);
printf ("mask of 0 and 255: %s, of 0 and 1: %s\n", class (imread ("mask255.png")), class (imread ("mask1.png")));
assert (class (imread ("mask255.png")), "logical");
assert (class (imread ("mask1.png")), "uint8");
doppler = imread ("doppler.tif", "Index", "all");
alone = imread ("doppler.tif", 2);
printf ("colour from the second frame on: %s of the stack, %s alone; %s and %s\n", mat2str (size (doppler)), mat2str (size (alone)), mat2str (values (doppler(8, 8, :, 2))), mat2str (squeeze (alone(8, 8, :))'));
assert (size (doppler), [40, 50, 1, 3]);
assert (doppler(8, 8, 1, 2), uint8 (200));
assert (squeeze (alone(8, 8, :))', uint8 ([200, 100, 50]));
printf ("as stated\n");
OCTAVE
octave --no-gui --quiet --norc run.m 2>errors || { tail -3 errors; exit 1; }
