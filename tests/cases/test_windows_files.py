"""Tables and JSON as Windows, Excel and pandas write them, and names as macOS hands them out.

JSON with a byte order mark: cityjson/cjio#21, wkentaro/labelme#299; RFC 8259, section 8.1 lets a parser pass
over it. Semicolons and empty columns: asafdav/ng-csv#28, ryancramerdesign/ImportPagesCSV PR 26. Frames as
12.0: calpaterson/csvbase#11. Names in NFD: cryptomator/cryptomator#264; Unicode UAX 15 has canonically
equivalent texts be treated alike. 117ac18 refused all of them.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from phantom_manifest import Phantom, write_manifest
from phantoms import ellipse, speckled
from uniultra.batch.inputs import find_previous_masks
from uniultra.cli.main import app
from uniultra.data.manifest_text import read_sheet
from uniultra.errors import DataError
from uniultra.prompts.files import read_prompts
from uniultra.training.config_io import load_config
from uniultra.types import Prompt

IMAGE = speckled(ellipse((240, 320), (160, 120), (60, 40))).pixels_hw
BOX = (95.0, 75.0, 225.0, 165.0)
PROMPTS = {"im0.png": [{"box": list(BOX)}]}
COCO = {
    "images": [{"id": i, "file_name": f"im{i}.png"} for i in range(12)],
    "annotations": [{"image_id": 0, "segmentation": [[100, 60, 220, 60, 220, 160]]}],
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")
FORMS = ("NFC", "NFD")
NAME = "Übung é.png"


def tried(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_prompts_and_coco(tmp_path: Path, encoding: str) -> None:
    for i in range(12):
        Image.fromarray(IMAGE).save(tmp_path / f"im{i}.png")
    (tmp_path / "prompts.json").write_bytes(f"{json.dumps(PROMPTS)}\r\n".encode(encoding))
    (tmp_path / "coco.json").write_bytes(json.dumps(COCO).encode(encoding))
    assert read_prompts(tmp_path / "prompts.json", ["im0.png"])["im0.png", None][0].box_xyxy == BOX
    done = tried("data", "import", "coco", tmp_path / "coco.json", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_settings_and_tables(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "config.toml").write_bytes("[optim]\nsteps = 17\n".encode(encoding))
    assert load_config(tmp_path / "config.toml").optim.steps == 17
    (tmp_path / "prompts.csv").write_bytes("file,x0,y0,x1,y1\r\na.png,95,75,225,165\r\n".encode(encoding))
    assert read_prompts(tmp_path / "prompts.csv", ["a.png"]) == {("a.png", None): [Prompt(BOX)]}
    manifest = write_manifest(tmp_path / "m", [Phantom("a"), Phantom("b", split="test", group="1")])
    text = manifest.read_text(encoding="utf-8")
    manifest.write_bytes(text.encode(encoding))
    assert len(read_sheet(manifest).lines) == 2


TABLES = {
    "semicolons": "file;x0;y0;x1;y1;points;frame\r\na.png;95;75;225;165;;\r\n",
    "semicolons and decimal commas": "file;x0;y0;x1;y1\r\na.png;95,0;75,0;225,0;165,0\r\n",
    "tabs": "file\tx0\ty0\tx1\ty1\r\na.png\t95\t75\t225\t165\r\n",
    "empty columns at the end": "file,x0,y0,x1,y1,,\r\na.png,95,75,225,165,,\r\n",
    "more cells than columns, all empty": "file,x0,y0,x1,y1\r\na.png,95,75,225,165,,,\r\n",
    "commas": "file,x0,y0,x1,y1\r\na.png,95,75,225,165\r\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_prompts_of_spreadsheets(tmp_path: Path, kind: str) -> None:
    (tmp_path / "prompts.csv").write_bytes(TABLES[kind].encode("utf-8-sig"))
    assert read_prompts(tmp_path / "prompts.csv", ["a.png"]) == {("a.png", None): [Prompt(BOX)]}


def test_points_stay_apart_where_cells_are_parted_by_semicolons(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(b'file;points\r\na.png;"160,120,1;20,20,0"\r\n')
    assert read_prompts(tmp_path / "p.csv", ["a.png"]) == {
        ("a.png", None): [Prompt(None, ((160.0, 120.0), (20.0, 20.0)), (1, 0))]
    }


@pytest.mark.parametrize(("cell", "frame"), [("12.0", 12), ("12.", 12), ("0.0", 0), ("12", 12)])
def test_frames_that_pandas_saves_as_floats(tmp_path: Path, cell: str, frame: int) -> None:
    (tmp_path / "p.csv").write_text(
        f"file,x0,y0,x1,y1,frame\na.png,95.0,75.0,225.0,165.0,\nc.dcm,95,75,225,165,{cell}\n",
        encoding="utf-8",
    )
    assert list(read_prompts(tmp_path / "p.csv", ["a.png", "c.dcm"])) == [("a.png", None), ("c.dcm", frame)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,x0,,y0,x1,y1\na.png,1,,2,3,4\n", "column 3 has no name; name it, or remove it"),
        ("file,x0,y0,x1,y1,\na.png,1,2,3,4,why\n", "row 2 has 6 cells under 5 columns"),
        ("file,x0,y0,x1,y1,frame\na.png,1,2,3,4,12.5\n", r"'12.5' is not a frame number"),
    ],
)
def test_what_is_refused_and_why(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_prompts(tmp_path / "p.csv", ["a.png"])


def test_a_manifest_from_a_spreadsheet(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "m", [Phantom("a"), Phantom("b", split="test", group="1")])
    sheet = read_sheet(manifest)
    rows = [line + ",," for line in manifest.read_text(encoding="utf-8").splitlines()]
    manifest.write_text(
        "\r\n".join(rows).replace("0.2", "0%2").replace(",", ";").replace("%", ","), encoding="utf-8-sig"
    )
    assert not sheet.problems
    again = read_sheet(manifest)
    assert not again.problems
    assert again.lines == sheet.lines


@pytest.mark.parametrize("requested", FORMS)
@pytest.mark.parametrize("held", FORMS)
def test_names_in_either_unicode_form(tmp_path: Path, held: str, requested: str) -> None:
    there, called = unicodedata.normalize(held, NAME), unicodedata.normalize(requested, NAME)
    Image.fromarray(IMAGE).save(tmp_path / there)
    (tmp_path / "p.json").write_text(
        json.dumps({called: PROMPTS["im0.png"]}, ensure_ascii=False), encoding="utf-8"
    )
    done = tried("segment", tmp_path / there, "--prompts", tmp_path / "p.json", "--json")
    assert done.exit_code == 0, done.output
    (tmp_path / "p.csv").write_text(f"file,x0,y0,x1,y1\n{called},95,75,225,165\n", encoding="utf-8")
    assert list(read_prompts(tmp_path / "p.csv", [f"sub/{there}"])) == [(f"sub/{there}", None)]
    (tmp_path / "masks").mkdir()
    Image.fromarray(IMAGE).save(tmp_path / "masks" / called)
    assert list(find_previous_masks(str(tmp_path / "masks"), [there])) == [there]


def test_two_files_that_differ_in_their_form_alone_stay_two(tmp_path: Path) -> None:
    names = [unicodedata.normalize(form, NAME) for form in FORMS]
    (tmp_path / "p.csv").write_text(
        "".join(["file,x0,y0,x1,y1\n", *(f"{name},95,75,225,165\n" for name in names)]), encoding="utf-8"
    )
    assert [name for name, _ in read_prompts(tmp_path / "p.csv", names)] == names


@pytest.mark.parametrize("held", FORMS)
def test_imported_folders_and_coco_in_either_form(tmp_path: Path, held: str) -> None:
    for name in [f"Ü{i}.png" for i in range(6)]:
        there, called = (
            unicodedata.normalize(held, name),
            unicodedata.normalize("NFC" if held == "NFD" else "NFD", name),
        )
        for folder, called_so, pixels in (
            ("images", there, IMAGE),
            ("masks", called, (IMAGE < 40).astype(np.uint8)),
        ):
            (tmp_path / "set" / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "set" / folder / called_so)
    done = tried("data", "import", "folder", tmp_path / "set", "--out", tmp_path / "out")
    assert "6 images" in done.stdout, done.output
    names = [unicodedata.normalize("NFC", f"Ü{i}.png") for i in range(6)]
    images = [{"id": i, "file_name": name} for i, name in enumerate(names)]
    content = {"images": images, "annotations": [{"image_id": 0, "segmentation": [[9, 9, 50, 9, 50, 40]]}]}
    (tmp_path / "set" / "coco.json").write_text(json.dumps(content), encoding="utf-8")
    done = tried("data", "import", "coco", tmp_path / "set" / "coco.json", "--out", tmp_path / "out2")
    assert "6 images" in done.stdout, done.output
