"""The text of a manifest: each fault by row and column, without any image."""

from __future__ import annotations

from pathlib import Path

import pytest

from phantom_manifest import GOOD, write_rows
from uniultra.data.manifest_text import COLUMNS, read_sheet
from uniultra.errors import DataError


def _told(folder: Path, *lines: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> list[str]:
    return [str(problem) for problem in read_sheet(write_rows(folder, *lines, columns=columns)).problems]


def test_a_good_row_has_no_problem(tmp_path: Path) -> None:
    assert _told(tmp_path, {**GOOD, "pixel_mm": "0.25", "width": "80", "height": "60", "subject": "p1"}) == []


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("split", "validation", "'validation' is unknown; use one of train, val, test, external"),
        (
            "image",
            "/data/a.png",
            "'/data/a.png' is not below the manifest's folder; write it relative to that",
        ),
        ("mask", "../a.png", "'../a.png' is not below the manifest's folder; write it relative to that"),
        (
            "image",
            "i/../../a.png",
            "'i/../../a.png' is not below the manifest's folder; write it relative to that",
        ),
        (
            "image",
            "i\\a.png",
            "'i\\a.png' is a Windows path; write it with / and relative to the manifest's folder",
        ),
        (
            "mask",
            "C:/m/a.png",
            "'C:/m/a.png' is a Windows path; write it with / and relative to the manifest's folder",
        ),
        ("mask", "", "empty; give a path below the manifest's folder"),
        ("group", "", "empty; fill it in"),
        ("id", "", "empty; fill it in"),
        ("width", "12.5", "'12.5' is not a number of pixels; write digits, or nothing"),
        (
            "pixel_mm",
            "0.0001",
            "'0.0001' is not a size; it must be a number from 0.001 to 10, or empty where unknown",
        ),
        (
            "pixel_mm",
            "nan",
            "'nan' is not a size; it must be a number from 0.001 to 10, or empty where unknown",
        ),
    ],
)
def test_a_bad_value_is_named(tmp_path: Path, column: str, value: str, what: str) -> None:
    assert _told(tmp_path, {**GOOD, column: value}) == [f"row 2, {column}: {what}"]


def test_columns_too_few_too_many_and_twice(tmp_path: Path) -> None:
    columns = tuple(column for column in COLUMNS if column not in ("group", "organ"))
    assert _told(tmp_path, GOOD, columns=columns) == [
        "row 1: no column organ, group; add it, empty where unknown"
    ]
    legal = ",".join((*COLUMNS, "clip", "frame"))
    assert _told(tmp_path, GOOD, columns=(*COLUMNS, "quality")) == [
        f"row 1: unknown column 'quality'; legal are {legal}; remove it"
    ]
    assert _told(tmp_path, GOOD, columns=(*COLUMNS, "organ")) == [
        "row 1: column 'organ' appears 2 times; keep one"
    ]


def test_a_row_with_other_fields_than_the_header_is_told_once(tmp_path: Path) -> None:
    path = write_rows(tmp_path, GOOD)
    path.write_text(path.read_text(encoding="utf-8") + "b,d\n" + "x," * 20 + "\n", encoding="utf-8")
    sheet = read_sheet(path)
    assert [problem.where for problem in sheet.problems] == ["row 3", "row 4"]
    assert [line.number for line in sheet.lines] == [2]


def test_no_rows_and_no_header(tmp_path: Path) -> None:
    assert _told(tmp_path) == ["row 1: there are no rows; write one per image"]
    (tmp_path / "manifest.csv").write_bytes(b"")
    assert len(read_sheet(tmp_path / "manifest.csv").problems) == 2


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_bytes(b"id,\xff\xfe\n")
    with pytest.raises(DataError, match=r"can't be read as CSV in UTF-8 .*; save it in that form"):
        read_sheet(tmp_path / "manifest.csv")


def test_what_lies_in_two_splits_is_told_once_a_split(tmp_path: Path) -> None:
    train = {**GOOD, "split": "train", "group": "7", "subject": "p"}
    rows = [train, *({**GOOD, "id": f"{i}", "image": f"i/{i}.png", "group": "7"} for i in range(3))]
    assert _told(tmp_path, *rows) == [
        "row 3, group: '7' is in 'val' here and 'train' in row 2; put all of it into one split"
    ]
    assert _told(tmp_path, train, {**GOOD, "id": "b", "image": "i/b.png", "subject": "p"}) == [
        "row 3, subject: 'p' is in 'val' here and 'train' in row 2; put all of it into one split"
    ]
    assert _told(tmp_path, train, {**GOOD, "dataset": "e", "image": "./i/a.png"}) == [
        "row 3, image: 'i/a.png' is in 'val' here and 'train' in row 2; put all of it into one split"
    ]
    assert _told(tmp_path, train, {**GOOD, "dataset": "e", "image": "i/b.png", "group": "7"}) == []


CLIPPED = (*COLUMNS, "clip", "frame")


def test_clip_and_frame_may_be_there_and_are_checked(tmp_path: Path) -> None:
    one = {**GOOD, "clip": "c", "frame": "3"}
    other = {**one, "id": "b", "image": "i/b.png", "frame": "4"}
    still = {**GOOD, "id": "s", "image": "i/s.png", "clip": "", "frame": ""}
    assert _told(tmp_path, one, other, still, columns=CLIPPED) == []
    assert _told(tmp_path, one, {**other, "frame": "3"}, columns=CLIPPED) == [
        "row 3, frame: frame 3 of 'c' is row 2 too; keep one"
    ]
    assert _told(tmp_path, {**one, "frame": "-1"}, columns=CLIPPED) == [
        "row 2, frame: '-1' is not a frame of a clip; give 0 to 1000000"
    ]
    assert _told(tmp_path, {**one, "clip": ""}, columns=CLIPPED) == [
        "row 2, clip: empty, but there is a frame; name its clip, or leave both empty"
    ]
    assert _told(tmp_path, {**one}, columns=(*COLUMNS, "frame")) == [
        "row 1: only one of the columns clip and frame is given; give both or neither",
        "row 2, clip: empty, but there is a frame; name its clip, or leave both empty",
    ]
    divided = {**other, "split": "test", "group": "1"}
    assert _told(tmp_path, one, divided, columns=CLIPPED) == [
        "row 3, clip: 'c' is in 'test' here and 'val' in row 2; put all of it into one split"
    ]
