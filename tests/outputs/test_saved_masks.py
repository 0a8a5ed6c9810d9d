"""Masks read back with their scale: phantoms of known size, one by one and as a beat."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dicoms import dataset, region, save
from phantoms import ellipse
from uniultra.cli.terminal.measure_text import volume_lines
from uniultra.errors import PromptError
from uniultra.io.dicom.seg import Segment, segmentation
from uniultra.io.dicom.source import Maker, read_source, write_dataset
from uniultra.io.label_tiff import LabelFile
from uniultra.measure.ejection import EQUAL, SQUARE
from uniultra.measure.measured import scale_json
from uniultra.outputs.mask_volumes import volume_json
from uniultra.outputs.saved_masks import MaskPlace, open_masks
from uniultra.pixel_scale import Calibration, Scale


def half_mm(calibration: Calibration) -> Calibration:
    return calibration.with_fallback("the test", (0.5, 0.5))


@pytest.fixture
def beat(tmp_path: Path) -> Path:
    """The label of a cine: axes 50 and 40 px on frames 1 and 2, on frame 3 nothing."""
    path = tmp_path / "a.frames.masks.tif"
    with LabelFile(path) as file:
        for number, radius in ((1, 50), (2, 40)):
            file.add(number, ellipse((240, 320), (170, 110), (radius, 30)).astype(np.uint8))
        file.add(3, np.zeros((240, 320), np.uint8))
    return path


def test_a_mask_is_measured_in_the_given_scale(tmp_path: Path) -> None:
    Image.fromarray(2 * ellipse((240, 320), (170, 110), (50, 30)).astype(np.uint8)).save(tmp_path / "a.png")
    [mask] = open_masks(tmp_path / "a.png", rescale=half_mm)
    assert mask.ids() == [2]
    shape = mask.measured(mask.only_id()).shape
    assert shape is not None
    assert shape.area.value == pytest.approx(np.pi * 25 * 15, rel=0.01)
    [unscaled] = open_masks(tmp_path / "a.png")
    with pytest.raises(PromptError, match=r"a.png: a volume needs millimetres, but no calibration is known"):
        unscaled.view()
    with pytest.raises(PromptError, match="no structure 1; there are 2"):
        mask.ids(1)


def test_the_ejection_fraction_of_a_beat(beat: Path) -> None:
    masks = list(open_masks(beat, rescale=half_mm))
    assert [(mask.place.frame, mask.ids()) for mask in masks] == [(1, [1]), (2, [1]), (3, [])]
    report = volume_json("ef", 1, masks)
    assert [report[key]["frame"] for key in ("end_diastolic", "end_systolic")] == [1, 2]
    assert report["ejection_fraction"]["value"] == pytest.approx(
        20, abs=1
    )  # 1 - 40/50, the width being equal
    assert report["ejection_fraction"]["notes"][1].endswith("1 of 3 frames")

    pair = volume_json("ef", 2, [replace(one, place=MaskPlace(beat, None)) for one in masks[:2]])
    assert pair["ejection_fraction"]["value"] == report["ejection_fraction"]["value"]


def test_an_ejection_fraction_without_millimetres(beat: Path) -> None:
    known, blind = (volume_json("ef", 1, open_masks(beat, rescale=one)) for one in (half_mm, None))
    for key in ("ejection_fraction", "fractional_area_change"):
        assert blind[key]["value"] == known[key]["value"]
    assert known["fractional_area_change"]["value"] == pytest.approx(20, abs=1)
    assert blind["ejection_fraction"]["notes"] == [SQUARE, *known["ejection_fraction"]["notes"]]
    for phase, frame in (("end_diastolic", 1), ("end_systolic", 2)):
        said = blind[phase]
        assert [said[key] for key in ("frame", "value", "unit", "uncertainty")] == [frame, None, "ml", None]
        assert "a volume needs millimetres, but no calibration is known" in said["reason"]
        assert "reason" not in known[phase]
    lines = volume_lines("ef", blind, as_json=False)
    assert lines[0].split("  ")[0] == "end diastolic"
    assert "none  (single-plane Simpson, 20 discs, frame 1)" in lines[0]
    assert [line for line in lines if "millimetres" in line] == [
        f"  note: {SQUARE}",
        f"note: {blind['end_systolic']['reason']}",
    ]
    one, other, _ = open_masks(beat)
    two = [replace(mask, place=MaskPlace(beat, None)) for mask in (one, other)]
    assert volume_json("ef", 2, two)["ejection_fraction"]["value"] == blind["ejection_fraction"]["value"]
    scaled = replace(other, saved={1: Scale((0.5, 0.5), "region 1")})
    for masks in ([one, scaled], [replace(scaled, place=one.place), other]):  # which can't be compared
        with pytest.raises(PromptError, match=r"a volume needs millimetres, but no calibration is known"):
            volume_json("ef", 1, masks)
    with pytest.raises(PromptError, match=r"a volume needs millimetres, but no calibration is known"):
        volume_json("ef", 4, two * 2)


def test_the_shape_of_pixels_is_kept_beside_a_mask(beat: Path) -> None:
    """As of a video whose pixels aren't square: what is known of them is known when the mask is read back."""
    scale = scale_json(Calibration().with_aspect("the video", 0.5).at(None))
    assert scale["pixel_aspect"] == 0.5
    frames = [
        {"frame": number, "objects": [{"id": 1, "area_px": 1, "measures": {"scale": scale}}]}
        for number in (1, 2)
    ]
    beside = beat.with_name("a.frames.json")
    beside.write_text(json.dumps({"schema": "uniultra.segment-frames/1", "frames": frames}), encoding="utf-8")
    notes = volume_json("ef", 1, open_masks(beat))["ejection_fraction"]["notes"]
    assert notes[0] == EQUAL
    for odd in ("0", "-1", "1e999", '"x"'):
        beside.write_text(
            json.dumps({"schema": "uniultra.segment-frames/1", "frames": frames}).replace(
                '"pixel_aspect": 0.5', f'"pixel_aspect": {odd}'
            ),
            encoding="utf-8",
        )
        assert volume_json("ef", 1, open_masks(beat))["ejection_fraction"]["notes"][0] == SQUARE


def test_an_ejection_fraction_of_unsure_frames_says_so(beat: Path) -> None:
    scale = {"spacing_mm_yx": [0.5, 0.5], "source": "region 1", "reason": "", "notes": []}
    frames = [
        {
            "frame": number,
            "objects": [{"id": 1, "area_px": 1, "measures": {"scale": scale}, "status": status}],
        }
        for number, status in ((1, "unsure"), (2, "sure"))
    ]
    beside = beat.with_name("a.frames.json")
    beside.write_text(json.dumps({"schema": "uniultra.segment-frames/1", "frames": frames}), encoding="utf-8")
    for rescale in (None, half_mm):
        report = volume_json("ef", 1, list(open_masks(beat, rescale=rescale)))
        assert "what was tracked without being sure, frame 1;" in report["ejection_fraction"]["notes"][-2]
        assert "status unsure): check the mask" in report["end_diastolic"]["notes"][-1]
        assert "unsure" not in str(report["end_systolic"])


@pytest.mark.parametrize(
    ("method", "paths", "says"),
    [
        ("cube", 1, "--volume 'cube' is unknown; give ellipsoid, simpson, ef"),
        ("ellipsoid", 1, "--volume ellipsoid takes 2 masks, not 1"),
        ("simpson", 1, "a label of a cine; --volume simpson takes masks of one frame"),
    ],
)
def test_what_no_volume_is_made_of(beat: Path, method: str, paths: int, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        volume_json(method, paths, open_masks(beat, rescale=half_mm))


HW = (240, 320)
INNER = {number: ellipse(HW, (170, 110), (radius, 30)) for number, radius in ((1, 50), (2, 40), (3, 45))}
"""Of a structure that lies within another one on each frame."""


def seg(folder: Path, frames: tuple[int, ...]) -> Path:
    """A SEG of frames of a cine: structure 2 lies within 1, which doesn't change."""
    cine = save(dataset(np.zeros((4, *HW), np.uint8)), folder / "cine.dcm")
    outer = ellipse(HW, (170, 110), (90, 80))
    segments = [
        Segment("outer", dict.fromkeys(frames, outer)),
        Segment("inner", {number: INNER[number] for number in frames}),
    ]
    write_dataset(folder / "a.seg.dcm", segmentation(read_source(cine), segments, Maker("m", "1", "2")))
    return folder / "a.seg.dcm"


def test_overlapping_segments_are_one_frame(tmp_path: Path) -> None:
    masks = list(open_masks(seg(tmp_path, (1, 2, 3)), rescale=half_mm))
    assert [(mask.place.frame, mask.ids(), mask.ids(2)) for mask in masks] == [
        (number, [1, 2], [2]) for number in (1, 2, 3)
    ]
    for mask in masks:
        np.testing.assert_array_equal(mask.mask_of(2), INNER[mask.place.frame or 0])
    with pytest.raises(PromptError, match="structures 1, 2; a volume needs one: choose it with --id"):
        volume_json("ef", 1, masks)
    report = volume_json("ef", 1, masks, 2)
    assert report["ejection_fraction"]["value"] == pytest.approx(20, abs=1)
    assert [note for note in report["ejection_fraction"]["notes"] if "left out" in note] == []
    assert volume_json("ef", 1, masks, 1)["ejection_fraction"]["value"] == 0


def test_a_volume_of_one_frame_of_a_cine(tmp_path: Path, beat: Path) -> None:
    (tmp_path / "one").mkdir()
    path = seg(tmp_path / "one", (1,))
    volume = volume_json("simpson", 1, open_masks(path, rescale=half_mm), 2)["volume"]
    [first, *_] = open_masks(beat, rescale=half_mm)
    assert volume["value"] == volume_json("simpson", 1, [first])["volume"]["value"]
    both = [*open_masks(path, rescale=half_mm), *open_masks(beat, rescale=half_mm)]
    with pytest.raises(PromptError, match=r"a.frames.masks.tif: a label of a cine; --volume ef takes masks"):
        volume_json("ef", 2, both, 2)


def test_a_mask_that_lost_pixels_to_another_says_so(tmp_path: Path) -> None:
    ids = np.zeros(HW, np.uint8)
    ids[20:60, 20:60], ids[50:90, 20:60] = 1, 2
    Image.fromarray(ids).save(tmp_path / "a.mask.png")
    scale = {"spacing_mm_yx": [0.5, 0.5], "source": "region 1", "reason": None, "notes": []}
    objects = [{"id": number, "area_px": 1600, "measures": {"scale": scale}} for number in (1, 2)]
    report = {"schema": "uniultra.segment/1", "frame": None, "objects": objects}
    (tmp_path / "a.json").write_text(json.dumps(report))
    for rescale in (None, half_mm):  # whatever the scale
        [mask] = open_masks(tmp_path / "a.mask.png", rescale=rescale)
        first, second = (mask.measured(number).shape for number in (1, 2))
        assert first is not None
        assert second is not None
        assert (first.area.value, second.area.value) == (300, 400)
        assert [note for note in first.notes if "JSON" in note] == [
            "structure 1 has 1200 pixels in this mask, but 1600 in the JSON beside it: where structures "
            "overlap, a mask image holds one of them; take the numbers of the JSON, or measure a DICOM SEG, "
            "which holds all of each"
        ]
        assert [note for note in second.notes if "JSON" in note] == []
        volume = volume_json("simpson", 1, [mask], 1)["volume"]
        assert any(note.startswith("structure 1 has 1200 pixels") for note in volume["notes"])


def test_a_frame_that_is_named_keeps_the_scale_beside_its_mask(tmp_path: Path) -> None:
    Image.fromarray(ellipse(HW, (170, 110), (50, 30)).astype(np.uint8)).save(tmp_path / "a.frame7.mask.png")
    scale = {"spacing_mm_yx": [0.5, 0.25], "source": "region 1", "reason": None, "notes": []}
    item = {"id": 1, "area_px": 4000, "measures": {"scale": scale}}
    report = {"schema": "uniultra.segment/1", "frame": 7, "objects": [item]}
    (tmp_path / "a.frame7.json").write_text(json.dumps(report))
    for frame in (None, 7):
        [mask] = open_masks(tmp_path / "a.frame7.mask.png", frame=frame)
        assert mask.scale_of(1).spacing_mm_yx == (0.5, 0.25)


@pytest.mark.parametrize("kind", ["tif", "seg"])
def test_frames_lie_apart_by_the_times_of_their_image(tmp_path: Path, kind: str) -> None:
    """Unequal ones: neighbours that are far apart, and the other way round."""
    sizes = {0: 50, 1: 45, 3: 40}
    for times, said in (([0, 10, 10, 20], "frames 0 and 3 are 0.040 s apart"), ([0, 40, 400, 400], "")):
        cine = dataset(np.zeros((4, *HW), np.uint8), FrameTimeVector=times)
        cine.FrameIncrementPointer = 0x00181065
        image = save(cine, tmp_path / f"{said[:6]}.dcm")
        masks = {number: ellipse(HW, (170, 110), (radius, 30)) for number, radius in sizes.items()}
        if kind == "seg":
            path = image.with_suffix(".seg.dcm")
            write_dataset(
                path, segmentation(read_source(image), [Segment("lv", masks)], Maker("m", "1", "2"))
            )
        else:
            path = image.with_suffix(".frames.masks.tif")
            with LabelFile(path) as file:
                for number, mask in masks.items():
                    file.add(number, mask.astype(np.uint8))
        report = volume_json("ef", 1, open_masks(path, image, rescale=half_mm))
        notes = [note for note in report["ejection_fraction"]["notes"] if "apart" in note]
        assert notes == [f"{said}: one of the two masks is probably wrong"] * bool(said)


def test_a_mask_across_regions_says_what_helps(tmp_path: Path, beat: Path) -> None:
    """--spacing doesn't; --override-scale does, and gives the number."""
    cine = dataset(np.zeros((4, *HW), np.uint8), FrameTime=40.0)
    halves = (((0, 0, 159, 239), 0.05), ((160, 0, 319, 239), 0.03))
    cine.SequenceOfUltrasoundRegions = [region(box, delta) for box, delta in halves]
    image = save(cine, tmp_path / "cine.dcm")
    for scale in (None, half_mm):
        with pytest.raises(PromptError, match=r"across regions 1 and 2; keep the mask within one region, or"):
            volume_json("ef", 1, open_masks(beat, image, rescale=scale))
    report = volume_json(
        "ef", 1, open_masks(beat, image, rescale=lambda one: one.overridden("the test", 0.5))
    )
    assert report["end_diastolic"]["value"] == pytest.approx(4 / 3 * np.pi * 25 * 15**2 / 1000, rel=0.02)
