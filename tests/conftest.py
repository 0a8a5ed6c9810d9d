"""Fixtures that several tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")  # of torch and numpy, here and in processes that a test starts

import uniultra  # noqa: F401  (before its libraries: it keeps them silent)

settings.register_profile("tests", deadline=None)  # a machine that is busy fails no property
settings.load_profile("tests")
SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data beside the checkout: manifest, images, peers' weights; absent at most users'."""
    if not (SHARED / "data" / "manifest.csv").is_file():
        pytest.skip("the shared data folder is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def _one_thread_per_model() -> Iterator[None]:
    """A second thread of a small model mostly waits, in a loop, and `make test` has a process a core."""
    import onnxruntime

    def options() -> onnxruntime.SessionOptions:
        one = made()
        one.intra_op_num_threads = 1
        return one

    made = onnxruntime.SessionOptions
    onnxruntime.SessionOptions = options
    yield
    onnxruntime.SessionOptions = made
