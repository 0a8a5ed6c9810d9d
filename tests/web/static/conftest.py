"""A browser on the page of `uniultra open`, one of each a file of tests; the site of the page without a
server is shared by all.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import JPEGBaseline8Bit

from browsers import CHROMIUM, WAIT_MS, Visit, check_tab, tab_of
from dicoms import dataset, encapsulated, jpeg, region, save
from exported import HW, KIDNEY, MASKS, OTHER, RING, SPACING, document, exported
from opened import STARTED, Server, fill_folder, started
from phantoms import speckled
from static_site import static_site
from uniultra.web.workspace.entry_page import entry_page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibrated cine in DICOM, and two pictures."""
    scans = tmp_path_factory.mktemp("scans")
    fill_folder(scans)
    return scans


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """Ends with the folder: other tests can't run a loop of events while playwright's own runs."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    playwright.expect.set_options(timeout=WAIT_MS)
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page without a server."""
    with static_site(tmp_path_factory.mktemp("alone") / "site") as address:
        yield address


@pytest.fixture(scope="module")
def alone(chromium: Any, site: str) -> Iterator[Visit]:
    """A tab on the page without a server."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    one = tab_of(context, site)
    yield one
    check_tab(one)
    context.close()


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    running = started(folder)
    STARTED.remove(running)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def no_server_left() -> Iterator[None]:
    """What a test that failed has started ends with it; the server of a file goes on."""
    yield
    while STARTED:
        STARTED.pop().kill()


@pytest.fixture(scope="module")
def signed_in(chromium: Any, server: Server) -> Iterator[Any]:
    """A browser that has taken the code, from the page that `uniultra open` leaves for it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    with entry_page(server.link) as path:
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]")
    assert "code" not in page.url
    page.close()
    yield context
    context.close()


@pytest.fixture
def tab(signed_in: Any, server: Server, folder: Path) -> Iterator[Visit]:
    """A tab on a project that is empty."""
    shutil.rmtree(folder / "uniultra-project", ignore_errors=True)
    one = tab_of(signed_in, server.origin)
    yield one
    check_tab(one)


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    frames = [speckled(KIDNEY | OTHER, seed=seed).pixels_hw for seed in range(3)]
    area = region((0, 0, HW[1] - 1, HW[0] - 1), (SPACING[1] / 10, SPACING[0] / 10))
    cine = dataset(np.stack(frames), FrameTime=40.0)
    cine = encapsulated(cine, JPEGBaseline8Bit, [jpeg(one) for one in frames])
    cine.SequenceOfUltrasoundRegions = [area]
    save(cine, folder / "cine.dcm")
    still = dataset(frames[0][None])
    still.SequenceOfUltrasoundRegions = [area]
    save(still, folder / "still.dcm")
    Image.fromarray(frames[0]).save(folder / "plain.png")
    return folder


@pytest.fixture(scope="module")
def cine(alone: Visit, scans: Path) -> dict[str, bytes]:
    return exported(alone, scans / "cine.dcm", document(MASKS))


@pytest.fixture(scope="module")
def still(alone: Visit, scans: Path) -> dict[str, bytes]:
    return exported(alone, scans / "still.dcm", document({0: (KIDNEY, OTHER, RING)}))
