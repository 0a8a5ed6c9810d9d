#!/usr/bin/env bash
# PyAV's wheel says BSD-3-Clause, and its FFmpeg "LGPL version 3 or later", but it carries x264 and x265, which are GPL.
#
# Expected: an FFmpeg with libx264 was configured with --enable-gpl, and says "GPL" of itself, as FFmpeg's own configure demands.
# Seen (2026-11-28, av 18.1.0, Linux x86-64): --enable-libx264 --enable-libx265 without --enable-gpl; av.libs holds both libraries.
# Why it matters: whoever hands on an image or installer with this wheel hands on GPL code, whatever its metadata says.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check av==18.1.0
cat >"$folder/run.py" <<'PY'
import importlib.metadata, pathlib, av
from av import _core
facts = _core.library_meta["libavcodec"]
libraries = sorted(p.name for p in (pathlib.Path(av.__file__).parent.parent / "av.libs").glob("libx26*"))
metadata = importlib.metadata.metadata("av")["License-Expression"]
print("av", av.__version__, metadata, "| FFmpeg says", facts["license"], "| carries", libraries)
assert metadata == "BSD-3-Clause" and facts["license"].startswith("LGPL") and len(libraries) == 2
assert "--enable-libx264" in facts["configuration"] and "--enable-gpl" not in facts["configuration"]
PY
"$folder/venv/bin/python" "$folder/run.py"
