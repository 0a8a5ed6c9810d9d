"""Pictures of the workspace page's main states, at several sizes, in both themes and all languages; and what
is too small for a finger, cut off, or against the rules of accessibility there.

    python benchmarks/workspace_look.py --out OUT [--size 1280x720 ...] [--theme dark ...] \
        [--language de ...] [--state cine ...] [--scans DIR] \
        [--axe benchmarks/axe/node_modules/axe-core/axe.min.js]

Writes OUT/SIZE-THEME-LANGUAGE-NN-STATE.png, 820x1180 as a tablet with touch. With --axe (`npm ci --prefix
benchmarks/axe`), axe-core looks for violations of WCAG 2.2 A and AA and of best practices in every state, and
the exit code is 1 where there is one. Needs playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from workspace_states import STATES, WAIT_MS, facts, keep_project, know, make_scans, prepare

TOUCH = "820x1180"
SIZES = ("1280x720", "3840x2160", TOUCH)
THEMES = ("dark", "light")
LANGUAGES = ("en", "de")
SETTLE_MS = 700
"""For panels, and what is drawn well once a frame stays."""
Look = tuple[str, str, str]
"""Size, theme, language."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="Folder of the pictures; none are made without.")
    parser.add_argument("--size", nargs="*", default=SIZES, metavar="WxH")
    parser.add_argument("--theme", nargs="*", default=THEMES, choices=THEMES)
    parser.add_argument("--language", nargs="*", default=LANGUAGES, choices=LANGUAGES)
    parser.add_argument("--state", nargs="*", default=[*STATES], choices=[*STATES])
    parser.add_argument(
        "--scans", type=Path, help="Folder of the images and what is segmented, kept for another run."
    )
    parser.add_argument("--axe", type=Path, help="axe.min.js of npm's axe-core.")
    chosen = parser.parse_args()
    axe = None if chosen.axe is None else chosen.axe.read_text(encoding="utf-8")
    if chosen.out is not None:
        chosen.out.mkdir(parents=True, exist_ok=True)
    found: list[str] = []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as running:
        scans = chosen.scans or Path(name)
        made = make_scans(scans)
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with served(scans) as link:
            signed = first_visit(browser, link, made)
            for look in product(chosen.size, chosen.theme, chosen.language):
                found += visit(browser, link, signed, look, chosen.state, chosen.out, axe)
        browser.close()
    print("\n".join(dict.fromkeys(found)))
    print(f"{len(found)} violations" if axe else "axe-core did not run")
    if found:
        raise SystemExit(1)


@contextmanager
def served(scans: Path) -> Iterator[str]:
    """`uniultra open` on a folder; yields the link that it prints."""
    command = [sys.executable, "-m", "uniultra.cli.main", "open", str(scans), "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        yield next(line.split()[-1] for line in server.stdout if "http://" in line)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
        server.stdout.close()


def first_visit(browser: Browser, link: str, made: bool) -> dict:
    """Signs in; segments and tracks where the images were made just now. Gives the browser's cookies and
    keys.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(link)
    know(page)
    if made:
        prepare(page)
    signed = context.storage_state()
    context.close()
    return signed


def context_of(browser: Browser, signed: dict, look: Look) -> BrowserContext:
    size, theme, language = look
    width, height = map(int, size.split("x"))
    touch = size == TOUCH
    context = browser.new_context(
        viewport={"width": width, "height": height},
        storage_state=signed,
        has_touch=touch,
        is_mobile=touch,
        bypass_csp=True,  # for axe-core alone: the page's policy lets no foreign script run
    )
    context.add_init_script(
        f"localStorage.setItem('uniultra-theme', '{theme}');"
        f"localStorage.setItem('uniultra-language', '{language}');"
        "localStorage.setItem('uniultra-hint', 'seen');"
    )
    return context


def visit(
    browser: Browser,
    link: str,
    signed: dict,
    look: Look,
    states: list[str],
    out: Path | None,
    axe: str | None,
) -> list[str]:
    """Goes through all states; takes pictures of those that were chosen. Gives what axe-core found."""
    found: list[str] = []
    context = context_of(browser, signed, look)
    if axe is not None:
        context.add_init_script(axe)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    keep_project(page)
    page.goto(link.partition("#")[0])
    know(page)
    last = max([*STATES].index(state) for state in states)
    for number, (name, reach) in enumerate([*STATES.items()][: last + 1]):
        reach(page)
        page.wait_for_timeout(SETTLE_MS)
        if name not in states:
            continue
        if out is not None:
            page.screenshot(path=out / f"{'-'.join(look)}-{number:02d}-{name}.png")
        about = f"{' '.join(look)} {name}"
        report(about, page, touch=look[0] == TOUCH)
        found += [f"{about}: {one}" for one in violations(page)] if axe else []
    context.close()
    return found


def report(about: str, page: Page, touch: bool) -> None:
    """Prints what is cut off, and what is too small where fingers point."""
    seen = facts(page)
    if seen["cut"]:
        print(f"{about}: cut off: {', '.join(seen['cut'])}", flush=True)
    if touch and seen["small"]:
        print(f"{about}: below 44 pixels: {', '.join(seen['small'])}", flush=True)


def violations(page: Page) -> list[str]:
    """What axe-core finds: rule, what it says, and the elements."""
    return page.evaluate(
        """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map(
            ({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 4).map((one) => one.html.slice(0, 120)
                + " (" + (one.any[0] ?? one.all[0] ?? one.none[0])?.message + ")").join(" | ")}`)"""
    )


if __name__ == "__main__":
    main()
