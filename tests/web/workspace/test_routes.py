"""What the page asks for, over HTTP: files, frames, masks, measures, saving and exports, with what lies on
disk.
"""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from starlette.testclient import TestClient

from at_once import without_turns
from dicoms import dataset
from phantoms import ellipse
from scans import BOX, TRUE, png_of
from uniultra import Prompt, Segmenter, read_frame
from uniultra.data.manifest import read_manifest
from uniultra.io.cines import open_cine
from uniultra.io.coco import compressed, mask_of, run_lengths
from uniultra.measure.ejection import SQUARE
from uniultra.measure.measured import CSV_COLUMNS, FRAME_COLUMNS
from uniultra.web.workspace.workspace import Workspace

TRUTH = compressed(run_lengths(TRUE))


def item_id(page: TestClient, name: str) -> str:
    return next(item["id"] for item in page.get("/v1/workspace").json()["items"] if item["name"] == name)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * float(np.sum(a & b)) / float(np.sum(a) + np.sum(b))


def saved(page: TestClient, item: str, doc: dict, revision: int = 0):
    return page.put(f"/v1/workspace/items/{item}", json={"revision": revision, "doc": doc})


def doc_of(counts: str = TRUTH, number: int = 0) -> dict:
    mask = {"object": 1, "counts": counts, "box": BOX, "quality": 0.9}
    return {"objects": [{"id": 1, "name": "cyst"}], "frames": [{"number": number, "masks": [mask]}]}


def test_a_still_is_opened_and_its_pixels_are_exact(page: TestClient, folder: Path) -> None:
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}"
    opened = page.get(at).json()
    assert (opened["width"], opened["height"], opened["count"], opened["revision"]) == (160, 120, 1, 0)
    assert opened["exports"]["seg"] == "it needs a DICOM image to refer to"
    frame = page.get(f"{at}/frames/0")
    assert frame.headers["content-type"] == "image/png"
    assert np.array_equal(
        np.array(Image.open(io.BytesIO(frame.content))), np.array(Image.open(folder / "a.png"))
    )
    assert page.get(f"{at}/frames/1").json()["type"].endswith("image")
    assert page.get(f"{at}/frames/-1").status_code == 422


def test_colours_are_shown_and_the_model_sees_grey(page: TestClient, folder: Path) -> None:
    pixels = np.array(Image.open(folder / "a.png").convert("RGB"))
    pixels[5:25, 5:35] = (220, 30, 30)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    item = page.post("/v1/workspace/files?name=doppler.png", content=data.getvalue()).json()["id"]
    shown = page.get(f"/v1/workspace/items/{item}/frames/0")
    assert np.array_equal(np.array(Image.open(io.BytesIO(shown.content))), pixels)
    given = page.post(f"/v1/workspace/items/{item}/frames/0/segment", json={"box": BOX}).json()
    assert dice(mask_of(given["counts"], (120, 160)), TRUE) > 0.9


def test_a_cine_is_held_and_read_in_any_order(page: TestClient) -> None:
    at = f"/v1/workspace/items/{item_id(page, 'cine.gif')}"
    assert page.get(at).json()["count"] == 4
    centres = []
    for number in (3, 0, 2, 1, 1):
        frame = page.get(f"{at}/frames/{number}?exact=false")
        assert frame.headers["content-type"] == "image/jpeg"
        dark = np.array(Image.open(io.BytesIO(frame.content)).convert("L"))[40:70] < 40
        centres.append(round(float(np.nonzero(dark)[1].mean())))
    assert centres[0] - centres[1] == pytest.approx(12, abs=3)
    assert centres[3] == centres[4]


@pytest.mark.parametrize("box", [BOX, None], ids=["box", "clicks"])
def test_clicks_outside_without_a_mask_are_answered_in_turns(
    page: TestClient, folder: Path, box: list[float] | None
) -> None:
    """As by `Segmenter.segment`, a region that was named or not."""
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}/frames/0/segment"
    clicks = {"points": [[88, 55], [85, 55]], "labels": [0, 1]}
    region = page.post(at, json={"box": BOX}).json()["region"]
    prompt = Prompt(box and tuple(box), ((88, 55), (85, 55)), (0, 1))
    segmenter, frame = Segmenter.load(threads=1), read_frame(folder / "a.png")
    [ours], [at_once] = (one.segment(frame, [prompt]) for one in (segmenter, without_turns(segmenter)))
    assert not np.array_equal(ours.mask_hw, at_once.mask_hw)
    for named in (None, region) if box else (None,):
        given = page.post(at, json=clicks | {"box": box, "region": named}).json()
        np.testing.assert_array_equal(mask_of(given["counts"], (120, 160)), ours.mask_hw)


def test_a_box_then_a_click_with_the_previous_mask(page: TestClient) -> None:
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}/frames/0/segment"
    first = page.post(at, json={"box": BOX}).json()
    assert dice(mask_of(first["counts"], (120, 160)), TRUE) > 0.9
    assert first["region"] is not None
    assert first["reason"] == "no calibration is known"
    click = {
        "box": BOX,
        "points": [[85, 55]],
        "labels": [1],
        "mask": first["counts"],
        "region": first["region"],
    }
    second = page.post(at, json=click | {"spacing_mm_yx": [0.5, 0.5]}).json()
    assert dice(mask_of(second["counts"], (120, 160)), TRUE) > 0.9
    assert second["area_mm2"] == pytest.approx(second["area_px"] / 4)
    hovering = page.post(at, json={"points": [[85, 55]], "labels": [1], "quick": True}).json()
    assert hovering["region"] is None
    assert hovering["area_px"] > 100


def test_other_answers_differ_and_the_usual_one_is_first(page: TestClient) -> None:
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}/frames/0"
    given = {"points": [[85, 55]], "labels": [1]}
    answers = page.post(f"{at}/alternatives", json=given).json()
    assert answers[0]["counts"] == page.post(f"{at}/segment", json=given).json()["counts"]
    masks = [mask_of(one["counts"], (120, 160)) for one in answers]
    for place, mask in enumerate(masks):
        assert all((mask & other).sum() / (mask | other).sum() <= 0.9 for other in masks[:place])
    boxed = page.post(f"{at}/alternatives", json={"box": BOX}).json()
    assert len(boxed) == 1  # a box means one thing
    assert dice(mask_of(boxed[0]["counts"], (120, 160)), TRUE) > 0.9


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "the prompt points at nothing"),
        ({"points": [[500, 5]], "labels": [1]}, "point 500,5 is outside the image"),
        ({"box": BOX, "mask": "5"}, "don't add up to 160 x 120 pixels"),
        ({"box": BOX, "region": [0, 0, 1e9, 1e9]}, "is not one that an answer named"),
        ({"box": [1, 2, 3]}, "body.box"),
    ],
)
def test_prompts_that_cannot_be(page: TestClient, given: dict, message: str) -> None:
    refused = page.post(f"/v1/workspace/items/{item_id(page, 'a.png')}/frames/0/segment", json=given)
    assert refused.status_code == 422
    assert message in refused.json()["detail"]


def test_measures_in_the_unit_that_was_given(page: TestClient) -> None:
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}/frames/0/measure"
    measured = page.post(at, json={"counts": TRUTH, "spacing_mm_yx": [0.5, 0.5]}).json()
    assert measured["long_diameter"]["value"] == pytest.approx(35, abs=1)
    assert measured["scale"]["source"] == "the workspace"
    assert page.post(at, json={"counts": TRUTH}).json()["scale"]["reason"] == "no calibration is known"


def test_what_was_saved_is_there_again_and_a_second_tab_is_told(page: TestClient, folder: Path) -> None:
    item = item_id(page, "a.png")
    assert saved(page, item, doc_of()).json() == {"revision": 1}
    opened = page.get(f"/v1/workspace/items/{item}").json()
    assert opened["revision"] == 1
    assert opened["doc"]["objects"][0]["name"] == "cyst"
    second_tab = saved(page, item, doc_of())
    assert second_tab.status_code == 409
    assert "revision 1, yours is 0" in second_tab.json()["detail"]
    project = folder / "uniultra-project"
    ids = np.array(Image.open(project / "a.png.frame0.mask.png"))
    assert np.array_equal(ids == 1, TRUE)
    empty = {"objects": [{"id": 1}], "frames": []}
    assert saved(page, item, empty, revision=1).json() == {"revision": 2}
    assert not (project / "a.png.frame0.mask.png").exists()
    assert not [path for path in project.iterdir() if path.name.startswith(".uniultra-")]


def test_the_list_says_how_far_each_file_is(page: TestClient) -> None:
    saved(page, item_id(page, "a.png"), doc_of() | {"done": True})
    first = next(item for item in page.get("/v1/workspace").json()["items"] if item["name"] == "a.png")
    assert (first["done"], first["objects"], first["frames"]) == (True, 1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ('{"schema": "uniultra.annotations/2"}', "written by a newer version"),
        ('{"schema": "uniultra.annotations/1", "image": "a"}', "Field required"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_project_file_that_cannot_be_used_is_left_as_it_is(
    page: TestClient, folder: Path, text: str, message: str
) -> None:
    project = folder / "uniultra-project"
    project.mkdir()
    (project / "a.png.annotations.json").write_text(text)
    item = item_id(page, "a.png")
    for answer in (page.get(f"/v1/workspace/items/{item}"), saved(page, item, doc_of())):
        assert answer.json()["type"] == "urn:uniultra:problem:project"
        assert message in answer.json()["detail"]
    assert (project / "a.png.annotations.json").read_text() == text


def test_links_in_the_project_lead_nowhere(page: TestClient, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "uniultra-project").symlink_to(tmp_path / "elsewhere")
    assert saved(page, item_id(page, "a.png"), doc_of()).json()["type"].endswith("project")
    assert not list((tmp_path / "elsewhere").iterdir())
    (folder / "uniultra-project").unlink()
    (folder / "uniultra-project").mkdir()
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    (folder / "uniultra-project" / "a.png.annotations.json").symlink_to(secret)
    assert page.get(f"/v1/workspace/items/{item_id(page, 'a.png')}").json()["type"].endswith("project")


def test_a_dropped_file_joins_the_list(page: TestClient, folder: Path) -> None:
    data = png_of((ellipse((50, 60), (30, 25), (10, 10)) * 200).astype(np.uint8))
    item = page.post("/v1/workspace/files?name=../../up.png", content=data).json()
    assert item["name"] == "up.png"
    assert (folder / "uniultra-project" / "dropped" / "up.png").read_bytes() == data
    assert page.post("/v1/workspace/files?name=up.png", content=data).json()["id"] == item["id"]
    bad = page.post("/v1/workspace/files?name=bad.png", content=b"no image")
    assert bad.status_code == 422
    assert str(folder) not in bad.text
    assert not (folder / "uniultra-project" / "dropped" / "bad.png").exists()
    assert page.post("/v1/workspace/files?name=bad.png", content=b"").status_code == 422


def test_exports_are_those_of_the_command_line(page: TestClient, folder: Path) -> None:
    item = item_id(page, "a.png")
    assert (
        page.post(f"/v1/workspace/items/{item}/export", json={"kinds": []}).json()["type"].endswith("output")
    )
    saved(page, item, doc_of())
    done = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv", "coco"]}).json()
    assert set(done["files"]) == {"a.mask.png", "a.overlay.png", "a.json", "a.csv", "a.coco.json"}
    export = folder / "uniultra-project" / "export"
    report = json.loads((export / "a.json").read_text())
    assert report["objects"][0]["area_px"] == int(TRUE.sum())
    assert report["objects"][0]["prompt"]["box"] == BOX
    assert report["objects"][0]["name"] == "cyst"
    again = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv"]})
    assert again.status_code == 200
    refused = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["seg"]}).json()
    assert "DICOM results need a DICOM image" in refused["detail"]


def test_a_cine_is_exported_with_every_structure_on_every_frame(page: TestClient, folder: Path) -> None:
    item = item_id(page, "cine.gif")
    doc = doc_of(number=1)
    doc["objects"].append({"id": 5, "name": "second"})
    doc["frames"].append({"number": 3, "masks": [{"object": 5, "counts": TRUTH, "source": "brush"}]})
    saved(page, item, doc)
    done = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv", "movie"]}).json()
    assert "cine.frames.masks.tif" in done["files"]
    report = json.loads((folder / "uniultra-project" / "export" / "cine.frames.json").read_text())
    assert [[found["id"] for found in frame["objects"]] for frame in report["frames"]] == [[1, 2], [1, 2]]
    assert [frame["objects"][1]["area_px"] > 0 for frame in report["frames"]] == [False, True]


def test_calipers_have_a_table_of_their_own(page: TestClient, folder: Path) -> None:
    """They were in no export: only the page's own button for one frame wrote them."""
    caliper = {"id": 2, "frame": 0, "a": [10, 20.5], "b": [40, 60.5]}
    export = folder / "uniultra-project" / "export"
    for name, frames, at in (("a.png", "", 0), ("cine.gif", ".frames", 3)):
        item = item_id(page, name)
        doc = doc_of() | {"calipers": [caliper | {"frame": at}], "spacing_mm_yx": [0.2, 0.1]}
        saved(page, item, doc)
        done = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv"]}).json()
        table = f"{name.partition('.')[0]}{frames}.calipers.csv"
        assert table in done["files"]
        [head, line] = csv.reader((export / table).read_text().splitlines())
        assert head == [*CSV_COLUMNS]
        length = f"{round(float(np.hypot(3, 8)), 4)}"
        ends = ["10.0", "20.5", "40.0", "60.5"]
        assert line == [name, f"{at}", "", "Caliper 2", "length", length, "mm", "", *ends, *line[-2:]]
        assert line[-2] == "the workspace"
        without = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": []}).json()
        assert table not in without["files"]


def test_a_movie_shows_the_frames_on_which_a_structure_was_lost(page: TestClient, folder: Path) -> None:
    """And says so there; what is counted and measured leaves them out."""
    item = item_id(page, "cine.gif")
    doc = doc_of(number=1)
    doc["objects"][0]["lost"] = [2]
    doc["frames"][0]["masks"][0] |= {"source": "track", "sure": False}
    saved(page, item, doc)
    done = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv", "movie", "coco"]}).json()
    export = folder / "uniultra-project" / "export"
    report = json.loads((export / "cine.frames.json").read_text())
    assert [frame["frame"] for frame in report["frames"]] == [1]
    assert report["frames"][0]["objects"][0]["status"] == "unsure"
    [head, line] = csv.reader((export / "cine.frames.csv").read_text().splitlines())
    assert head == [*FRAME_COLUMNS, "status"]
    assert line[-1] == "unsure"
    assert [name for name in done["files"] if name.endswith("coco.json")] == ["cine.frame1.coco.json"]
    movie = open_cine(export / "cine.frames.overlay.mp4")
    assert movie.count == 2
    corner = slice(0, 30), slice(0, 90)
    marked, plain = (frame.pixels_hw[corner].astype(int) for frame in reversed([*movie]))
    assert np.abs(marked - plain).mean() > 20, "a label stands at the top left of the lost frame alone"


def test_what_is_odd_about_a_prompt_is_noted(page: TestClient) -> None:
    """A pixel clicked both ways, and a region in which nothing is to be seen; nothing of other prompts."""
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}/frames/0/segment"
    assert page.post(at, json={"box": BOX}).json()["notes"] == []
    both = {"box": BOX, "points": [[60, 50], [60.2, 50.1]], "labels": [1, 0]}
    said = "point 60,50 is given both as inside and as outside; leave one of them out"
    assert page.post(at, json=both).json()["notes"] == [said]
    even = page.post("/v1/workspace/files?name=even.png", content=png_of(np.full((90, 120), 70, np.uint8)))
    at = f"/v1/workspace/items/{even.json()['id']}/frames/0/segment"
    first = page.post(at, json={"points": [[60, 50]], "labels": [1]}).json()
    assert len(first["notes"]) == 1
    assert "one even grey" in first["notes"][0]
    again = {"points": [[60, 50], [62, 52]], "labels": [1, 1], "region": first["region"]}
    assert page.post(at, json=again | {"mask": first["counts"]}).json()["notes"] == first["notes"]


def test_what_is_said_has_codes_beside_it(page: TestClient) -> None:
    """Reasons, offers and refusals, so that a page can say them in another language."""
    item = item_id(page, "a.png")
    opened = page.get(f"/v1/workspace/items/{item}").json()
    assert opened["said"][opened["exports"]["seg"]]["code"] == "needs-dicom"
    refused = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["csv"]}).json()
    assert (refused["code"], refused["values"]) == ("nothing-saved", {})
    assert refused["said"] == {refused["detail"]: {"code": "nothing-saved", "values": {}}}
    measured = page.post(f"/v1/workspace/items/{item}/frames/0/measure", json={"counts": TRUTH}).json()
    assert measured["said"] == {measured["scale"]["reason"]: {"code": "uncalibrated", "values": {}}}
    cine = item_id(page, "cine.gif")
    given = {"diastole": 0, "systole": 2, "counts": [TRUTH, TRUTH]}
    found = page.post(f"/v1/workspace/items/{cine}/ejection", json=given).json()
    [square] = [note for note in found["notes"] if "square" in note]
    assert found["said"][square] == {"code": "square-pixels", "values": {}}
    said = found["said"][found["reason"]]
    assert said["code"] == "volume-needs-mm"
    assert found["said"][said["values"]["reason"]]["code"] == "uncalibrated"


def test_the_ejection_fraction_of_two_frames(page: TestClient) -> None:
    at = f"/v1/workspace/items/{item_id(page, 'cine.gif')}/ejection"
    small = compressed(run_lengths(ellipse((120, 160), (85, 55), (25, 18))))
    given = {"diastole": 0, "systole": 2, "counts": [TRUTH, small]}
    found = page.post(at, json=given | {"spacing_mm_yx": [0.5, 0.5]}).json()
    blind = page.post(at, json=given).json()
    assert (blind["diastole"], blind["systole"], found["reason"]) == (None, None, "")
    assert [blind[key] for key in ("fraction", "area_change")] == [
        found[key] for key in ("fraction", "area_change")
    ]
    assert blind["notes"] == [SQUARE, *found["notes"]]
    assert "a volume needs millimetres, but no calibration is known" in blind["reason"]
    assert found["area_change"]["value"] == pytest.approx(100 * (1 - 18 / 35), abs=1)
    # spheroids: pi/6 times the long axis times the square of the short one
    assert found["diastole"]["value"] == pytest.approx(np.pi / 6 * 35 * 25**2 / 1000, rel=0.05)
    assert found["fraction"]["value"] == pytest.approx(100 * (1 - 25 * 18**2 / (35 * 25**2)), abs=2.5)
    assert found["notes"] == ["frames 1 and 3 are 0.080 s apart: one of the two masks is probably wrong"]
    swapped = page.post(at, json=given | {"counts": [small, TRUTH], "spacing_mm_yx": [0.5, 0.5]}).json()
    assert "swap the masks" in swapped["detail"]


def test_a_readonly_folder_is_said_before_anything_is_lost(workspace: Workspace, tmp_path: Path) -> None:
    workspace.project.folder = tmp_path / "file" / "below"
    (tmp_path / "file").write_text("not a folder")
    assert "read-only; give another folder with --project" in workspace.project.unwritable()


def test_a_structure_is_followed_some_frames_at_a_time(page: TestClient) -> None:
    """A dark ellipse that moves by 4 pixels a frame: the same answers in one call, in several, begun anew."""
    at = f"/v1/workspace/items/{item_id(page, 'cine.gif')}/frames"
    given = {"object": 1, "counts": TRUTH, "frames": 3}
    whole = page.post(f"{at}/0/track", json=given).json()
    assert [one["number"] for one in whole] == [1, 2, 3]
    for one in whole:
        assert one["status"] == "sure"
        assert dice(mask_of(one["counts"], (120, 160)), np.roll(TRUE, 4 * one["number"], axis=1)) > 0.85
    first = page.post(f"{at}/0/track", json=given | {"frames": 1}).json()
    on = {"object": 1, "counts": first[0]["counts"], "frames": 8}
    assert page.post(f"{at}/1/track", json=on).json() == whole[1:]
    assert page.post(f"{at}/3/track", json=on | {"counts": whole[2]["counts"]}).json() == []
    back = page.post(f"{at}/3/track", json=on | {"counts": whole[2]["counts"], "backwards": True}).json()
    assert [one["number"] for one in back] == [2, 1, 0]
    assert dice(mask_of(back[-1]["counts"], (120, 160)), TRUE) > 0.85


def test_a_mask_that_was_drawn_is_followed_as_it_is(page: TestClient, folder: Path) -> None:
    """A brush cut half of it away; the model would complete it."""
    with Image.open(folder / "cine.gif") as cine:
        first = np.asarray(cine.convert("L"))
    moved = [Image.fromarray(np.roll(first, 3 * number, axis=1)) for number in range(3)]
    moved[0].save(folder / "cine.gif", save_all=True, append_images=moved[1:], duration=100)
    half = TRUE & (np.arange(160) < np.flatnonzero(TRUE.any(axis=0)).mean())
    at = f"/v1/workspace/items/{item_id(page, 'cine.gif')}/frames/0/track"
    given = {"object": 1, "counts": compressed(run_lengths(half)), "frames": 2}
    for one in page.post(at, json=given).json():
        carried = mask_of(one["counts"], (120, 160))
        assert dice(carried, np.roll(half, 3 * one["number"], axis=1)) > 0.93


def test_a_process_of_the_page_tracks_on_its_own_thread_alone(
    page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uniultra.tracking.crew.ThreadPoolExecutor", None)  # would be called
    at = f"/v1/workspace/items/{item_id(page, 'cine.gif')}/frames/0/track"
    given = {"object": 1, "counts": TRUTH, "frames": 3}
    assert [one["number"] for one in page.post(at, json=given).json()] == [1, 2, 3]


def test_accepted_images_become_a_data_set(page: TestClient, folder: Path) -> None:
    at = "/v1/workspace/dataset"
    assert "no image with a mask is accepted" in page.post(at).json()["detail"]
    saved(page, item_id(page, "a.png"), doc_of() | {"done": True})
    doc = doc_of(number=2)
    doc["objects"].append({"id": 2, "name": "Structure 2"})  # as the page calls what nobody has named
    doc["frames"][0]["masks"].append({"object": 2, "counts": TRUTH, "source": "brush"})
    saved(page, item_id(page, "cine.gif"), doc | {"done": True})
    done = page.post(at).json()
    assert done["notes"] == ["2 pictures of 2 accepted files"]
    out = folder / "uniultra-project" / "export" / "dataset-1"
    manifest = read_manifest(out / "manifest.csv")
    assert [row.organ for row in manifest] == ["cyst", "cyst", "structure"]
    for row in manifest:
        assert np.array_equal(np.array(Image.open(row.mask)) == 1, TRUE)
    first = next(row for row in manifest if row.height == 120)
    assert np.array_equal(np.array(Image.open(first.image)), np.array(Image.open(folder / "a.png")))
    listed = json.loads((out / "coco.json").read_text())
    assert [one["name"] for one in listed["categories"]] == ["cyst", "structure"]
    assert [one["category_id"] for one in listed["annotations"]] == [1, 1, 2]
    assert {one["area"] for one in listed["annotations"]} == {int(TRUE.sum())}
    assert page.post(at).json()["files"][0] == "dataset-2/manifest.csv"


def test_every_kind_that_is_offered_is_written_with_the_names(page: TestClient, folder: Path) -> None:
    item = item_id(page, "a.png")
    saved(page, item, doc_of())
    offers = page.get(f"/v1/workspace/items/{item}").json()["exports"]
    kinds = [kind for kind, reason in offers.items() if not reason]
    assert {"csv", "nrrd", "coco", "yolo", "labelme", "cvat"} <= set(kinds)
    done = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": kinds}).json()
    assert len(done["files"]) == len(kinds) + 3
    export = folder / "uniultra-project" / "export"
    assert b"Segment0_Name:=cyst\n" in (export / "a.seg.nrrd").read_bytes()
    assert json.loads((export / "a.coco.json").read_text())["categories"] == [{"id": 1, "name": "cyst"}]
    assert {one["label"] for one in json.loads((export / "a.labelme.json").read_text())["shapes"]} == {"cyst"}
    assert 'label="cyst"' in (export / "a.cvat.xml").read_text()
    assert (export / "a.yolo.txt").read_text().startswith("0 ")


def test_covered_pixels_are_in_no_export(page: TestClient, folder: Path) -> None:
    """Stills, cines with their movie, and the data set: black under the box, and only there."""
    boxes = {"boxes": [[-5.0, 0.0, 60.0, 9.5]]}
    for name in ("a.png", "cine.gif"):
        item = item_id(page, name)
        at = f"/v1/workspace/items/{item}"
        assert page.get(at).json()["banners"] == []
        assert page.put(f"{at}/banners", json=boxes).status_code == 204
        assert page.get(at).json()["banners"] == boxes["boxes"]
        saved(page, item, doc_of() | {"done": True})
        assert page.post(f"{at}/export", json={"kinds": ["movie"] * (name != "a.png")}).status_code == 200
    project = folder / "uniultra-project"
    overlay = np.array(Image.open(project / "export" / "a.overlay.png"))
    zoom = overlay.shape[1] // 160
    assert overlay[: 8 * zoom, : 58 * zoom].max() == 0  # the edge is smoothed
    assert overlay[: 10 * zoom, 62 * zoom :].max() > 0
    movie = open_cine(project / "export" / "cine.frames.overlay.mp4").read(0).pixels_hw
    zoom = movie.shape[1] // 160
    assert movie[: 8 * zoom, : 58 * zoom].max() < 8
    assert movie[: 8 * zoom, 70 * zoom :].max() > 50
    page.post("/v1/workspace/dataset")
    for path in (project / "export" / "dataset-1" / "images").iterdir():
        pixels = np.array(Image.open(path))
        assert pixels[:10, :61].max() == 0
        assert pixels[11:, :61].max() > 0
    assert page.put(f"{at}/banners", json={"boxes": []}).status_code == 204
    assert page.get(at).json()["banners"] == []


def test_covered_pixels_are_in_no_secondary_capture(page: TestClient, folder: Path) -> None:
    """One file for a still and one for a cine, whose frames are compressed; the line above is the notice."""
    frames = np.full((3, 120, 160), 90, np.uint8) - 60 * TRUE.astype(np.uint8)
    for name, count in (("still", 1), ("clip", 3)):
        data = io.BytesIO()
        dataset(frames[:count]).save_as(data, enforce_file_format=True)
        item = page.post(f"/v1/workspace/files?name={name}.dcm", content=data.getvalue()).json()["id"]
        at = f"/v1/workspace/items/{item}"
        assert page.put(f"{at}/banners", json={"boxes": [[-0.5, -0.5, 60.0, 20.0]]}).status_code == 204
        saved(page, item, doc_of())
        done = page.post(f"{at}/export", json={"kinds": ["sc"]}).json()
        [made] = [file for file in done["files"] if file.endswith(".sc.dcm")]
        capture = dcmread(folder / "uniultra-project" / "export" / made)
        shown = capture.pixel_array.reshape(-1, capture.Rows, capture.Columns, 3)
        zoom = capture.Columns // 160
        picture = shown[0, -120 * zoom :]
        assert picture[: 18 * zoom, : 20 * zoom].max() < 8, name  # the label stands to the right
        assert picture[: 18 * zoom, 90 * zoom :].max() > 50, name


def test_where_the_banners_file_is_damaged_nothing_is_exported(page: TestClient, folder: Path) -> None:
    item = item_id(page, "a.png")
    saved(page, item, doc_of())
    (folder / "uniultra-project" / "banners.json").write_text('{"schema": 1}')
    refused = page.post(f"/v1/workspace/items/{item}/export", json={"kinds": []})
    assert refused.json()["type"].endswith("project")
    assert "banners.json" in refused.json()["detail"]
    assert not (folder / "uniultra-project" / "export").exists()


def test_a_volume_from_two_planes_or_the_reason_why_there_is_none(page: TestClient) -> None:
    """Spheroids of known axes on two files; both methods."""
    first = {"item": item_id(page, "cine.gif"), "frame": 1, "counts": TRUTH, "spacing_mm_yx": [0.5, 0.5]}
    other = compressed(run_lengths(ellipse((120, 160), (85, 55), (35, 20))))
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}/frames/0/volume"
    found = page.post(at, json={"counts": other, "spacing_mm_yx": [0.5, 0.5], "first": first}).json()
    expected = np.pi / 6 * 35 * 25 * 20 / 1000
    assert found["ellipsoid"]["volume"]["value"] == pytest.approx(expected, rel=0.05)
    assert found["simpson"]["volume"]["value"] == pytest.approx(expected, rel=0.05)
    assert found["simpson"]["method"].startswith("biplane")
    without = page.post(at, json={"counts": other, "first": first}).json()
    assert "a volume needs millimetres" in without["ellipsoid"]["problem"]
    assert "no calibration is known" in without["simpson"]["problem"]
    unknown = page.post(at, json={"counts": other, "first": first | {"item": "none"}})
    assert unknown.status_code == 404


def test_a_first_plane_of_a_file_that_was_replaced_since_is_refused(page: TestClient, folder: Path) -> None:
    """Its mask would be measured by the millimetres of the new file."""
    opened = f"/v1/workspace/items/{item_id(page, 'cine.gif')}"
    first = {"item": item_id(page, "cine.gif"), "frame": 1, "counts": TRUTH}
    at = f"/v1/workspace/items/{item_id(page, 'a.png')}/frames/0/volume"

    def asked():
        return page.post(at, json={"counts": TRUTH, "first": first})

    first["stamp"] = page.get(opened).json()["stamp"]
    assert asked().is_success
    os.utime(folder / "cine.gif", (1, 1))
    refused = asked()
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (422, "image")
    assert refused.json()["detail"].startswith("'cine.gif' changed on the disk since its plane was kept;")
    first["stamp"] = page.get(opened).json()["stamp"]
    assert asked().is_success


def test_slicer_reads_the_exported_segmentation(page: TestClient, folder: Path) -> None:
    """Names, labels and millimetres by Slicer's own reader."""
    slicerio = pytest.importorskip("slicerio")
    item = item_id(page, "a.png")
    doc = doc_of()
    doc["objects"].append({"id": 4, "name": "vessel; left"})  # slicerio drops letters beyond ASCII
    small = compressed(run_lengths(ellipse((120, 160), (20, 100), (12, 9))))
    doc["frames"][0]["masks"].append({"object": 4, "counts": small, "source": "brush"})
    saved(page, item, doc | {"spacing_mm_yx": [0.3, 0.2]})
    page.post(f"/v1/workspace/items/{item}/export", json={"kinds": ["nrrd"]})
    read = slicerio.read_segmentation(str(folder / "uniultra-project" / "export" / "a.seg.nrrd"))
    assert [one["name"] for one in read["segments"]] == ["cyst", "vessel; left"]
    first, second = ((read["voxels"] == one["labelValue"]).squeeze(axis=2).T for one in read["segments"])
    assert np.array_equal(first, TRUE)
    assert np.array_equal(second, mask_of(small, (120, 160)))
    assert np.allclose(np.abs(np.diag(read["ijkToLPS"])[:2]), (0.2, 0.3))
