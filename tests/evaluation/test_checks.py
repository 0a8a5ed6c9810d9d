"""Problems of a manifest are told together."""

from __future__ import annotations

from pathlib import Path

import pytest

from phantom_manifest import Phantom, phantom_manifest
from uniultra.errors import DataError
from uniultra.evaluation.checks import check_rows


def test_all_missing_files_are_told_at_once(tmp_path: Path) -> None:
    rows = phantom_manifest(tmp_path, [Phantom(f"p{i}", group=str(i)) for i in range(3)]).rows
    check_rows(rows)
    rows[0].image.unlink()
    rows[2].mask.unlink()
    with pytest.raises(DataError, match=r"2 problem\(s\)[\s\S]*'p0' of 'phantoms': no image[\s\S]*'p2' of 'phantoms': no mask"):
        check_rows(rows)


def test_a_repeated_id_is_told_and_a_long_list_is_cut(tmp_path: Path) -> None:
    rows = phantom_manifest(tmp_path, [Phantom("p")]).rows
    with pytest.raises(DataError, match=r"29 problem\(s\)[\s\S]*comes twice[\s\S]*and 9 more"):
        check_rows(rows * 30)
