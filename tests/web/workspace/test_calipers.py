"""What a person measured by hand is exported, beside structures and alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from starlette.testclient import TestClient

from dicoms import dataset, region, save
from phantoms import speckled
from scans import BOX, TRUE
from uniultra.io.cines import open_cine
from uniultra.io.coco import compressed, run_lengths
from uniultra.io.dicom.notices import MEASURED

ENDS = {"a": [20, 20], "b": [60, 50]}
LENGTH = {"value": 25.0, "unit": "mm", "uncertainty": None, "ends_xy": [[20, 20], [60, 50]]}
"""By half a millimetre a pixel."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A still and a cine of four frames, calibrated DICOM."""
    images = tmp_path / "scans"
    images.mkdir()
    pixels = speckled(TRUE).pixels_hw
    area = region((0, 0, pixels.shape[1] - 1, pixels.shape[0] - 1), 0.05)
    for name, frames in {"still": pixels[None], "cine": np.stack([pixels] * 4)}.items():
        made = dataset(frames, **({"FrameTime": 40.0} if name == "cine" else {}))
        made.SequenceOfUltrasoundRegions = [area]
        save(made, images / f"{name}.dcm")
    return images


def exported(page: TestClient, name: str, doc: dict[str, Any], kinds: list[str]) -> set[str]:
    """The files that are written of a document, by their endings."""
    [item] = [one for one in page.get("/v1/workspace").json()["items"] if one["name"] == f"{name}.dcm"]
    at = f"/v1/workspace/items/{item['id']}"
    revision = page.get(at).json()["revision"]
    assert page.put(at, json={"revision": revision, "doc": doc}).status_code == 200
    done = page.post(f"{at}/export", json={"kinds": kinds})
    assert done.status_code == 200, done.text
    return {file.removeprefix(f"{name}.") for file in done.json()["files"]}


def doc_of(calipers: dict[int, int], *masks: int) -> dict[str, Any]:
    """Calipers, each a number and its frame, and a structure on some frames."""
    mask = {"object": 1, "counts": compressed(run_lengths(TRUE)), "box": BOX, "quality": 0.9}
    return {
        "objects": [{"id": 1, "name": "cyst"}] * bool(masks),
        "frames": [{"number": number, "masks": [mask]} for number in masks],
        "calipers": [{"id": number, "frame": frame, **ENDS} for number, frame in calipers.items()],
    }


def yellow(path: Path) -> int:
    """How many pixels of a picture a caliper has."""
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return int(np.count_nonzero(picture[..., 0] - picture[..., 2] > 60))


def lengths_in(path: Path) -> list[tuple[str, float]]:
    """The tracking identifier and the length of each group of a report that has one."""
    highdicom = pytest.importorskip("highdicom")
    groups = highdicom.sr.srread(path).content.get_image_measurement_groups()
    return [(one.tracking_identifier, one.get_measurements()[0].value) for one in groups]


def test_a_still_with_calipers_alone(page: TestClient, folder: Path) -> None:
    """It was refused: "there is no mask to export". What an earlier export left of its mask isn't listed."""
    export = folder / "uniultra-project" / "export"
    assert "mask.png" in exported(page, "still", doc_of({}, 0), [])
    plain = yellow(export / "still.overlay.png")
    files = exported(page, "still", doc_of({1: 0, 3: 0}), ["csv", "sr", "sc", "seg", "coco", "nifti"])
    assert files == {"overlay.png", "json", "sr.dcm", "sc.dcm", "calipers.csv"}
    report = json.loads((export / "still.json").read_text())
    assert report["objects"] == []
    assert [one["id"] for one in report["calipers"]] == [1, 3]
    assert [one["length"] for one in report["calipers"]] == [LENGTH, LENGTH]
    assert report["calipers"][0]["scale"]["source"] == "region 1"
    assert yellow(export / "still.overlay.png") > plain + 200
    assert lengths_in(export / "still.sr.dcm") == [("Caliper 1", 25.0), ("Caliper 3", 25.0)]
    assert dcmread(export / "still.sr.dcm").SeriesDescription == f"Caliper 1, Caliper 3: {MEASURED}"
    captured = dcmread(export / "still.sc.dcm")
    assert captured.SeriesDescription == MEASURED, "no name, no colon"
    assert captured.DerivationDescription == f"Calipers drawn on the image. {MEASURED}"


def test_a_cine_with_calipers_alone(page: TestClient, folder: Path) -> None:
    """A movie was chosen and none was written, without a word; a capture was one file per frame."""
    export = folder / "uniultra-project" / "export"
    assert "frames.masks.tif" in exported(page, "cine", doc_of({}, 0), ["csv"])
    files = exported(page, "cine", doc_of({1: 3, 2: 1}), ["csv", "seg", "sc", "sr", "movie"])
    assert files == {
        f"frame{number}.{ending}" for number in (1, 3) for ending in ("overlay.png", "json", "sr.dcm")
    } | {f"frames.{ending}" for ending in ("calipers.csv", "json", "sc.dcm", "overlay.mp4")}
    frames = json.loads((export / "cine.frames.json").read_text())["frames"]
    assert [(one["frame"], one["objects"], len(one["calipers"])) for one in frames] == [
        (1, [], 1),
        (3, [], 1),
    ]
    assert open_cine(export / "cine.frames.overlay.mp4").count == 2
    assert dcmread(export / "cine.frames.sc.dcm").NumberOfFrames == 2
    _, first, second = (export / "cine.frames.calipers.csv").read_text().splitlines()
    assert first.startswith("cine.dcm,1,,Caliper 2,length,25.0,mm,")
    assert second.startswith("cine.dcm,3,,Caliper 1,")
    assert dcmread(export / "cine.frame3.sr.dcm").ContentSequence


def test_a_cine_with_structures_and_calipers(page: TestClient, folder: Path) -> None:
    """Frames with calipers alone are in movie, capture and JSON, and say nothing of structures."""
    export = folder / "uniultra-project" / "export"
    kinds = ["csv", "seg", "sc", "sr", "movie"]
    files = exported(page, "cine", doc_of({1: 0, 2: 2}, 0, 1), kinds)
    assert {"frame0.sr.dcm", "frame1.sr.dcm", "frame2.sr.dcm", "frames.calipers.csv"} <= files
    assert "frame2.mask.png" not in files
    frames = json.loads((export / "cine.frames.json").read_text())["frames"]
    assert [(one["frame"], len(one["objects"]), len(one.get("calipers", ()))) for one in frames] == [
        (0, 1, 1),
        (1, 1, 0),
        (2, 0, 1),
    ]
    assert open_cine(export / "cine.frames.overlay.mp4").count == 3
    assert dcmread(export / "cine.frames.sc.dcm").NumberOfFrames == 3
    assert dcmread(export / "cine.frames.seg.dcm").NumberOfFrames == 2
    assert len((export / "cine.frames.csv").read_text().splitlines()) == 3
    assert lengths_in(export / "cine.frame0.sr.dcm") == [("Caliper 1", 25.0)]
    assert lengths_in(export / "cine.frame2.sr.dcm") == [("Caliper 2", 25.0)]


def test_the_table_of_an_earlier_export_goes_with_its_calipers(page: TestClient, folder: Path) -> None:
    """It stayed, and said what nobody measured any more."""
    table = folder / "uniultra-project" / "export" / "still.calipers.csv"
    assert "calipers.csv" in exported(page, "still", doc_of({1: 0}, 0), ["csv"])
    assert table.is_file()
    assert "calipers.csv" not in exported(page, "still", doc_of({}, 0), ["csv"])
    assert not table.exists()


def test_nothing_at_all_is_refused(page: TestClient, folder: Path) -> None:
    [item] = [one for one in page.get("/v1/workspace").json()["items"] if one["name"] == "still.dcm"]
    at = f"/v1/workspace/items/{item['id']}"
    page.get(at)
    page.put(at, json={"revision": 0, "doc": doc_of({})})
    refused = page.post(f"{at}/export", json={"kinds": ["csv"]})
    assert refused.status_code == 422
    assert "no mask and no caliper" in refused.json()["detail"]
