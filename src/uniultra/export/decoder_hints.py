"""A decoder's graph to which every prompt means one structure, and its box fits in one way: for programs that
send places alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto

from uniultra.box_fit import CORNER_LABELS
from uniultra.errors import ModelError
from uniultra.export.graph_builder import LABELS, POINTS, GraphBuilder
from uniultra.model_facts import ModelFacts
from uniultra.named import known_name, name_labels


@dataclass(frozen=True)
class Hints:
    """What holds of every prompt.

    Attributes:
        name: of the model's own; "" for none.
        box_fit: "tight" or "loose"; "" for nothing.
        place: of the name among the model's, from 1; 0 for none.
    """

    name: str = ""
    box_fit: str = ""
    place: int = 0

    @property
    def text(self) -> str:
        """As people read it, "" for nothing."""
        return ", ".join(filter(None, (self.name, f"{self.box_fit} boxes" if self.box_fit else "")))

    @property
    def suffix(self) -> str:
        """Of a name that goes into addresses, so that a model's several files are kept apart."""
        said = re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")
        said = said or (f"structure-{self.place}" if self.name else "")
        return "".join(f"-{part}" for part in (said, self.box_fit) if part)

    def decoder(self, plain: ModelProto, has_own_box: bool = True) -> ModelProto:
        """The graph around another; `has_own_box` says whether its boxes are the user's. The points of the
        name lie at model pixel 0,0.
        """
        if not self.text:
            return plain
        b = GraphBuilder()
        points, labels = POINTS, LABELS
        if self.box_fit and has_own_box:
            for known, own in zip(CORNER_LABELS[""], CORNER_LABELS[self.box_fit], strict=True):
                is_corner = b("Equal", labels, np.array(known, np.int64))
                labels = b("Where", is_corner, np.array(own, np.int64), labels)
        if self.place:
            named = name_labels(self.place - 1)
            count = np.array([len(named)], np.int64)
            prompts = b("Shape", LABELS, start=0, end=1)
            flat = b("Concat", prompts, count, axis=0)
            deep = b("Concat", prompts, count, np.array([2], np.int64), axis=0)
            labels = b("Concat", labels, b("Expand", np.array([named], np.int64), flat), axis=1)
            places = np.zeros((1, 1, 1), np.float32)
            points = b("Concat", points, b("Expand", places, deep), axis=1)
        feeds = {value.name: value.name for value in plain.graph.input} | {POINTS: points, LABELS: labels}
        found = b.include("decoder", plain.graph, feeds)
        for name, value in found.items():
            b("Identity", value, named=name)
        return b.model(plain.graph.name, plain.graph.input, plain.graph.output)


def hints_for(facts: ModelFacts, name: str = "", box_fit: str = "") -> Hints:
    """Those for a model of these facts.

    Raises:
        ModelError: it hasn't learned the name, or doesn't tell how boxes fit.
    """
    own = known_name(name, facts.structures)
    if name and not own:
        known = f"give {', '.join(facts.structures)}, or leave it out" if facts.structures else "leave it out"
        raise ModelError(f"--label '{name:.80}' is not a name that {facts.name} knows; {known}")
    if box_fit and not facts.box_fits:
        raise ModelError(
            f"--box-fit {box_fit}: {facts.name} doesn't tell tight and loose boxes apart; leave it out"
        )
    return Hints(own, box_fit, facts.structures.index(own) + 1 if own else 0)
