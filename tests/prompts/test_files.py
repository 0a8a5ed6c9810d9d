"""A file of prompts: JSON or a table, for one image or an archive, understood alike by every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from phantoms import ellipse, speckled
from uniultra.cli.main import app
from uniultra.errors import DataError, PromptError
from uniultra.prompts.files import read_prompts
from uniultra.prompts.objects import prompt_json, prompt_of
from uniultra.types import Prompt

NAMES = ["scans/a.png", "more/a.png", "scans/b.png"]
BOX = Prompt((1.0, 2.0, 3.0, 4.0))
IMAGE = speckled(ellipse((240, 320), (160, 120), (60, 40))).pixels_hw
NUMBERS = st.floats(-1e4, 1e4, width=32)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_for_every_file(tmp_path: Path) -> None:
    text = json.dumps([{"box": [1, 2, 3, 4]}, {"points": [[5, 6], [7, 8]], "labels": [1, 0]}])
    found = read_prompts(written(tmp_path, "p.json", text), NAMES)
    assert found == {(name, None): [BOX, Prompt(None, ((5, 6), (7, 8)), (1, 0))] for name in NAMES}


def test_names_are_paths_or_bare(tmp_path: Path) -> None:
    entries = {"a.png": [{"points": [[5, 6]]}], "scans\\b.png": [{"box": [1, 2, 3, 4]}]}
    click = [Prompt(None, ((5, 6),), (1,))]
    assert read_prompts(written(tmp_path, "p.json", json.dumps(entries)), NAMES) == {
        ("scans/a.png", None): click,
        ("more/a.png", None): click,
        ("scans/b.png", None): [BOX],
    }


def test_files_that_are_not_there_are_problems_of_an_archive_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "p.json", json.dumps({"c.png": [{"box": [1, 2, 3, 4]}]}))
    with pytest.raises(DataError, match=r"entry 1: 'c.png' is not an image of the archive"):
        read_prompts(path, NAMES)
    assert read_prompts(path, NAMES, others=True) == {}
    path = written(tmp_path, "p.csv", "file,x0,y0,x1,y1\nc.png,1,2,3,4\nb.png,1,2,3,4\n")
    with pytest.raises(DataError, match=r"row 2, column file: 'c.png' is not an image of the archive"):
        read_prompts(path, NAMES)
    assert read_prompts(path, NAMES, others=True) == {("scans/b.png", None): [BOX]}
    path = written(tmp_path, "q.csv", "file,x0,y0,x1,y1\nc.png,1,2,x,4\nb.png,1,y,3,4\n")
    with pytest.raises(DataError, match=r"row 3, column y0"):
        read_prompts(path, NAMES, others=True)


@pytest.mark.parametrize("name", ["p.txt", "p", "p.csv"])
def test_json_by_any_name(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, '\n [{"box": [1, 2, 3, 4]}]')
    assert read_prompts(path, ["a"]) == {("a", None): [BOX]}


@given(
    st.none() | st.tuples(NUMBERS, NUMBERS),
    st.lists(st.tuples(NUMBERS, NUMBERS, st.sampled_from((0, 1))), max_size=5),
)
def test_what_is_written_is_read_back(
    corner: tuple[float, float] | None, clicks: list[tuple[float, float, int]]
) -> None:
    box = None if corner is None else (*corner, corner[0] + 7, corner[1] + 9)
    if box is None and not any(label for _, _, label in clicks):
        return
    prompt = Prompt(box, tuple((x, y) for x, y, _ in clicks), tuple(label for _, _, label in clicks))
    assert prompt_of(json.loads(json.dumps(prompt_json(prompt)))) == prompt


def test_a_previous_mask_is_not_in_a_prompts_file() -> None:
    with pytest.raises(
        PromptError, match=r"had a previous mask, which is a file of its own; give it with --mask"
    ):
        prompt_of({"box": [1, 2, 3, 4], "previous_mask": True})


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, f"{done.stdout}{done.stderr}{done.exception or ''}"


def test_segment_and_batch_take_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.fromarray(IMAGE).save(tmp_path / "in" / "a.png")
    rows = 'file,x0,y0,x1,y1,points\na.png,95,75,225,165,"160,120"\nother.png,1,2,3,4,\n'
    table = written(tmp_path, "p.csv", rows)
    listed = written(tmp_path, "p.json", '{"a.png": [{"box": [95, 75, 225, 165], "points": [[160, 120]]}]}')
    masks = []
    for number, path in enumerate((table, listed)):
        out = tmp_path / f"s{number}"
        code, said = run("segment", tmp_path / "in" / "a.png", "--prompts", path, "--out", out)
        assert code == 0, said
        masks.append((out / "a.mask.png").read_bytes())
    assert masks[0] == masks[1]
    code, said = run("batch", tmp_path / "in", tmp_path / "b", "--prompts", listed, "--dry-run")
    assert (code, "1 inputs: 0 done already, 1 to do" in said) == (0, True), said


def test_rows_of_frames(tmp_path: Path) -> None:
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    table = written(tmp_path, "p.csv", "file,x0,y0,x1,y1,frame\na.png,95,75,225,165,3\n")
    code, said = run("segment", tmp_path / "a.png", "--prompts", table, "--out", tmp_path / "o")
    assert code == 2
    assert "has rows of frame 3, and none for this call; choose one with --frame 3" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "can't be read as JSON"),
        ("[]", "needs a list of objects"),
        ('[{"bbox": [1, 2, 3, 4]}]', 'key "bbox" is unknown; an object has box, box_fit, points, labels'),
        ('[{"box": "1357"}]', "is not numbers"),
        ('[{"box": [1, 2, 3, true]}]', "is not numbers"),
        ('[{"points": [[1, 2]], "labels": [1.5]}]', "label 1.5 is unknown"),
        ('[{"box": [0, 0, 9, 1' + "0" * 400 + "]}]", "is not numbers|can't be read"),
        ("[" * 100000, "can't be read as JSON"),
        (json.dumps([{"points": [[1, 2]] * 300}]), "300 points on one structure; a model takes up to 250"),
        (json.dumps([{"points": [[1, 2]]}] * 300), "300 structures on one image; an id mask holds 1 to 255"),
        ('[{"box": "wide"}]', "is not numbers"),
        ('{"a.png": [{"box": [1, 2, 3, 4]}], "a.png": [{"points": [[5, 6]]}]}', "key 'a.png' comes twice"),
        ('[{"box": [1, 2, 3, 4], "box": [5, 6, 7, 8]}]', "the key 'box' comes twice; put both into one"),
        ('[{"points": [[1, 2]], "labels": [1, 1]}]', "1 points but 2 labels"),
    ],
)
def test_bad_prompts_files(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "prompts.json").write_text(text)
    with pytest.raises(PromptError, match=says):
        read_prompts(tmp_path / "prompts.json", NAMES)


@pytest.mark.parametrize("other", ["./scans/b.png", "b.png", "scans\\b.png"])
def test_a_file_that_two_entries_name_is_refused(tmp_path: Path, other: str) -> None:
    entries = {"scans/b.png": [{"points": [[5, 6]]}], other: [{"box": [1, 2, 3, 4]}]}
    with pytest.raises(DataError, match=r"entry 2: 'scans/b\.png' is named by an earlier entry, too"):
        read_prompts(written(tmp_path, "p.json", json.dumps(entries)), NAMES)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"absent\.json': no such file; check the path"):
        read_prompts(tmp_path / "absent.json", ["scan.png"])
