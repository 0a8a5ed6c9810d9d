"""Statements are those of the grammar, by part and ability."""

from __future__ import annotations

import runpy
from fnmatch import fnmatch
from pathlib import Path

from commands import script

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "statements.py"


def test_new_abilities_are_counted_apart(tmp_path: Path) -> None:
    for side in ("old", "new"):
        for folder in ("cli", "cluster", "batch", "io/dicom", "tracking"):
            (tmp_path / side / folder).mkdir(parents=True)
    (tmp_path / "old" / "cluster" / "work.py").write_text('"""One."""\nx = 1\n')
    (tmp_path / "old" / "io" / "dicom" / "seg.py").write_text("if 1:\n    y = 2\n")
    (tmp_path / "new" / "batch" / "process_item.py").write_text('"""One."""\n')
    job = "class Item:\n    def tracked(self):\n        x = 1\n\n\n"
    job += "class Job:\n    def again(self):\n        x = 1\n\n\ndef plain_track():\n    x = 1\n"
    (tmp_path / "new" / "batch" / "job.py").write_text(job)
    (tmp_path / "new" / "io" / "dicom" / "seg.py").write_text("if 1:\n    y = 2\n")
    (tmp_path / "new" / "tracking" / "step.py").write_text("z = (\n    1,\n)\nw = 2; v = 3\n")
    (tmp_path / "new" / "errors.py").write_text("")
    done = script(SCRIPT, tmp_path / "old", tmp_path / "new", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "| archives (batch) | 2 | 9 | 4.50 | 3 | 1.50 |" in lines
    assert "| DICOM | 2 | 2 | 1.00 | 2 | 1.00 |" in lines
    assert "| **what was there before** | 4 | 11 | 2.75 | 5 | 1.25 |" in lines
    assert "| tracking | 3 | 4 |" in lines
    assert "| archives and DICOM results | 0 | 2 |" in lines
    assert lines[-1] == "4 statements then, 14 now"


def test_a_row_that_is_not_there_or_was_there_before_is_refused(tmp_path: Path) -> None:
    for side, inside in (("old", "def plain_track():\n    return 1\n"), ("new", "x = 1\n")):
        (tmp_path / side / "batch").mkdir(parents=True)
        (tmp_path / side / "batch" / "job.py").write_text(inside)
    done = script(SCRIPT, tmp_path / "old", tmp_path / "new", cwd=tmp_path)
    assert done.returncode == 1
    assert "batch/job.py:plain_track isn't there" in done.stderr
    assert "batch/job.py:plain_track was there before" in done.stderr


def test_every_row_of_a_new_ability_is_in_the_package() -> None:
    found = runpy.run_path(str(SCRIPT))
    counts = found["statements"](SCRIPT.parents[1] / "src" / "uniultra")
    assert not found["faults"]({}, counts)
    rows = [row for rows in found["INSIDE"].values() for row in rows]
    assert rows
    assert all(row in counts for row in rows)
    patterns = [pattern for patterns in found["FILES"].values() for pattern in patterns]
    assert not [one for one in patterns if not any(fnmatch(path, one) for path in counts)]
