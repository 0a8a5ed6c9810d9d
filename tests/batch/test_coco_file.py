"""One COCO file of a batch, and what annotation files beside results call their images."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from archives import BOX, TRUE, save_phantom
from commands import uniultra
from phantoms import speckled
from uniultra.backends.open import model_sha256
from uniultra.batch.coco_file import named_from
from uniultra.batch.job import Item, Job, plain
from uniultra.batch.process_item import do
from uniultra.batch.records import write_head, write_tables
from uniultra.batch.storage import Store
from uniultra.errors import OutputError
from uniultra.io.coco import mask_of
from uniultra.outputs.archive_files import write_extras
from uniultra.segmenter import Segmenter
from uniultra.types import Prompt

GIVEN = (plain(Prompt(BOX, name="cyst")), plain(Prompt(BOX, name="kidney")))
KINDS = ("coco", "labelme")


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


@pytest.fixture
def job(tmp_path: Path, segmenter: Segmenter) -> Job:
    sha256 = model_sha256("uniultra-mini", segmenter.facts)
    extras = partial(write_extras, KINDS, False)
    return Job(str(tmp_path / "out"), "uniultra-mini", sha256, "run", kinds=KINDS, extras=extras)


@pytest.fixture
def items(tmp_path: Path) -> list[Item]:
    """A cine of two frames, a picture two folders down, and one that isn't a picture."""
    images = tmp_path / "in"
    (images / "p7" / "a").mkdir(parents=True)
    frames = [Image.fromarray(speckled(TRUE, seed).pixels_hw) for seed in (1, 2)]
    frames[0].save(images / "cine.gif", save_all=True, append_images=frames[1:], duration=60)
    save_phantom(images / "p7" / "a" / "scan.png")
    (images / "torn.png").write_bytes(b"\x89PNG")
    names = {"cine.gif": "all", "p7/a/scan.png": None, "torn.png": None}
    prompts = {"cine.gif": GIVEN, "p7/a/scan.png": GIVEN[::-1], "torn.png": GIVEN}
    return [Item(name, str(images / name), frame, prompts[name]) for name, frame in names.items()]


def made(job: Job, items: list[Item], segmenter: Segmenter) -> dict[str, Any]:
    for one in items:
        do(one, job, segmenter)
    write_tables(Store(job.out, job.run), items, job)
    found: dict[str, Any] = json.loads((Path(job.out) / "coco.json").read_text())
    return found


def test_ids_run_through_all_images(job: Job, items: list[Item], segmenter: Segmenter) -> None:
    found = made(job, items, segmenter)
    images, annotations = found["images"], found["annotations"]
    assert [one["id"] for one in images] == [1, 2, 3]
    assert [one.get("frame") for one in images] == [0, 1, None]
    assert [one["id"] for one in annotations] == [1, 2, 3, 4, 5, 6]
    assert [one["image_id"] for one in annotations] == [1, 1, 2, 2, 3, 3]
    names = {one["id"]: one["name"] for one in found["categories"]}
    assert [names[one["category_id"]] for one in annotations] == ["cyst", "kidney"] * 2 + ["kidney", "cyst"]
    for one in images:
        assert (Path(job.out) / one["file_name"]).resolve().is_file(), one
    alone = mask_of(annotations[4]["segmentation"]["counts"], TRUE.shape)
    ids = np.asarray(Image.open(Path(job.out) / "p7/a/scan.png.mask.png"))
    assert np.array_equal(alone, ids > 0) or (alone & (ids > 0)).sum() == alone.sum()


def test_it_is_resumed_as_the_tables_are(job: Job, items: list[Item], segmenter: Segmenter) -> None:
    first = made(job, items[:1], segmenter)
    both = made(job.again(), items, segmenter)
    assert both["annotations"][: len(first["annotations"])] == first["annotations"]
    assert made(job.again(), items, segmenter) == both
    store = Store(job.out, job.run)
    write_head(store, job)
    write_head(store, dataclasses.replace(job, kinds=("labelme",)))
    assert not (Path(job.out) / "coco.json").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"images": []}', "[" * 100_000])
def test_one_that_somebody_changed_is_named(
    job: Job, items: list[Item], segmenter: Segmenter, text: str
) -> None:
    before = made(job, items, segmenter)
    (Path(job.out) / "p7/a/scan.png.coco.json").write_text(text)
    with pytest.raises(OutputError, match=r"^p7/a/scan.png.coco.json: not the COCO file .* remove it"):
        write_tables(Store(job.out, job.run), items, job)
    assert json.loads((Path(job.out) / "coco.json").read_text()) == before


def test_each_file_names_its_image_from_its_own_folder(
    job: Job, items: list[Item], segmenter: Segmenter
) -> None:
    made(job, items, segmenter)
    for name in ("cine.gif.frame1", "p7/a/scan.png"):
        for kind, key in (("coco", "file_name"), ("labelme", "imagePath")):
            path = Path(job.out) / f"{name}.{kind}.json"
            said = json.loads(path.read_text())
            image = said["images"][0][key] if kind == "coco" else said[key]
            assert (path.parent / image).resolve() == (
                Path(items[0].path).parent / name.replace(".frame1", "")
            )


@pytest.mark.parametrize("path", ["s3://bucket/p7/a.png", "zip://p7/a.png::x.zip", "dicomweb://host/x"])
def test_what_lies_elsewhere_is_called_by_its_name(path: str, tmp_path: Path) -> None:
    far = Item("p7/a.png", path)
    assert (named_from(far, str(tmp_path), False), named_from(far, str(tmp_path), True)) == (
        "p7/a.png",
        "a.png",
    )
    here = Item("p7/a.png", str(tmp_path / "p7" / "a.png"))
    assert named_from(here, "s3://bucket/out", False) == "p7/a.png"


def test_segment_names_the_image_from_the_folder_of_results(tmp_path: Path) -> None:
    image = save_phantom(tmp_path / "in" / "scan.png")
    box = ",".join(map(str, BOX))
    for out in (tmp_path / "far" / "out", tmp_path / "in"):
        done = uniultra("segment", image, "--box", box, "--write", "coco,labelme", "--out", out, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        expected = Path(os.path.relpath(str(image), out)).as_posix()
        assert json.loads((out / "scan.labelme.json").read_text())["imagePath"] == expected
        assert json.loads((out / "scan.coco.json").read_text())["images"][0]["file_name"] == expected


def test_what_batch_writes_for_labelme_is_imported(job: Job, items: list[Item], segmenter: Segmenter) -> None:
    given = dataclasses.replace(job, kinds=("labelme",), extras=partial(write_extras, ("labelme",), False))
    one = dataclasses.replace(items[1], prompts=GIVEN[:1])
    assert do(one, given, segmenter).status == "done"
    above = Path(job.out).parent
    for path in (above / "in").glob("*.*"):
        path.unlink()
    asked = ("--out", above / "set", "--organ", "kidney")
    done = uniultra("data", "import", "labelme", above, *asked, cwd=above)
    assert done.returncode == 0, done.stderr
    [row] = csv.DictReader((above / "set" / "manifest.csv").read_text().splitlines())
    assert row["objects"] == "1"
