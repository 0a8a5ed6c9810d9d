"""Folders for files that only pass through. They may hold images of patients: what a killed process left goes
as all that isn't whole does (`stages`), with the next process that needs one; where the machine was started
anew in between, a day later.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from uniultra.stages import stage_in

CONTENT = "content"


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder of this user alone (mode 0700), gone with the context."""
    with stage_in(Path(tempfile.gettempdir())) as stage:
        (stage / CONTENT).mkdir(mode=0o700)
        yield stage / CONTENT
