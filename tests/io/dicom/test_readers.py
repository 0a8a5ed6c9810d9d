"""What others say of each SEG and SR of real ultrasound files: a validator, dcmtk, highdicom's tables and
SimpleITK.

    apt-get install dicom3tools dcmtk && pip install pydicom-data SimpleITK
    python -m pytest -m slow tests/io/dicom/test_readers.py

Each program is left out where it isn't installed. With all of them it takes two minutes. The files are those
of pydicom-data, of pydicom itself, and of the shared folder.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest

from phantoms import ellipse
from uniultra.io.dicom.seg import Segment, segmentation
from uniultra.io.dicom.source import Maker, read_source, write_dataset
from uniultra.io.dicom.sr import Finding, report
from uniultra.measure.shape import measure_shape

pytestmark = pytest.mark.slow
hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
MAKER = Maker("uniultra-mini", "0.1.0", "9.9")
MOST_FRAMES = 3

OF_SOURCE = (
    # color-pl.dcm and color-px.dcm have UIDs of the root 999, which a reference has to repeat.
    re.compile(r"Illegal root for UID.*999\.999\."),
    # OBXXXX1A_2frame.dcm and its big endian form are of a class for single frames and have two.
    re.compile(r"ReferencedFrameNumber.*Shall not be present|Shall not be present .*ReferencedFrameNumber"),
)
"""What validators say of the source, whose values a reference must repeat."""
OF_TABLES = {
    # The table asks for the macro in the shared groups; it may lie in either (PS3.3 C.7.6.16.1.1). Any SEG
    # fails so.
    ("segmentation-multi-frame-functional-groups", "DerivationImageSequence"),
    # It is asked of the document's root, but belongs to items of type IMAGE (PS3.3 C.17.3, C.18.4).
    ("sr-document-content", "ReferencedSOPSequence"),
}
"""What highdicom 0.28's tables of required attributes get wrong of valid files."""


def ultrasound() -> Iterator[Path]:
    """Images of modality US, each name once."""
    folders = [
        Path(pydicom.__file__).parent / "data" / "test_files",
        Path(__file__).parents[4] / "shared" / "dicom",
    ]
    found = importlib.util.find_spec("data_store")
    if found is not None and found.origin is not None:
        folders.insert(0, Path(found.origin).parent / "data")
    seen = set()
    for path in (path for folder in folders for path in sorted(folder.rglob("*.dcm"))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                data = pydicom.dcmread(path, stop_before_pixels=True, force=True)
                expected = data.get("Modality") == "US" and "Rows" in data
            except Exception:  # not every test file of pydicom is meant to be read
                continue
        if expected and path.name not in seen:
            seen.add(path.name)
            yield path


@pytest.fixture(params=ultrasound(), ids=lambda path: path.name)
def source(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(params=[False, True], ids=["own study", "keep patient"])
def made(request: pytest.FixtureRequest, source: Path, tmp_path: Path) -> list[Path]:
    """A SEG of some frames, one of two structures, a fractional one, and an SR."""
    image = read_source(source, keep_patient=request.param)
    height, width = image.Rows, image.Columns
    one = ellipse((height, width), (width / 2, height / 2), (width / 4, height / 5))
    other = ellipse((height, width), (width / 2, height / 4), (width / 5, height / 6))
    last = min(image.NumberOfFrames, MOST_FRAMES) - 1
    shapes = [measure_shape(one, (0.2, 0.3)), measure_shape(other, None)]
    findings = [
        Finding(name, at, mask, shape)
        for name, at, mask, shape in zip("ab", (0, last), (one, other), shapes, strict=True)
        if shape
    ]
    reals = [Segment("a", {0: one * np.float32(0.7)}), Segment("b", {0: other.astype(np.float32)})]
    objects = {
        "seg": segmentation(image, [Segment("Schilddrüse", dict.fromkeys(range(last + 1), one))], MAKER),
        "two.seg": segmentation(image, [Segment("a", {last: one}), Segment("b", {last: other})], MAKER),
        "fractional.seg": segmentation(image, reals, MAKER),
        "sr": report(image, findings, MAKER),
    }
    for name, dataset in objects.items():
        write_dataset(tmp_path / f"{name}.dcm", dataset)
    return [tmp_path / f"{name}.dcm" for name in objects]


def said(program: str, *arguments: object) -> tuple[int, str, str]:
    if shutil.which(program) is None:
        pytest.skip(f"{program} isn't installed")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def faults(output: str) -> list[str]:
    """Lines of dcmtk that aren't about its checker, which doesn't know UTF-8 (3.6.7)."""
    known = "W: The VR checker does not support this Specific Character Set"
    return [line for line in output.splitlines() if not line.startswith(known)]


@pytest.mark.parametrize("options", [[], ["-new"]], ids=["old", "new"])
def test_dciodvfy_finds_no_error(made: list[Path], options: list[str]) -> None:
    for path in made:
        _, _, output = said("dciodvfy", *options, path)
        assert re.search(r"^(Segmentation|ComprehensiveSR)$", output, re.MULTILINE), (
            "it didn't come to the end"
        )
        errors = [line for line in output.splitlines() if line.startswith("Error")]
        assert [line for line in errors if not any(known.search(line) for known in OF_SOURCE)] == []


def test_dcmtk_reads_them(made: list[Path]) -> None:
    for path in made:
        code, out, err = said("dcm2json", path)
        assert (code, faults(err)) == (0, [])
        assert '"ISO_IR 192"' in out
    code, out, err = said("dsrdump", made[-1])
    assert (code, faults(err)) == (0, [])
    assert out.count('NUM:(,,"Area")=') == 2
    assert out.count("SCOORD:") == 2


def test_no_required_attribute_is_missing_by_highdicoms_tables(made: list[Path]) -> None:
    from highdicom import _standard_utils as tables

    for path in made:
        data = pydicom.dcmread(path)
        for module in tables.get_iod_module_map()[tables.get_sop_class_iod_map()[data.SOPClassUID]]:
            if module["usage"] != "M":
                continue
            try:
                tables.check_required_attributes(data, module["key"])
            except AttributeError as error:
                [missing] = re.findall(r"attribute '(\w+)'", str(error))
                assert (module["key"], missing) in OF_TABLES


def test_simpleitk_sees_the_same_pixels(made: list[Path]) -> None:
    itk = pytest.importorskip("SimpleITK", reason="SimpleITK isn't installed")
    for path in made[:-1]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = itk.GetArrayFromImage(itk.ReadImage(str(path)))
        stored = pydicom.dcmread(path).pixel_array
        np.testing.assert_array_equal(found > 0, (stored if stored.ndim == 3 else stored[None]) > 0)
