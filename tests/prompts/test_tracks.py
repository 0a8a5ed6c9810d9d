"""Files of prompts for a track."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uniultra.errors import DataError, PromptError
from uniultra.prompts.tracks import read_track_prompts, read_tracks
from uniultra.types import Prompt


def test_entries_by_frame_and_structure(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(
        json.dumps(
            [
                {"frame": 7, "object": 2, "points": [[3, 4], [5, 6]], "labels": [1, 0]},
                {"frame": 0, "object": 1, "box": [1, 2, 30, 40]},
                {"frame": 7, "object": 1, "box": [2, 2, 30, 40]},
            ]
        )
    )
    assert read_track_prompts(path) == {
        7: {2: Prompt(None, ((3, 4), (5, 6)), (1, 0)), 1: Prompt((2, 2, 30, 40))},
        0: {1: Prompt((1, 2, 30, 40))},
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "can't be read as JSON"),
        ("[]", "is not a list of entries"),
        ('{"a.dcm": []}', "is not a list of entries"),
        ("[3]", "entry 1: it is not an object"),
        ('[{"object": 1, "box": [1, 2, 3, 4]}]', "entry 1: frame None must be a whole number from 0"),
        ('[{"frame": 0, "object": 0, "box": [1, 2, 3, 4]}]', "object 0 must be a whole number from 1 to 255"),
        ('[{"frame": true, "object": 1, "box": [1, 2, 3, 4]}]', "frame True must be"),
        ('[{"frame": 0, "object": 1, "box": [1, 2]}]', "entry 1: box 1,2 is not four finite numbers"),
        ('[{"frame": 0, "object": 1, "bx": [1, 2, 3, 4]}]', 'key "bx" is unknown'),
        (
            json.dumps([{"frame": 0, "object": 1, "box": [1, 2, 3, 4]}] * 2),
            "entry 2: structure 1 has two prompts",
        ),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(PromptError, match=says):
        read_track_prompts(path)


def test_a_table_and_lists_by_file_name_clips(tmp_path: Path) -> None:
    box = Prompt((1, 2, 30, 40))
    sheet = tmp_path / "p.csv"
    sheet.write_text(
        "file,frame,object,x0,y0,x1,y1\na.dcm,7,2,1,2,30,40\na.dcm,,,1,2,30,40\nb.dcm,1,1,1,2,30,40\n"
    )
    assert read_track_prompts(sheet, "a.dcm") == {7: {2: box}, 0: {1: box}}
    names = ["x/a.dcm", "b.dcm"]
    assert read_tracks(sheet, names) == {"x/a.dcm": {7: {2: box}, 0: {1: box}}, "b.dcm": {1: {1: box}}}
    by_file = tmp_path / "p.json"
    by_file.write_text(json.dumps({"a.dcm": [{"frame": 3, "object": 1, "box": [1, 2, 30, 40]}]}))
    assert read_tracks(by_file, names) == {"x/a.dcm": {3: {1: box}}}
    with pytest.raises(PromptError, match=r"has no entry for 'c.dcm'"):
        read_track_prompts(sheet, "c.dcm")
    by_file.write_text(json.dumps({"q.dcm": [{"frame": 3, "object": 1, "box": [1, 2, 30, 40]}]}))
    with pytest.raises(DataError, match=r"entry 1: 'q.dcm' is not an image of the archive; give its path"):
        read_tracks(by_file, names)
    sheet.write_text("file,x0,y0,x1,y1\na.dcm,1,2,30,40\na.dcm,1,2,30,40\n")
    with pytest.raises(DataError, match=r"row 3, column object: structure 1 of frame 0 appears twice"):
        read_tracks(sheet, names, others=True)


def test_a_clip_that_two_entries_name_is_refused(tmp_path: Path) -> None:
    entry = [{"frame": 0, "object": 1, "box": [1, 2, 3, 4]}]
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"a.dcm": entry, "./a.dcm": entry}), encoding="utf-8")
    with pytest.raises(
        DataError, match=r"entry 2: 'a\.dcm' is named by an earlier entry, too; put both into"
    ):
        read_tracks(path, ["a.dcm"])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"absent\.json': no such file; check the path"):
        read_tracks(tmp_path / "absent.json", ["cine.dcm"])
