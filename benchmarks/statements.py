"""Statements of two checkouts by part, what is a new ability apart from what was there before.

    python benchmarks/statements.py OLD/src/uniultra src/uniultra

A statement is one of Python's grammar, docstrings included, so that the width of lines doesn't count. Whole
files are counted as a new ability (`ABILITIES`) where the old checkout could not do what they are for; what
such an ability added to other files, such as a flag, a format of `--write` or a note, counts as the same
ability, so its column is an upper bound.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

ABILITIES = {
    "tracking": (
        "tracking/*", "evaluation/tracking/*", "cli/track.py", "cli/track_protocol.py", "prompts/tracks.py",
        "outputs/course*.py", "web/cine_*.py", "web/held_cines.py", "video_models/*",
        "cli/terminal/course_lines.py",
    ),
    "the page": ("web/workspace/*", "cli/open.py", "measure/agreement.py"),
    "other programs": ("hosts/*", "export/host_*.py"),
    "archives and DICOM results": (
        "io/dicomweb.py", "io/dimse.py", "io/sending.py", "batch/watch.py", "cli/terminal/archives.py",
        "cli/terminal/watching.py", "io/dicom/seg_reader.py", "io/dicom/sr_reader.py", "io/dicom/sc.py",
        "io/dicom/identity.py", "outputs/reports.py", "structures.py", "cli/terminal/labels.py",
        "web/dicom_*.py", "web/worker_dicom.py",
    ),
    "formats": (
        "io/hdf5/*", "io/metaimage.py", "io/nrrd.py", "io/plus.py", "io/volumes.py", "io/annotation_files.py",
        "io/polygons.py", "io/label_maps.py", "io/place.py", "io/places.py", "io/colours.py",
        "io/dicom/colour.py", "io/dicom/deflated.py", "io/print_size.py",
    ),
    "simulated cines": ("data/simulation/*",),
    "training and models": (
        "training/minute.py", "training/frozen_views.py", "training/distill_decoder.py", "models/narrow*.py",
        "models/blend.py", "data/unnamed.py",
    ),
    "importers": ("data/importers/echonet.py", "data/importers/nnunet.py"),
    "published splits, hub": (
        "data/published.py", "data/importers/muscle_apo.py", "backends/hub.py", "export/hub_folder.py",
    ),
    "show, annotated overlays": (
        "cli/show.py", "io/pixel_grid.py", "cli/terminal/inline_image.py", "io/annotations.py",
        "outputs/result_picture.py",
    ),
    "kill- and power-safe files, silence": ("stages.py", "durable.py", "offline.py", "parallel.py"),
}  # fmt: skip
"""What 117ac18 could not do, and the files that are for it alone."""
PARTS = {
    "command line, prompts, results, outputs": ("cli/*", "outputs/*", "prompts/*", "results.py"),
    "files in and out": ("io/*", "atomic.py"),
    "DICOM": ("io/dicom/*",),
    "measures and scale": ("measure/*", "calibration.py", "pixel_scale.py"),
    "server": ("web/*", "client.py"),
    "archives (batch)": ("batch/*", "cluster/*", "automatic.py"),
    "data": ("data/*",),
    "training": ("training/*",),
    "networks, engines": ("models/*", "backends/*"),
    "evaluation, bench": ("evaluation/*", "bench/*"),
    "export": ("export/*",),
}
"""By the names of both checkouts; the last part that matches holds a file; what none holds is the core."""


def _first(path: str, table: dict[str, tuple[str, ...]]) -> str:
    return next((name for name, patterns in table.items() if any(fnmatch(path, p) for p in patterns)), "")


def part_of(path: str) -> str:
    """The part that a file belongs to."""
    return _first(path, dict(reversed(PARTS.items()))) or "the core"


def statements(root: Path) -> dict[str, int]:
    """Statements by file, its path below `root`."""
    return {
        path.relative_to(root).as_posix(): sum(
            isinstance(node, ast.stmt) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
        for path in sorted(root.rglob("*.py"))
    }


def table(old: dict[str, int], new: dict[str, int]) -> str:
    """Markdown: by part then and now, and below it the new abilities."""
    then, now, added = Counter[str](), Counter[str](), Counter[str]()
    for path, count in old.items():
        then[part_of(path)] += count
    for path, count in new.items():
        ability = _first(path, ABILITIES)
        if ability:
            added[ability] += count
        else:
            now[part_of(path)] += count
    lines = ["| part | then | now | |", "| --- | ---: | ---: | ---: |"]
    for part in sorted(then | now, key=lambda part: -then[part]):
        lines.append(f"| {part} | {then[part]:,} | {now[part]:,} | {now[part] / max(then[part], 1):.2f} |")
    ratio = now.total() / max(then.total(), 1)
    lines.append(f"| **what was there before** | {then.total():,} | {now.total():,} | {ratio:.2f} |")
    lines += [f"| new: {ability} | | {count:,} | |" for ability, count in added.most_common()]
    lines.append(f"| **all** | {then.total():,} | {(now + added).total():,} | |")
    return "\n".join(lines)


def main() -> None:
    old, new = (statements(Path(root)) for root in sys.argv[1:])
    print(table(old, new))


if __name__ == "__main__":
    main()
