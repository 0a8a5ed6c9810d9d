"""One input to one result: what is written, what is skipped, what a cut-off or a hostile file leaves
behind.
"""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.uid import JPEGBaseline8Bit

from archives import BOX, TRUE, save_phantom
from dicom_checks import check_iod, segment_models
from dicoms import PHI, dataset, encapsulated, jpeg, region, save
from phantoms import ellipse, speckled
from uniultra.automatic import GridSettings
from uniultra.backends.open import model_sha256
from uniultra.batch import process_item as work
from uniultra.batch.job import Item, Job, plain, plain_track
from uniultra.batch.process_item import MOST_TRIES, Outcome, do, is_pending
from uniultra.batch.records import Counts, record_name, write_record, write_tables
from uniultra.batch.storage import Store
from uniultra.errors import OutputError
from uniultra.io.cines import open_cine
from uniultra.io.images import read_frame
from uniultra.io.input_file import InputFile
from uniultra.outputs.archive_files import write_extras
from uniultra.outputs.frame_files import id_mask
from uniultra.results import FrameResult
from uniultra.segmenter import Segmenter
from uniultra.stages import is_stage
from uniultra.tracking import track
from uniultra.types import Prompt

GIVEN = ((BOX, (), ()),)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(
        str(tmp_path / "out"),
        "uniultra-mini",
        model_sha256("uniultra-mini", Segmenter.load(threads=1).facts),
        "run1",
    )


@pytest.fixture
def item(tmp_path: Path) -> Item:
    return Item("sub/scan.png", str(save_phantom(tmp_path / "in" / "sub" / "scan.png")), prompts=GIVEN)


def later(job: Job, **changes: Any) -> Job:
    return dataclasses.replace(job, **{"run": "run2"} | changes)


def tables(job: Job, items: list[Item]) -> tuple[Counts, list[dict[str, str]], list[dict[str, str]]]:
    """Counts, results and failures."""
    store = Store(job.out, job.run)
    counts = write_tables(store, items, job)
    results, failures = (
        list(csv.DictReader((store.read(name) or b"").decode().splitlines()))
        for name in ("results.csv", "failures.csv")
    )
    return counts, results, failures


def files(job: Job) -> list[str]:
    """The results, but for the tables and what is hidden."""
    return sorted(
        path.relative_to(job.out).as_posix()
        for path in Path(job.out).rglob("*")
        if path.is_file() and ".uniultra" not in str(path)
    )


def test_a_box_to_the_mask_that_segment_gives(job: Job, item: Item, segmenter: Segmenter) -> None:
    assert do(item, job, segmenter) == Outcome("sub/scan.png", "done")
    [mask] = segmenter.segment(read_frame(item.path), [Prompt(BOX)])
    assert np.array_equal(
        np.asarray(Image.open(Path(job.out) / "sub" / "scan.png.mask.png")), mask.mask_hw.astype(np.uint8)
    )
    counts, [row], failures = tables(job, [item])
    assert counts == Counts(done=1, failed=0, pending=0, objects=1)
    assert failures == []
    assert (row["input"], row["frame"], row["object"], row["prompt"]) == (
        "sub/scan.png",
        "",
        "1",
        "box 33,25,95,71",
    )
    assert (int(row["area_px"]), row["area_mm2"]) == (np.count_nonzero(mask.mask_hw), "")
    assert float(row["quality"]) == round(mask.quality, 4)
    assert (row["mask"], row["model"]) == ("sub/scan.png.mask.png", "uniultra-mini")
    assert row["note"] == "no calibration is known"


def test_the_table_says_what_makes_a_size_doubtful(job: Job, segmenter: Segmenter, tmp_path: Path) -> None:
    """As `segment` does: a region that the frame doesn't hold, a box beyond the frame, and nothing to see."""
    dark = np.zeros((96, 128), np.uint8)
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "cut.dcm"
    save(dataset(dark[None], SequenceOfUltrasoundRegions=[region((0, 0, 255, 191), 0.05)]), path)
    given = Item("cut.dcm", str(path), prompts=(((100.0, 60.0, 140.0, 90.0), (), ()),))
    assert do(given, job, segmenter).status == "done"
    _, [row], _ = tables(job, [given])
    assert float(row["area_mm2"]) > 0
    for said in ("if resized, its millimetres are wrong by that factor", "reaches beyond", "nothing to see"):
        assert row["note"].count(said) == 1


def test_a_note_stands_on_the_row_that_it_is_of(job: Job, segmenter: Segmenter, tmp_path: Path) -> None:
    """Not on those of the other structures; on stills, and on the frames of a track."""
    path = str(save_phantom(tmp_path / "in" / "scan.png"))
    beyond = (100.0, 60.0, 140.0, 90.0)
    prompts = (plain(Prompt(BOX, name="cyst")), plain(Prompt(beyond)), plain(Prompt(BOX, name="thyroid")))
    still = Item("scan.png", path, prompts=prompts)
    Image.open(path).save(tmp_path / "c.gif")
    followed = tuple((0, n, *one) for n, one in enumerate(prompts, start=1))
    tracked = Item("c.gif", str(tmp_path / "c.gif"), "all", track=followed)
    for one in (still, tracked):
        assert do(one, job, segmenter).status == "done", one
        _, rows, _ = tables(job, [one])
        notes, said = [row["note"] for row in rows], ("'cyst'", "reaches beyond", "lies wholly under")
        assert [[part in note for part in said] for note in notes] == np.eye(3, dtype=bool).tolist()
        assert "'thyroid'" in notes[2]


def test_what_is_done_is_skipped_until_something_of_it_changes(
    job: Job, item: Item, segmenter: Segmenter
) -> None:
    assert is_pending(item, job)
    do(item, job, segmenter)
    again = later(job)
    assert do(item, again, segmenter).status == "skipped"
    assert not is_pending(item, again)
    assert do(item, later(job, force=True), segmenter).status == "done"
    facts = dataclasses.replace(
        segmenter.facts, passes=dataclasses.replace(segmenter.facts.passes, agreed=0.9)
    )
    prompted_otherwise = model_sha256("uniultra-mini", facts)
    other = dataclasses.replace(item, prompts=(*GIVEN, (None, ((64.0, 48.0),), (1,))))
    for given, new in (
        (other, later(job)),
        (item, later(job, run="run3", model_sha256="0")),
        (item, later(job, run="run7", model_sha256=prompted_otherwise)),
        (item, later(job, run="run4", kinds=("x",))),
    ):
        assert is_pending(given, new)
        assert do(given, new, segmenter).status == "done"
    save_phantom(Path(item.path), seed=7)
    assert do(item, later(job, run="run5"), segmenter).status == "done"
    (Path(job.out) / "sub" / "scan.png.mask.png").unlink()
    assert do(item, later(job, run="run6"), segmenter).status == "done"
    assert files(job) == ["sub/scan.png.mask.png"]


def test_a_retry_within_a_run_knows_what_it_did(job: Job, item: Item, segmenter: Segmenter) -> None:
    forced = later(job, force=True)
    assert [do(item, forced, segmenter).status for _ in range(2)] == ["done", "done"]
    marks = list((Path(job.out) / ".uniultra" / "runs" / "run2" / "tries").iterdir())
    assert [mark.name for mark in marks] == [f"{item.digest}.1"]


@pytest.mark.parametrize("cut", ["segment", "put", "write_record"])
def test_whatever_was_cut_off_is_made_again_and_once(
    job: Job, item: Item, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    class Killed(BaseException):
        """Nothing in the package catches this, as nothing catches a kill."""

    def killed(*_: object, **__: object) -> None:
        raise Killed("now")

    owner, name = {
        "segment": (Segmenter, "segment"),
        "put": (work, "_put"),
        "write_record": (work, "write_record"),
    }[cut]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises(Killed, match="now"):
            do(item, job, segmenter)
    assert tables(job, [item])[0].pending == 1
    assert do(item, job, segmenter).status == "done"
    counts, rows, failures = tables(job, [item])
    assert (counts.done, len(rows), failures, files(job)) == (
        1,
        1,
        [],
        ["failures.csv", "results.csv", "sub/scan.png.mask.png"],
    )


def test_a_file_that_ends_its_workers_is_given_up(job: Job, item: Item, segmenter: Segmenter) -> None:
    store = Store(job.out, job.run)
    for _ in range(MOST_TRIES):
        assert store.try_once_more(item.digest, MOST_TRIES)
    outcome = do(item, job, segmenter)
    assert outcome.status == "failed"
    assert f"its worker ended {MOST_TRIES} times while at it" in outcome.reason
    assert [row["input"] for row in tables(job, [item])[2]] == ["sub/scan.png"]
    assert do(item, later(job), segmenter).status == "done"  # the next call tries again


def test_an_unreadable_frame_is_reported_and_the_others_have_results(
    job: Job, segmenter: Segmenter, tmp_path: Path
) -> None:
    frames = np.stack([speckled(TRUE, seed).pixels_hw for seed in range(3)])
    encoded = [jpeg(frame) for frame in frames]
    encoded[1] = encoded[1][:200] + bytes(len(encoded[1]) - 200)
    path = save(encapsulated(dataset(frames), JPEGBaseline8Bit, encoded), tmp_path / "cine.dcm")
    cine = Item("a/cine.dcm", str(path), "all", GIVEN)
    assert do(cine, job, segmenter).status == "done"
    counts, results, [failure] = tables(job, [cine])
    assert (counts.done, counts.unreadable, counts.complete) == (1, 1, False)
    assert [row["frame"] for row in results] == ["0", "2"]
    assert (failure["input"], failure["frame"]) == ("a/cine.dcm", "1")
    assert failure["reason"].startswith("a/cine.dcm: ")
    assert str(tmp_path) not in failure["reason"]
    assert do(cine, later(job), segmenter).status == "skipped"
    assert not tables(later(job), [cine])[0].complete  # each call says it again

    alone = dataclasses.replace(cine, frame=1)
    assert do(alone, job, segmenter).status == "failed"


def test_a_broken_file_is_a_failure_in_one_line_under_its_own_name(
    job: Job, item: Item, segmenter: Segmenter
) -> None:
    do(item, job, segmenter)
    Path(item.path).write_bytes(b"\x89PNG\r\n\x1a\n junk")
    assert do(item, later(job), segmenter).status == "failed"
    _, results, [failure] = tables(later(job), [item])
    assert results == []
    assert failure["reason"].startswith("sub/scan.png: the PNG data is damaged")
    assert files(job) == ["failures.csv", "results.csv"]  # the mask of what it was is gone
    save_phantom(Path(item.path))
    assert do(item, later(job, run="run3"), segmenter).status == "done"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"path": "/tmp/none.png"}, "sub/scan.png: can't be read"),
        ({"path": "memory://none.png"}, "memory://none.png: can't be read"),
        (
            {"prompts": (((200.0, 5.0, 300.0, 9.0), (), ()),)},
            "box 200,5,300,9 has less than a pixel on the image",
        ),
        ({"prompts": ()}, "sub/scan.png: has no prompt"),
        ({"frame": 3}, "sub/scan.png: there is no frame 3; legal are 0 to 0"),
    ],
)
def test_reasons(job: Job, item: Item, segmenter: Segmenter, changes: dict[str, Any], reason: str) -> None:
    outcome = do(dataclasses.replace(item, **changes), job, segmenter)
    assert outcome.status == "failed"
    assert reason in outcome.reason
    assert "/tmp/" not in outcome.reason
    assert "\n" not in outcome.reason


def test_a_previous_mask_that_is_gone(job: Job, item: Item, segmenter: Segmenter) -> None:
    given = dataclasses.replace(item, prior="/tmp/none.mask.png")
    outcome = do(given, dataclasses.replace(job, masks=True), segmenter)
    assert outcome.reason.startswith("previous mask of sub/scan.png: can't be read (No such file")


def test_an_unforeseen_error_is_a_failure_too(
    job: Job, item: Item, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Segmenter, "segment", surprise)
    assert do(item, job, segmenter).reason == "sub/scan.png: out of memory; run again with fewer --workers"


def test_that_nothing_can_be_written_stops_the_worker(
    job: Job, item: Item, segmenter: Segmenter, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(OutputError, match="can't be written"):
        do(item, job, segmenter)


def test_previous_masks_are_refined(job: Job, item: Item, segmenter: Segmenter, tmp_path: Path) -> None:
    prior = tmp_path / "prior.png"
    Image.fromarray(TRUE.astype(np.uint8)).save(prior)
    masks = dataclasses.replace(job, masks=True)
    given = dataclasses.replace(item, prompts=(), prior=str(prior))
    assert do(given, masks, segmenter).status == "done"
    [row] = tables(masks, [given])[1]
    assert row["prompt"] == "mask"
    assert abs(int(row["area_px"]) / np.count_nonzero(TRUE) - 1) < 0.15
    Image.fromarray(np.roll(TRUE, 5, axis=1).astype(np.uint8)).save(prior)
    assert do(given, later(masks), segmenter).status == "done"  # another mask is another question
    missing = do(dataclasses.replace(given, prior=None), later(masks, run="run3"), segmenter)
    assert "sub/scan.png: has no previous mask" in missing.reason


def test_a_grid_that_finds_nothing_is_a_result_without_objects(
    job: Job, item: Item, segmenter: Segmenter
) -> None:
    grid = dataclasses.replace(job, grid=GridSettings(2, quality=1.0))
    given = dataclasses.replace(item, prompts=())
    assert do(given, grid, segmenter).status == "done"
    counts, [row], _ = tables(grid, [given])
    assert (counts.done, counts.objects) == (1, 0)
    assert (row["object"], row["prompt"], row["area_px"], row["quality"]) == ("0", "", "0", "")
    assert not np.asarray(Image.open(Path(job.out) / row["mask"])).any()


def test_what_a_grid_finds_is_automatic(job: Job, segmenter: Segmenter, tmp_path: Path) -> None:
    """Nobody pointed at it (PS3.3 C.8.20.2); a row of prompts is somebody's."""
    path = save(dataset(speckled(TRUE).pixels_hw[None]), tmp_path / "scan.dcm")
    kinds = ("seg", "coco")
    many = dataclasses.replace(job, kinds=kinds, extras=partial(write_extras, kinds, False))
    for name, each, prompts in (
        ("SEMIAUTOMATIC", many, GIVEN),
        ("AUTOMATIC", later(many, grid=GridSettings(4, quality=0.3)), ()),
    ):
        given = Item("scan.dcm", str(path), prompts=prompts)
        assert do(given, each, segmenter).status == "done"
        made = segment_models(dcmread(Path(job.out) / "scan.dcm.seg.dcm"))
        assert made
        assert {one[:2] for one in made} == {(name, "uniultra-mini")}
        check_iod(Path(job.out) / "scan.dcm.seg.dcm")
    facts = segmenter.facts
    annotations = json.loads((Path(job.out) / "scan.dcm.coco.json").read_text())["annotations"]
    assert {one["model"] for one in annotations} == {f"{facts.name} {facts.version}"}


def cine(path: Path) -> Path:
    frames = np.stack(
        [speckled(ellipse((96, 128), (64, 48), (radius, 22)), radius).pixels_hw for radius in (20, 25, 30)]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    save(dataset(frames, SequenceOfUltrasoundRegions=[region((0, 0, 127, 95), 0.05)], FrameTime=40), path)
    return path


@pytest.mark.parametrize(("frame", "frames"), [("first", [0]), ("middle", [1]), ("all", [0, 1, 2]), (2, [2])])
def test_frames_of_a_cine(
    job: Job, segmenter: Segmenter, tmp_path: Path, frame: Any, frames: list[int]
) -> None:
    given = Item("cine.dcm", str(cine(tmp_path / "in" / "cine.dcm")), frame, GIVEN)
    assert do(given, job, segmenter).status == "done"
    counts, rows, _ = tables(job, [given])
    assert (counts.done, counts.objects) == (1, len(frames))
    assert [row["frame"] for row in rows] == [str(number) for number in frames]
    assert [row["mask"] for row in rows] == [f"cine.dcm.frame{number}.mask.png" for number in frames]
    assert all(float(row["area_mm2"]) == pytest.approx(int(row["area_px"]) * 0.25, abs=1e-3) for row in rows)
    kept = b"".join(path.read_bytes() for path in Path(job.out).rglob("*") if path.is_file())
    assert PHI.split("^")[2].encode() not in kept


def test_what_is_prompted_is_tracked_and_resumed(job: Job, segmenter: Segmenter, tmp_path: Path) -> None:
    masks = [ellipse((96, 128), (50 + 3 * n, 48), (20, 16)) for n in range(4)]
    pictures = [Image.fromarray(speckled(mask, n).pixels_hw) for n, mask in enumerate(masks)]
    pictures[0].save(tmp_path / "c.gif", save_all=True, append_images=pictures[1:], duration=40)
    prompts = {1: {1: Prompt((30, 30, 76, 66))}, 2: {2: Prompt((30, 30, 78, 66))}}
    item = Item("c.gif", str(tmp_path / "c.gif"), "all", track=plain_track(prompts))
    assert Item.from_json(item.to_json()).tracked() == prompts
    assert do(item, job, segmenter) == Outcome("c.gif#all", "done")
    results = list(track(segmenter, open_cine(tmp_path / "c.gif"), prompts))
    _, rows, failures = tables(job, [item])
    assert failures == []
    assert [(row["frame"], row["object"], row["status"]) for row in rows] == [
        (str(result.number), str(one.number), one.status) for result in results for one in result.objects
    ]
    for result in results:
        written = np.array(Image.open(Path(job.out) / f"c.gif.frame{result.number}.mask.png"))
        assert np.array_equal(written, id_mask(result))
    assert do(item, later(job), segmenter).status == "skipped"
    assert is_pending(dataclasses.replace(item, track=plain_track({0: prompts[1]})), later(job))


def test_a_prompt_on_a_frame_that_is_not_there_is_a_failure(
    job: Job, item: Item, segmenter: Segmenter
) -> None:
    beyond = dataclasses.replace(item, frame="all", prompts=(), track=plain_track({3: {1: Prompt(BOX)}}))
    outcome = do(beyond, job, segmenter)
    assert outcome.status == "failed"
    assert "a prompt is on frame 3, which isn't tracked; legal are 0 to 0" in outcome.reason


def test_a_cine_without_a_choice_is_refused(job: Job, segmenter: Segmenter, tmp_path: Path) -> None:
    given = Item("cine.dcm", str(cine(tmp_path / "in" / "cine.dcm")), None, GIVEN)
    assert (
        "cine.dcm: holds 3 frames; choose with --frame first, middle, all" in do(given, job, segmenter).reason
    )
    beyond = dataclasses.replace(given, frame=3)
    assert "there is no frame 3; legal are 0 to 2" in do(beyond, job, segmenter).reason


def test_a_failure_amid_frames_leaves_no_file(job: Job, segmenter: Segmenter, tmp_path: Path) -> None:
    given = Item("cine.dcm", str(cine(tmp_path / "in" / "cine.dcm")), "all", GIVEN)

    def third_fails(folder: Path, source: InputFile, result: FrameResult) -> dict[str, Path]:
        if result.number == 2:
            raise OutputError(f"{source.path}: no")
        return {}

    assert (
        do(given, dataclasses.replace(job, kinds=("x",), extras=third_fails), segmenter).reason
        == "cine.dcm: no"
    )
    assert files(job) == []


@pytest.fixture
def memory() -> Iterator[str]:
    yield "memory://batch"
    fsspec.filesystem("memory").store.clear()


def test_urls_on_both_sides(job: Job, item: Item, segmenter: Segmenter, memory: str) -> None:
    fs = fsspec.filesystem("memory")
    fs.pipe_file("/batch/in/scan.png", Path(item.path).read_bytes())
    there = dataclasses.replace(job, out=f"{memory}/out")
    given = Item("scan.png", f"{memory}/in/scan.png", prompts=GIVEN)
    assert do(given, there, segmenter).status == "done"
    assert do(given, later(there), segmenter).status == "skipped"
    assert tables(there, [given])[0] == Counts(1, 0, 0, 1)
    do(item, job, segmenter)
    assert (
        fs.cat_file("/batch/out/scan.png.mask.png")
        == (Path(job.out) / "sub" / "scan.png.mask.png").read_bytes()
    )
    fs.pipe_file("/batch/in/scan.png", b"junk")
    assert do(given, later(there, run="run3"), segmenter).reason.startswith(
        "scan.png: named .png but its contents are not .png"
    )


def test_tables_hold_each_input_of_the_call_once_and_only_what_is_asked(
    job: Job, item: Item, segmenter: Segmenter
) -> None:
    other = dataclasses.replace(item, name="other.png")
    do(item, job, segmenter)
    do(other, job, segmenter)
    assert [row["input"] for row in tables(job, [other, item])[1]] == ["other.png", "sub/scan.png"]
    assert tables(later(job, kinds=("x",)), [other, item])[0] == Counts(0, 0, 2, 0)
    assert tables(job, [item])[0] == Counts(1, 0, 0, 1)


def test_a_damaged_record_is_no_record(job: Job, item: Item, segmenter: Segmenter) -> None:
    do(item, job, segmenter)
    for junk in (b"{", b"[]", b'{"schema": "other"}', b"\xff"):
        Store(job.out, "x").write(record_name(item), junk)
        assert tables(job, [item])[0].pending == 1
    assert do(item, later(job), segmenter).status == "done"


def test_a_record_is_ascii_whatever_a_file_is_called(job: Job) -> None:
    odd = Item("a\udcff\n=b.png", "a", prompts=GIVEN)
    there = Item.from_json(odd.to_json())
    assert (there.name, there.label, there.requested(), job.request_of(there)) == (
        odd.name,
        odd.label,
        odd.requested(),
        job.request_of(odd),
    )
    write_record(Store(job.out, job.run), odd, job, {"status": "failed", "reason": "x"})
    assert json.loads((Path(job.out) / record_name(odd)).read_text("ascii"))["input"] == odd.name
    assert tables(job, [odd])[0].failed == 1


ELSEWHERE = (
    "../victim/important.txt",
    "sub/other.png.mask.png",
    "results.csv",
    "sub/scan.png.json/../../../victim/important.txt",
)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_only_files_that_follow_from_the_input_are_removed(
    job: Job, item: Item, segmenter: Segmenter, tmp_path: Path, name: str
) -> None:
    victim = tmp_path / "victim" / "important.txt"
    victim.parent.mkdir()
    victim.write_text("keep")
    do(item, job, segmenter)
    for kept in ("sub/other.png.mask.png", "results.csv"):
        (Path(job.out) / kept).write_bytes(b"keep")
    path = Path(job.out) / record_name(item)
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"files": [*record["files"], name]}))
    assert is_pending(item, later(job))
    assert do(item, later(job, force=True), segmenter).status == "done"
    assert victim.read_text() == "keep"
    assert (
        (Path(job.out) / "sub" / "other.png.mask.png").read_bytes()
        == (Path(job.out) / "results.csv").read_bytes()
        == b"keep"
    )
    assert json.loads(path.read_text())["files"] == record["files"]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "done?"},
        {"ask": 7},
        {"files": None},
        {"files": [7]},
        {"input": "other.png"},
        {"frames": [{"frame": None}]},
        {"frames": [{"frame": [], "mask": "x"}]},
        {"objects": [7]},
        {"objects": [{"frame": 9}]},
        {"sha256": None},
        {"status": "failed"},
    ],
)
def test_a_malformed_record_is_made_again(
    job: Job, item: Item, segmenter: Segmenter, change: dict[str, Any]
) -> None:
    do(item, job, segmenter)
    path = Path(job.out) / record_name(item)
    whole = json.loads(path.read_text())
    path.write_text(json.dumps(whole | change))
    assert tables(later(job), [item])[0] == Counts(0, 0, 1, 0)
    assert do(item, later(job), segmenter).status == "done"
    assert json.loads(path.read_text()) == whole | {"run": "run2"}


def test_tables_on_their_way_lie_where_the_next_process_finds_them(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They name a patient's files: a process that is killed here may not leave them for good."""
    put, seen = Store.put, []
    monkeypatch.setattr(Store, "put", lambda self, name, path: (seen.append(path), put(self, name, path))[1])
    tables(job, [])
    assert [path.name for path in seen] == ["results.csv", "failures.csv"]
    assert all(is_stage(path.parent.parent) and not path.exists() for path in seen)
