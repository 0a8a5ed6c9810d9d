"""What a browser loads of the page without a server, beside the model and the engine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from browsers import Visit
from uniultra.web.workspace.static_files import INDEX, static_files

pytestmark = pytest.mark.browser
MOST_BYTES = 300_000


def test_writers_are_loaded_when_something_is_exported(alone: Visit, scans: Path) -> None:
    """With a cine of DICOM opened: all that a person needs before an export."""
    page, files = alone.page, static_files()
    page.locator("#file-input").set_input_files(scans / "cine.dcm")
    alone.wait("app.file.name === 'cine.dcm' && !app.opening")
    page.locator("#help").click()
    page.keyboard.press("Escape")
    paths = {urlsplit(url).path for url in alone.requested}
    loaded = {path.removeprefix("/static/") for path in paths if path.startswith("/static/")}
    assert {"main.mjs", "local/api.mjs", "local/dicom.mjs", "core/segmenter.mjs"} <= loaded
    writers = {name for name in loaded if name.startswith("local/export/")}
    assert writers <= {"local/export/offers.mjs", "local/export/movie.mjs"}
    size = sum(len(files[name][0]) for name in loaded - {INDEX}) + len(files[INDEX][0])

    assert size <= MOST_BYTES
