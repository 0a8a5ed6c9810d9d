"""DDTI, thyroid nodules (Pedraza 2015, SPIE 9287).

    1.xml    1_1.jpg    1_2.jpg    2.xml ...

Each `<mark>` of an XML has the number of its `<image>`, and an `<svg>` that holds JSON: a list of `{"points":
[{"x", "y"}, ...], ...}`. Marks without outlines are not annotated and are left out. An XML is one case, hence
one subject. Layout: github.com/xuao575/DDTI_preprocessing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from uniultra.data.importers.images import polygons
from uniultra.data.importers.sample import Finding, Problem, Sample
from uniultra.errors import DataError


def find(root: Path) -> Iterator[Finding]:
    cases = sorted(root.rglob("*.xml"))
    if not cases:
        raise DataError(
            f"'{root}' doesn't hold 1.xml and 1_1.jpg; give the folder that the set's own archive unpacks to"
        )
    for case in cases:
        try:
            yield from _case(case)
        except (ElementTree.ParseError, ValueError, KeyError, TypeError) as error:
            yield Problem(
                str(case), f"not an annotation of this set ({type(error).__name__}); unpack it again"
            )


def _case(case: Path) -> list[Finding]:
    text = case.read_bytes()
    if b"<!ENTITY" in text:
        raise ValueError("entities")
    found: list[Finding] = []
    for mark in ElementTree.fromstring(text).iter("mark"):
        outlines = [
            np.array([(p["x"], p["y"]) for p in one["points"]], float)
            for one in json.loads(mark.findtext("svg") or "[]")
        ]
        outlines = [points for points in outlines if len(points) > 2]
        image = case.with_name(f"{case.stem}_{int(mark.findtext('image') or 1)}.jpg")
        if outlines and not image.is_file():
            found.append(
                Problem(str(image), f"'{case.name}' outlines it but it is missing; unpack the archive again")
            )
        elif outlines:
            found.append(
                Sample(
                    f"p{image.stem}", image, partial(polygons, outlines=outlines), (case,), subject=case.stem
                )
            )
    return found
