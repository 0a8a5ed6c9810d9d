"""Each public set's layout, as a miniature copy that the test builds, to a manifest that reads back."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

import dicoms
import echonet_set
from miniatures import HW, labelme, mask, mmotu, nifti, nnunet, picture, seg
from uniultra.data.importers.registry import SETS, input_file
from uniultra.data.loading import check_manifest
from uniultra.data.manifest import read_manifest
from uniultra.data.set_import import Imported, ImportSettings, import_set
from uniultra.errors import DataError, OutputError


def busi(root: Path) -> None:
    for seed, name in enumerate(("benign", "malignant", "normal")):
        picture(root / f"Dataset_BUSI_with_GT/{name}/{name} (1).png", seed)
        mask(root / f"Dataset_BUSI_with_GT/{name}/{name} (1)_mask.png")
    mask(root / "Dataset_BUSI_with_GT/benign/benign (1)_mask_1.png")


def hc18(root: Path) -> None:
    lines = ["filename,pixel size(mm),head circumference (mm)"]
    for seed, name in enumerate(("000_HC", "000_2HC", "001_HC")):
        picture(root / f"training_set/{name}.png", seed)
        mask(root / f"training_set/{name}_Annotation.png", outline=True)
        lines.append(f"{name}.png,0.1,40")
    (root / "training_set_pixel_size_and_HC.csv").write_text("\n".join(lines), encoding="utf-8")


def ddti(root: Path) -> None:
    svg = json.dumps([{"points": [{"x": x, "y": y} for x, y in ((20, 12), (40, 12), (40, 30))]}])
    for case in range(1, 4):
        picture(root / f"{case}_1.jpg", case)
        marks = f"<mark><image>1</image><svg>{svg}</svg></mark><mark><image>2</image><svg/></mark>"
        (root / f"{case}.xml").write_text(f"<case><number>{case}</number>{marks}</case>", encoding="utf-8")


def two_folders(images: str, masks: str, names: tuple[str, ...]) -> Callable[[Path], None]:
    def build(root: Path) -> None:
        for seed, name in enumerate(names):
            picture(root / images / name, seed)
            mask(root / masks / name)

    return build


def batch_results(root: Path) -> None:
    for seed, name in enumerate(("a.png", "b.png")):
        picture(root / name, seed)
        mask(root / f"out/{name}.mask.png")


def tn3k(root: Path) -> None:
    for seed, part in enumerate(("trainval", "test")):
        picture(root / f"tn3k/{part}-image/0000.jpg", seed)
        mask(root / f"tn3k/{part}-mask/0000.jpg")


def camus(root: Path) -> None:
    for patient in range(3):
        stem = root / f"database_nifti/patient000{patient}/patient000{patient}_2CH_ED"
        nifti(Path(f"{stem}.nii.gz"), np.random.default_rng(patient).integers(0, 255, HW))
        nifti(Path(f"{stem}_gt.nii.gz"), np.pad(np.full((16, 16), 3), ((16, 16), (24, 24))))


def bus_bra(root: Path) -> None:
    lines = ["ID,Case,Pathology"]
    for seed, name in enumerate(("0001-l", "0001-r", "0002-l")):
        picture(root / f"BUSBRA/Images/bus_{name}.png", seed)
        mask(root / f"BUSBRA/Masks/mask_{name}.png")
        lines.append(f"bus_{name},{int(name[:4])},benign")
    (root / "BUSBRA/bus_data.csv").write_text("\n".join(lines), encoding="utf-8")


def fugc(root: Path) -> None:
    for seed, part in enumerate(("train/labeled_data", "val", "test")):
        picture(root / f"dataset/{part}/images/0001.png", seed)
        mask(root / f"dataset/{part}/labels/0001.png", 2)


def jnu_ifm(root: Path) -> None:
    for seed, video in enumerate(("a", "a", "b")):
        picture(root / f"{video}/image/{video}_{seed}.png", seed)
        mask(root / f"{video}/mask/{video}_{seed}_mask.png", 8)


def coco(root: Path) -> None:
    picture(root / "a.png", 0)
    picture(root / "b.png", 1)
    runs = {"size": list(HW), "counts": [48 * 20, 48 * 10, 48 * 34]}
    segments = ((1, [[20, 12, 40, 12, 40, 30]]), (2, runs))
    data = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}],
        "annotations": [{"image_id": image, "segmentation": segment} for image, segment in segments],
    }
    (root / "instances.json").write_text(json.dumps(data), encoding="utf-8")


BUILDERS: dict[str, Callable[[Path], None]] = {
    "busi": busi,
    "mmotu": mmotu,
    "hc18": hc18,
    "ddti": ddti,
    "cca": two_folders(
        "US images", "Expert mask images", ("1VAS_slice_1.png", "1VAS_slice_2.png", "2VAS_slice_1.png")
    ),
    "muscle_apo": two_folders("apo_images", "apo_masks", ("img_00001.tif", "img_00002.tif")),
    "camus": camus,
    "tn3k": tn3k,
    "bus-bra": bus_bra,
    "fugc": fugc,
    "jnu-ifm": jnu_ifm,
    "echonet": echonet_set.build,
    "folder": two_folders("images", "masks", ("a.png", "b.png")),
    "coco": coco,
    "nnunet": nnunet,
    "labelme": labelme,
    "seg": seg,
    "results": batch_results,
}


def run(name: str, root: Path, out: Path, settings: ImportSettings | None = None) -> Imported:
    return import_set(input_file(name), root, out, settings or ImportSettings())


def test_every_set_is_tested() -> None:
    assert set(BUILDERS) == set(SETS)


@pytest.mark.parametrize("name", BUILDERS)
def test_a_miniature_becomes_a_sound_manifest(name: str, tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    BUILDERS[name](tmp_path / "raw")
    imported = run(name, tmp_path / "raw", tmp_path / "out")
    assert imported.written, imported.problems
    rows = list(read_manifest(tmp_path / "out/manifest.csv"))
    assert len(rows) == len(imported.rows) >= 2
    assert check_manifest(tmp_path / "out/manifest.csv").problems == ()
    assert all(int(row["objects"]) >= 1 for row in imported.rows)
    with (tmp_path / "out/hashes.csv").open(encoding="utf-8") as file:
        assert {len(row["sha256"]) for row in csv.DictReader(file)} == {64}


def test_what_sets_know_is_kept(tmp_path: Path) -> None:
    hc18(tmp_path / "raw")
    rows = run("hc18", tmp_path / "raw", tmp_path / "out", ImportSettings(longest=32)).rows
    by_id = {row["id"]: row for row in rows}
    assert by_id["000_HC"]["group"] == by_id["000_2HC"]["group"] != by_id["001_HC"]["group"]
    assert (by_id["000_HC"]["width"], by_id["000_HC"]["height"], by_id["000_HC"]["pixel_mm"]) == (
        "32",
        "24",
        "0.2",
    )
    filled = np.array(Image.open(tmp_path / "out/masks/000_HC.png"))
    assert 0.8 < np.count_nonzero(filled) * 4 / (np.pi / 4 * 21 * 19) < 1.2


def test_near_duplicates_are_one_group(tmp_path: Path) -> None:
    two_folders("images", "masks", ("a.png", "b.png", "c.png"))(tmp_path / "raw")
    Image.open(tmp_path / "raw/images/a.png").save(tmp_path / "raw/images/c.png")
    rows = run("folder", tmp_path / "raw", tmp_path / "out").rows
    assert [row["group"] for row in rows] == ["0", "1", "0"]


def test_problems_come_together_and_nothing_is_written(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    two_folders("images", "masks", tuple(f"{name}.png" for name in "abcdef"))(raw)
    (raw / "masks/a.png").unlink()
    Image.new("L", (10, 10)).save(raw / "masks/b.png")
    Image.fromarray(np.arange(HW[0] * HW[1], dtype=np.uint32).astype(np.uint8).reshape(HW)).save(
        raw / "masks/c.png"
    )
    Image.new("RGB", HW[::-1], (255, 0, 0)).save(raw / "masks/d.png")
    (raw / "images/e.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    imported = run("folder", raw, tmp_path / "out")
    assert not imported.written
    reported = "\n".join(map(str, imported.problems))
    for what in (
        "a.png: no mask",
        "10 x 10 pixels but its image is 64 x 48",
        "soft edges",
        "coloured",
        "e.png: the PNG data is damaged",
    ):
        assert what in reported
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]
    skipped = run("folder", raw, tmp_path / "out", ImportSettings(skip_bad=True))
    assert [row["id"] for row in skipped.rows] == ["f"]
    assert len((tmp_path / "out/skipped.csv").read_text(encoding="utf-8").splitlines()) == 6


def test_own_images_in_folders_below_are_found_with_the_folders_in_their_ids(tmp_path: Path) -> None:
    two_folders("images", "masks", ("p1/a.png", "p2/a.png", "p2/b.png", ".cache/c.png"))(tmp_path / "raw")
    settings = ImportSettings(subject=r"^(p\d)_")
    rows = run("folder", tmp_path / "raw", tmp_path / "out", settings).rows
    assert [(row["id"], row["subject"]) for row in rows] == [("p1_a", "p1"), ("p2_a", "p2"), ("p2_b", "p2")]


def test_own_masks_may_be_called_mask_in_their_folder_too(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    two_folders("images", "masks", ("a.png", "b.png", "c_mask.png"))(raw)
    (raw / "masks/a.png").rename(raw / "masks/a_mask.png")
    assert [row["id"] for row in run("folder", raw, tmp_path / "out").rows] == ["a", "b", "c_mask"]


def test_own_files_that_would_be_lost_are_problems(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    two_folders("images", "masks", ("a.png", "b.png", "c.png"))(raw)
    mask(raw / "masks/a_mask.png")
    picture(raw / "images/b.jpg", 9)
    (raw / "images/d.mp4").write_bytes(b"video")
    dicoms.save(dicoms.dataset(dicoms.picture(2)), raw / "images/e.dcm")
    mask(raw / "masks/e.png")
    reported = "\n".join(map(str, run("folder", raw, tmp_path / "out").problems))
    for what in (
        "a_mask.png: a second mask of 'a', beside a.png; remove one",
        "b.png: ",
        "d.mp4: a video; a mask is of one frame: save the masked frames as pictures",
        "e.dcm: holds 2 frames; a mask is of one frame: save that as a picture",
    ):
        assert what in reported


def test_own_folders_without_pictures_are_named(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    two_folders("images", "masks", ("a.png",))(raw)
    (raw / "masks/a.png").rename(raw / "masks/a.txt")
    with pytest.raises(DataError, match=r"masks' holds no picture; legal suffixes are \.png"):
        run("folder", raw, tmp_path / "out")


def test_own_slices_of_nifti_keep_their_greys_and_sizes(tmp_path: Path) -> None:
    """Values from 0 to 1 and of 16 bits were cut to 0 to 255, so to black and white."""
    raw, ramp = tmp_path / "raw", np.tile(np.arange(HW[1]), (HW[0], 1))
    inside = np.pad(np.ones((16, 16)), ((16, 16), (24, 24)))
    for name, values_hw, kind, unit in (
        ("share.nii.gz", ramp / (HW[1] - 1), "<f4", 2),
        ("wide.nii", 100 * ramp - 300, "<i2", 0),
        ("plain.nii.gz", ramp, "<i2", 3),
    ):
        nifti(raw / "images" / name, values_hw, kind, unit)
        nifti(raw / "masks" / name, 2 * inside, "<f4")
    rows = {row["id"]: row for row in run("folder", raw, tmp_path / "out").rows}
    assert [rows[name]["pixel_mm"] for name in ("share", "wide", "plain")] == ["0.15", "", ""], (
        "0.15 micrometres are no legal size"
    )
    for name, most in (("share", 255), ("wide", 255), ("plain", HW[1] - 1)):
        greys = np.asarray(Image.open(tmp_path / f"out/images/{name}.png"))
        assert (greys.shape, greys.min(), greys.max()) == ((HW[0], 2 * HW[1]), 0, most)
        assert len(np.unique(greys)) >= HW[1]
        assert np.unique(np.asarray(Image.open(tmp_path / f"out/masks/{name}.png"))).tolist() == [0, 2]


def test_own_dicom_images_keep_the_size_of_a_pixel(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    whole = (0, 0, HW[1] - 1, HW[0] - 1)
    for seed, (name, box, delta) in enumerate(
        (
            ("square", whole, 0.05),
            ("flat", whole, (0.05, 0.02)),
            ("beside", (0, 0, 3, 3), 0.05),
            ("cut", (0, 0, 9 * HW[1], 9 * HW[0]), 0.05),
        )
    ):
        (raw / "images").mkdir(parents=True, exist_ok=True)
        regions = [dicoms.region(box, delta)]
        pixels = np.random.default_rng(seed).integers(0, 255, (1, *HW)).astype(np.uint8)
        dicoms.save(dicoms.dataset(pixels, SequenceOfUltrasoundRegions=regions), raw / f"images/{name}.dcm")
        mask(raw / f"masks/{name}.png")
    settings = ImportSettings(longest=max(HW) // 2)
    rows = {row["id"]: row["pixel_mm"] for row in run("folder", raw, tmp_path / "out", settings).rows}
    assert rows == {"square": "1", "flat": "", "beside": "", "cut": ""}


@pytest.mark.parametrize("start", [np.inf, np.nan, 1e30, -1.0])
def test_nifti_whose_values_begin_nowhere_is_a_problem(tmp_path: Path, start: float) -> None:
    raw = tmp_path / "raw"
    values_hw = np.random.default_rng(0).integers(0, 255, HW)
    for folder in ("images", "masks"):
        nifti(raw / folder / "a.nii", values_hw if folder == "images" else np.eye(*HW))
    damaged = bytearray((raw / "images/a.nii").read_bytes())
    damaged[108:112] = np.float32(start).tobytes()
    (raw / "images/a.nii").write_bytes(damaged)
    result = import_set(SETS["folder"], raw, tmp_path / "out", ImportSettings())
    assert [problem.what[:31] for problem in result.problems] == ["not a NIfTI file of one slice ("]


def test_labels_of_nifti_that_are_no_ids_are_problems(tmp_path: Path) -> None:
    raw, inside = tmp_path / "raw", np.pad(np.ones((16, 16)), ((16, 16), (24, 24)))
    for name, value in (("over", 300), ("below", -1), ("between", 0.5), ("right", 3)):
        nifti(raw / f"images/{name}.nii.gz", np.random.default_rng(value > 1).integers(0, 255, HW))
        nifti(raw / f"masks/{name}.nii.gz", value * inside, "<f4")
    found = run("folder", raw, tmp_path / "out", ImportSettings(skip_bad=True))
    assert [row["id"] for row in found.rows] == ["right"]
    said = "\n".join(problem.what for problem in found.problems)
    assert said.count("ids are whole numbers from 0 to 255; renumber") == 3


def test_own_masks_follow_the_rules_of_the_manifest(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    two_folders("images", "masks", tuple(f"{name}.png" for name in "abcde"))(raw)
    inside = np.zeros(HW, np.uint8)
    inside[8:30, 10:40] = 255
    one = Image.fromarray(inside)
    one.save(raw / "masks/a.png")
    one.convert("RGB").save(raw / "masks/b.png")
    one.filter(ImageFilter.GaussianBlur(1)).save(raw / "masks/c.png")
    one.filter(ImageFilter.GaussianBlur(1)).convert("RGB").save(raw / "masks/d.png")
    one.save(raw / "masks/e.png", format="JPEG")
    found = run("folder", raw, tmp_path / "out", ImportSettings(skip_bad=True))
    assert [row["id"] for row in found.rows] == ["a", "b"]
    assert [Path(problem.where).name for problem in found.problems] == ["c.png", "d.png", "e.png"]
    assert ["soft edges" in problem.what for problem in found.problems] == [True, True, False]
    assert found.problems[2].what.startswith("a JPEG doesn't keep ids exactly")
    for name in "ab":
        np.testing.assert_array_equal(np.array(Image.open(tmp_path / f"out/masks/{name}.png")), inside > 0)


def test_published_splits_with_duplicates_are_told(tmp_path: Path) -> None:
    BUILDERS["fugc"](tmp_path / "raw")
    Image.open(tmp_path / "raw/dataset/val/images/0001.png").save(
        tmp_path / "raw/dataset/test/images/0001.png"
    )
    imported = run("fugc", tmp_path / "raw", tmp_path / "out", ImportSettings(published_splits=True))
    assert not imported.written
    assert "is in 'test' and near" in str(imported.problems[0])


def test_windows_paths_are_told(tmp_path: Path) -> None:
    coco(tmp_path)
    text = (tmp_path / "instances.json").read_text(encoding="utf-8").replace("b.png", "x\\\\b.png")
    (tmp_path / "instances.json").write_text(text, encoding="utf-8")
    assert "a Windows path" in str(run("coco", tmp_path, tmp_path / "out").problems[0])


@pytest.mark.parametrize(
    ("segmentation", "said"),
    [
        ([], "annotation 1 of it has no segmentation; a box alone is no mask"),
        ([[10, 5, 40, 5, 40, 35, 10, 35], [20, 10, 30, 10, 30, 20]], "those before lie in each other"),
        ([[20, 10, 30, 10, 30, 20], [10, 5, 40, 5, 40, 35, 10, 35]], "those before lie in each other"),
        ([[10, 5, 20, 5, 20, 15], [30, 5, 40, 5, 40, 15]], None),
        ([[10, 5, 20, 5, 20, 15, 10, 15], [15, 10, 30, 10, 30, 30]], None),
    ],
)
def test_coco_shapes_that_other_tools_lost(
    tmp_path: Path, segmentation: list[object], said: str | None
) -> None:
    coco(tmp_path)
    data = json.loads((tmp_path / "instances.json").read_text(encoding="utf-8"))
    data["annotations"][0]["segmentation"] = segmentation
    (tmp_path / "instances.json").write_text(json.dumps(data), encoding="utf-8")
    found = run("coco", tmp_path, tmp_path / "out")
    assert [bool(re.search(said or "", str(problem))) for problem in found.problems] == [True] * bool(said)


def test_what_a_user_got_wrong_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="set 'x' can't be imported; use one of busi"):
        input_file("x")
    with pytest.raises(DataError, match="doesn't hold benign and malignant and normal"):
        run("busi", tmp_path, tmp_path / "out")
    with pytest.raises(OutputError, match="exists; give the name of a new folder"):
        run("busi", tmp_path, tmp_path)
