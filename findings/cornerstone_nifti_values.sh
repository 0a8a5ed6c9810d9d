#!/usr/bin/env bash
# @cornerstonejs/nifti-volume-loader 5.0.13 (NIfTI in Cornerstone3D and OHIF): values with a slope alone, or an offset alone, stay raw; in 8 bits they wrap around; of a cine it gives one frame.
#
# Expected: what a NIfTI says: raw value times scl_slope plus scl_inter, whichever is set; frames of a 2D cine (x, y, 1, t) all; pixelSpacing as DICOM has it, [row, column], as the
# rowPixelSpacing beside it; slices as far apart as the file says.
# What happens: values are scaled only where both are set: raw 100 with a slope of 0.5 is 100 for 50, with an offset of -60 it is 100 for 40. Scaled bytes stay bytes: 200 x 2 + 10 is
# 154 for 410. Of a cine of five frames there is one image. Of pixels 0.5 mm high and 0.2 wide pixelSpacing is [0.2, 0.5], rowPixelSpacing 0.5. Slices are set apart by the pixel size along the
# axis that they lie behind each other on, 0.2, 0.5 or the slice's own, so a coronal volume with slices 2 mm apart has them at 0.5 mm.
# Why it matters: stiffness, strain, displacement and confidence are stored as integers with a slope; a probe on the picture reads another number. nifti-reader-js beneath it has the right header.
# Seen on 30 November 2026 with @cornerstonejs/nifti-volume-loader and core 5.0.13, Chromium 156, Node 20.20.2.
# Needs node, npm and chromium; serves on loopback.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund @cornerstonejs/core@5.0.13 @cornerstonejs/nifti-volume-loader@5.0.13 esbuild@0.25.0 url@0.11.4 events@3.3.0 >/dev/null 2>&1
mkdir www
cat >main.js <<'JS'
import * as core from '@cornerstonejs/core';
import * as nifti from '@cornerstonejs/nifti-volume-loader';

const say = (what) => fetch('/said', { method: 'POST', body: JSON.stringify(what) });
async function read(name) {
    const url = `${location.origin}/${name}.nii`;
    const ids = await nifti.createNiftiImageIdsAndCacheMetadata({ url });
    const image = await nifti.cornerstoneNiftiImageLoader(ids[0]).promise;
    const planes = ids.map((id) => core.utilities.genericMetadataProvider.get('imagePlaneModule', id));
    return {
        value: image.getPixelData()[0], type: image.dataType, images: ids.length, places: planes.map((plane) => plane.imagePositionPatient),
        pixelSpacing: planes[0].pixelSpacing, rowPixelSpacing: planes[0].rowPixelSpacing, sliceThickness: planes[0].sliceThickness,
    };
}
async function all() {
    const found = {};
    for (const name of ['plain', 'slope', 'offset', 'both', 'bytes', 'cine', 'coronal']) found[name] = await read(name);
    return found;
}
nifti.init();
all().then((found) => say({ found }), (error) => say({ failed: String(error?.stack ?? error) }));
JS
npx esbuild main.js --bundle --format=esm --define:global=window --loader:.wasm=file --outfile=www/main.js --log-level=error
echo '<!doctype html><body><script type=module src=main.js></script>' >www/index.html
cat >check.py <<'PY'
import functools
import http.server
import json
import pathlib
import queue
import struct
import subprocess
import threading

said: queue.Queue[str] = queue.Queue()


class Page(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm"}

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        said.put(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()


def write(name: str, raw: int, slope: float = 1, offset: float = 0, shape: tuple[int, ...] = (36, 24, 1), byte: bool = False, slices_along_y: bool = False) -> None:
    """A NIfTI-1 file of one value, pixels 0.2 mm wide and 0.5 high, slices 2 mm apart."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, len(shape), *shape, *[1] * (7 - len(shape)))
    struct.pack_into("<2h", header, 70, 2 if byte else 4, 8 if byte else 16)
    struct.pack_into("<8f", header, 76, 1, 0.2, 0.5, 2, 0.04, 1, 1, 1)
    struct.pack_into("<3f", header, 108, 352, slope, offset)
    struct.pack_into("<B", header, 123, 2 + 8)
    struct.pack_into("<2h", header, 252, 0, 1)
    rows = ([-0.2, 0, 0, 0], [0, 0, -2, 0], [0, 0.5, 0, 0]) if slices_along_y else ([-0.2, 0, 0, 0], [0, -0.5, 0, 0], [0, 0, 2, 0])
    struct.pack_into("<12f", header, 280, *rows[0], *rows[1], *rows[2])
    header[344:348] = b"n+1\0"
    count = 1
    for size in shape:
        count *= size
    pathlib.Path(f"www/{name}.nii").write_bytes(header + struct.pack("<B" if byte else "<h", raw) * count)


write("plain", 100)
write("slope", 100, slope=0.5)
write("offset", 100, offset=-60)
write("both", 100, slope=2, offset=10)
write("bytes", 200, slope=2, offset=10, byte=True)
write("cine", 100, shape=(36, 24, 1, 5))
write("coronal", 100, shape=(36, 24, 3), slices_along_y=True)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, directory="www"))
threading.Thread(target=server.serve_forever, daemon=True).start()
options = ["--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=profile", "--remote-debugging-port=0"]
browser = subprocess.Popen(["chromium", *options, f"http://127.0.0.1:{server.server_port}/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    there = json.loads(said.get(timeout=300))
finally:
    browser.terminate()
    browser.wait()
assert "found" in there, there
found = there["found"]
version = json.loads(pathlib.Path("node_modules/@cornerstonejs/nifti-volume-loader/package.json").read_text())["version"]
print("@cornerstonejs/nifti-volume-loader", version)
right = {"plain": 100, "slope": 50, "offset": 40, "both": 210, "bytes": 410}
for name, value in right.items():
    print(f"   {name}: {found[name]['value']} ({found[name]['type']}) for {value}")
assert [found[name]["value"] for name in right] == [100, 100, 100, 210, 154]
print("   a cine of five frames:", found["cine"]["images"], "image")
assert found["cine"]["images"] == 1
spacing = [round(value, 3) for value in (*found["plain"]["pixelSpacing"], found["plain"]["rowPixelSpacing"])]
print("   pixelSpacing", spacing[:2], "rowPixelSpacing", spacing[2])
assert spacing == [0.2, 0.5, 0.5]
places = [round(place[1], 3) for place in found["coronal"]["places"]]
print("   slices of a coronal volume at", places, "mm, each", found["coronal"]["sliceThickness"])
assert abs(places[1] - places[0]) == 0.5 and found["coronal"]["sliceThickness"] == 2
print("as stated")
PY
python3 check.py
