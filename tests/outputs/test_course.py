"""The course of a tracked structure's size: its plot, and the ejection fraction."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.cli.terminal.course_lines import course_lines
from uniultra.io.input_file import InputFile
from uniultra.measure.ejection import SQUARE
from uniultra.model_facts import ModelFacts
from uniultra.outputs.course import Course, ejection_json
from uniultra.outputs.course_plot import DOUBT, Curve, Point, as_picture, as_svg
from uniultra.pixel_scale import NO_SCALE, Scale
from uniultra.results import FrameResult, ObjectResult, TrackStatus
from uniultra.types import Mask

HW = (200, 200)
FACTS = ModelFacts("m", "1", 128)
MM = Scale((0.5, 0.5), "test")


def result(number: int, half: float, status: TrackStatus = "sure", scale: Scale = MM) -> FrameResult:
    """An upright ellipse, 60 px high each way and `half` across; none where `half` is 0."""
    inside = ellipse(HW, (100, 100), (half, 60)) if half else np.zeros(HW, np.bool_)
    mask = Mask(inside, np.where(inside, 8.0, -8.0).astype(np.float32), 0.9, scale)
    frame = speckled(inside)
    return FrameResult(
        frame,
        (ObjectResult(1, mask, status=status, confidence=0.9),),
        FACTS,
        number,
        number / 20,
    )


def course(*frames: FrameResult) -> Course:
    found = Course(ventricle=1)
    for one in frames:
        found.add(one)
    return found


def test_the_ejection_fraction_of_ellipsoids() -> None:
    report = ejection_json(
        "a.dcm", course(result(0, 30), result(1, 40), result(2, 25), result(3, 20), result(4, 28))
    )
    assert (report["end_diastole"]["frame"], report["end_systole"]["frame"]) == (1, 3)
    # Of one length, volumes go as the squares of their widths: 1 - (20 / 40)^2.
    assert report["ejection_fraction"]["value"] == pytest.approx(75, abs=1.5)


def test_frames_that_are_not_sure_are_no_diastole() -> None:
    report = ejection_json(
        "a.dcm", course(result(0, 40), result(1, 70, "unsure"), result(2, 0, "lost"), result(3, 20))
    )
    assert (report["end_diastole"]["frame"], report["end_systole"]["frame"]) == (0, 3)


def test_extremes_too_close_or_too_few_are_noted() -> None:
    close = ejection_json("a.dcm", course(result(0, 40), result(1, 20), *(result(n, 30) for n in (2, 3))))
    assert "frames 0 and 1 are 0.050 s apart: one of the two masks is probably wrong" in close["notes"]
    lost = [result(n, 0, "lost") for n in range(4, 9)]
    few = ejection_json("a.dcm", course(result(0, 40), result(1, 30), result(3, 20), *lost))
    assert [note for note in few["notes"] if "sure on" in note] == [
        "the ventricle is sure on only 3 of 8 frames: its largest or smallest may be missing"
    ]
    assert not any("apart" in note for note in few["notes"])


def test_slices_have_no_heartbeat() -> None:
    """Of a volume the notes that its file has are on the fraction, too; of a cine they aren't."""
    slices = "the third axis is space: its frames are slices and have no times"
    for timed in (True, False):
        found = Course(ventricle=1, about=(slices,))
        for one in (result(0, 40), result(1, 30), result(3, 20)):
            found.add(one if timed else replace(one, time_s=None))
        assert (slices in ejection_json("a.nii.gz", found)["notes"]) is not timed


def test_areas_in_pixels_are_in_square_pixels() -> None:
    blind = Scale(None, "", "no calibration", ("an odd scale",))
    found = course(result(0, 40, scale=blind))
    assert (found.curves()[1], list(found.notes)) == ("px2", ["an odd scale"])


def test_a_curve_has_one_unit() -> None:
    """Pixels where one mask has no millimetres; frames without a mask change nothing."""
    blind = Scale(None, "", "it reaches beyond region 1")
    whole = course(result(0, 40), result(1, 0, "lost", blind), result(2, 20))
    left = course(result(0, 40), result(1, 40, scale=blind), result(2, 20))
    for found, unit, pixel in ((whole, "mm2", 0.25), (left, "px2", 1.0)):
        [curve], said = found.curves()
        areas = [point.size for point in found.points[1]]
        assert said == unit
        assert [one.size for one in curve.points] == [area and pytest.approx(area * pixel) for area in areas]
    first, last = min(areas), max(areas)
    source = InputFile(Path("a.dcm"))
    assert f"  1: area {first:.0f} to {last:.0f} px2; sure throughout" in course_lines(source, left, FACTS)


def test_each_structure_has_its_own_unit_in_lines() -> None:
    blind = replace(result(0, 40, scale=Scale(None, "", "no")).objects[0], number=2)
    both = replace(result(0, 40), objects=(*result(0, 40).objects, blind))
    found = course(both)
    assert [found.curves(number)[1] for number in (1, 2)] == ["mm2", "px2"]
    assert found.curves()[1] == "px2"


def test_without_two_sure_frames_or_millimetres_there_is_a_reason() -> None:
    assert "fewer than 2 sure frames" in ejection_json("a", course(result(0, 40)))["reason"]
    blind = Scale(None, "", "no calibration")
    report = ejection_json("a", course(result(0, 40, scale=blind), result(1, 20, scale=blind)))
    assert "needs millimetres, but no calibration" in report["reason"]


def test_an_ejection_fraction_without_millimetres() -> None:
    """Of a video: the same percent, volumes null with their reason, and what is assumed."""
    sizes = list(enumerate((30, 40, 25, 20, 28)))
    found = [course(*(result(n, half, scale=scale) for n, half in sizes)) for scale in (NO_SCALE, MM)]
    blind, known = (ejection_json("a.mp4", one) for one in found)
    for key in ("ejection_fraction", "fractional_area_change"):
        assert blind[key] == known[key]
    assert known["fractional_area_change"]["value"] == pytest.approx(50, abs=1)
    assert [blind[key]["volume"] for key in ("end_diastole", "end_systole")] == [None, None]
    assert blind["volume_reason"].startswith("a volume needs millimetres, but no calibration is known; give ")
    assert "volume_reason" not in known
    assert (SQUARE in blind["notes"], SQUARE in known["notes"]) == (True, False)
    source = InputFile(Path("a.mp4"))
    lines = [course_lines(source, one, FACTS) for one in found]
    assert "  EF of 1: 75 ± 1 % (ED frame 1, ES frame 3, FAC 50 ± 1 %, single-plane Simpson" in lines[0]
    assert f"  note: {blind['volume_reason']}" in lines[0]
    high, low = (known[key]["volume"] for key in ("end_diastole", "end_systole"))
    sizes_said = [f"{one['value']:.1f} ± {one['uncertainty']:.1f} ml" for one in (high, low)]
    assert f"(ED frame 1: {sizes_said[0]}, ES frame 3: {sizes_said[1]}, FAC 50 ± 1 %," in lines[1]


def test_the_plot_names_structures_and_marks_the_phases() -> None:
    frames = [result(n, half) for n, half in enumerate((30, 40, 25, 20))]
    second = [replace(one.objects[0], number=2, status="unsure") for one in frames]
    named = [
        replace(one, objects=(replace(one.objects[0], name="left ventricle"), other))
        for one, other in zip(frames, second, strict=True)
    ]
    curves, unit = course(*named).curves()
    assert [(curve.name, curve.marks) for curve in curves] == [
        ("left ventricle", {"ED": 1, "ES": 3}),
        ("structure 2", {}),
    ]
    svg = as_svg(curves, unit, timed=True)
    assert [svg.count(f">{text}<") for text in ("left ventricle", "structure 2", "ED", "ES")] == [1] * 4
    assert course(frames[0]).curves()[0][0].marks == {}


def test_long_names_take_a_line_each() -> None:
    """None lies on another, and none is longer than the plot is wide."""
    long = ["n" * 64, "m" * 80, "short", "other"]
    curves = [replace(CURVES[0], name=name) for name in long]
    root = ET.fromstring(as_svg(curves, "px2", timed=True))
    labels = {one.text: one for one in root.iter("{http://www.w3.org/2000/svg}text")}
    said = ["n" * 64, "m" * 61 + "...", "short", "other"]
    ys = [float(labels[name].get("y", "0")) for name in said]
    assert len(set(ys[:3])) == 3
    assert ys[2] == ys[3]
    assert float(labels["other"].get("x", "0")) > float(labels["short"].get("x", "0"))
    assert as_picture(curves, "px2", timed=True).shape[0] == 2 * float(root.get("height", "0"))


CURVES = [Curve("structure <1>", tuple(Point(n, n / 10, 50.0 + n, "sure") for n in range(20)))]


def test_the_svg_is_whole_and_its_text_is_safe() -> None:
    root = ET.fromstring(as_svg(CURVES, "mm2", timed=True))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"structure <1>", "area in mm2", "time in s"} <= set(texts)


def test_a_gap_breaks_the_line_and_doubt_is_coloured() -> None:
    points = [
        Point(n, None, None if 8 <= n < 12 else 40.0, "lost" if 8 <= n < 12 else "sure") for n in range(20)
    ]
    curves = [Curve("structure 1", tuple(points))]
    assert as_svg(CURVES, "px", timed=False).count('stroke-width="2"') == 1
    assert as_svg(curves, "px", timed=False).count('stroke-width="2"') == 2
    assert ">frame<" in as_svg(curves, "px", timed=False)
    assert [">lost<" in as_svg(one, "px", timed=False) for one in (curves, CURVES)] == [True, False]
    picture = as_picture(curves, "px", timed=False)
    reds = np.all(picture == DOUBT["lost"], axis=2)
    assert reds.sum() > 500
    assert not np.all(as_picture(CURVES, "px", timed=False) == DOUBT["lost"], axis=2).any()


def test_nothing_found_is_a_plot_too() -> None:
    empty = [Curve("structure 1", (Point(0, None, None, "lost"),))]
    assert as_picture(empty, "px", timed=False).shape[2] == 3
    assert "<svg" in as_svg([], "px", timed=False)
