"""How a tracked structure's size goes over time: the plot, and of a ventricle the ejection fraction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from uniultra.errors import DataError
from uniultra.io.output import write_json, write_png, write_text
from uniultra.measure.ejection import ejection
from uniultra.measure.measured import number
from uniultra.measure.volume import View, apart_notes, turned_notes
from uniultra.outputs.course_plot import Curve, Point, as_picture, as_svg
from uniultra.outputs.structured import NOTICE
from uniultra.results import FrameResult, ObjectResult

LEAST_SURE = 0.75
"""The share of frames that a ventricle should be sure on, so that its extremes are likely among them."""


@dataclass(frozen=True)
class Extreme:
    """A ventricle at its largest or smallest: where, when, and its plane."""

    frame: int
    time_s: float | None
    area_px: int
    view: View


@dataclass
class Course:
    """What is kept of each frame, some numbers a structure; of a ventricle the largest and smallest sure
    masks.

    Attributes:
        ventricle: the number of the structure that is a left ventricle in an apical view; 0 for none.
        points: by structure, its size in px2 on each frame.
        names: of structures that have one.
        timed: whether points are at seconds; else at frames.
        notes: those on frames, each once.
        about: those on the whole cine, as that its frames are slices.
    """

    ventricle: int = 0
    points: dict[int, list[Point]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    timed: bool = True
    notes: dict[str, None] = field(default_factory=dict)
    about: tuple[str, ...] = ()
    diastole: Extreme | None = None
    systole: Extreme | None = None

    def add(self, result: FrameResult) -> None:
        """Adds the structures of one frame."""
        self.timed = self.timed and result.time_s is not None
        self.notes |= dict.fromkeys(f"frame {result.number}: {note}" for note in result.notes)
        for found in result.objects:
            size = float(found.area_px) or None
            point = Point(result.at, result.time_s, size, found.status or "sure", size and found.area_mm2)
            self.points.setdefault(found.number, []).append(point)
            if found.name:
                self.names[found.number] = found.name
            self.notes |= dict.fromkeys(found.scale.notes)
            if found.number == self.ventricle and found.status == "sure" and found.area_px:
                self._keep_extremes(result, found)

    def _keep_extremes(self, result: FrameResult, found: ObjectResult) -> None:
        here = Extreme(result.at, result.time_s, found.area_px, View(found.mask.mask_hw, found.mask.scale))
        if self.diastole is None or here.area_px > self.diastole.area_px:
            self.diastole = here
        if self.systole is None or here.area_px < self.systole.area_px:
            self.systole = here

    def curves(self, *numbers: int) -> tuple[list[Curve], str]:
        """These structures, or all in the order of their numbers; and the one unit of their sizes: mm2, or
        px2 where a mask has no millimetres, as one that leaves its region.
        """
        chosen = [(number, self.points[number]) for number in numbers or sorted(self.points)]
        found = [point for _, points in chosen for point in points if point.size is not None]
        unit = "mm2" if found and all(point.mm2 is not None for point in found) else "px2"
        if unit == "mm2":
            chosen = [(number, [replace(one, size=one.mm2) for one in points]) for number, points in chosen]
        return [self._curve(number, points) for number, points in chosen], unit

    def _curve(self, number: int, points: list[Point]) -> Curve:
        marks: dict[str, int] = {}
        ends = (self.diastole, self.systole) if number == self.ventricle else ()
        frames = [end.frame for end in ends if end is not None]
        if len(set(frames)) == 2:
            marks = dict(zip(("ED", "ES"), frames, strict=True))
        return Curve(self.names.get(number, f"structure {number}"), tuple(points), marks)


def write_course(parts: Mapping[str, Path], image: str, course: Course) -> None:
    """Writes the plot as PNG and SVG, and the ejection fraction where it is planned. Raises OutputError."""
    curves, unit = course.curves()
    write_png(parts["plot"], as_picture(curves, unit, course.timed))
    write_text(parts["chart"], as_svg(curves, unit, course.timed))
    if "ef" in parts:
        write_json(parts["ef"], ejection_json(image, course))


def ejection_json(image: str, course: Course) -> dict[str, Any]:
    """End-diastole and end-systole, taken as the largest and smallest area of the sure frames, and what
    follows from them.

    Where there is no answer, `reason` says why; where there is one without volumes, `volume_reason` does.
    """
    head = {"schema": "uniultra.ejection/1", "image": image, "id": course.ventricle, "notice": NOTICE}
    largest, smallest = course.diastole, course.systole
    if largest is None or smallest is None or largest.frame == smallest.frame:
        return head | {"reason": "fewer than 2 sure frames show the structure"}
    try:
        found = ejection((largest.view,), (smallest.view,))
    except DataError as error:
        return head | {"reason": str(error)}
    notes = [
        *found.notes,
        "single-plane: assumes a round ventricle, not foreshortened",
        *_doubts(course, largest, smallest),
        *turned_notes(found.diastole, found.systole),
        *(course.about if largest.time_s is None else ()),
    ]
    assert found.area_change is not None, "of one view"
    end, start = found.volumes_json
    return head | {
        "ejection_fraction": number(found.fraction),
        "fractional_area_change": number(found.area_change),
        "end_diastole": _phase(largest, end),
        "end_systole": _phase(smallest, start),
        **({"volume_reason": found.reason} if found.reason else {}),
        "method": found.diastole.method,
        "notes": notes,
    }


def _doubts(course: Course, largest: Extreme, smallest: Extreme) -> list[str]:
    """Why the two frames may not be end-diastole and end-systole, a sentence each."""
    points = course.points[course.ventricle]
    sure = sum(point.status == "sure" for point in points)
    notes = apart_notes(largest.frame, smallest.frame, largest.time_s, smallest.time_s)
    if sure < LEAST_SURE * len(points):
        notes.append(
            f"the ventricle is sure on only {sure} of {len(points)} frames: its largest or smallest may be "
            "missing"
        )
    return notes


def _phase(extreme: Extreme, volume: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "frame": extreme.frame,
        "time_s": extreme.time_s,
        "area_px": extreme.area_px,
        "volume": volume,
    }
