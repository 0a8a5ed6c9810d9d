"""What a track found, in a few lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uniultra.cli.terminal.measure_text import PLUS_MINUS
from uniultra.cli.terminal.text import printable
from uniultra.io.paths import shown
from uniultra.text import count_of

if TYPE_CHECKING:
    from uniultra.io.input_file import InputFile
    from uniultra.model_facts import ModelFacts
    from uniultra.outputs.course import Course


def course_lines(source: InputFile, course: Course, facts: ModelFacts) -> str:
    """For each structure its smallest and largest area, and on which frames it isn't sure."""
    from uniultra.outputs.course import ejection_json

    frames = [point.frame for point in next(iter(course.points.values()), [])]
    lines = [f"{shown(source.path)}  {count_of(len(frames), 'frame')}  {facts.name} {facts.version}"]
    for number, points in sorted(course.points.items()):
        [curve], unit = course.curves(number)
        sizes = [point.size for point in curve.points if point.size is not None]
        digits = 1 if unit == "mm2" else 0
        span = f"{min(sizes, default=0):.{digits}f} to {max(sizes, default=0):.{digits}f} {unit}"
        said = f"area {span}" if sizes else "never found"
        doubts = [
            f"{status} on {_ranges([point.frame for point in points if point.status == status])}"
            for status in ("unsure", "lost", "absent")
            if any(point.status == status for point in points)
        ]
        lines.append(f"  {number}: {'; '.join([said, *(doubts or ['sure throughout'])])}")
    notes = dict(course.notes)
    if course.ventricle:
        report = ejection_json(source.path.name, course)
        if "reason" in report:
            lines.append(f"  EF of {course.ventricle}: none: {report['reason']}")
        else:
            notes |= dict.fromkeys((*report["notes"], *filter(None, [report.get("volume_reason")])))
            notes |= {PLUS_MINUS: None}
            lines.append(f"  EF of {course.ventricle}: {_ejection_words(report)}")
    lines += [f"  note: {note}" for note in notes]
    return "\n".join(map(printable, lines))


def _ejection_words(report: dict[str, Any]) -> str:
    """What `ejection_json` found, its volumes where they are known."""
    phases = []
    for name, phase in (("ED", report["end_diastole"]), ("ES", report["end_systole"])):
        volume = phase["volume"]
        size = "" if volume is None else f": {_plus_minus(volume, 1)}"
        phases.append(f"{name} frame {phase['frame']}{size}")
    area = f"FAC {_plus_minus(report['fractional_area_change'], 0)}"
    return f"{_plus_minus(report['ejection_fraction'], 0)} ({', '.join([*phases, area, report['method']])})"


def _plus_minus(found: dict[str, Any], digits: int) -> str:
    return f"{found['value']:.{digits}f} ± {found['uncertainty']:.{digits}f} {found['unit']}"


def _ranges(frames: list[int]) -> str:
    """Frames as ranges: 3-7, 12."""
    parts: list[list[int]] = []
    for frame in frames:
        if parts and frame == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], frame]
        else:
            parts.append([frame, frame])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in parts)
