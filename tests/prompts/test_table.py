"""prompts.csv: what is understood, and what is said of what isn't, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from uniultra.errors import DataError
from uniultra.prompts.table import read_table
from uniultra.types import Prompt

NAMES = ["a/x.png", "b/x.png", "b/cine.dcm", "z.jpg"]


def table(folder: Path, text: str) -> Path:
    path = folder / "prompts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_boxes_points_frames_and_several_rows_a_file(tmp_path: Path) -> None:
    text = (
        "\ufefffile,x0,y0,x1,y1,points,frame\n"
        "a/x.png,1,2,30,40,,\n"
        'a/x.png,,,,,"5,6,1; 7,8,0",\n'
        "\n"
        'z.jpg,1,2,3,4,"2,3",\n'
        "cine.dcm,1,2,3,4,,7\n"
        "b/cine.dcm,1,2,3,4,,0\n"
    )
    box = (1.0, 2.0, 3.0, 4.0)
    assert read_table(table(tmp_path, text), NAMES) == {
        ("a/x.png", None): [Prompt((1.0, 2.0, 30.0, 40.0)), Prompt(None, ((5.0, 6.0), (7.0, 8.0)), (1, 0))],
        ("z.jpg", None): [Prompt(box, ((2.0, 3.0),), (1,))],
        ("b/cine.dcm", 7): [Prompt(box)],
        ("b/cine.dcm", 0): [Prompt(box)],
    }


@pytest.mark.parametrize(
    ("row", "reported"),
    [
        ("no.png,1,2,3,4,,", r"row 2, column file: 'no.png' is not an image of the archive"),
        (",1,2,3,4,,", r"row 2, column file: is empty"),
        ("x.png,1,2,3,4,,", r"row 2, column file: 'x.png' is the name of 2 files, as a/x.png and b/x.png"),
        ("z.jpg,1,two,3,4,,", r"row 2, column y0: 'two' is not a finite number"),
        ("z.jpg,1,nan,3,4,,", r"row 2, column y0: 'nan' is not a finite number"),
        ("z.jpg,1,2,3,,,", r"row 2, column y1: '' is not a finite number"),
        ("z.jpg,5,2,3,4,,", r"row 2, columns x0 to y1: box 5,2,3,4 is empty or inverted"),
        ("z.jpg,,,,,,", r"row 2, columns x0 to y1, points: the prompt points at nothing"),
        ('z.jpg,,,,,"1,2,0",', r"row 2, column points: the prompt points at nothing"),
        ('z.jpg,,,,,"1,2,3",', r"row 2, column points: '1,2,3' has the label 3; give 1"),
        ('z.jpg,,,,,"1;2",', r"row 2, column points: '1' is not a point; give x,y"),
        ("z.jpg,1,2,3,4,,-1", r"row 2, column frame: '-1' is not a frame number"),
        (
            "cine.dcm,1,2,3,4,,1\ncine.dcm,1,2,3,4,,",
            r"row 3, column frame: is empty, but other rows of 'b/cine.dcm' name a frame",
        ),
    ],
)
def test_a_problem_is_named_by_row_and_column(tmp_path: Path, row: str, reported: str) -> None:
    with pytest.raises(DataError, match=f"has 1 problem.*\n  {reported}"):
        read_table(table(tmp_path, f"file,x0,y0,x1,y1,points,frame\n{row}\n"), NAMES)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 2 problems(.|\n)*row 2, column x0(.|\n)*row 4, column file"):
        read_table(table(tmp_path, "file,x0,y0,x1,y1\nz.jpg,?,2,3,4\nz.jpg,1,2,3,4\nq,1,2,3,4\n"), NAMES)


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("", "columns missing; a table has the column file"),
        ("x0,y0,x1,y1\n", "columns x0, y0, x1, y1; a table has the column file"),
        ("file,x0,y0\n", "columns file, x0, y0; a table has"),
        ("file\n", "columns file; a table has"),
        ("file,point\n", "column 'point' is unknown"),
        ("file,points,points\n", "column points appears twice"),
        ("file,points\n", "holds no row"),
        (
            "file,points\nz.jpg,1,2,1\n",
            "row 2 has 4 cells under 2 columns; put cells with commas into quotes",
        ),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str, reported: str) -> None:
    with pytest.raises(DataError, match=reported):
        read_table(table(tmp_path, text), NAMES)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no CSV in UTF-8 that can be read"):
        read_table(tmp_path / "none.csv", NAMES)
    (tmp_path / "prompts.csv").write_bytes(b"file,points\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="no CSV in UTF-8 that can be read"):
        read_table(tmp_path / "prompts.csv", NAMES)


def test_too_many_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"row 2, column file: 256 rows for 'z.jpg'; an id mask holds 1 to 255"
    ):
        read_table(table(tmp_path, "file,x0,y0,x1,y1\n" + "z.jpg,1,2,3,4\n" * 256), NAMES)


def test_the_column_object_orders_the_structures_of_a_frame(tmp_path: Path) -> None:
    text = "file,object,x0,y0,x1,y1\nz.jpg,2.0,1,2,3,4\nz.jpg,,7,8,9,10\nz.jpg,1,5,6,7,8\n"
    found = read_table(table(tmp_path, text), NAMES)
    assert [prompt.box_xyxy[0] for prompt in found["z.jpg", None] if prompt.box_xyxy] == [5, 1, 7]
    for cell in ("0", "256", "one", "-1", "1.5"):
        with pytest.raises(DataError, match=f"row 2, column object: '{cell}' is not a structure's number"):
            read_table(table(tmp_path, f"file,object,x0,y0,x1,y1\nz.jpg,{cell},1,2,3,4\n"), NAMES)
    twice = "file,object,x0,y0,x1,y1\nz.jpg,1,1,2,3,4\nz.jpg,1,1,2,3,4\n"
    with pytest.raises(DataError, match=r"row 3, column object: structure 1 of that frame is row 2 too"):
        read_table(table(tmp_path, twice), NAMES)
