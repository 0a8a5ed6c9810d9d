"""The core runs without torch: every module that segmenting on a laptop needs imports where torch isn't
installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

SRC = Path(__file__).resolve().parents[1] / "src"

NEEDS_TORCH = (
    "uniultra.models",
    "uniultra.training",
    "uniultra.export",
    "uniultra.backends.torch",
    "uniultra.data.dataset",
    "uniultra.data.distill_dataset",
    "uniultra.data.draw_sampler",
    "uniultra.bench.peers",
    "uniultra.video_models",
)
"""The modules of the extra `train`, with all that lies within them."""

WINDOWS = tuple(f"uniultra.hosts.napari.{name}" for name in ("panel", "model_field", "said_fields"))
NEEDS_NAPARI = () if importlib.util.find_spec("qtpy") else WINDOWS
"""The panel of napari's plugin, which only napari imports. Every other module is imported."""

CORE = ("uniultra", "uniultra.io", "uniultra.segmenter", "uniultra.backends.onnx", "uniultra.cli.main")
"""Must be among the modules tried, whatever else comes and goes."""

IMPORT_EACH = """
import importlib, json, sys, traceback

BLOCKED = {"torch", "transformers", "safetensors", "accelerate"}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked by the test)", name=name)

sys.meta_path.insert(0, Blocker())
failed = {}
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ImportError:
        failed[name] = traceback.format_exc(limit=-3)
print(json.dumps({"failed": failed, "loaded": sorted(BLOCKED & set(sys.modules))}))
"""


def _modules() -> list[str]:
    paths = sorted((SRC / "uniultra").rglob("*.py"))
    names = (
        ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__") for path in paths
    )
    return [
        name
        for name in names
        if not name.endswith(".__main__")
        and not any(f"{name}.".startswith(f"{part}.") for part in (*NEEDS_TORCH, *NEEDS_NAPARI))
    ]


def _import_each(names: list[str]) -> dict[str, dict[str, str] | list[str]]:
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    command = [sys.executable, "-c", IMPORT_EACH, json.dumps(names)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    answer: dict[str, dict[str, str] | list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_core_imports_without_torch() -> None:
    names = _modules()
    assert set(CORE) <= set(names)
    answer = _import_each(names)
    assert not answer["failed"], "\n".join(
        f"{name}:\n{trace}" for name, trace in dict(answer["failed"]).items()
    )
    assert answer["loaded"] == []


def test_the_block_blocks() -> None:
    assert "No module named 'torch'" in dict(_import_each(["torch"])["failed"])["torch"]
