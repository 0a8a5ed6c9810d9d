"""A few hundred damaged files, in this process; benchmarks/fuzz_files.py does thousands, in processes of
their own.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
)

from dicoms import dataset, encapsulated, jpeg, jpeg_2000, picture, region, save

Seeds = list[tuple[str, bytes]]
VARIANTS = 300
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz_files", ROOT / "benchmarks" / "fuzz_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Seeds:
    folder = tmp_path_factory.mktemp("seeds")
    more = {
        "SequenceOfUltrasoundRegions": [region((0, 0, 35, 23))],
        "FrameTime": 40,
        "WindowCenter": 128,
        "WindowWidth": 256,
    }
    made = [
        dataset(picture(3), **more),
        dataset(picture(2, 3), "RGB", ImplicitVRLittleEndian, PlanarConfiguration=1, **more),
        dataset(picture(2), syntax=DeflatedExplicitVRLittleEndian, **more),
        encapsulated(
            dataset(picture(3), **more),
            JPEG2000Lossless,
            [jpeg_2000(frame) for frame in picture(3)],
            has_bot=False,
        ),
        encapsulated(
            dataset(picture(2, 3), "YBR_FULL_422", **more),
            JPEGBaseline8Bit,
            [jpeg(frame) for frame in picture(2, 3)],
        ),
    ]
    return [(".dcm", save(data, folder / f"{i}.dcm").read_bytes()) for i, data in enumerate(made)]


def test_damaged_files_are_read_or_refused_and_tell_nothing_of_the_patient(
    fuzz: ModuleType, seeds: Seeds, tmp_path: Path
) -> None:
    outcomes: Counter[str] = Counter()
    for number in range(VARIANTS):
        kind, _, data = fuzz.variant(seeds, 1, number)
        path = tmp_path / "a.dcm"
        path.write_bytes(data)
        outcome = fuzz.read_all(path, ("Doe", "Secret", "4711"))
        assert outcome in ("read", "refused"), f"variant {number}, {kind}: {outcome}"
        outcomes[outcome] += 1
    assert min(outcomes["read"], outcomes["refused"]) > VARIANTS // 10, outcomes


def test_a_value_that_swallowed_the_patient_is_not_shown(
    fuzz: ModuleType, seeds: Seeds, tmp_path: Path
) -> None:
    for mark in (b"\x08\0\x60\0CS", b"\x28\0\x04\0CS"):
        data = bytearray(seeds[0][1])
        data[data.index(mark) + 6 : data.index(mark) + 8] = (400).to_bytes(2, "little")
        (tmp_path / "a.dcm").write_bytes(data)
        assert fuzz.read_all(tmp_path / "a.dcm", ("Doe", "Secret", "4711")) in ("read", "refused")


def test_the_runner_counts(fuzz: ModuleType, seeds: Seeds, tmp_path: Path) -> None:
    for i, (suffix, seed) in enumerate(seeds):
        (tmp_path / f"{i}{suffix}").write_bytes(seed)
    runner, out = ROOT / "benchmarks" / "fuzz_files.py", tmp_path / "out.json"
    command = [sys.executable, str(runner), str(tmp_path), "--variants", "60", "--out", str(out)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(out.read_text())
    assert report["broken"] == []
    assert sum(sum(row.values()) for row in report["counts"].values()) == 60
    assert 10 < report["worst_mb"] < fuzz.LIMIT_MB
