"""Which model the results of a project name, where another answers by the time of the export."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from starlette.testclient import TestClient

from dicom_checks import check_iod, group_models, segment_models
from dicoms import dataset
from phantoms import speckled
from scans import BOX, TRUE
from uniultra.io.coco import compressed, run_lengths

TRUTH = compressed(run_lengths(TRUE))
NOW = "uniultra-mini"
ADAPTED = "cyst-1 unpublished"


@pytest.fixture
def folder(folder: Path) -> Path:
    dataset(np.stack(2 * [speckled(TRUE).pixels_hw])).save_as(folder / "cine.dcm")
    return folder


def answered(page: TestClient, path: str, **prompt: Any) -> Any:
    items = page.get("/v1/workspace").json()["items"]
    at = f"/v1/workspace/items/{next(item['id'] for item in items if item['name'] == 'cine.gif')}"
    return page.post(f"{at}/{path}", json=prompt).json()


def exported(page: TestClient, folder: Path, *models: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report of a picture with a mask of each model, and what the page was answered."""
    items = page.get("/v1/workspace").json()["items"]
    at = f"/v1/workspace/items/{next(item['id'] for item in items if item['name'] == 'a.png')}"
    masks = [
        {"object": number, "counts": TRUTH, "box": BOX, "quality": 0.9, "model": model}
        for number, model in enumerate(models, start=1)
    ]
    doc = {
        "objects": [{"id": mask["object"], "name": "cyst"} for mask in masks],
        "frames": [{"number": 0, "masks": masks}],
    }
    assert page.put(at, json={"revision": 0, "doc": doc}).status_code == 200
    done = page.post(f"{at}/export", json={"kinds": ["csv", "coco"]}).json()
    return json.loads((folder / "uniultra-project" / "export" / "a.json").read_text()), done


def test_every_answer_says_which_model_gave_it(page: TestClient) -> None:
    prompt = {"box": BOX, "points": [], "labels": []}
    found = answered(page, "frames/0/segment", **prompt)
    others = answered(page, "frames/0/alternatives", **prompt)
    track = answered(page, "frames/0/track", object=1, counts=TRUTH, frames=2)
    workspace = page.get("/v1/workspace").json()
    now = f"{workspace['model']} {workspace['version']}"
    assert now.startswith(NOW)
    assert {one["model"] for one in (found, *others, *track)} == {now}


@pytest.mark.parametrize("models", [(ADAPTED, ADAPTED), (ADAPTED,)])
def test_results_name_the_model_that_made_all_masks(
    page: TestClient, folder: Path, models: tuple[str, ...]
) -> None:
    """It was used for a while, and the original answers again."""
    report, done = exported(page, folder, *models)
    assert report["model"] == {"name": "cyst-1", "version": "unpublished"}
    assert report["notes"] == done["notes"] == []


def test_masks_of_another_model_than_results_name_are_noted(page: TestClient, folder: Path) -> None:
    workspace = page.get("/v1/workspace").json()
    now = f"{workspace['model']} {workspace['version']}"
    report, done = exported(page, folder, now, ADAPTED)
    assert report["model"]["name"] == NOW
    said = f"structure 2: made by {ADAPTED}, not by {now}"
    assert report["notes"] == [said]
    export = folder / "uniultra-project" / "export"
    rows = list(csv.DictReader((export / "a.csv").read_text().splitlines()))
    assert {(row["id"], said in row["note"], now in row["note"]) for row in rows} == {
        ("1", False, False),
        ("2", True, True),
    }
    coco = json.loads((export / "a.coco.json").read_text())
    assert [one["model"] for one in coco["annotations"]] == [now, ADAPTED]
    [note] = done["notes"]
    assert note.startswith(f"some masks were made by {ADAPTED}; files that name one model name {now}, DICOM")
    assert done["said"][note]["code"] == "several-models"


def test_a_project_that_does_not_say_is_exported_as_before(page: TestClient, folder: Path) -> None:
    report, done = exported(page, folder, "", "")
    assert report["model"]["name"] == NOW
    assert report["notes"] == done["notes"] == []


def test_dicom_names_each_structures_own_model(page: TestClient, folder: Path) -> None:
    """On the second frame another model corrected the first structure; nobody's model made the third."""
    items = page.get("/v1/workspace").json()["items"]
    at = f"/v1/workspace/items/{next(item['id'] for item in items if item['name'] == 'cine.dcm')}"
    makers = [(ADAPTED, ADAPTED, ""), ("cyst-2 7", ADAPTED, "")]
    frames = [
        {
            "number": number,
            "masks": [
                {"object": place, "counts": TRUTH, "model": model, "source": "prompt" if model else "brush"}
                for place, model in enumerate(models, start=1)
            ],
        }
        for number, models in enumerate(makers)
    ]
    doc = {"objects": [{"id": place, "name": f"cyst {place}"} for place in (1, 2, 3)], "frames": frames}
    assert page.put(at, json={"revision": 0, "doc": doc}).status_code == 200
    done = page.post(f"{at}/export", json={"kinds": ["seg", "sr"]})
    assert done.status_code == 200, done.text
    made = folder / "uniultra-project" / "export"
    seg = made / "cine.dcm.frames.seg.dcm"
    assert segment_models(dcmread(seg)) == [
        ("SEMIAUTOMATIC", "cyst-1, cyst-2", [("cyst-1, cyst-2", "unpublished, 7")]),
        ("SEMIAUTOMATIC", "cyst-1", [("cyst-1", "unpublished")]),
        ("MANUAL", None, []),
    ]
    check_iod(seg)
    report = made / "cine.dcm.frame1.sr.dcm"
    expected = [["cyst-2", "7", "UniUltra"], ["cyst-1", "unpublished", "UniUltra"], []]
    assert group_models(dcmread(report)) == expected
    check_iod(report)


HAND = {"source": "brush", "quality": None}
DRAWN = "Drawn by hand; not for diagnostic use"
ADVISED = "AI-generated; not for diagnostic use"


def by_hand(page: TestClient, folder: Path, *masks: dict[str, Any]) -> Path:
    """Where the results of a cine lie, on whose two frames each structure has such a mask."""
    items = page.get("/v1/workspace").json()["items"]
    at = f"/v1/workspace/items/{next(item['id'] for item in items if item['name'] == 'cine.dcm')}"
    own = [{"object": place, "counts": TRUTH, **mask} for place, mask in enumerate(masks, start=1)]
    doc = {
        "objects": [{"id": one["object"], "name": f"cyst {one['object']}"} for one in own],
        "frames": [{"number": number, "masks": own} for number in range(2)],
    }
    assert page.put(at, json={"revision": 0, "doc": doc}).status_code == 200
    kinds = ["seg", "sr", "sc", "csv", "coco"]
    done = page.post(f"{at}/export", json={"kinds": kinds})
    assert done.status_code == 200, done.text
    return folder / "uniultra-project" / "export"


def test_what_a_person_alone_drew_is_not_called_generated(page: TestClient, folder: Path) -> None:
    """SEG said MANUAL of its segments, and "AI-generated" of itself."""
    made = by_hand(page, folder, HAND, HAND)
    for name in ("cine.dcm.frames.seg.dcm", "cine.dcm.frame0.sr.dcm", "cine.dcm.frames.sc.dcm"):
        found = dcmread(made / name)
        assert found.SeriesDescription == f"cyst 1, cyst 2: {DRAWN}", name
        assert not [said for said in ("AI-generated", NOW) if said in str(found)], name
        check_iod(made / name)
    seg, sc = dcmread(made / "cine.dcm.frames.seg.dcm"), dcmread(made / "cine.dcm.frames.sc.dcm")
    assert segment_models(seg) == [("MANUAL", None, [])] * 2
    assert (seg.ContentDescription, seg.ManufacturerModelName) == (DRAWN, "UniUltra")
    assert sc.ImageComments == DRAWN
    assert sc.DerivationDescription.endswith(DRAWN)
    assert group_models(dcmread(made / "cine.dcm.frame0.sr.dcm")) == [[], []]
    report = json.loads((made / "cine.dcm.frame0.json").read_text())
    assert {(one["quality"], one["by_hand"]) for one in report["objects"]} == {(None, "drawn")}
    assert report["notes"] == ["structure 1: drawn by hand", "structure 2: drawn by hand"]
    for one in json.loads((made / "cine.dcm.frame0.coco.json").read_text())["annotations"]:
        assert one["by_hand"] == "drawn"
        assert not {"score", "model"} & one.keys()
    for row in csv.DictReader((made / "cine.dcm.frames.csv").read_text().splitlines()):
        assert row["quality"] == ""
        assert row["note"].endswith(f"structure {row['id']}: drawn by hand")


def test_what_a_model_had_a_part_in_is_called_generated(page: TestClient, folder: Path) -> None:
    """An answer that was corrected by hand, beside a structure that was drawn."""
    made = by_hand(page, folder, HAND | {"model": ADAPTED, "box": BOX}, HAND)
    seg = dcmread(made / "cine.dcm.frames.seg.dcm")
    assert segment_models(seg) == [
        ("SEMIAUTOMATIC", "cyst-1", [("cyst-1", "unpublished")]),
        ("MANUAL", None, []),
    ]
    assert seg.SeriesDescription == "cyst 1, cyst 2: " + ADVISED
    assert seg.ContentDescription == ADVISED
    report = json.loads((made / "cine.dcm.frame0.json").read_text())
    assert [(one["quality"], one["by_hand"]) for one in report["objects"]] == [
        (None, "corrected"),
        (None, "drawn"),
    ]
    annotations = json.loads((made / "cine.dcm.frame0.coco.json").read_text())["annotations"]
    assert [(one.get("model"), one["by_hand"]) for one in annotations] == [
        (ADAPTED, "corrected"),
        (None, "drawn"),
    ]
