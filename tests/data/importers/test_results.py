"""`data import results`: what segment, track and batch wrote, with the images that it is of."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.data.importers.results import find
from uniultra.data.importers.sample import Problem, Sample
from uniultra.errors import DataError
from uniultra.io.label_tiff import LabelFile

HW = (96, 128)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("scans/a.png", "scans/patient/b.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(speckled(ellipse(HW, (64, 48), (30, 22))).pixels_hw).save(name)


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if done.exception is not None:
        raise done.exception
    return done.output


def write_mask(path: str, ids: dict[int, tuple[slice, slice]]) -> None:
    mask = np.zeros(HW, np.uint8)
    for identity, where in ids.items():
        mask[where] = identity
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask).save(path)


LEFT, RIGHT = (slice(20, 60), slice(10, 50)), (slice(20, 60), slice(70, 110))


def found(root: str, images: str | None = "scans") -> tuple[dict[str, Sample], list[str]]:
    every = list(find(Path(root), images if images is None else Path(images)))
    samples = {one.id: one for one in every if isinstance(one, Sample)}
    return samples, [one.what for one in every if isinstance(one, Problem)]


def test_what_segment_wrote_and_a_person_corrected_is_a_set_with_its_names(tmp_path: Path) -> None:
    run("segment", "scans/a.png", "--box", "34,26,94,70", "--label", "kidney", "--out", "out")
    with Image.open("out/a.mask.png") as mask:
        assert np.asarray(mask).any()
    write_mask("out/a.mask.png", {1: LEFT})  # corrected elsewhere
    said = run("data", "import", "results", "out", "--images", "scans", "--out", "set", "--dataset", "mine")
    assert "1 image in 1 group" in said
    assert "structures.csv: kidney" in said
    with Image.open("set/masks/a.png") as mask:
        assert np.count_nonzero(np.asarray(mask)) == 40 * 40
    assert "set/manifest.csv: OK\n" in run("data", "check", "set/manifest.csv")
    with open("set/hashes.csv", encoding="utf-8", newline="") as file:
        sources = [row for row in csv.DictReader(file) if row["kind"] == "source"]
    assert {row["path"] for row in sources} >= {"a.mask.png", "../scans/a.png"}


def test_a_batch_says_by_names_what_its_masks_are_of() -> None:
    write_mask("out/a.png.mask.png", {1: LEFT, 2: RIGHT})
    write_mask("out/patient/b.png.mask.png", {1: LEFT})
    write_mask("out/.uniultra/c.png.mask.png", {1: LEFT})
    samples, problems = found("out")
    assert problems == []
    assert sorted(samples) == ["a", "patient_b"]
    assert samples["patient_b"].image == Path("scans/patient/b.png")
    assert np.unique(samples["a"].ids(HW)).tolist() == [0, 1, 2]


def test_a_batch_says_in_its_table_what_structures_are_and_which_are_unsure() -> None:
    for number in range(2):
        write_mask(f"out/patient/b.png.frame{number}.mask.png", {1: LEFT})
    write_mask("out/a.png.mask.png", {1: LEFT, 2: RIGHT})
    rows = ["a.png,,1,kidney,a.png.mask.png,", "a.png,,2,renal cyst,a.png.mask.png,"]
    rows += [
        f"b.png,{n},1,kidney,patient/b.png.frame{n}.mask.png,{s}" for n, s in enumerate(("sure", "unsure"))
    ]
    Path("out/results.csv").write_text("\n".join(["input,frame,object,name,mask,status", *rows, ""]))
    samples, problems = found("out")
    assert set(samples) == {"a", "patient_b_frame0"}
    assert dict(samples["a"].names) == {1: "kidney", 2: "renal cyst"}
    assert problems == []


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "object,mask,name\nx,a.png.mask.png,kidney\n", "\0"])
def test_a_table_of_anybody_is_ignored(text: str) -> None:
    write_mask("out/a.png.mask.png", {1: LEFT})
    Path("out/results.csv").write_text(text)
    samples, problems = found("out")
    assert (set(samples), problems) == ({"a"}, [])


def test_ids_follow_the_names_where_all_have_one() -> None:
    for name, names in (("a", ["cyst", "kidney"]), ("b", ["kidney"])):
        write_mask(f"out/{name}.mask.png", dict(zip((1, 2), (LEFT, RIGHT)[: len(names)], strict=False)))
        objects = [{"id": place, "name": one} for place, one in enumerate(names, start=1)]
        said = {"schema": "uniultra.segment/1", "image": f"{name}.png", "frame": None, "objects": objects}
        Path(f"out/{name}.json").write_text(json.dumps(said), encoding="utf-8")
    samples, _ = found("out")
    assert samples["a"].names == {1: "cyst", 2: "kidney"}
    assert np.unique(samples["patient_b"].ids(HW)).tolist() == [0, 2]


def test_frames_of_a_track_come_without_those_that_are_unsure() -> None:
    frames = [Image.fromarray(np.full(HW, 40 + 9 * n, np.uint8)) for n in range(3)]
    frames[0].save("scans/clip.gif", save_all=True, append_images=frames[1:])
    mask = np.zeros(HW, np.uint8)
    mask[LEFT] = 1
    Path("out").mkdir()
    with LabelFile(Path("out/clip.track.masks.tif")) as file:
        for number in range(3):
            file.add(number, mask)
    states = ["sure", "unsure", "sure"]
    parts = [{"frame": n, "objects": [{"id": 1, "name": "kidney", "status": states[n]}]} for n in range(3)]
    said = {"schema": "uniultra.segment-frames/1", "image": "clip.gif", "frames": parts}
    Path("out/clip.track.json").write_text(json.dumps(said), encoding="utf-8")
    samples, problems = found("out")
    assert problems == []
    assert sorted(samples) == ["clip_frame0", "clip_frame2"]
    last = samples["clip_frame2"]
    assert (last.clip, last.frame, last.subject) == ("clip", 2, "clip")
    assert abs(int(last.pixels(last.image).mean()) - 58) <= 1


def test_what_cannot_be_taken_is_said_by_file() -> None:
    write_mask("out/a.png.mask.png", {})
    write_mask("out/gone.png.mask.png", {1: LEFT})
    Path("scans/other").mkdir()
    Path("scans/other/b.png").write_bytes(Path("scans/a.png").read_bytes())
    write_mask("out/b.png.mask.png", {1: LEFT})
    samples, problems = found("out")
    assert samples == {}
    assert [text.partition(";")[0] for text in problems] == [
        "it holds no structure, or none that is sure",
        "2 images are called 'b.png', such as 'scans/other/b.png'",
        "its image 'gone.png' isn't below 'scans'",
    ]
    with pytest.raises(DataError, match=r"holds no X\.mask\.png nor X\.masks\.tif"):
        found("scans")
    with pytest.raises(DataError, match="'nowhere' is no folder"):
        found("out", "nowhere")


def test_a_folder_of_masks_may_be_called_as_segment_and_batch_call_them() -> None:
    Path("set/images").mkdir(parents=True)
    for name in ("a.png", "b.png", "c.png"):
        Path(f"set/images/{name}").write_bytes(Path("scans/a.png").read_bytes())
    for name in ("a.mask.png", "b.png.mask.png", "c_mask.png"):
        write_mask(f"set/masks/{name}", {1: LEFT})
    said = run("data", "import", "folder", "set", "--out", "imported")
    assert "3 images" in said
    assert "0 problems" in said
