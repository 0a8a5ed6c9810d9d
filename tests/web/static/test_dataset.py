"""The data set that the page without a server writes: pictures, masks, COCO, a manifest without faults."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from browsers import Visit
from commands import uniultra
from phantoms import ellipse, speckled
from uniultra.data.manifest_text import COLUMNS
from uniultra.io.coco import compressed, mask_of, run_lengths
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.schemas import Annotations, Doc
from uniultra.web.workspace.static_files import STATIC
from uniultra.web.workspace.teach import _Accepted, _by_name, _write

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
HW = (60, 80)
SCRIPT = f"""
import {{ readFileSync, writeFileSync }} from "node:fs";
globalThis.localStorage = {{ getItem: () => "en" }};
const {{ datasetOf }} = await import("{(STATIC / "local/export/dataset.mjs").as_uri()}");
import {{ zip }} from "{(STATIC / "local/export/bytes.mjs").as_uri()}";
const {{ accepted, out }} = JSON.parse(readFileSync(0));
for (const one of accepted) {{
    const pixels = one.frames.map((frame) => Uint8Array.from(frame));
    one.image = {{ width: {HW[1]}, height: {HW[0]}, grey: async (n) => ({{ pixels: pixels[n] }}) }};
}}
writeFileSync(out, zip(await datasetOf(accepted)));
"""


def accepted(name: str, seed: int, masks: dict[int, dict[str, list[np.ndarray]]], banners: Any = ()) -> Any:
    """A file of three frames, and by frame and name the masks on it."""
    frames = [speckled(ellipse(HW, (40, 30), (20, 15)), seed=10 * seed + i).pixels_hw for i in range(3)]
    objects: list[dict[str, Any]] = []
    listed: dict[int, list[dict[str, Any]]] = {}
    for number, names in masks.items():
        for label, several in names.items():
            for mask in several:
                objects.append({"id": len(objects) + 1, "name": label})
                one = {"object": len(objects), "counts": compressed(run_lengths(mask))}
                listed.setdefault(number, []).append(one)
    doc = {"objects": objects, "frames": [{"number": n, "masks": found} for n, found in listed.items()]}
    pixels = [frame.ravel().tolist() for frame in frames]
    return {"name": name, "doc": doc, "banners": list(banners), "frames": pixels}


def test_a_manifest_without_faults_and_all_that_it_names(tmp_path: Path) -> None:
    large, small = ellipse(HW, (40, 30), (20, 15)), ellipse(HW, (15, 15), (8, 8))
    other = ellipse(HW, (60, 45), (7, 7))
    files = [
        accepted(
            "a.dcm", 0, {0: {"liver": [large]}, 2: {"": [small], "Struktur 2": [other], "liver": [large]}}
        )
    ]
    files.append(accepted("=b,\n.png", 1, {0: {"=cmd()": [small]}}, banners=[[-0.5, -0.5, 30.2, 9.5]]))
    files += [accepted(f"{number}.png", number, {0: {"liver": [large]}}) for number in range(2, 6)]
    command = ["node", "--input-type=module", "-e", SCRIPT]
    given = json.dumps({"accepted": files, "out": str(tmp_path / "all.zip")})
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        assert packed.testzip() is None
        packed.extractall(tmp_path)
    found = uniultra("data", "check", tmp_path / "manifest.csv", cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    with open(tmp_path / "manifest.csv", newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        assert tuple(reader.fieldnames or ()) == COLUMNS
    truths = [[large], [small, other], [large], [small], *([[large]] * 4)]
    assert [row["organ"] for row in rows] == ["liver", "structure", "liver", "'=cmd()", *["liver"] * 4]
    for row, masks in zip(rows, truths, strict=True):
        ids = np.asarray(Image.open(tmp_path / row["mask"]))
        for value, mask in enumerate(masks, start=1):
            assert np.array_equal(ids == value, mask)
    splits = {row["group"]: row["split"] for row in rows}
    assert sorted(list(splits.values())[:5]) == ["train"] * 4 + ["val"], "one of five is held out"
    picture = np.asarray(Image.open(tmp_path / rows[3]["image"]))
    truth = np.array(files[1]["frames"][0], np.uint8).reshape(HW)
    assert not picture[:10, :31].any(), "what was covered is black"
    assert np.array_equal(picture[10:], truth[10:])
    coco = json.loads((tmp_path / "coco.json").read_text())
    assert [one["source"] for one in coco["images"][:3]] == ["a.dcm", "a.dcm", "=b,\n.png"]
    assert [one["name"] for one in coco["categories"]] == ["liver", "structure", "=cmd()"]
    flat = [mask for masks in truths for mask in masks]
    for one, mask in zip(coco["annotations"], flat, strict=True):
        assert np.array_equal(mask_of(one["segmentation"]["counts"], HW), mask)
        assert one["area"] == mask.sum()


ORIGINS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "answered": (
        {"quality": 0.9123, "model": "uniultra-mini 0.9.1", "box": [1, 2, 30, 40]},
        {"score": 0.9123, "model": "uniultra-mini 0.9.1"},
    ),
    "by nobody known": ({}, {}),
    "drawn": ({"source": "brush"}, {"by_hand": "drawn"}),
    "corrected": (
        {"source": "brush", "quality": 0.8, "model": "mine 2"},
        {"model": "mine 2", "by_hand": "corrected"},
    ),
    "tracked": (
        {"source": "track", "quality": 0.7, "model": "mine 2", "sure": False},
        {"score": 0.7, "model": "mine 2", "tracked": True},
    ),
}
"""Of each kind of mask what is saved, and what coco.json says of it."""


def test_coco_says_who_made_each_mask_here_and_on_the_server(tmp_path: Path) -> None:
    """Labels that a model proposed and a person only accepted are told from drawn ones."""
    mask = ellipse(HW, (40, 30), (20, 15))
    file = accepted("a.png", 1, {0: {"liver": [mask] * len(ORIGINS)}})
    saved = [
        one | more for one, (more, _) in zip(file["doc"]["frames"][0]["masks"], ORIGINS.values(), strict=True)
    ]
    file["doc"]["frames"][0]["masks"] = saved
    given = json.dumps({"accepted": [file], "out": str(tmp_path / "all.zip")})
    command = ["node", "--input-type=module", "-e", SCRIPT]
    subprocess.run(command, input=given, text=True, check=True, timeout=120)
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        here = json.loads(packed.read("coco.json"))["annotations"]
    doc = Doc.model_validate(file["doc"])
    about = Annotations(
        schema="uniultra.annotations/1", image="a.png", width=HW[1], height=HW[0], revision=1, doc=doc
    )
    one = _Accepted(Item("1", "a.png", tmp_path / "a.png"), "00001", about, _by_name(doc))
    _write(tmp_path, [one])
    there = json.loads((tmp_path / "coco.json").read_text())["annotations"]
    pixels = {"id", "image_id", "category_id", "iscrowd", "area", "bbox", "segmentation"}
    expected = [said for _, said in ORIGINS.values()]
    for listed in (here, there):
        assert [{k: v for k, v in one.items() if k not in pixels} for one in listed] == expected


@pytest.mark.browser
def test_the_page_writes_what_was_accepted(alone: Visit, tmp_path: Path) -> None:
    Image.fromarray(speckled(ellipse(HW, (40, 30), (20, 15))).pixels_hw).save(tmp_path / "a.png")
    page, mask = alone.page, ellipse(HW, (40, 30), (20, 15))
    page.locator("#file-input").set_input_files(tmp_path / "a.png")
    alone.wait("app.file.name === 'a.png' && !app.opening")
    doc = accepted("a.png", 0, {0: {"liver": [mask]}})["doc"]
    doc["objects"][0] |= {"colour": "#4cc9f0", "hidden": False}
    doc["frames"][0]["masks"][0] |= {"quality": 0.9, "source": "prompt"}
    page.evaluate("(doc) => seen.commit(doc)", doc | {"calipers": [], "spacing_mm_yx": None, "done": True})
    alone.wait("app.saving === 'saved' && doc.done")
    page.locator("#export").click()
    with page.expect_download() as waited:
        page.locator("#dataset-now").click()
    assert waited.value.suggested_filename == "dataset.uniultra.zip"
    with zipfile.ZipFile(waited.value.path()) as packed:
        names = {"manifest.csv", "coco.json", "images/00001.frame0.png", "masks/00001.frame0.mask1.png"}
        assert set(packed.namelist()) == names
        with packed.open("masks/00001.frame0.mask1.png") as file:
            assert np.array_equal(np.asarray(Image.open(file)) == 1, mask)
