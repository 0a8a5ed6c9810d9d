#!/usr/bin/env bash
# k-wave-python 0.6.2: "import kwave" downloads executables, and fails where there is no network.
#
# Expected: importing the package, or a function that needs only NumPy such as scan_conversion, does no more than that; the simulation's
# binaries are fetched when a simulation is started.
# What happens: kwave/__init__.py fetches the binaries from GitHub into the package's own folder at the first import. Without network the
# import raises URLError, so that nothing of the package can be used; pip has said that all is installed.
# Why it matters: hospitals' machines are offline. An image that pip has built there fails at run time, and one that was built with
# network but never imported does so too; where the package's folder is read-only, it can't be repaired by the user.
# Seen on 28 November 2026 with k-wave-python 0.6.2, Python 3.11, Linux. No network is stood in for by a proxy that refuses.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check k-wave-python==0.6.2
cd "$folder"
https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9 venv/bin/python - <<'PYTHON'
from importlib.metadata import version
from urllib.error import URLError

print("k-wave-python", version("k-wave-python"))
try:
    from kwave.reconstruction.beamform import scan_conversion

    raise SystemExit(f"CHANGED: imported {scan_conversion.__name__}")
except URLError as error:
    steps, trace = [], error.__traceback__
    while trace is not None:
        steps.append((trace.tb_frame.f_globals["__name__"], trace.tb_frame.f_code.co_name))
        trace = trace.tb_next
print("import of scan_conversion:", " > ".join(name for module, name in steps if module == "kwave"))
assert ("kwave", "download_binaries") in steps
print("as stated")
PYTHON
