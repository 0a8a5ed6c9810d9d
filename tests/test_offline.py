"""Nothing is reported: the variables that keep libraries silent are set before any of them is imported, in
every process.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from uniultra.offline import SILENT, keep_silent

ROOT = Path(__file__).resolve().parents[1]
REPORTING = ("onnxruntime", "ray", "huggingface_hub", "transformers")
"""Libraries that look something up by themselves, unless told not to."""


def environment(tmp_path: Path, **said: str) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key not in SILENT}
    return inherited | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT / "src")} | said


def test_a_user_s_own_setting_counts_only_towards_silence() -> None:
    said = {"ORT_DISABLE_TELEMETRY": "0", "OTHER": "x"}
    keep_silent(said)
    assert said == SILENT | {"OTHER": "x"}


HOLD = "import time; from uniultra import Segmenter; s = Segmenter.load(); time.sleep(3)"


def test_a_session_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    """onnxruntime 1.32 writes a file .ses there within a second, unless it is silent; whatever was said."""
    holding = [
        subprocess.Popen([sys.executable, "-c", HOLD], env=environment(tmp_path, **said))
        for said in ({}, {"ORT_DISABLE_TELEMETRY": "0"})
    ]
    assert [process.wait(120) for process in holding] == [0, 0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "module",
    [
        "uniultra.cli.main",
        "uniultra.backends.onnx",
        "uniultra.web.worker_pool",
        "uniultra.batch.ray_pool",
        "uniultra.batch.local_pool",
        "uniultra.training.loop",
        "uniultra.export.quantise",
        "uniultra.web.client",
    ],
)
def test_every_way_in_is_silent_before_it_imports_anything(tmp_path: Path, module: str) -> None:
    """The variables as they are at the first import of each library that reports."""
    watch = f"""
import builtins, os, sys
first, real = {{}}, builtins.__import__
def spy(name, *rest, **named):
    top = name.partition(".")[0]
    if top in {REPORTING!r} and top not in sys.modules:
        first[top] = {{key: os.environ.get(key) for key in {sorted(SILENT)!r}}}
    return real(name, *rest, **named)
builtins.__import__ = spy
real("{module}")
assert all(seen == {SILENT!r} for seen in first.values()), first
assert {{key: os.environ.get(key) for key in {sorted(SILENT)!r}}} == {SILENT!r}
"""
    pytest.importorskip("torch") if "training" in module or "export" in module else None
    subprocess.run([sys.executable, "-c", watch], check=True, env=environment(tmp_path))


def test_scripts_beside_the_package_import_it_before_what_reports() -> None:
    checked = 0
    for path in [
        *ROOT.glob("benchmarks/*.py"),
        *ROOT.glob("examples/**/*.py"),
        ROOT / "tests" / "conftest.py",
    ]:
        if "node_modules" in path.parts:
            continue
        found = [name for name in imported(path) if name in (*REPORTING, "uniultra")]
        assert not found or found[0] == "uniultra", f"{path}: {found[0]} is imported before uniultra"
        checked += bool(found)
    assert checked > 5


def imported(path: Path) -> list[str]:
    """The first names of what a file imports when it is run, in its order."""
    names: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append((node.module or "").partition(".")[0])
    return names
