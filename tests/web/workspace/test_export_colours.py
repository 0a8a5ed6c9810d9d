"""What is exported has the colours in which a person sees the structures on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from starlette.testclient import TestClient

from dicoms import dataset
from phantoms import speckled
from scans import TRUE
from uniultra.io.coco import compressed, run_lengths

CORAL, GREEN = (255, 127, 81), (18, 200, 90)
OTHER = np.roll(TRUE, 70, axis=1) & ~TRUE
COUNTS = tuple(compressed(run_lengths(mask)) for mask in (TRUE, OTHER))


@pytest.fixture
def folder(folder: Path) -> Path:
    pixels = speckled(TRUE).pixels_hw
    dataset(pixels[None]).save_as(folder / "still.dcm")
    dataset(np.stack([pixels, pixels, pixels])).save_as(folder / "loop.dcm")
    return folder


def exported(page: TestClient, folder: Path, name: str, kinds: list[str], frames: int) -> Path:
    """Two structures in colours that no palette has, the first one lost on the last frame; the folder of the
    results.
    """
    item = next(one["id"] for one in page.get("/v1/workspace").json()["items"] if one["name"] == name)
    masks = [{"object": number, "counts": counts} for number, counts in enumerate(COUNTS, start=1)]
    objects: list[dict[str, Any]] = [
        {"id": 1, "name": "cyst", "colour": "#ff7f51", "lost": [frames] * (frames > 1)},
        {"id": 2, "name": "other", "colour": "#12c85a"},
    ]
    doc = {"objects": objects, "frames": [{"number": number, "masks": masks} for number in range(frames)]}
    assert page.put(f"/v1/workspace/items/{item}", json={"revision": 0, "doc": doc}).status_code == 200
    done = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": kinds})
    assert done.status_code == 200, done.text
    return folder / "uniultra-project" / "export"


def count_of(picture_hwc: np.ndarray, colour: tuple[int, int, int], within: int = 0) -> int:
    return int((np.abs(picture_hwc.astype(int) - colour).max(axis=2) <= within).sum())


def recommended(path: Path) -> list[tuple[int, int, int]]:
    """The colours of a SEG's segments, as highdicom reads them."""
    highdicom = pytest.importorskip("highdicom")
    values = [one.RecommendedDisplayCIELabValue for one in dcmread(path).SegmentSequence]
    return [highdicom.color.CIELabColor.from_dicom_value([*one]).to_rgb(clip=True) for one in values]


def near(found: list[tuple[int, int, int]]) -> bool:
    return bool(np.abs(np.array(found) - (CORAL, GREEN)).max() <= 1)


def test_a_still_is_exported_in_the_colours_of_the_page(page: TestClient, folder: Path) -> None:
    out = exported(page, folder, "still.dcm", ["seg", "nrrd", "itksnap", "sc"], 1)
    overlay = np.asarray(Image.open(out / "still.overlay.png").convert("RGB"))
    assert count_of(overlay, CORAL) > 20
    assert count_of(overlay, GREEN) > 20
    head = (out / "still.seg.nrrd").read_bytes().split(b"\n\n")[0].decode()
    assert "Segment0_Color:=1 0.498039 0.317647" in head
    assert "Segment1_Color:=0.0705882 0.784314 0.352941" in head
    assert near(recommended(out / "still.seg.dcm"))
    rows = (out / "still.label").read_text().splitlines()
    assert [row.split()[1:4] for row in rows[-2:]] == [["255", "127", "81"], ["18", "200", "90"]]
    capture = dcmread(out / "still.sc.dcm").pixel_array
    assert count_of(capture, CORAL, 12) > 20


def test_a_cine_is_exported_in_the_colours_of_the_page(page: TestClient, folder: Path) -> None:
    """The label of a structure that is lost on a frame, too."""
    out = exported(page, folder, "loop.dcm", ["seg", "movie"], 2)
    assert near(recommended(out / "loop.frames.seg.dcm"))
    with av.open(str(out / "loop.frames.overlay.mp4")) as movie:
        frames = [frame.to_ndarray(format="rgb24") for frame in movie.decode(video=0)]
    assert len(frames) == 3
    for frame in frames[:2]:
        assert count_of(frame, CORAL, 40) > 20
        assert count_of(frame, GREEN, 40) > 20
    assert count_of(frames[2], CORAL, 40) > 20
    assert count_of(frames[2], GREEN, 40) == 0
