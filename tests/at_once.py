"""A model that is given all clicks at once, for tests of what turns and last masks change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from uniultra.segmenter import Segmenter


def without_turns(segmenter: Segmenter) -> Segmenter:
    """The same, but for `Passes.in_turns`."""
    engine: Any = segmenter.backend
    facts = replace(engine.facts, passes=replace(engine.facts.passes, in_turns=0))
    return replace(segmenter, backend=replace(engine, facts=facts))
