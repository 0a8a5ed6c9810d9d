"""Cines as napari's layers and back, prompts, masks and files; no napari is needed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dicoms import dataset, region, save
from phantoms import ellipse, speckled
from uniultra.errors import OutputError, PromptError
from uniultra.hosts.description import Description
from uniultra.hosts.napari.layers import OURS, LazyFrames, cine_of, image_layer
from uniultra.hosts.napari.masks import (
    MOST_BYTES,
    Answers,
    empty_labels,
    gone_on,
    painted,
    results_of,
    segmented,
    tracked,
)
from uniultra.hosts.napari.prompts import IN, OUT, Prompts, numbered, prompts_of
from uniultra.hosts.napari.reader import get_reader, read
from uniultra.hosts.napari.writer import write_labels
from uniultra.io.cines import open_cine
from uniultra.io.label_maps import READERS
from uniultra.io.masks import read_ids
from uniultra.segmenter import Segmenter
from uniultra.types import Cine, Prompt

SIDE, COUNT = 96, 3
BOX = np.array([[0, 20, 24], [0, 20, 72], [0, 64, 72], [0, 64, 24]], float)


def heart(number: int) -> np.ndarray:
    inside = ellipse((SIDE, SIDE), (48, 42), (22 - number, 20 - number))
    return speckled(inside, seed=number).pixels_hw


def dicom(folder: Path, **more: Any) -> Path:
    frames = np.stack([heart(number) for number in range(COUNT)])
    found = dataset(frames, SequenceOfUltrasoundRegions=[region(box=(0, 0, SIDE, SIDE), delta=0.03)], **more)
    return save(found, folder / "a.dcm")


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load(threads=1)


def test_reader_gives_millimetres_and_seconds(tmp_path: Path) -> None:
    path = dicom(tmp_path, FrameTime="40")
    assert get_reader([str(path)]) is None
    (tmp_path / "a.txt").write_text("no image")
    assert get_reader(str(tmp_path / "a.txt")) is None
    reader = get_reader(str(path))
    assert reader is not None
    [(data, attributes, kind)] = reader(str(path))
    assert (kind, data.shape, data.ndim) == ("image", (COUNT, SIDE, SIDE), 3)
    assert attributes["scale"] == pytest.approx((0.04, 0.3, 0.3))
    assert attributes["units"] == ("second", "millimeter", "millimeter")
    assert attributes["metadata"][OURS]["scale"] == "region 1"
    whole = np.stack([frame.pixels_hw for frame in open_cine(path)])
    assert np.array_equal(np.asarray(data), whole)
    assert np.array_equal(data[-1], whole[-1])
    assert np.array_equal(data[1, 3:9, ::2], whole[1, 3:9, ::2])
    assert np.array_equal(data[0:2, 5], whole[0:2, 5])


def test_axes_are_pixels_where_nobody_knows(tmp_path: Path) -> None:
    frame = open_cine(dicom(tmp_path)).read(0)
    plain = Cine("a", (SIDE, SIDE), 1, lambda number: frame, lambda: iter([frame]))
    _, attributes, _ = image_layer(plain, "a", "a.png")
    assert attributes["units"] == ("pixel", "pixel")
    assert "axes are in pixels" in attributes["metadata"][OURS]["scale"]


def test_layers_of_other_readers_are_cines_too() -> None:
    attributes = {
        "name": "theirs",
        "rgb": False,
        "contrast_limits": (0, 1000),
        "scale": (1, 0.2, 0.1),
        "units": ["pixel", "millimeter", "micrometer"],
    }
    data = np.full((2, 20, 30), 500, np.uint16)
    cine = cine_of(data, attributes)
    assert (cine.count, cine.frame_hw) == (2, (20, 30))
    assert cine.read(1).pixels_hw[0, 0] == 128
    assert cine.read(0).spacing_mm_yx == pytest.approx((0.2, 0.0001))
    colour = cine_of(np.full((20, 30, 3), 7, np.uint8), attributes | {"rgb": True})
    assert colour.read(0).pixels_hw.max() == 7
    with pytest.raises(PromptError, match="split it"):
        cine_of(np.zeros((2, 2, 20, 30)), attributes)


def test_prompts_go_by_frame_and_structure() -> None:
    points = np.array([[1, 30, 40], [1, 5, 6], [0, 31, 41]], float)
    found = prompts_of(points, [(2, IN), (2, OUT), (7, IN)], [BOX], [7])
    assert found == {
        0: {7: Prompt((24, 20, 72, 64), ((41, 31),), (1,))},
        1: {2: Prompt(None, ((40, 30), (6, 5)), (1, 0))},
    }
    assert numbered(found) == ({0: {2: found[0][7]}, 1: {1: found[1][2]}}, [2, 7])
    with pytest.raises(PromptError, match="structure 1 has points outside alone on frame 1, and no mask"):
        prompts_of(points[:1], [(1, OUT)], [], [])
    flat = prompts_of(np.array([[3.0, 4.0]]), [(1, IN)], [], [])
    assert flat == {0: {1: Prompt(None, ((4, 3),), (1,))}}


def test_what_is_said_of_a_structure_goes_to_each_of_its_prompts() -> None:
    """How a box fits only where there is one: of a click it would be refused."""
    points = np.array([[1, 30, 40]], float)
    found = prompts_of(
        points, [(7, IN)], [BOX], [7], {7: Description("cyst", "tight"), 8: Description("nobody's")}
    )
    assert found == {
        0: {7: Prompt((24, 20, 72, 64), name="cyst", box_fit="tight")},
        1: {7: Prompt(None, ((40, 30),), name="cyst")},
    }


def made(path: Path, segmenter: Segmenter, work: Any) -> tuple[np.ndarray, Answers]:
    cine = open_cine(path)
    labels, answers = empty_labels(cine), Answers(str(path), cine, segmenter.facts)
    for result in work(segmenter, cine, prompts_of(np.zeros((0, 3)), [], [BOX], [7])):
        painted(labels, answers, result)
    return labels, answers


def test_masks_are_those_of_the_segmenter(tmp_path: Path, segmenter: Segmenter) -> None:
    path = dicom(tmp_path)
    labels, answers = made(path, segmenter, segmented)
    [mask] = segmenter.segment(open_cine(path).read(0), [Prompt((24, 20, 72, 64))])
    assert np.array_equal(labels[0] == 7, mask.mask_hw)
    assert not labels[1:].any()
    assert answers.found[0, 7][0] == mask.quality
    with pytest.raises(PromptError, match="legal are 0 to 2"):
        list(segmented(segmenter, open_cine(path), {9: {1: Prompt((1, 1, 5, 5))}}))


def asked(segmenter: Segmenter, state: tuple[np.ndarray, Answers], prompts: Prompts) -> Prompts:
    """Asks what the panel asks, paints the answers, and gives the prompts that went to the segmenter."""
    labels, answers = state
    given = gone_on(prompts, labels, answers)
    for result in segmented(segmenter, answers.cine, given):
        painted(labels, answers, result)
    return given


def test_points_that_are_added_go_on_from_the_mask_that_is_shown(
    tmp_path: Path, segmenter: Segmenter
) -> None:
    cine = open_cine(dicom(tmp_path))
    state = labels, _ = empty_labels(cine), Answers(None, cine, segmenter.facts)
    one = Prompt(points_xy=((44, 48),))
    two = Prompt(points_xy=((44, 48), (52, 30)), point_labels=(1, 0))
    assert asked(segmenter, state, {0: {7: one}})[0][7].mask_hw is None
    first = labels[0] == 7
    assert first.any()
    given = asked(segmenter, state, {0: {7: two}})[0][7]
    assert np.array_equal(given.mask_hw, first)
    second = labels[0] == 7
    [expected] = segmenter.segment(cine.read(0), [replace(two, mask_hw=first)])
    assert np.array_equal(second, expected.mask_hw)
    # The same again, as where another structure was changed: the same answer.
    given = asked(segmenter, state, {0: {7: two}})[0][7]
    assert np.array_equal(given.mask_hw, first)
    assert np.array_equal(labels[0] == 7, second)
    labels[0, 70:80, 60:70] = 7  # painted by hand
    third = Prompt(points_xy=(*two.points_xy, (65, 75)), point_labels=(1, 0, 1))
    given = asked(segmenter, state, {0: {7: third}})[0][7]
    assert given.mask_hw is not None
    assert given.mask_hw[70:80, 60:70].all()


@pytest.mark.parametrize(
    "changed",
    [
        Prompt(points_xy=((44, 49), (52, 30)), point_labels=(1, 0)),
        Prompt(points_xy=((44, 48), (52, 30)), point_labels=(1, 0), name="cyst"),
        Prompt((24, 20, 72, 64), ((44, 48), (52, 30)), (1, 0)),
    ],
    ids=["a point that was moved", "another name", "a box"],
)
def test_a_prompt_that_was_changed_is_answered_anew(
    tmp_path: Path, segmenter: Segmenter, changed: Prompt
) -> None:
    cine = open_cine(dicom(tmp_path))
    state = empty_labels(cine), Answers(None, cine, segmenter.facts)
    asked(segmenter, state, {0: {7: Prompt(points_xy=((44, 48),))}})
    assert asked(segmenter, state, {0: {7: changed}})[0][7].mask_hw is None


def test_a_point_corrects_a_mask_that_was_tracked(tmp_path: Path, segmenter: Segmenter) -> None:
    """A box on its frame says it anew; so does a point on a frame that shows nothing."""
    labels, answers = made(dicom(tmp_path), segmenter, tracked)
    shown = labels[2] == 7
    point, box = Prompt(points_xy=((44, 48),)), Prompt((24, 20, 72, 64))
    given = gone_on({2: {7: point, 9: point}, 1: {7: box}}, labels, answers)
    assert np.array_equal(given[2][7].mask_hw, shown)
    assert (given[2][9].mask_hw, given[1][7].mask_hw) == (None, None)
    assert gone_on({COUNT: {7: point}}, labels, answers) == {COUNT: {7: point}}


@pytest.mark.parametrize("work", [segmented, tracked])
def test_points_outside_alone_correct_a_mask_that_was_tracked(
    tmp_path: Path, segmenter: Segmenter, work: Any
) -> None:
    labels, answers = made(dicom(tmp_path), segmenter, tracked)
    labels[2, 60:90, 50:90] = 7  # which it isn't
    shown = labels[2] == 7
    outside = np.array([[2, 86, 84]], float)
    prompts = prompts_of(outside, [(7, OUT)], [], [], shown=lambda frame, number: labels[frame] == number)
    given = gone_on(prompts, labels, answers)
    [result] = [one for one in work(segmenter, answers.cine, given) if one.number == 2]
    [expected] = segmenter.segment(
        answers.cine.read(2), [Prompt(points_xy=((84, 86),), point_labels=(0,), mask_hw=shown)]
    )
    [mask] = result.masks
    assert np.array_equal(mask.mask_hw, expected.mask_hw)
    assert not mask.mask_hw[86, 84]
    assert mask.mask_hw.any()


def test_tracking_fills_every_frame(tmp_path: Path, segmenter: Segmenter) -> None:
    labels, answers = made(dicom(tmp_path), segmenter, tracked)
    assert [sorted(np.unique(plane)) for plane in labels] == [[0, 7]] * COUNT
    assert {frame for frame, _ in answers.found} == {0, 1, 2}


def test_tracking_keeps_names(tmp_path: Path, segmenter: Segmenter) -> None:
    cine, named = open_cine(dicom(tmp_path)), {7: Description("cyst")}
    lower = np.add(BOX, (0, 1, 0))
    prompts = prompts_of(np.zeros((0, 3)), [], [BOX, lower], [7, 9], named)
    results = list(tracked(segmenter, cine, prompts))
    assert [[(one.number, one.name) for one in result.objects] for result in results] == [
        [(7, "cyst"), (9, "")]
    ] * COUNT


def test_edits_lose_their_quality(tmp_path: Path, segmenter: Segmenter) -> None:
    labels, answers = made(dicom(tmp_path), segmenter, segmented)
    [result] = results_of(labels, answers)
    assert result.objects[0].mask.quality > 0
    assert result.notes == ()
    labels[0, :5, :5] = 7
    [result] = results_of(labels, answers)
    assert result.objects[0].quality is None
    assert result.notes == ("structure 7: corrected by hand",)
    labels[0, -5:, -5:] = 9
    [result] = results_of(labels, answers)
    assert [(one.by_hand, one.models) for one in result.objects] == [("corrected", None), ("drawn", ())]


def test_files_hold_what_is_shown(tmp_path: Path, segmenter: Segmenter) -> None:
    labels, answers = made(dicom(tmp_path), segmenter, tracked)
    attributes = {"metadata": {OURS: {"answers": answers}}}
    files = write_labels(str(tmp_path / "m.png"), labels, attributes)
    assert [Path(file).name for file in files] == [
        f"m.f{frame}.{ending}" for frame in range(COUNT) for ending in ("png", "json")
    ]
    assert np.array_equal(read_ids(Path(files[2])), labels[1])
    said = json.loads(Path(files[1]).read_text())
    assert "name" not in said["objects"][0]
    answers.names[7] = "cyst"
    assert (said["image"], said["objects"][0]["id"]) == ("a.dcm", 7)
    assert said["objects"][0]["area_mm2"] == pytest.approx((labels[0] == 7).sum() * 0.09)
    with pytest.raises(OutputError, match="masks on 3 frames"):
        write_labels(str(tmp_path / "m.seg.nrrd"), labels, attributes)
    labels[1:] = 0
    [file] = write_labels(str(tmp_path / "m.seg.nrrd"), labels, attributes)
    ids, known = READERS["NRRD"](file)
    assert np.array_equal(ids > 0, labels[0] > 0)
    assert known.whole_mm_yx == pytest.approx((0.3, 0.3))
    assert b"Segment0_Name:=cyst" in Path(file).read_bytes()
    [(again, _, kind)] = read(file)
    assert kind == "labels"
    assert np.array_equal(again, ids)


def test_seg_goes_back_to_its_cine(tmp_path: Path, segmenter: Segmenter) -> None:
    highdicom = pytest.importorskip("highdicom")
    labels, answers = made(dicom(tmp_path), segmenter, tracked)
    [file] = write_labels(str(tmp_path / "m.seg.dcm"), labels, {"metadata": {OURS: {"answers": answers}}})
    seg = highdicom.seg.segread(file)
    assert seg.number_of_segments == 1
    assert [one.SegmentLabel for one in seg.SegmentSequence] == ["structure 7"]
    assert int(seg.pixel_array.sum()) == int((labels > 0).sum())
    answers.names[7] = "left ventricle"
    [file] = write_labels(str(tmp_path / "n.seg.dcm"), labels, {"metadata": {OURS: {"answers": answers}}})
    [segment] = highdicom.seg.segread(file).SegmentSequence
    assert segment.SegmentLabel == "left ventricle"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == "87878005"


def test_refused_by_the_writer(tmp_path: Path, segmenter: Segmenter) -> None:
    target = str(tmp_path / "m.png")
    with pytest.raises(OutputError, match="names no source"):
        write_labels(target, np.ones((5, 5), np.uint8), {"metadata": {}})
    cine = open_cine(dicom(tmp_path))
    attributes = {"metadata": {OURS: {"answers": Answers(None, cine, segmenter.facts)}}}
    with pytest.raises(OutputError, match="the layer is empty"):
        write_labels(target, empty_labels(cine), attributes)
    with pytest.raises(OutputError, match="legal are 1 to 255"):
        write_labels(target, np.full((5, 5), 300), attributes)
    with pytest.raises(OutputError, match="save it as PNG"):
        write_labels(str(tmp_path / "m.seg.dcm"), empty_labels(cine) + 1, attributes)
    assert not list(tmp_path.glob("m*"))


def test_labels_of_a_huge_cine_are_refused() -> None:
    long = Cine("a", (600, 800), MOST_BYTES // 480_000 + 1, lambda number: None, lambda: iter(()))  # type: ignore[arg-type, return-value]
    with pytest.raises(PromptError, match="the limit is 2 GB"):
        empty_labels(long)
    assert LazyFrames(long).size > MOST_BYTES
