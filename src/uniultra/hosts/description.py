"""What a program says of a structure beside where it is: its name, and how its boxes fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from uniultra.box_fit import check_fit
from uniultra.structures import legal_name
from uniultra.types import Prompt


@dataclass(frozen=True)
class Description:
    """The name, and "tight" or "loose"; "" for nothing."""

    name: str = ""
    box_fit: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Description:
        """From `label` and `box_fit`, where they are there. Raises PromptError for one that isn't legal."""
        label, fit = values.get("label"), values.get("box_fit")
        check_fit("" if fit is None else fit, has_box=True)
        return cls("" if label is None else legal_name(label), fit or "")

    def prompt(self, box_xyxy: Any, points_xy: Any, labels: Any, mask_hw: Any = None) -> Prompt:
        """A prompt of the structure; a box's fit isn't said of one that has none."""
        fit = "" if box_xyxy is None else self.box_fit
        return Prompt(box_xyxy, points_xy, labels, mask_hw, name=self.name, box_fit=fit)


NOTHING = Description()
