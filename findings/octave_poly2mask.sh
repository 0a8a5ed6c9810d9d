#!/usr/bin/env bash
# Octave's image package 2.14.0 (Debian 12): a polygon that runs along the edges of pixels, as COCO, LabelMe and YOLO have them, is filled a pixel further down and right.
#
# Expected: poly2mask gives the pixels whose centres lie within, as Octave's own inpolygon does: of a box from 40.5 to 60.5 across and 30.5 to 45.5 down, columns 41 to 60 and rows 31 to 45.
# What happens: columns 42 to 61, rows 32 to 46. Corners are rounded first (its help says so), halves away from 0, and the first row and column are then
# left out; so polygons lie 0.4 to 0.5 pixels further down and right on the whole, and one whole pixel on half ones. A level wall of three pixels at rows 51 to 53 is at 52 to 54: Dice 0.66 with itself; one that is tilted by 30 degrees
# loses a tenth (0.91). Areas of boxes are right, so that nothing shows.
# Why it matters: outlines from labelling tools become the masks that others are scored against, and a wall's Dice says more of the rounding than of the model.
# Seen on 29 November 2026 with octave-image 2.14.0-4 and GNU Octave 7.3.0 (Debian 12).
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
printf ("GNU Octave %s\n", version ());
[columns, rows] = meshgrid (1:300, 1:200);
function [filled, inside, dice] = both (x, y, columns, rows)
  filled = poly2mask (x, y, 200, 300);
  inside = inpolygon (columns, rows, x, y);
  dice = 2 * nnz (filled & inside) / (nnz (filled) + nnz (inside));
endfunction
function found = extent (mask)
  [i, j] = find (mask);
  found = [min(j), max(j), min(i), max(i)];
endfunction
function found = middle (mask)
  [i, j] = find (mask);
  found = [mean(j), mean(i)];
endfunction

[box, inside] = both ([40.5 60.5 60.5 40.5], [30.5 30.5 45.5 45.5], columns, rows);
printf ("box: columns %d to %d, rows %d to %d; inpolygon %d to %d, %d to %d\n", extent (box), extent (inside));
assert (extent (inside), [41 60 31 45]);
assert (extent (box), [42 61 32 46]);
[wall, inside, level] = both ([40.5 200.5 200.5 40.5], [50.5 50.5 53.5 53.5], columns, rows);
angle = pi / 6;
corners = [cos(angle), -sin(angle); sin(angle), cos(angle)] * [-60 60 60 -60; -1.5 -1.5 1.5 1.5] + [150; 100];
[tilted, ~, dice] = both (corners(1, :), corners(2, :), columns, rows);
printf ("wall of three pixels, level: Dice %.2f, tilted: Dice %.2f, %d pixels of 360\n", level, dice, nnz (tilted));
assert (round (100 * [level, dice]), [66 91]);
turn = linspace (0, 2 * pi, 721)(1:720);
[disc, inside] = both (150 + 40 * cos (turn), 100 + 40 * sin (turn), columns, rows);
moved = middle (disc) - middle (inside);
printf ("disc around (150, 100): moved by %.2f to the right and %.2f down; area %d of %d\n", moved, nnz (disc), nnz (inside));
assert (all (moved > 0.35 & moved < 0.55));
printf ("as stated\n");
OCTAVE
octave --no-gui --quiet --norc run.m 2>errors || { tail -3 errors; exit 1; }
