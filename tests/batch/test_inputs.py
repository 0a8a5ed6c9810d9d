"""Which files an archive holds, where results may go, and which previous mask is whose."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from archives import save_phantom
from dicoms import dataset, picture, save
from uniultra.batch.inputs import check_apart, find_inputs, find_previous_masks
from uniultra.batch.storage import local_file
from uniultra.errors import FileError, OutputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    archive = tmp_path / "in"
    save_phantom(archive / "b10.png")
    save_phantom(archive / "b2.png")
    save_phantom(archive / "sub" / "c.png")
    save_phantom(archive / ".hidden.png")
    save(dataset(picture()), archive / "sub" / "IM0001")
    (archive / "notes.txt").write_text("none")
    return archive


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    fs = fsspec.filesystem("memory")
    yield fs
    fs.store.clear()
    fs.pseudo_dirs[:] = [""]


def test_a_folder_with_all_below_it(folder: Path) -> None:
    found = find_inputs(str(folder))
    assert list(found) == ["b2.png", "b10.png", "sub/c.png", "sub/IM0001"]
    assert found["sub/c.png"] == str(folder / "sub" / "c.png")


def test_a_file_and_patterns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(find_inputs(str(folder / "b2.png"))) == ["b2.png"]
    assert list(find_inputs(f"{folder}/*.png")) == ["b2.png", "b10.png"]
    assert sorted(find_inputs(f"{folder}/**/*.png")) == ["b10.png", "b2.png", "sub/c.png"]
    monkeypatch.chdir(folder)
    assert find_inputs("sub/*.png") == {"c.png": str(folder / "sub" / "c.png")}


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_urls_hold_what_folders_hold(folder: Path, memory: fsspec.AbstractFileSystem, scheme: str) -> None:
    root = str(folder)
    if scheme == "memory":
        memory.put(root, "/archive", recursive=True)
        root = "/archive"
    names = ["b10.png", "b2.png", "sub/IM0001", "sub/c.png"]
    found = find_inputs(f"{scheme}://{root}")
    assert sorted(found) == names
    assert all(url.startswith(f"{scheme}://") for url in found.values())
    assert list(find_inputs(f"{scheme}://{root}/*.png")) == ["b10.png", "b2.png"]
    assert list(find_inputs(f"{scheme}://{root}/b2.png")) == ["b2.png"]


def test_videos_are_inputs_here_and_elsewhere(folder: Path, memory: fsspec.AbstractFileSystem) -> None:
    (folder / "sub" / "v.MP4").write_bytes(b"a movie")
    memory.put(str(folder), "/archive", recursive=True)
    for place in (f"{folder}/**/*.MP4", f"file://{folder}", "memory:///archive"):
        assert "sub/v.MP4" in find_inputs(place) or "v.MP4" in find_inputs(place)


@pytest.mark.parametrize(
    ("place", "reported"),
    [
        ("none", "none: no such file or folder"),
        ("file:///no/such/folder", "no such file or folder"),
        ("nosuch://x", "nosuch://x: can't be opened .*Protocol not known"),
        ("*.gif", "no images found"),
    ],
)
def test_what_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, reported: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=reported):
        find_inputs(place)


def test_results_may_not_lie_among_the_inputs(folder: Path) -> None:
    for place in (folder, f"file://{folder}", f"{folder}/**/*.png"):
        for out in (folder / "out", folder / "sub" / "out", f"file://{folder}/out"):
            if str(place).startswith("file:") == str(out).startswith("file:") or "*" not in str(place):
                with pytest.raises(
                    OutputError, match="would be taken for images; give a folder outside of it"
                ):
                    check_apart(str(place), str(out))
    with pytest.raises(OutputError, match="give a folder outside"):
        check_apart(str(folder), str(folder))
    for place, out in (
        (folder, folder.parent / "in2"),
        (folder / "b2.png", folder / "out"),
        (f"{folder}/*.png", folder / "out"),
    ):
        check_apart(str(place), str(out))
    check_apart(str(folder), "memory://out")


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_previous_masks_are_found_by_relative_name(tmp_path: Path, scheme: str) -> None:
    for name in ("sub/a.png", "b.mask.png", "c.dcm.mask.png", "c.png"):
        save_phantom(tmp_path / name)
    found = find_previous_masks(f"{scheme}{tmp_path}", ["sub/a.dcm", "b.jpg", "c.dcm", "d.png"])
    assert found == {
        "sub/a.dcm": f"{scheme}{tmp_path}/sub/a.png",
        "b.jpg": f"{scheme}{tmp_path}/b.mask.png",
        "c.dcm": f"{scheme}{tmp_path}/c.dcm.mask.png",
    }


def test_a_folder_without_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"holds no mask of any of 1 images; .* as sub/a.png"):
        find_previous_masks(str(tmp_path), ["sub/a.jpg"])
    with pytest.raises(FileError, match="no such file or folder"):
        find_previous_masks(str(tmp_path / "none"), ["a.png"])


def test_an_archive_in_a_zip_keeps_the_first_letter_of_its_names(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        for file in ("b2.png", "b10.png", "sub/c.png"):
            packed.write(folder / file, file)
    found = find_inputs(f"zip://::{tmp_path}/all.zip")
    assert sorted(found) == ["b10.png", "b2.png", "sub/c.png"]
    with local_file(found["sub/c.png"]) as copy:
        assert copy.read_bytes() == (folder / "sub" / "c.png").read_bytes()
