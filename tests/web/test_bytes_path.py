"""Bytes as a path, and nothing left of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from uniultra.io.images import read_frame
from uniultra.types import Frame
from uniultra.web.worker_prompts import as_path


@pytest.mark.parametrize("anonymous", [True, False])
def test_readers_take_it_and_nothing_stays(
    picture: bytes, frame: Frame, anonymous: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if anonymous and not hasattr(os, "memfd_create"):
        pytest.skip("this system has no files in memory")
    if not anonymous:
        monkeypatch.delattr(os, "memfd_create", raising=False)
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with as_path(picture) as path:
        assert path.startswith("/proc/self/fd/" if anonymous else str(tmp_path))
        np.testing.assert_array_equal(read_frame(path).pixels_hw, frame.pixels_hw)
    assert not os.path.exists(path)
    assert not list(tmp_path.iterdir())
