"""Naming files of the machine: what lies below the operator's folders, and nothing else."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from uniultra.web.problems import Problem
from uniultra.web.server_paths import read_reference


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "open" / "study").mkdir(parents=True)
    (tmp_path / "open" / "study" / "scan.png").write_bytes(b"inside")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_bytes(b"outside")
    (tmp_path / "opening").mkdir()
    (tmp_path / "opening" / "key").write_bytes(b"outside")
    (tmp_path / "open" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "open" / "link.png").symlink_to(tmp_path / "secret" / "key")
    (tmp_path / "open" / "within.png").symlink_to("study/scan.png")
    os.mkfifo(tmp_path / "open" / "pipe")
    return tmp_path / "open"


@pytest.mark.parametrize(
    "named", ["study/scan.png", "study/../study/scan.png", "within.png", "{root}/study/scan.png"]
)
def test_what_is_inside_is_read(root: Path, named: str) -> None:
    assert read_reference((root,), named.format(root=root), 100) == b"inside"


@pytest.mark.parametrize(
    "named",
    [
        *(
            "../secret/key",
            "out/key",
            "link.png",
            "study/../../secret/key",
            "{root}/../secret/key",
            "{root}ing/key",
            "/etc/passwd",
        ),
        *(
            "",
            ".",
            "study",
            "pipe",
            "none.png",
            "a\0b",
            "x" * 5000,
            "~/.ssh/id",
            "\udcff",
            "file:///etc/passwd",
        ),
    ],
)
def test_what_is_outside_is_as_if_it_were_not_there(root: Path, named: str) -> None:
    with pytest.raises(Problem, match="404: there is no such readable file below the folders"):
        read_reference((root,), named.format(root=root), 100)


def test_several_folders_are_looked_through(root: Path) -> None:
    assert read_reference((root.parent / "opening", root), "study/scan.png", 100) == b"inside"


def test_without_folders_it_is_off(root: Path) -> None:
    with pytest.raises(Problem, match="403: naming files is off"):
        read_reference((), str(root / "study" / "scan.png"), 100)


def test_large_files_are_refused(root: Path) -> None:
    with pytest.raises(Problem, match="413: the file is over"):
        read_reference((root,), "study/scan.png", 5)


def test_a_folder_that_is_swapped_for_a_link_meanwhile_leads_nowhere(root: Path) -> None:
    """The race by which a path is checked, and then another file is opened by it: 2,000 tries, none of which
    reads what is outside.
    """
    (root.parent / "secret" / "scan.png").write_bytes(b"outside")
    study, aside, stop = root / "study", root.parent / "aside", threading.Event()

    def swap() -> None:
        while not stop.is_set():
            study.rename(aside)
            study.symlink_to(root.parent / "secret")
            study.unlink()
            aside.rename(study)

    swapping = threading.Thread(target=swap)
    swapping.start()
    read = {b"inside": 0, b"outside": 0, b"": 0}
    try:
        for number in range(200_000):
            if number >= 2000 and read[b"inside"] and read[b""]:
                break
            try:
                read[read_reference((root,), "study/scan.png", 100)] += 1
            except Problem:
                read[b""] += 1
    finally:
        stop.set()
        swapping.join()
    assert read[b"outside"] == 0
    assert read[b"inside"] > 0
    assert read[b""] > 0
