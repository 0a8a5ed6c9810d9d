"""Tabs of Debian's Chromium on the workspace page, for tests with playwright."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DRAWN = """() => Promise.race([
    new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    new Promise((done) => setTimeout(done, 250)),
])"""
"""Once what was changed is drawn; a test may hold the pictures back."""
WAIT_MS = 120_000
"""For a page, a mask, a frame: seconds on a machine that is busy."""
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@dataclass
class Visit:
    """One tab; whatever goes wrong in it is kept, and so is every address that it asks."""

    page: Any
    faults: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)

    def know(self) -> None:
        """Gives this test the page's state, by the module that the page itself uses."""
        self.page.wait_for_selector("body[data-ready]")
        self.page.evaluate("async () => { window.seen = await import('/static/state.mjs'); }")
        self.wait("app.file")

    def state(self) -> dict[str, Any]:
        return self.page.evaluate("({ doc: seen.doc(), frame: seen.app.frame })")

    def wait(self, condition: str) -> None:
        """Until a condition on `app` and `doc` holds, nothing is under way, and the page shows it and its
        frame.
        """
        script = (
            f"() => {{ const app = seen.app, doc = seen.doc(); return app.file && !app.busy && "
            f"({condition}) && (seen.isInSight() || app.frames.failed.has(app.frame)); }}"
        )
        self.page.wait_for_function(script, timeout=WAIT_MS)
        self.page.evaluate(DRAWN)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The place on the screen of a pixel of the image."""
        left, top, scale = self.page.evaluate(
            """() => {
                const { width, height } = seen.app.file;
                const stage = document.getElementById("stage").getBoundingClientRect();
                const margin = Math.min(28, stage.width * 0.03);
                const scale = Math.min((stage.width - 2 * margin) / width,
                    (stage.height - 2 * margin) / height);
                return [stage.left + (stage.width - width * scale) / 2,
                    stage.top + (stage.height - height * scale) / 2, scale];
            }"""
        )
        return left + (x + 0.5) * scale, top + (y + 0.5) * scale

    def drag(self, a: tuple[float, float], b: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*self.at(*a))
        mouse.down()
        mouse.move(*self.at(*b), steps=4)
        mouse.up()

    def open(self, name: str) -> None:
        self.page.locator("button.item", has_text=name).click()
        self.wait(f"app.file.name === {json.dumps(name)} && !app.opening")

    def add(self, path: Path) -> None:
        """Opens a file of the disk, which may be the one that is open."""
        self.page.evaluate("() => { window.before = seen.app.file; }")
        self.page.locator("#file-input").set_input_files(path)
        self.wait(f"app.file !== window.before && app.file.name === {json.dumps(path.name)} && !app.opening")

    def colour_at(self, x: float, y: float) -> list[int]:
        """What the overlay shows there: red, green, blue, alpha."""
        px, py = self.at(x, y)
        return self.page.evaluate(
            """async ([x, y]) => {
                for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
                const canvas = document.getElementById("overlay"), box = canvas.getBoundingClientRect();
                const [cx, cy] = [(x - box.left) * devicePixelRatio, (y - box.top) * devicePixelRatio];
                return [...canvas.getContext("2d").getImageData(cx, cy, 1, 1).data];
            }""",
            [px, py],
        )


def tab_of(context: Any, link: str) -> Visit:
    one = Visit(context.new_page())
    one.page.set_default_timeout(WAIT_MS)
    one.page.on("pageerror", lambda error: one.faults.append(str(error)))
    one.page.on("console", lambda said: said.type == "error" and one.faults.append(said.text))
    one.page.on("request", lambda request: one.requested.append(request.url))
    one.page.goto(link)
    one.know()
    return one


def check_tab(one: Visit) -> None:
    """No script failed, and nobody but loopback was asked."""
    one.page.close()
    assert not one.faults, one.faults
    hosts = {urlsplit(url).hostname for url in one.requested if not url.startswith("blob:")}
    assert hosts == {"127.0.0.1"}, hosts
