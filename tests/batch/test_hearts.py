"""The ejection fraction over an archive of clips: one row per clip, resumed like all else."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from commands import uniultra
from dicoms import dataset, region, save
from phantoms import ellipse, speckled
from uniultra.backends.open import model_sha256
from uniultra.batch.hearts import EF_COLUMNS
from uniultra.batch.job import Item, Job, plain_track
from uniultra.batch.process_item import do, is_pending
from uniultra.batch.records import read_record, record_name, write_head, write_tables
from uniultra.batch.storage import Store
from uniultra.io.cines import open_cine
from uniultra.outputs.archive_files import gather_extras, write_extras
from uniultra.outputs.course import Course, ejection_json
from uniultra.prompts.tracks import named_tracks
from uniultra.segmenter import Segmenter
from uniultra.tracking import track
from uniultra.types import Prompt

HW, BOX = (140, 180), (38.0, 33.0, 142.0, 107.0)
HALVES = (48, 43, 38, 34, 38, 44)


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One beating ventricle, as DICOM with millimetres and as a GIF without, and a file that is neither."""
    folder = tmp_path_factory.mktemp("in")
    frames = [speckled(ellipse(HW, (90, 70), (half, 33)), n).pixels_hw for n, half in enumerate(HALVES)]
    regions = [region((0, 0, HW[1] - 1, HW[0] - 1), 0.05)]
    save(dataset(np.stack(frames), SequenceOfUltrasoundRegions=regions, FrameTime=60), folder / "a.dcm")
    pictures = [Image.fromarray(one) for one in frames]
    pictures[0].save(folder / "b.gif", save_all=True, append_images=pictures[1:], duration=60)
    (folder / "c.gif").write_bytes(b"GIF89a")
    return folder


@pytest.fixture
def job(tmp_path: Path, segmenter: Segmenter) -> Job:
    sha256 = model_sha256("uniultra-mini", segmenter.facts)
    return Job(str(tmp_path / "out"), "uniultra-mini", sha256, "run", labels=("left ventricle",), ventricle=1)


def item(clips: Path, name: str) -> Item:
    return Item(name, str(clips / name), "all", track=plain_track({0: {1: Prompt(BOX)}}))


def table(job: Job, items: list[Item]) -> list[dict[str, str]]:
    store = Store(job.out, job.run)
    write_tables(store, items, job)
    rows = list(csv.DictReader((store.read("ef.csv") or b"").decode().splitlines()))
    assert all(tuple(row) == EF_COLUMNS for row in rows)
    return rows


def test_a_row_says_what_track_does(clips: Path, job: Job, segmenter: Segmenter) -> None:
    items = [item(clips, name) for name in ("a.dcm", "b.gif", "c.gif")]
    assert [do(one, job, segmenter).status for one in items] == ["done", "done", "failed"]
    rows = table(job, items)
    assert [row["input"] for row in rows] == ["a.dcm", "b.gif"]
    for row, given in zip(rows, items, strict=False):
        course = Course(1)
        prompted = named_tracks(given.tracked(), job.labels)
        for result in track(segmenter, open_cine(Path(given.path)), prompted):
            course.add(result)
        said = ejection_json(given.name, course)
        assert (row["ed_frame"], row["es_frame"]) == ("0", "3")
        assert (row["object"], row["name"]) == ("1", "left ventricle")
        assert (row["sure_frames"], row["frames"]) == ("6", "6")
        for column, key in (("ef", "ejection_fraction"), ("fac", "fractional_area_change")):
            found = said[key]["value"], said[key]["uncertainty"]
            assert (float(row[f"{column}_percent"]), float(row[f"{column}_uncertainty"])) == found
        for column, key in (("edv", "end_diastole"), ("esv", "end_systole")):
            volume = said[key]["volume"] or {"value": "", "uncertainty": ""}
            assert row[f"{column}_ml"] == str(volume["value"])
            assert row[f"{column}_uncertainty"] == str(volume["uncertainty"])
        assert row["note"] == "; ".join([*filter(None, [said.get("volume_reason")]), *said["notes"]])
    assert float(rows[0]["edv_ml"]) > float(rows[0]["esv_ml"]) > 1
    assert "a volume needs millimetres" in rows[1]["note"]


def test_a_ventricle_is_part_of_what_is_asked(clips: Path, job: Job, segmenter: Segmenter) -> None:
    one = item(clips, "b.gif")
    without = dataclasses.replace(job, ventricle=0)
    assert do(one, without, segmenter).status == "done"
    assert is_pending(one, job)
    assert do(one, dataclasses.replace(job, run="2"), segmenter).status == "done"
    assert do(one, dataclasses.replace(job, run="3"), segmenter).status == "skipped"
    assert is_pending(one, dataclasses.replace(job, ventricle=2))
    assert len(table(job, [one])) == 1
    assert table(dataclasses.replace(job, ventricle=2), [one]) == []


def test_clips_without_an_answer_say_why(clips: Path, job: Job, segmenter: Segmenter) -> None:
    other, second = item(clips, "a.dcm"), dataclasses.replace(job, ventricle=2)
    assert do(other, second, segmenter).status == "done"
    [row] = table(second, [other])
    assert (row["object"], row["note"]) == ("2", "structure 2 isn't prompted in this clip")
    assert [row[key] for key in ("ed_frame", "edv_ml", "ef_percent", "fac_percent")] == [""] * 4
    short = dataclasses.replace(item(clips, "a.dcm"), name="still.png", path=str(clips / "still.png"))
    Image.fromarray(open_cine(clips / "a.dcm").read(0).pixels_hw).save(short.path)
    assert do(short, job, segmenter).status == "done"
    [row] = table(job, [short])
    assert (row["note"], row["frames"]) == ("fewer than 2 sure frames show the structure", "1")


@pytest.mark.parametrize(
    "change", [{"ed_frame": "=1"}, {"ef_percent": "61"}, {"notes": [1]}, {"notes": None}, None]
)
def test_what_is_no_record_of_a_ventricle_is_made_again(
    clips: Path, job: Job, segmenter: Segmenter, change: dict[str, Any] | None
) -> None:
    one, store = item(clips, "b.gif"), Store(job.out, job.run)
    assert do(one, job, segmenter).status == "done"
    record = json.loads(store.read(record_name(one)) or b"")
    record["heart"] = change if change is None else record["heart"] | change
    store.write(record_name(one), json.dumps(record).encode())
    assert read_record(store, one) is None
    assert is_pending(one, job)


def test_a_table_that_is_not_asked_for_any_more_goes(clips: Path, job: Job, segmenter: Segmenter) -> None:
    """Its own alone: a file of that name that no batch wrote stays."""
    one, store = item(clips, "b.gif"), Store(job.out, job.run)
    without, table_file = dataclasses.replace(job, ventricle=0), Path(job.out) / "ef.csv"
    store.write("ef.csv", b"mine")
    write_head(store, without)
    assert table_file.read_bytes() == b"mine"
    write_head(store, job)
    do(one, job, segmenter)
    assert len(table(job, [one])) == 1
    write_head(store, without)
    assert not table_file.exists()
    for odd in (b"[1]", b"{", b"[" * 100_000):
        store.write(".uniultra/batch.json", odd)
        write_head(store, without)


def test_the_report_of_a_clip_has_the_fraction(clips: Path, job: Job, segmenter: Segmenter) -> None:
    pytest.importorskip("highdicom", reason="needs highdicom: pip install 'uniultra[dicom]'")
    from functools import partial

    from uniultra.io.dicom.sr_reader import read_report

    kinds = ("sr",)
    writing = dataclasses.replace(
        job,
        labels=(),
        ventricle=2,
        kinds=kinds,
        extras=partial(write_extras, kinds, False),
        gather=partial(gather_extras, kinds, False),
    )
    prompts = {0: {1: Prompt((80.0, 60.0, 100.0, 80.0)), 2: Prompt(BOX)}}
    one = dataclasses.replace(item(clips, "a.dcm"), track=plain_track(prompts))
    assert do(one, writing, segmenter).reason == ""
    rows = {row.code[0]: row for row in read_report(Path(job.out) / "a.dcm.sr.dcm")}
    [line] = table(writing, [one])
    assert rows["18043-0"].value == pytest.approx(float(line["ef_percent"]), rel=1e-4)
    assert rows["18026-5"].value == pytest.approx(float(line["edv_ml"]), rel=1e-4)


def test_the_command(clips: Path, tmp_path: Path) -> None:
    lines = [f"{name},{','.join(f'{edge:g}' for edge in BOX)},0,1" for name in ("a.dcm", "b.gif")]
    prompts = "\n".join(["file,x0,y0,x1,y1,frame,object", *lines])
    (tmp_path / "p.csv").write_text(prompts, encoding="utf-8")
    asked = ("batch", clips, "out", "--prompts", "p.csv", "--workers", 1)
    done = uniultra(*asked, "--lv", 1, cwd=tmp_path)
    assert done.returncode == 2
    assert "--lv 1 is of structures that are tracked; add --track, or leave it out" in done.stderr
    assert not (tmp_path / "out").exists()
    for before in (0, 2):
        done = uniultra(*asked, "--track", "--lv", 1, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"{before} were done before" in done.stdout
        assert "ejection fractions in out/ef.csv" in done.stdout
        with (tmp_path / "out" / "ef.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["input"] for row in rows] == ["a.dcm", "b.gif"]
        assert all(25 < float(row["ef_percent"]) < 60 for row in rows)
