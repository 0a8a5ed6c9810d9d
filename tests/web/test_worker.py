"""Jobs to answers, without HTTP: hostile files and masks, time, and bugs that stay private."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicoms import PHI, dataset, region, save
from dicoms import picture as pictures
from phantoms import png_claiming, speckled
from scans import BAD_FILES, BOX, TRUE, png_of
from uniultra.backends.protocol import Backend
from uniultra.io.coco import compressed, run_lengths
from uniultra.model_facts import ModelFacts
from uniultra.postprocess import NOTHING_TO_SEE
from uniultra.types import Frame
from uniultra.web.cache import EmbeddingCache
from uniultra.web.messages import (
    Answer,
    Failure,
    FileOptions,
    Forget,
    Png,
    PromptRequest,
    Read,
    Rle,
    Segment,
    Upload,
)
from uniultra.web.worker import Worker

LIMIT = 64_000_000


@pytest.fixture
def worker(backend: Backend) -> Worker:
    return Worker(backend, EmbeddingCache(10**8))


def segment(frame: Frame, *prompts: PromptRequest, png: bool = False, work_s: float = 30.0) -> Segment:
    return Segment("a", frame, prompts, work_s, png)


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_get_one_line_without_a_path(worker: Worker, name: str) -> None:
    data, problem, message = BAD_FILES[name]
    failure = worker.run(Read(data, LIMIT, LIMIT))
    assert isinstance(failure, Failure)
    assert failure.problem == problem
    assert failure.detail.startswith("the image: ")
    assert message in failure.detail
    assert "/" not in failure.detail.replace("and/or", "")
    assert failure.detail.isprintable()


def test_the_servers_own_limit_of_pixels(worker: Worker, picture: bytes) -> None:
    failure = worker.run(Read(picture, 19_199, LIMIT))
    assert failure == Failure(
        "image", "the image: 160 x 120 pixels; this server takes up to 19199 in all; crop or shrink it"
    )
    assert isinstance(worker.run(Read(picture, 19_200, LIMIT)), Answer)


BAD_PROMPTS = {
    "inverted box": (PromptRequest((9.0, 2.0, 3.0, 1.0)), "box 9,2,3,1 is empty or inverted"),
    "box outside": (PromptRequest((500.0, 500.0, 600.0, 600.0)), "has less than a pixel on the image"),
    "point outside": (PromptRequest(points_xy=((161.0, 5.0),)), "point 161,5 is outside the image"),
    "infinite": (PromptRequest((0.0, 0.0, float("inf"), 9.0)), "is not four finite numbers"),
    "nothing": (PromptRequest(), "the prompt points at nothing"),
    "negative alone": (PromptRequest(points_xy=((5.0, 5.0),), labels=(0,)), "the prompt points at nothing"),
    "labels missing": (
        PromptRequest(points_xy=((5.0, 5.0), (6.0, 6.0)), labels=(1,)),
        "2 points but 1 labels",
    ),
    "mask of another size": (PromptRequest(mask=Rle("04", (2, 2))), "the previous mask is 2x2 pixels"),
    "empty mask": (PromptRequest(mask=Rle((120 * 160,), (120, 160))), "the previous mask is empty"),
    "no run lengths": (PromptRequest(mask=Rle("~~~", (120, 160))), "where COCO's run lengths can't"),
    "wrong sum": (PromptRequest(mask=Rle("42102", (120, 160))), "don't add up to 160 x 120 pixels"),
    "no picture": (PromptRequest(mask=Png(b"hello there")), "the previous mask: not a known kind of image"),
    "picture of another size": (
        PromptRequest(mask=Png(png_of(np.ones((20, 20), bool)))),
        "the previous mask: the mask is 20 x 20 pixels",
    ),
    "black picture": (
        PromptRequest(mask=Png(png_of(np.zeros((120, 160), bool)))),
        "the previous mask: the mask is empty",
    ),
    "mask that is a bomb": (
        PromptRequest(mask=Png(png_claiming(100_000, 100_000))),
        "the previous mask: 100000 x 100000 pixels; the limit is",
    ),
}


@pytest.mark.parametrize("name", BAD_PROMPTS)
def test_bad_prompts_are_named_by_their_number(worker: Worker, frame: Frame, name: str) -> None:
    prompt, message = BAD_PROMPTS[name]
    failure = worker.run(segment(frame, PromptRequest(tuple(map(float, BOX))), prompt))
    assert isinstance(failure, Failure)
    assert failure.problem == "prompt"
    assert failure.detail.startswith("prompt 2: ")
    assert message in failure.detail
    assert "/proc" not in failure.detail


def dicom(tmp_path: Path, frames: int) -> bytes:
    """A DICOM file with patient data, two regions side by side, 0.2 mm and 0.1 mm per pixel."""
    sides = [region((0, 0, 17, 23), 0.02), region((18, 0, 35, 23), 0.01)]
    return save(
        dataset(pictures(frames), SequenceOfUltrasoundRegions=sides), tmp_path / "scan.dcm"
    ).read_bytes()


def test_dicom_is_measured_by_the_region_that_the_mask_lies_in(worker: Worker, tmp_path: Path) -> None:
    answer = worker.run(Read(dicom(tmp_path, 1), LIMIT, LIMIT))
    assert isinstance(answer, Answer)
    assert isinstance(answer.value, Upload)
    picked = answer.value.frame
    assert (picked.source, picked.spacing_mm_yx) == ("", None)
    left = Rle(compressed(run_lengths(np.arange(36)[None].repeat(24, 0) < 9)), (24, 36))
    prompts = (PromptRequest((2.0, 2.0, 14.0, 20.0), mask=left), PromptRequest((20.0, 2.0, 33.0, 20.0)))
    done = worker.run(Segment("a", picked, prompts, 30.0, measures=True))
    assert isinstance(done, Answer)
    assert isinstance(done.value, tuple)
    assert PHI not in str(done)
    for found in done.value:
        spacing = found.scale.spacing_mm_yx
        assert (found.area_mm2 is None) == (spacing is None)
        if spacing is not None:
            assert found.scale.source in ("region 1", "region 2")
            assert found.area_mm2 == pytest.approx(found.area_px * spacing[0] * spacing[1], abs=1e-3)
        assert found.measures is not None
        assert found.measures["scale"]["source"] == (found.scale.source or None)


def test_a_box_beyond_the_image_is_clipped_and_said(worker: Worker, frame: Frame) -> None:
    height, width = frame.height, frame.width
    prompts = (
        PromptRequest((2.0, 2.0, width + 50.0, height - 2.0)),
        PromptRequest((2.0, 2.0, width - 0.5, height - 2.0)),
    )
    done = worker.run(Segment("a", frame, prompts, 30.0))
    assert isinstance(done, Answer)
    assert isinstance(done.value, tuple)
    beyond, inside = done.value
    assert beyond.rle == inside.rle
    assert inside.notes == []
    [note] = beyond.notes
    assert note.endswith(f"reaches beyond the image of {width} x {height} pixels and is clipped to it")


def test_what_is_odd_about_a_prompt_is_said(worker: Worker) -> None:
    even, both = Frame(np.full((40, 60), 90, np.uint8)), PromptRequest(None, ((9.0, 9.0), (9.0, 9.0)), (1, 0))
    done = worker.run(Segment("even", even, (both, PromptRequest((2.0, 2.0, 30.0, 30.0))), 30.0))
    assert isinstance(done, Answer)
    first, second = done.value
    assert first.notes == [
        "point 9,9 is given both as inside and as outside; leave one of them out",
        NOTHING_TO_SEE,
    ]
    assert (second.notes, second.quality) == ([NOTHING_TO_SEE], 0)


def test_a_cine_needs_the_number_of_a_frame(worker: Worker, tmp_path: Path) -> None:
    data = dicom(tmp_path, 3)
    failure = worker.run(Read(data, LIMIT, LIMIT))
    assert failure == Failure("image", "the image: holds 3 frames; name one from 0 to 2: frame=N")
    frames = [worker.run(Read(data, LIMIT, LIMIT, FileOptions(number))) for number in range(3)]
    pixels = {
        answer.value.frame.pixels_hw.tobytes()
        for answer in frames
        if isinstance(answer, Answer) and isinstance(answer.value, Upload)
    }
    assert len(pixels) == 3
    failure = worker.run(Read(data, LIMIT, LIMIT, FileOptions(3)))
    assert isinstance(failure, Failure)
    assert "there is no frame 3; legal are 0 to 2" in failure.detail


def test_the_requests_spacing_fills_in_where_the_file_says_nothing(
    worker: Worker, picture: bytes, tmp_path: Path
) -> None:
    for data, spacing in ((picture, (0.3, 0.4)), (dicom(tmp_path, 1), None)):
        answer = worker.run(Read(data, LIMIT, LIMIT, FileOptions(None, (0.3, 0.4))))
        assert isinstance(answer, Answer)
        assert isinstance(answer.value, Upload)
        assert answer.value.frame.spacing_mm_yx == spacing
        assert answer.value.frame.calibration.fallbacks[-1] == ("the request", (0.3, 0.4))


def test_nothing_is_computed_where_one_prompt_is_bad(frame: Frame, backend: Backend) -> None:
    cache = EmbeddingCache(10**8)
    Worker(backend, cache).run(segment(frame, PromptRequest(tuple(map(float, BOX))), PromptRequest()))
    assert cache.state.misses == 0


@pytest.mark.parametrize("kind", ["rle", "png"])
def test_a_previous_mask_counts(worker: Worker, frame: Frame, kind: str) -> None:
    half = TRUE.copy()
    half[:, 85:] = False
    mask = Rle(compressed(run_lengths(half)), (120, 160)) if kind == "rle" else Png(png_of(half))
    answer = worker.run(segment(frame, PromptRequest(points_xy=((100.0, 55.0),), mask=mask)))
    assert isinstance(answer, Answer)
    assert isinstance(answer.value, tuple)
    assert answer.value[0].area_px > half.sum()


def test_time_is_looked_at_between_prompts(worker: Worker, frame: Frame) -> None:
    failure = worker.run(segment(frame, *[PromptRequest(tuple(map(float, BOX)))] * 50, work_s=0.02))
    assert isinstance(failure, Failure)
    assert failure.problem == "time-limit"
    assert "of 50 prompts were done in 0.02 s" in failure.detail


def test_a_bug_says_nothing_but_its_kind(frame: Frame, backend: Backend) -> None:
    class Broken:
        facts = ModelFacts("broken", "0", 256)

        def encode(self, images_bhw: np.ndarray) -> Any:
            raise RuntimeError("patient John Doe in /home/secret")

        def decode(self, *_: Any) -> Any:
            raise AssertionError

    failure = Worker(Broken(), EmbeddingCache(0)).run(segment(frame, PromptRequest(tuple(map(float, BOX)))))
    assert failure == Failure("bug", "RuntimeError")


def test_forgetting_empties_the_cache(worker: Worker, frame: Frame) -> None:
    worker.run(segment(frame, PromptRequest(tuple(map(float, BOX)))))
    assert worker.cache.state.bytes > 0
    answer = worker.run(Forget(("a",)))
    assert isinstance(answer, Answer)
    assert answer.cache.bytes == 0


@pytest.mark.parametrize(("most", "fits"), [(10**6, True), (10_000, False)])
def test_a_deflated_upload_is_inflated_in_memory_and_within_the_limit_of_an_upload(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, fits: bool
) -> None:
    path = save(
        dataset(speckled(TRUE).pixels_hw[None], syntax=DeflatedExplicitVRLittleEndian), tmp_path / "a.dcm"
    )
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "no-such-folder"))
    answer = worker.run(Read(path.read_bytes(), LIMIT, most))
    if fits:
        assert isinstance(answer, Answer)
        np.testing.assert_array_equal(answer.value.frame.pixels_hw, speckled(TRUE).pixels_hw)
        return
    assert isinstance(answer, Failure)
    assert answer.detail == (
        "the image: deflated DICOM: inflates to over 0.01 MB, which is the limit; export it uncompressed, "
        "or split it"
    )
