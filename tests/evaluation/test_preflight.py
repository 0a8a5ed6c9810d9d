"""Problems of a manifest and of its rows are told together, before anything is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from phantom_manifest import Phantom, write_manifest
from uniultra.data.splits import selection_split
from uniultra.errors import DataError
from uniultra.evaluation.preflight import check
from uniultra.evaluation.records import Skipped


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_manifest(
        tmp_path,
        [*(Phantom(f"p{i}", group=str(i)) for i in range(4)), Phantom("t", split="train", group="t")],
    )


def _break(data: Path) -> None:
    (data.parent / "images/p0.png").unlink()
    image = data.parent / "images/p2.png"
    image.write_bytes(image.read_bytes()[:400])
    (data.parent / "masks/p2.png").write_bytes(b"no picture")


def test_sound_rows_pass_and_progress_is_told(data: Path) -> None:
    seen: list[tuple[int, int]] = []
    checked = check(data, selection_split, progress=lambda done, total: seen.append((done, total)))
    assert [row.id for row in checked.rows] == ["p0", "p1", "p2", "p3"]
    assert checked.skipped == ()
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_files_and_text_are_told_at_once(data: Path) -> None:
    _break(data)
    data.write_text(data.read_text(encoding="utf-8").replace("masks/t.png", "C:\\t.png"), encoding="utf-8")
    with pytest.raises(DataError, match=r"has 4 problems; fix them:\n") as caught:
        check(data, selection_split)
    lines = str(caught.value).splitlines()
    assert (
        lines[1]
        == "  row 6, mask: 'C:\\t.png' is a Windows path; write it with / and relative to the manifest's "
        "folder"
    )
    assert lines[2] == "  row 2, image: 'images/p0.png': no such file; check the path"
    assert lines[3].startswith("  row 4, image: 'images/p2.png': the PNG data is damaged")
    assert lines[4].startswith("  row 4, mask: 'masks/p2.png': ")


def test_bad_rows_are_left_out_and_listed_where_asked(data: Path) -> None:
    _break(data)
    with pytest.raises(
        DataError, match=r"has 3 problems; fix them, or leave these rows out with --skip-bad:"
    ):
        check(data, selection_split)
    checked = check(data, selection_split, skip_bad=True)
    assert [row.id for row in checked.rows] == ["p1", "p3"]
    first, second = checked.skipped
    assert first == Skipped(2, "phantoms", "p0", ("image: 'images/p0.png': no such file; check the path",))
    assert [problem.split(":")[0] for problem in second.problems] == ["image", "mask"]


def test_what_is_wrong_with_the_whole_is_never_skipped(data: Path) -> None:
    _break(data)
    sound = data.read_text(encoding="utf-8")
    for old, new, what in (
        (",t,", ",1,", "row 6, group: '1' is in 'train' here and 'val' in row 3"),
        ("images/t.png", "/t.png", "row 6, image: '/t.png' is not below"),
        (
            "images/t.png",
            "images/p1.png",
            "row 6, image: 'images/p1.png' is in 'train' here and 'val' in row 3",
        ),
    ):
        data.write_text(sound.replace(old, new), encoding="utf-8")
        with pytest.raises(DataError, match=rf"has 1 problem; fix them:\n  {what}"):
            check(data, selection_split, skip_bad=True)
    data.write_text("\n".join(line + ",x" for line in sound.splitlines()), encoding="utf-8")
    with pytest.raises(DataError, match="row 1: unknown column 'x'"):
        check(data, selection_split, skip_bad=True)


def test_a_copy_under_another_name_in_another_split_is_told(data: Path) -> None:
    (data.parent / "images/t.png").write_bytes((data.parent / "images/p1.png").read_bytes())
    with pytest.raises(
        DataError,
        match=r"row 6, image: a copy of that of row 3 \('train' here, 'val' there\); put both into one split",
    ):
        check(data, selection_split, skip_bad=True)
    (data.parent / "images/t.png").unlink()  # what isn't scored needn't be there
    assert len(check(data, selection_split).rows) == 4


def test_a_split_that_is_empty_for_a_fault_of_the_text_is_told_as_that(data: Path) -> None:
    data.write_text(data.read_text(encoding="utf-8").replace(",val,", ",vla,"), encoding="utf-8")
    with pytest.raises(DataError, match=r"has 4 problems[\s\S]*row 2, split: 'vla' is unknown"):
        check(data, selection_split)


def test_something_must_be_left(data: Path) -> None:
    for mask in (data.parent / "masks").iterdir():
        mask.unlink()
    with pytest.raises(DataError, match=r"has 4 problems; no row is left; fix them:"):
        check(data, selection_split, skip_bad=True)


def test_nothing_is_begun_where_no_mask_shows_an_object(tmp_path: Path) -> None:
    bare = write_manifest(tmp_path, [Phantom("a", objects=0), Phantom("b", objects=0, group="1")])
    with pytest.raises(DataError, match=r"split 'val' of '.*' shows no object, so there is nothing to score"):
        check(bare, selection_split)


def test_the_files_of_rows_to_score_are_known_by_what_they_hold(data: Path) -> None:
    first = check(data, selection_split).files
    assert list(first) == [("phantoms", f"p{i}") for i in range(4)]
    (data.parent / "masks/p1.png").write_bytes((data.parent / "masks/p0.png").read_bytes() + b"\n")
    now = check(data, selection_split).files
    assert [key for key in first if first[key] != now[key]] == [("phantoms", "p1")]
