"""Results of two files never take one another's names, and a kind that can't be written is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from dicoms import dataset, region, save
from phantoms import speckled
from scans import BOX, TRUE
from uniultra.io.coco import compressed, run_lengths

MASKS = {"scan.png": TRUE, "Scan.dcm": np.flipud(TRUE), "other.png": TRUE}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A DICOM file beside a picture of the same name, as a scanner exports both, and a file of its own."""
    images = tmp_path / "scans"
    images.mkdir()
    for name, mask in MASKS.items():
        pixels = speckled(mask).pixels_hw
        if name.endswith(".png"):
            Image.fromarray(pixels).save(images / name)
        else:
            area = region((0, 0, pixels.shape[1] - 1, pixels.shape[0] - 1), 0.05)
            save(dataset(pixels[None], SequenceOfUltrasoundRegions=[area]), images / name)
    return images


def item_id(page: TestClient, name: str) -> str:
    """The first one of that name in the list."""
    return next(item["id"] for item in page.get("/v1/workspace").json()["items"] if item["name"] == name)


def exported(page: TestClient, item: str, mask: np.ndarray, *kinds: str) -> list[str]:
    at = f"/v1/workspace/items/{item}"
    drawn = {"object": 1, "counts": compressed(run_lengths(mask)), "quality": 0.9}
    doc = {"objects": [{"id": 1, "name": "cyst"}], "frames": [{"number": 0, "masks": [drawn]}]}
    assert page.put(at, json={"revision": 0, "doc": doc}).status_code == 200
    done = page.post(f"{at}/export", json={"kinds": [*kinds]})
    assert done.status_code == 200, done.text
    return done.json()["files"]


def test_files_of_one_name_have_results_of_their_own(page: TestClient, folder: Path) -> None:
    dropped = page.post("/v1/workspace/files?name=other.png", content=(folder / "other.png").read_bytes())
    ids = {name: item_id(page, name) for name in MASKS if name != "other.png"}
    files = {name: exported(page, item, MASKS[name], "csv") for name, item in ids.items()}
    assert {"scan.png.mask.png", "scan.png.csv"} <= {*files["scan.png"]}
    assert {"Scan.dcm.mask.png", "Scan.dcm.csv"} <= {*files["Scan.dcm"]}
    listed, again = item_id(page, "other.png"), dropped.json()["id"]
    assert again != listed
    one, two = exported(page, listed, TRUE), exported(page, again, np.flipud(TRUE))
    assert not {*one} & {*two}
    export = folder / "uniultra-project" / "export"
    for name in ("scan.png", "Scan.dcm"):
        mask = np.asarray(Image.open(export / f"{name}.mask.png")) > 0
        assert np.array_equal(mask, MASKS[name]), name
        assert json.loads((export / f"{name}.json").read_text())["image"] == name
    assert len({file.casefold() for one in (*files.values(), one, two) for file in one}) == 2 * 4 + 2 * 3


def test_a_quality_that_nobody_knows_is_not_said_to_be_0(page: TestClient, folder: Path) -> None:
    """As of a mask that another program wrote into the project."""
    item = item_id(page, "other.png")
    drawn = {"object": 1, "counts": compressed(run_lengths(TRUE)), "box": BOX}
    doc = {"objects": [{"id": 1, "name": "cyst"}], "frames": [{"number": 0, "masks": [drawn]}]}
    at = f"/v1/workspace/items/{item}"
    assert page.put(at, json={"revision": 0, "doc": doc}).status_code == 200
    assert page.post(f"{at}/export", json={"kinds": ["coco"]}).status_code == 200
    export = folder / "uniultra-project" / "export"
    assert json.loads((export / "other.json").read_text())["objects"][0]["quality"] is None
    assert "score" not in json.loads((export / "other.coco.json").read_text())["annotations"][0]


def test_a_kind_that_a_file_does_not_offer_is_refused(page: TestClient, folder: Path) -> None:
    item = item_id(page, "scan.png")
    exported(page, item, TRUE)
    for kind in ("stl", "fractional", "movie", ""):
        refused = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": [kind]})
        assert refused.status_code == 422
        assert refused.json()["detail"].startswith(f"'{kind}' can't be written of this file; legal are seg, ")
