"""How long a new user needs from the command to a measured, exported cine: all that the machine does, by a
scripted hand that never hesitates.

    python benchmarks/workspace_first.py [--make] [--out benchmarks/workspace_first.json]

Starts `uniultra open` (with --make, `make open`, on a machine where `make demo` has run or may install) on a
simulated heart of 48 frames, opens the link in a Chromium that has never seen it, draws one box, follows it,
asks for the ejection fraction, measures a distance, exports DICOM SEG, CSV and the movie, and looks at the
files. Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from workspace_states import CHAMBERS, FRAMES, HEART, WAIT_MS, drag, know, make_scans, show, wait

from uniultra.io.output import write_json

KINDS = ("seg", "csv", "movie")
WRITTEN = ("masks.tif", "seg.dcm", "csv", "overlay.mp4")


class Clock:
    """Seconds from the start to each step."""

    def __init__(self) -> None:
        self.began, self.steps = time.perf_counter(), dict[str, float]()

    def note(self, step: str) -> None:
        self.steps[step] = round(time.perf_counter() - self.began, 1)
        print(f"{self.steps[step]:7.1f} s  {step}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--make", action="store_true", help="Begin with `make open`.")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    report: dict[str, Any] = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as running:
        folder = Path(name)
        make_scans(folder)
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        clock = Clock()
        with opened(folder, chosen.make) as link:
            clock.note("the address is printed")
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.set_default_timeout(WAIT_MS)
            page.goto(link)
            know(page)
            clock.note("the page is ready")
            walk(page, clock)
        browser.close()
        check(folder / "uniultra-project" / "export")
    report |= {"frames": FRAMES, "seconds": clock.steps}
    if chosen.out is not None:
        write_json(chosen.out, report, force=True)


@contextmanager
def opened(folder: Path, by_make: bool) -> Iterator[str]:
    """The command, as a person types it; yields the link that it prints."""
    command = [sys.executable, "-m", "uniultra.cli.main", "open", str(folder), "--no-browser", "--port", "0"]
    environment = os.environ | {"BROWSER": "true"}  # `make open` opens the browser: here, none
    if by_make:
        command = ["make", "--no-print-directory", "open", f"OPEN={folder}"]
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[1],
        start_new_session=True,
    )
    assert server.stdout is not None
    try:
        yield next(line.split()[-1] for line in server.stdout if "http://" in line)
    finally:
        os.killpg(server.pid, signal.SIGINT)
        server.wait(30)
        server.stdout.close()


def walk(page: Page, clock: Clock) -> None:
    """From the first box to the exported files."""
    show(page, HEART)
    a, b, name = CHAMBERS[0]
    drag(page, a, b)
    wait(page, "doc.frames.length === 1")
    clock.note("a mask after one box")
    page.locator("input.name").fill(name)
    page.keyboard.press("Enter")
    page.locator("#stage").focus()
    page.keyboard.press("t")
    page.wait_for_function("() => !tracker.isTracking()", timeout=WAIT_MS)
    tracked, lost = page.evaluate("() => [seen.doc().frames.length, seen.doc().objects[0].lost?.length ?? 0]")
    assert tracked + lost == FRAMES, f"{tracked} frames tracked and {lost} lost, of {FRAMES}"
    clock.note("tracked through the cine")
    page.locator("#frame-slider").fill("0")
    page.locator("#ejection").click()
    page.locator("#ejection-table").wait_for()
    clock.note("the ejection fraction")
    page.locator("#stage").focus()
    page.keyboard.press("m")
    drag(page, (330, 280), (500, 280))
    wait(page, "doc.calipers.length === 1 && app.saving === 'saved'")
    page.locator("#export").click()
    for box in page.locator("#export-dialog input[value]").all():
        box.set_checked(box.get_attribute("value") in KINDS)
    page.locator("#export-now").click()
    page.locator("#export-result .good").wait_for()
    clock.note("measured, exported")


def check(export: Path) -> None:
    """Raises AssertionError where a file that was requested isn't there."""
    stem = HEART.removesuffix(".dcm")
    missing = [end for end in WRITTEN if not (export / f"{stem}.frames.{end}").is_file()]
    assert not missing, f"not written: {', '.join(missing)}"


if __name__ == "__main__":
    main()
