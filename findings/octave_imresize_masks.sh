#!/usr/bin/env bash
# Octave's image package 2.14.0 (Debian 12): imresize of a logical mask makes walls two to seven times as thick; imrotate with "bilinear" or "bicubic" adds a rim, too.
#
# Expected: a mask at another size covers the same part of the picture, within the rim's pixels, as imresize of the mask as numbers (0.5 and more) or with "nearest" does.
# What happens: the mask is interpolated as numbers and then made logical, so that each pixel counts that has any weight other than 0, the negative ones of the
# default, cubic, among them. A disc of radius 100 gains 20 % at a quarter of the size and 4 % at twice the size (its outline is a pixel or two further out). A wall of three to four pixels has 7.2 times
# its area at a quarter, 3.9 times at half and 2.2 times at twice the size; Dice with the right one 0.26, 0.44 and 0.62. Its help says nothing of masks. The mask is logical before and after; imread makes
# logical ones of all PNG masks of 0 and 255 (octave_black_first_frame.sh).
# Why it matters: a model's mask is brought to the frame's size, and a frame's mask to the model's, in every script that scores or measures. The score blames the model, and
# the wall's thickness in millimetres is wrong by as much.
# Seen on 30 November 2026 with octave-image 2.14.0-4 and GNU Octave 7.3.0 (Debian 12).
# Needs Debian 12 with octave.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download octave-image >/dev/null
dpkg-deb -f octave-image*.deb Package Version
dpkg -x octave-image*.deb root
cat >run.m <<'OCTAVE'
addpath (glob ("root/usr/share/octave/packages/image-*"){1});
addpath (genpath (glob ("root/usr/lib/*/octave/packages/image-*"){1}));
printf ("GNU Octave %s\n", version ());
[x, y] = meshgrid (1:400, 1:300);
from = hypot (x - 200, y - 150);
disc = from <= 100;
wall = disc & from >= 97;
disc_seen = wall_seen = dice_seen = [];
for factor = [0.25, 0.5, 2]
  disc_made = imresize (disc, factor);
  made = imresize (wall, factor);
  right = imresize (double (wall), factor) >= 0.5;
  dice_seen(end+1) = 2 * nnz (made & right) / (nnz (made) + nnz (right));
  disc_seen(end+1) = nnz (disc_made) / (nnz (disc) * factor ^ 2);
  wall_seen(end+1) = nnz (made) / (nnz (wall) * factor ^ 2);
  nearest = nnz (imresize (wall, factor, "nearest")) / (nnz (wall) * factor ^ 2);
  as_numbers = nnz (right) / (nnz (wall) * factor ^ 2);
  printf ("%g: %s; area of the disc %.2f of what it was, of the wall %.2f (nearest %.2f, as numbers %.2f), Dice %.2f\n", ...
          factor, class (made), disc_seen(end), wall_seen(end), nearest, as_numbers, dice_seen(end));
  assert (islogical (made) && nearest > 0.9 && nearest < 1.1 && as_numbers > 0.9 && as_numbers < 1.15);
endfor
assert (round (100 * disc_seen), [120, 109, 104]);
assert (round (10 * wall_seen), [72, 39, 22]);
assert (round (100 * dice_seen), [26, 44, 62]);
turned = [nnz(imrotate (wall, 30, "nearest", "crop")), nnz(imrotate (wall, 30, "bilinear", "crop")), nnz(imrotate (wall, 30, "bicubic", "crop"))] / nnz (wall);
printf ("wall turned by 30 degrees: nearest %.2f, bilinear %.2f, bicubic %.2f of its area\n", turned);
assert (turned(1) > 0.97 && turned(1) < 1.03 && turned(2) > 1.2 && turned(3) > 1.5);
printf ("as stated\n");
OCTAVE
octave --no-gui --quiet --norc run.m 2>errors || { tail -3 errors; exit 1; }
