#!/usr/bin/env bash
# R's av 0.8.3 (Debian 12): av_video_images gives the last picture twice; in MP4 and MKV it stands in place of the last frame, which is lost.
#
# Expected: with fps = NULL, "all images" as its help says: one picture per frame, in order.
# What happens: of H.264 in MP4 and MKV with 25 frames there are 25 pictures, the first 24 and the 24th once more: the last frame isn't there, and the count looks right. With fps at the
# file's own rate there are 24. Of MJPEG and MPEG-4 in AVI there are 26, the last one twice. Pictures of a recording that pauses are numbered on as if it didn't. PyAV has all, once and in order.
# Why it matters: pictures are numbered, and outlines and measures are put back to frames by that number. The last frame, where a clip was frozen and measured, is
# scored against the picture before it, and where truth and pictures are counted first, AVI has one too many.
# Seen on 30 November 2026 with r-cran-av 0.8.3+dfsg-1, R 4.2.2, libavformat 59.27.100 (Debian 12), PyAV 18.1.0, numpy 2.4.6, Python 3.11.
# Uses Debian's packages, unpacked in a temporary folder with what they need and the machine lacks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
lacking=$(apt-get install --simulate --no-install-recommends r-cran-av r-cran-png 2>/dev/null | grep ^Inst | cut -d ' ' -f 2)
apt-get -qq -o APT::Sandbox::User=root download $lacking >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f r-cran-av_*.deb Package Version
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target packages av==18.1.0 numpy==2.4.6
cat >make.py <<'PYTHON'
from fractions import Fraction

import av
import numpy as np


def written(name, codec, times_ms, pixels, **options):
    with av.open(name, "w") as out:
        stream = out.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 64, 48, pixels, 8_000_000
        stream.codec_context.time_base = Fraction(1, 1000 if times_ms[-1] > 1000 else 25)
        for number, time in enumerate(times_ms):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64), 20 + 8 * number, np.uint8), format="gray").reformat(format=pixels)
            picture.pts, picture.time_base = int(time / 1000 / stream.codec_context.time_base), stream.codec_context.time_base
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    with av.open(name) as made:
        seen = [round((picture.to_ndarray(format="gray").mean() - 20) / 8) for picture in made.decode(video=0)]
    print(f"PyAV, {name}:", len(seen), "frames, in order" if seen == list(range(len(times_ms))) else seen)
    assert seen == list(range(len(times_ms)))


even = [40 * number for number in range(25)]
written("h264.mp4", "libx264", even, "yuv420p")
written("h264.mkv", "libx264", even, "yuv420p")
written("mjpeg.avi", "mjpeg", even, "yuvj420p")
written("mpeg4.avi", "mpeg4", even, "yuv420p", bf="2")
written("pause.mp4", "libx264", even[:10] + [time + 2000 for time in even[10:20]], "yuv420p")
PYTHON
PYTHONPATH=$folder/packages python3 -s make.py 2>/dev/null
cat >run.R <<'RSCRIPT'
seen <- function(name, ...) {
  out <- tempfile()
  dir.create(out)
  files <- av::av_video_images(name, out, format = "png", ...)
  found <- sapply(files, function(file) round((mean(png::readPNG(file)) * 255 - 20) / 8))
  cat(name, ...length() > 0, length(found), "pictures:", found, "\n")
  unname(found)
}
for (name in c("h264.mp4", "h264.mkv")) stopifnot(all(seen(name) == c(0:23, 23)))
stopifnot(all(seen("h264.mp4", fps = 25) == 0:23))
stopifnot(all(seen("mjpeg.avi") == c(0:24, 24)))
stopifnot(all(seen("pause.mp4") == c(0:18, 18)))
stopifnot(all(seen("mpeg4.avi") == c(0:24, 24)))
cat("as stated\n")
RSCRIPT
library=root/usr/lib/x86_64-linux-gnu
export R_HOME=$folder/root/usr/lib/R R_SHARE_DIR=$folder/root/usr/share/R/share R_LIBS=$folder/root/usr/lib/R/site-library EDITOR=vi PAGER=cat TZ=UTC
export LD_LIBRARY_PATH=$folder/$library:$folder/root/usr/lib/R/lib:$folder/$library/blas:$folder/$library/lapack
[ -d "$R_HOME" ] || export R_HOME=/usr/lib/R R_SHARE_DIR=/usr/share/R/share
"$R_HOME/bin/exec/R" --vanilla --slave -f run.R 2>errors | grep -v Renviron || { tail -3 errors; exit 1; }
