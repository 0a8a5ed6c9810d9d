"""Fixtures that several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

import uniultra  # noqa: F401  (first of all: it keeps the libraries beneath silent)

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real data beside the checkout: manifest, images, peers' weights; absent at most users'."""
    if not (SHARED / "data" / "manifest.csv").is_file():
        pytest.skip("the shared data folder is not beside this checkout")
    return SHARED
