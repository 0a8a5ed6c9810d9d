"""The load benchmark, small: it runs against a real server, and it would notice a mixed answer."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "load.py"


@pytest.fixture(scope="module")
def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("load", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["load"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_clients_have_images_and_answers_of_their_own(load: ModuleType) -> None:
    items = load.works(3)
    assert len({item.picture for item in items}) == 3
    assert len({counts for item in items for _, counts in item.asks}) >= 6


@pytest.mark.slow
def test_a_short_run(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(BENCHMARK),
        "--clients",
        "4",
        "--seconds",
        "3",
        "--processes",
        "1",
        "--out",
        str(tmp_path / "load.json"),
    ]
    subprocess.run(command, check=False, timeout=120, capture_output=True)
    report = json.loads((tmp_path / "load.json").read_text())
    assert (report["together"]["lost"], report["together"]["mixed"]) == (0, 0)
    assert report["together"]["answers"] > 10
