"""Exports that nobody waits for any more, and those that fail on the way, leave what was there before."""

from __future__ import annotations

import asyncio
import csv
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from dicoms import dataset
from phantoms import speckled
from scans import TRUE
from thread_lane import ThreadLane
from uniultra.backends.open import open_backend
from uniultra.io.coco import compressed, run_lengths
from uniultra.measure.measured import CSV_COLUMNS, FRAME_COLUMNS, MEASURES_COLUMNS
from uniultra.web.cache import EmbeddingCache
from uniultra.web.messages import JobError, Rle
from uniultra.web.service import Service
from uniultra.web.workspace import teach
from uniultra.web.workspace.desk import Desk
from uniultra.web.workspace.jobs import Export, Exported, SavedFrame, SavedObject
from uniultra.web.workspace.workspace import Workspace

TRUTH = compressed(run_lengths(TRUE))
HW = (120, 160)
KINDS = ("seg", "csv", "coco", "movie")


@pytest.fixture
def cine(tmp_path: Path) -> Path:
    path = tmp_path / "cine.dcm"
    dataset(np.stack(3 * [speckled(TRUE).pixels_hw]), FrameTime=40.0).save_as(path)
    return path


def job(cine: Path, **more: object) -> Export:
    frames = tuple(SavedFrame(n, (SavedObject(1, Rle(TRUTH, HW), None, 0.9, "cyst"),)) for n in range(3))
    return Export(cine, folder=cine.parent / "export", frames=frames, kinds=KINDS, **more)  # type: ignore[arg-type]


def files_in(folder: Path) -> dict[str, bytes]:
    """All that is there, hidden folders included."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def test_an_export_that_is_cancelled_leaves_what_was_there(cine: Path) -> None:
    """At each point at which it is looked whether somebody waits; files of an earlier export stay."""
    export, backend = cine.parent / "export", open_backend("uniultra-mini", threads=1)
    cache = EmbeddingCache(100_000_000)
    for left in count():
        asked = iter([False] * left)
        desk = Desk(backend, cache, lambda asked=asked: next(asked, True))  # type: ignore[misc]
        try:
            done = desk.run(job(cine))
            break
        except JobError:
            assert not export.exists(), left
    assert left > 3 + 3, "between frames, in both passes"
    assert isinstance(done, Exported)
    assert set(done.files) == set(files_in(export))
    export.joinpath("cine.frame0.coco.json").write_text("of an earlier export")
    before = files_in(export)
    asked = iter([False] * (left - 1))
    with pytest.raises(JobError, match="the client has gone"):
        Desk(backend, cache, lambda: next(asked, True)).run(job(cine))
    assert files_in(export) == before


def test_a_file_that_cant_be_replaced_stops_all(cine: Path) -> None:
    """Frames were written before the one that failed; the message names the file by its place."""
    export, desk = (
        cine.parent / "export",
        Desk(open_backend("uniultra-mini", threads=1), EmbeddingCache(10**8)),
    )
    export.joinpath("cine.frame1.coco.json").mkdir(parents=True)
    with pytest.raises(JobError, match=r"export/cine\.frame1\.coco\.json: a folder, not a file"):
        desk.run(job(cine))
    assert list(files_in(export)) == ["cine.frame1.coco.json"]


def item_of(page: TestClient, name: str) -> str:
    return next(one["id"] for one in page.get("/v1/workspace").json()["items"] if one["name"] == name)


def accept(page: TestClient, name: str, **doc: object) -> str:
    """An accepted file with one structure, drawn by hand on its first frame; its id."""
    at = item_of(page, name)
    mask = {"object": 1, "counts": TRUTH, "source": "brush"}
    made = {"objects": [{"id": 1, "name": "=cyst"}], "frames": [{"number": 0, "masks": [mask]}], "done": True}
    assert page.put(f"/v1/workspace/items/{at}", json={"revision": 0, "doc": made | doc}).status_code == 200
    return at


def test_a_data_set_that_is_cancelled_leaves_nothing(
    page: TestClient, service: Service, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder was left, half of it."""
    accept(page, "a.png")
    accept(page, "cine.gif")
    begun = asyncio.Event()
    copy = teach.run

    async def slow(*arguments: object) -> object:
        if begun.is_set():
            await asyncio.sleep(60)
        begun.set()
        return await copy(*arguments)  # type: ignore[arg-type]

    async def cancelled() -> None:
        work = asyncio.ensure_future(teach.export_dataset(service, workspace))
        await begun.wait()
        await asyncio.sleep(0.3)
        work.cancel()
        assert isinstance((await asyncio.gather(work, return_exceptions=True))[0], asyncio.CancelledError)

    monkeypatch.setattr(teach, "run", slow)
    asyncio.run(cancelled())
    assert not list(workspace.project.exports.glob("dataset*"))
    assert isinstance(service.lanes[0], ThreadLane)


def test_one_table_of_several_files(page: TestClient, folder: Path) -> None:
    """Lines as in each file's own table, in the order that was given; text that begins like a formula
    doesn't run; calipers have a table beside.
    """
    caliper = {"id": 1, "frame": 2, "a": [10, 10], "b": [40, 50]}
    ids = [accept(page, "cine.gif", calipers=[caliper]), accept(page, "a.png")]
    for at in ids:
        done = page.post(f"/v1/workspace/items/{at}/export", json={"kinds": ["csv"]})
        assert done.status_code == 200, done.text
    done = page.post("/v1/workspace/measures", json={"items": [*ids, ids[0]]})
    assert done.status_code == 200, done.text
    assert done.json()["files"] == ["measures.csv", "measures.calipers.csv"]
    assert done.json()["folder"] == "uniultra-project/export"
    export = folder / "uniultra-project" / "export"
    assert not export.joinpath("measures.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    head, *lines = csv.reader(export.joinpath("measures.csv").read_text(encoding="utf-8").splitlines())
    assert head == list(MEASURES_COLUMNS)
    assert [line[:2] for line in lines] == [["cine.gif", "0"], ["a.png", "0"]]
    _, own = csv.reader(export.joinpath("cine.frames.csv").read_text(encoding="utf-8").splitlines())
    assert lines[0][: len(FRAME_COLUMNS)] == own
    for line in lines:
        row = dict(zip(head, line, strict=True))
        assert (row["name"], row["quality"], row["area_px"]) == ("'=cyst", "", str(TRUE.sum()))
        assert (row["unit"], row["model"], row["version"], row["by_hand"]) == ("px", "", "", "drawn")
    head, line = csv.reader(export.joinpath("measures.calipers.csv").read_text().splitlines())
    assert (head, line[:6]) == (list(CSV_COLUMNS), ["cine.gif", "2", "", "Caliper 1", "length", "50.0"])


def test_a_table_of_what_was_not_saved_is_refused(page: TestClient, folder: Path) -> None:
    for items, kind in (([item_of(page, "a.png")], "output"), (["x"], "no-file"), ([], "invalid")):
        done = page.post("/v1/workspace/measures", json={"items": items})
        assert done.json()["type"] == f"urn:uniultra:problem:{kind}", done.text
    assert not (folder / "uniultra-project" / "export").exists()
