"""How quick the workspace page is, in a real Chromium on this machine: from the hand to the mask on the
canvas, with the server and without one.

    python benchmarks/workspace.py [--onnxruntime examples/node/node_modules/onnxruntime-web/dist] \
        [--out benchmarks/workspace.json]

Makes a picture of 1024 x 768 and a cine of 500 frames of 1280 x 720, opens them with `uniultra open`, and
works on them with a scripted mouse; then the same picture on the page that `uniultra open --static` writes.
A time ends when the pixels are on the canvas, from where one is read back; what the screen adds isn't in it.
Every request must go to loopback. Needs playwright, a Chromium, and for the page without a server
onnxruntime-web (`make node-client`).
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright
from workspace_page import WATCH, make_files, on_cine, on_effort, on_picture, on_static_picture

from uniultra.io.output import write_json
from uniultra.web.workspace.static_build import build
from uniultra.web.workspace.static_files import static_files

DIST = Path(__file__).parents[1] / "examples" / "node" / "node_modules" / "onnxruntime-web" / "dist"
GOALS = {
    "box_ms median": ("at most", 60.0),
    "click_ms median": ("at most", 30.0),
    "hover_a_second": ("at least", 20.0),
    "cine_first_frame_ms": ("at most", 25.0),
    "cine_step_ms p95": ("at most", 8.0),
    "cine_back_ms p95": ("at most", 8.0),
    "cine_frames_a_second": ("at least", 29.5),
    "cine_gap_ms p95": ("at most", 36.0),
    "cine_late_percent": ("at most", 1.0),
    "server_mb": ("at most", 400.0),
    "page_kb": ("at most", 300.0),
    "static_ready_ms": ("at most", 3000.0),
    "static_box_ms median": ("at most", 150.0),
    "requests_off_loopback": ("at most", 0.0),
}
"""What the page is meant to keep to, on two cores that do nothing else."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--onnxruntime", type=Path, default=DIST)
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    requested: list[str] = []
    report: dict[str, Any] = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as running:
        folder = Path(name)
        make_files(folder, chosen.frames)
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        report["chromium"] = browser.version
        report |= with_server(browser, folder, requested)
        report["page_kb"] = loaded_kb(requested)
        if chosen.onnxruntime.is_dir():
            report |= without_server(browser, folder, chosen.onnxruntime, requested)
        else:
            print(f"{chosen.onnxruntime} is absent: run `make node-client`", file=sys.stderr)
        browser.close()
    hosts = [urlsplit(url).hostname for url in requested if url.startswith("http")]
    report["requests"] = len(hosts)
    report["requests_off_loopback"] = sum(host != "127.0.0.1" for host in hosts)
    print_table(report)
    if chosen.out is not None:
        write_json(chosen.out, report, force=True)


def loaded_kb(requested: list[str]) -> int:
    """The page's own files that the browser has requested, each once, in kB."""
    paths = {urlsplit(url).path.removeprefix("/static/") for url in requested} | {"index.html"}
    return round(sum(len(data) for name, (data, _) in static_files().items() if name in paths) / 1000)


def print_table(report: dict[str, Any]) -> None:
    flat: dict[str, Any] = {}
    for name, value in report.items():
        parts = value.items() if isinstance(value, dict) else ()
        flat |= {f"{name} {part}": one for part, one in parts} or {name: value}
    for name, value in flat.items():
        goal = ""
        if name in GOALS:
            kind, limit = GOALS[name]
            kept = value <= limit if kind == "at most" else value >= limit
            goal = f"{kind} {limit:g}: {'yes' if kept else 'NO'}"
        print(f"{name:<28} {value!s:>16}  {goal}")


def opened(browser: Browser, link: str, requested: list[str]) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 860})
    page.set_default_timeout(120_000)
    page.on("request", lambda request: requested.append(request.url))
    page.goto(link)
    page.wait_for_selector("body[data-ready]")
    page.evaluate(WATCH)
    return page


def with_server(browser: Browser, folder: Path, requested: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "uniultra.cli.main", "open", str(folder), "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    link = next(line.split()[-1] for line in server.stdout if "http://" in line)
    try:
        page = opened(browser, link, requested)
        report = on_picture(page) | on_cine(page) | on_effort(page)
        page.close()
        return report | {"server_mb": round(memory_mb(server.pid))}
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        server.stdout.close()


class Files(http.server.SimpleHTTPRequestHandler):
    """A web server of files."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        pass


def without_server(browser: Browser, folder: Path, engine: Path, requested: list[str]) -> dict[str, Any]:
    site = folder / "site"
    size = build(site, "uniultra-mini", engine)
    handler = functools.partial(Files, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        page = opened(browser, f"http://127.0.0.1:{files.server_port}/", requested)
        report = on_static_picture(page, folder / "picture.png")
        page.close()
        files.shutdown()
    return report | {"static_mb": round(size / 1e6, 1)}


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children, shared pages counted once each (PSS)."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        pids += [int(child) for child in (task / "children").read_text().split()]
    total = 0
    for one in pids:
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024


if __name__ == "__main__":
    main()
