"""Statements are those of the grammar, by part and ability."""

from __future__ import annotations

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
    (tmp_path / "new" / "io" / "dicom" / "seg.py").write_text("if 1:\n    y = 2\n")
    (tmp_path / "new" / "tracking" / "step.py").write_text("z = (\n    1,\n)\nw = 2; v = 3\n")
    (tmp_path / "new" / "errors.py").write_text("")
    done = script(SCRIPT, tmp_path / "old", tmp_path / "new", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "| archives (batch) | 2 | 1 | 0.50 |" in lines
    assert "| DICOM | 2 | 2 | 1.00 |" in lines
    assert "| **what was there before** | 4 | 3 | 0.75 |" in lines
    assert "| new: tracking | | 3 | |" in lines
    assert lines[-1] == "| **all** | 4 | 6 | |"
