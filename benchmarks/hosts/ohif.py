"""Runs the controller of `@cornerstonejs/ai`, which OHIF's tools use, in Chromium with our graphs, and
compares its labelmap with `uniultra segment`.

    uniultra export --model uniultra-mini --for ohif --out FOLDER
    python benchmarks/hosts/ohif.py FOLDER [--label NAME] [--box-fit FIT]    (where the export had them)

Needs node, npm (it installs the pinned packages into a temporary folder), Chromium and playwright. Without
--absolute the controller's own path to its engine stays as it is.
"""

from __future__ import annotations

import argparse
import base64
import functools
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

import uniultra
from uniultra import Prompt, Segmenter, read_frame
from uniultra.evaluation.metrics import dice

PACKAGES = [f"@cornerstonejs/{part}@4.19.0" for part in ("core", "tools", "ai")] + ["esbuild@0.25.0"]
PAGE = (
    "<!doctype html><style>#view{width:800px;height:600px}</style><div id=view></div>"
    "<script type=module src=main.js></script>"
)
BOX, CLICK = (116.0, 40.0, 398.0, 318.0), (257.0, 179.0)


class Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".wasm": "application/wasm"}

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--absolute", action="store_true", help="give onnxruntime-web an absolute path")
    parser.add_argument("--provider", default="wasm")
    parser.add_argument("--label", default="")
    parser.add_argument("--box-fit", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        root = build(Path(place), given.folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=root))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        query = f"model={model_of(given.folder)}&provider={given.provider}&threads=1"
        query += "&absolute" if given.absolute else ""
        compare(f"http://127.0.0.1:{server.server_port}/?{query}", given.label, given.box_fit)


def model_of(folder: Path) -> str:
    """What its file calls the model, which is the folder that its addresses name, too."""
    [name] = json.loads((folder / "models.json").read_text(encoding="utf-8"))
    return str(name)


def build(place: Path, model: Path) -> Path:
    """A folder to serve: the page, its code in one file, the engine and the model."""
    (place / "package.json").write_text("{}")
    (place / "main.js").write_text((Path(__file__).parent / "ohif.js").read_text(encoding="utf-8"))
    subprocess.run(["npm", "install", "--silent", *PACKAGES], cwd=place, check=True)
    web = place / "www"
    command = ["npx", "esbuild", "main.js", "--bundle", "--format=esm", "--define:global=window"]
    subprocess.run([*command, f"--outfile={web / 'main.js'}", "--log-level=error"], cwd=place, check=True)
    shutil.copytree(model, web / model_of(model))
    (web / "ort").mkdir()
    for file in (place / "node_modules/onnxruntime-web/dist").glob("*.wasm"):
        shutil.copy(file, web / "ort")
    (web / "index.html").write_text(PAGE)
    return web


def compare(address: str, name: str, fit: str) -> None:
    frame = read_frame(Path(uniultra.__file__).parent / "examples" / "malignant_183.jpg")
    segmenter = Segmenter.load()
    x0, y0, x1, y1 = BOX
    asks = {
        "BoxPrompt": ([[x0, y0], [x1, y0], [x0, y1], [x1, y1]], Prompt(BOX, name=name, box_fit=fit)),
        "MarkerInclude": ([list(CLICK)], Prompt(None, (CLICK,), (1,), name=name)),
    }
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        page = browser.new_page()
        page.set_default_timeout(600_000)
        page.goto(address)
        page.wait_for_function("() => !!window.setup")
        pixels = base64.b64encode(frame.pixels_hw.tobytes()).decode()
        said = page.evaluate("([a, w, h]) => window.setup(a, w, h)", [pixels, frame.width, frame.height])
        print(*said, sep="\n")
        if any("no available backend" in line for line in said):
            raise SystemExit("the controller found no backend; try --absolute")
        for kind, (points, prompt) in asks.items():
            answer = page.evaluate("([kind, points]) => window.ask(kind, points)", [kind, points])
            found = np.array(answer["mask"]).reshape(frame.pixels_hw.shape) > 0
            [right] = segmenter.segment(frame, [prompt])
            print(f"{kind}: Dice {dice(found, right.mask_hw):.4f}, decoder {answer['ms']:.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
