"""The command as users call it, in a process of its own: files in, files out, one line and exit code 2 on bad
input.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import uniultra as uniultra_package
from commands import uniultra
from phantoms import ellipse, speckled
from uniultra import Prompt, Segmenter, read_frame
from uniultra.io.coco import mask_of

TRUE = ellipse((240, 320), (170, 110), (60, 40))
BOX = "105,65,235,155"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(speckled(TRUE).pixels_hw).save(tmp_path / "scan.png")
    return tmp_path


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_a_box_writes_mask_overlay_and_json(folder: Path) -> None:
    done = uniultra("segment", "scan.png", "--box", BOX, "--out", "out", "--spacing", "0.2", cwd=folder)
    assert done.returncode == 0, done.stderr
    mask = read(folder / "out" / "scan.mask.png")
    assert mask.shape == TRUE.shape
    assert dice(mask == 1, TRUE) > 0.8
    with Image.open(folder / "out" / "scan.overlay.png") as overlay:
        assert (overlay.mode, overlay.size) == ("RGB", (640, 480)), "a small picture is enlarged"
    report = json.loads((folder / "out" / "scan.json").read_text())
    assert report["model"]["name"] == "uniultra-mini"
    [found] = report["objects"]
    long, short = (found["measures"][f"{name}_diameter"]["value"] for name in ("long", "short"))
    area = f"area {found['area_px']} px2 = {found['area_mm2']:.1f} mm2, {long:.1f} x {short:.1f} mm, quality"
    assert area in done.stdout
    assert found["area_px"] == (mask == 1).sum()
    assert found["area_mm2"] == pytest.approx(found["area_px"] * 0.04, abs=1e-2)
    assert 0 <= found["quality"] <= 1


def test_without_a_scale_the_diameters_are_in_pixels(folder: Path) -> None:
    done = uniultra("segment", "scan.png", "--box", BOX, cwd=folder)
    [found] = json.loads((folder / "uniultra-out" / "scan.json").read_text())["objects"]
    long, short = (found["measures"][f"{name}_diameter"]["value"] for name in ("long", "short"))
    assert f"area {found['area_px']} px2, {long:.1f} x {short:.1f} px, quality" in done.stdout


def test_the_json_in_the_docs_is_what_comes_out(tmp_path: Path) -> None:
    docs = (Path(__file__).resolve().parents[2] / "docs" / "segment.md").read_text(encoding="utf-8")
    block = docs[
        docs.index('"schema": "uniultra.segment/1"') : docs.index('"notice": "not a medical device"')
    ]
    shown = {key: float(re.search(rf'"{key}": ([0-9.]+)', block)[1]) for key in ("area_px", "quality")}
    image = Path(uniultra_package.__file__).parent / "examples" / "malignant_183.jpg"
    done = uniultra("segment", str(image), "--box", "116,40,398,318", "--json", cwd=tmp_path)
    report = json.loads(done.stdout)
    [found] = report["objects"]
    assert shown == pytest.approx({key: found[key] for key in shown}, rel=5e-4)
    assert re.search(r'"version": "([0-9.]+)"', block)[1] == report["model"]["version"]


def test_json_to_stdout_writes_nothing(folder: Path) -> None:
    done = uniultra(
        "segment", "scan.png", "--box", BOX, "--point", "170,110", "--box", "5,5,60,60", "--json", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [item["id"] for item in report["objects"]] == [1, 2]
    assert report["objects"][0]["prompt"]["labels"] == [1]
    assert sorted(p.name for p in folder.iterdir()) == ["scan.png"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_alternatives_are_in_the_json_and_only_where_asked_for(folder: Path) -> None:
    click = ("segment", "scan.png", "--point", "150,120", "--json")
    plain, several = (uniultra(*click, *more, cwd=folder) for more in ((), ("--alternatives", "3")))
    assert (plain.returncode, several.returncode) == (0, 0), several.stderr
    [before], [after] = (json.loads(done.stdout)["objects"] for done in (plain, several))
    others = after.pop("alternatives")
    assert before == after
    assert len(others) <= 2
    for other in others:
        mask_hw = mask_of(other["rle"]["counts"], TRUE.shape)
        assert other["rle"]["size"] == list(TRUE.shape)
        assert other["area_px"] == mask_hw.sum()
        assert 0 <= other["quality"] <= 1


def test_json_goes_to_stdout_while_a_bar_is_shown_on_stderr(folder: Path) -> None:
    import pty

    (folder / "again.png").write_bytes((folder / "scan.png").read_bytes())
    master, terminal = pty.openpty()
    call = [sys.executable, "-m", "uniultra.cli.main", "segment", ".", "--box", BOX, "--json"]
    with open(folder / "out.txt", "w") as file:
        done = subprocess.run(
            call, cwd=folder, stdout=file, stderr=terminal, check=False, env=os.environ | {"TERM": "xterm"}
        )
    os.close(terminal)
    shown = os.read(master, 65536)
    os.close(master)
    assert done.returncode == 0
    assert b"Segmenting" in shown
    assert [json.loads(line)["image"] for line in (folder / "out.txt").read_text().splitlines()] == [
        "again.png",
        "scan.png",
    ]


def test_a_previous_mask_is_corrected_by_a_click(folder: Path) -> None:
    half = TRUE.copy()
    half[:, 170:] = False
    Image.fromarray(half).save(folder / "half.png")
    done = uniultra(
        "segment", "scan.png", "--mask", "half.png", "--point", "200,110", "--out", "out", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    again = read(folder / "out" / "scan.mask.png") == 1
    assert dice(again, TRUE) > dice(half, TRUE)


def test_a_folder_with_a_broken_file_does_the_others(folder: Path) -> None:
    (folder / "broken.png").write_bytes((folder / "scan.png").read_bytes()[:200])
    done = uniultra("segment", ".", "--box", BOX, "--out", "out", cwd=folder)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "broken.png" in done.stderr
    assert sorted(p.name for p in (folder / "out").iterdir()) == [
        "scan.json",
        "scan.mask.png",
        "scan.overlay.png",
    ]


def test_existing_results_are_kept_unless_forced(folder: Path) -> None:
    assert uniultra("segment", "scan.png", "--box", BOX, "--out", "out", cwd=folder).returncode == 0
    before = (folder / "out" / "scan.mask.png").read_bytes()
    again = uniultra("segment", "scan.png", "--box", "5,5,60,60", "--out", "out", cwd=folder)
    assert (again.returncode, "--force" in again.stderr) == (2, True)
    assert (folder / "out" / "scan.mask.png").read_bytes() == before
    assert (
        uniultra(
            "segment", "scan.png", "--box", "5,5,60,60", "--out", "out", "--force", cwd=folder
        ).returncode
        == 0
    )
    assert (folder / "out" / "scan.mask.png").read_bytes() != before


def test_results_never_replace_what_they_are_made_from(folder: Path) -> None:
    (folder / "scan.json").write_text('[{"box": [105, 65, 235, 155]}]')
    done = uniultra("segment", "scan.png", "--prompts", "scan.json", "--out", ".", "--force", cwd=folder)
    assert (done.returncode, "would replace an input" in done.stderr) == (2, True)
    assert json.loads((folder / "scan.json").read_text())[0]["box"] == [105, 65, 235, 155]


def test_a_folder_is_not_segmented_twice(folder: Path) -> None:
    assert uniultra("segment", ".", "--box", BOX, "--out", ".", cwd=folder).returncode == 0
    again = uniultra("segment", ".", "--box", BOX, "--out", ".", "--force", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert sorted(p.name for p in folder.iterdir()) == [
        "scan.json",
        "scan.mask.png",
        "scan.overlay.png",
        "scan.png",
    ]


def test_a_folder_named_like_a_model_doesn_t_take_its_place(folder: Path) -> None:
    (folder / "uniultra-mini").mkdir()
    assert uniultra("segment", "scan.png", "--box", BOX, "--out", "out", cwd=folder).returncode == 0
    named = uniultra("segment", "scan.png", "--box", BOX, "--model", "./uniultra-mini", cwd=folder)
    assert (named.returncode, "holds no model" in named.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scan.png"], "no prompt: give --box"),
        (["none.png", "--box", BOX], "none.png: no such file"),
        (["scan.png", "--box", "1,2,3"], "not 4 numbers"),
        (["scan.png", "--box", "50,50,10,10"], "empty or inverted"),
        (["scan.png", "--box", "nan,0,10,10"], "not four finite numbers"),
        (
            ["scan.png", "--box", "400,400,500,500"],
            "less than a pixel on the image; give x0,y0,x1,y1 within 0,0 to 319,239",
        ),
        (["scan.png", "--point", "320,5"], "outside the image"),
        (["scan.png", "--point", "5,5", "--model", "huge"], "model 'huge' is unknown"),
        (
            ["scan.png", "--point", "5,5", "--spacing", "0"],
            "--spacing '0' is not a pixel size; give millimetres from 0.001 to 10",
        ),
        (["scan.png", "--point", "5,5", "--mask", "none.png"], "none.png: no such file"),
        (["scan.png", "--point", "5,5", "--prompts", "p.json"], "--prompts can't be combined with these"),
        (["scan.png", "--point", "5,5", "--out", "scan.png"], "scan.png"),
        (
            ["scan.png", "--point", "5,5", "--alternatives", "2", "--frames", "all"],
            "--alternatives is for one frame",
        ),
        (
            ["scan.png", "--point", "5,5", "--alternatives", "4"],
            "--alternatives 4 is out of range; give 1 to 3",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(folder: Path, arguments: list[str], says: str) -> None:
    done = uniultra("segment", *arguments, cwd=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr
    assert sorted(p.name for p in folder.iterdir()) == ["scan.png"]


def test_demo_draws_a_contact_sheet(tmp_path: Path) -> None:
    done = uniultra("demo", "--out", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "demo" / "contact_sheet.png") as sheet:
        assert sheet.width > 800
    assert str((tmp_path / "demo" / "contact_sheet.png").resolve()) in done.stdout


def test_models_lists_the_default(tmp_path: Path) -> None:
    done = uniultra("models", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "uniultra-mini" in done.stdout
    assert "(default)" in done.stdout


def test_help_is_quick_to_import(tmp_path: Path) -> None:
    code = (
        "import sys, uniultra.cli.main; print([m for m in ('cv2', 'onnxruntime', 'torch', 'transformers') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_is_said_of_boxes_is_heard_by_both_models(folder: Path) -> None:
    asked = ("segment", "scan.png", "--box", BOX, "--box-fit", "loose", "--json")
    told = json.loads(uniultra(*asked, cwd=folder).stdout)
    assert told["objects"][0]["prompt"]["box_fit"] == "loose"
    assert told["notes"] == []
    permissive = json.loads(uniultra(*asked, "--model", "uniultra-mini-permissive", cwd=folder).stdout)
    assert permissive["notes"] == []


def test_a_name_that_the_model_knows_is_told_from_every_way_in(folder: Path) -> None:
    """Command line, JSON, a table, `batch` and Python give one mask, another than without the name."""
    name, box = "left ventricular myocardium", tuple(map(float, BOX.split(",")))
    (folder / "p.json").write_text(json.dumps([{"box": box, "label": name}]))
    (folder / "p.csv").write_text(f"file,x0,y0,x1,y1,label\nscan.png,{BOX},{name.upper()}\n")
    pixels = {}
    for way, options in {
        "untold": ("--box", BOX),
        "typed": ("--box", BOX, "--label", name),
        "json": ("--prompts", "p.json"),
        "table": ("--prompts", "p.csv"),
        "other": ("--box", BOX, "--label", "thyroid"),
    }.items():
        done = uniultra("segment", "scan.png", *options, "--out", way, cwd=folder)
        assert done.returncode == 0, done.stderr
        pixels[way] = read(folder / way / "scan.mask.png")
    alone = folder / "alone"
    alone.mkdir()
    shutil.copy(folder / "scan.png", alone)
    done = uniultra("batch", "alone", "batch", "--prompts", "p.csv", cwd=folder)
    assert done.returncode == 0, done.stderr
    [mask] = (folder / "batch").rglob("*mask.png")
    pixels["batch"] = read(mask)
    for way in ("json", "table", "batch"):
        np.testing.assert_array_equal(pixels[way], pixels["typed"], err_msg=way)
    np.testing.assert_array_equal(pixels["other"], pixels["untold"])
    assert (pixels["typed"] != pixels["untold"]).any()
    [ours] = Segmenter.load().segment(read_frame(folder / "scan.png"), [Prompt(box, name=name)])
    np.testing.assert_array_equal(pixels["typed"] > 0, ours.mask_hw)
    written = json.loads((folder / "typed" / "scan.json").read_text())
    assert written["objects"][0]["prompt"]["label"] == name
    assert written["notes"] == []
    written = json.loads((folder / "other" / "scan.json").read_text())
    assert "'thyroid' is not a name that uniultra-mini knows" in " ".join(written["notes"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--box", BOX, "--box-fit", "snug"), "'snug' is not one of 'tight', 'loose'"),
        (
            ("--point", "170,110", "--box-fit", "tight"),
            "--box-fit tight without --box; give the box, or leave it out",
        ),
        (("--prompts", "p.json", "--box-fit", "tight"), "give the box, or box_fit in the file of prompts"),
    ],
)
def test_a_fit_without_a_box_or_a_meaning_is_refused(
    folder: Path, options: tuple[str, ...], message: str
) -> None:
    (folder / "p.json").write_text(json.dumps([{"box": [105, 65, 235, 155]}]))
    done = uniultra("segment", "scan.png", *options, "--out", "out", cwd=folder)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not (folder / "out").exists()
