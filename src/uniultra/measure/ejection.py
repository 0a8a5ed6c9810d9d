"""The ejection fraction of a left ventricle, and how much its area shrinks, from its masks at end-diastole
and end-systole.

Both are ratios: where no size of a pixel is known, millimetres have no part in them, and only the volumes are
missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from uniultra.errors import DataError
from uniultra.measure import Measurement
from uniultra.measure.measured import measure_mask, number
from uniultra.measure.volume import ML, View, Volume, ejection_fraction, share_lost, simpson
from uniultra.pixel_scale import Scale
from uniultra.scale_reasons import is_unset
from uniultra.text import Said

SQUARE = Said(
    "square-pixels",
    "no millimetres are known: pixels are assumed to be square, and equally large at end-diastole and "
    "end-systole",
)
EQUAL = Said(
    "equal-pixels",
    "no millimetres are known: pixels are assumed to be equally large at end-diastole and end-systole",
)
"""Where the file says how wide a pixel is for its height."""


@dataclass(frozen=True)
class Ejection:
    """What a ventricle's masks at end-diastole and end-systole say.

    Attributes:
        fraction: the ejection fraction in percent.
        area_change: the fractional area change in percent, of one view; None of two.
        diastole: its volume in ml; in px3 where `reason` says why there are no millimetres.
        systole: likewise.
        reason: why there are no volumes; "" where there are.
        assumed: what the ratios rest on without millimetres; "" with them.
    """

    fraction: Measurement
    area_change: Measurement | None
    diastole: Volume
    systole: Volume
    reason: str = ""
    assumed: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Those on both volumes, each once, and what is assumed."""
        notes = (*self.diastole.notes, *self.systole.notes, self.assumed)
        return tuple(dict.fromkeys(filter(None, notes)))

    @property
    def volumes_json(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The volumes of end-diastole and end-systole, None where there are no millimetres."""
        if self.reason:
            return None, None
        return number(self.diastole.volume), number(self.systole.volume)


def is_relative(view: View) -> bool:
    """Whether all that a view lacks is the size of a pixel, which ratios don't need."""
    return view.scale.spacing_mm_yx is None and is_unset(view.scale.reason)


def are_alike(*views: View) -> bool:
    """Whether nothing but the size of a pixel is missing, and can be taken to be the same in these views."""
    kinds = {(view.mask_hw.shape, view.scale.pixel_aspect) for view in views}
    return all(map(is_relative, views)) and len(kinds) == 1


def single_plane(view: View) -> Volume:
    """`simpson` of one view, in ml; in px3, of pixels as high as 1, where a view `is_relative`.

    Raises:
        DataError: an empty mask, or a scale that other reasons keep unknown.
    """
    if not is_relative(view):
        return simpson((view,))
    found = simpson((_in_pixels(view),))
    value, uncertainty = found.volume.value / ML, (found.volume.uncertainty or 0.0) / ML
    return replace(found, volume=Measurement(value, "px3", uncertainty), notes=view.scale.notes)


def ejection(diastole: tuple[View, ...], systole: tuple[View, ...]) -> Ejection:
    """Of one view, or of two (biplane) in the same order, which need millimetres: they may differ in scale.

    Raises:
        DataError: `simpson`'s; a systolic volume above the diastolic one.
    """
    if len(diastole) != 1 or len(systole) != 1:
        volumes = simpson(diastole), simpson(systole)
        return Ejection(ejection_fraction(*volumes), None, *volumes)
    pair = diastole[0], systole[0]
    reason = assumed = ""
    if are_alike(*pair):
        volumes, reason = (single_plane(pair[0]), single_plane(pair[1])), _why_no_ml(pair[0])
        assumed = SQUARE if pair[0].scale.pixel_aspect == 1.0 else EQUAL
    else:
        volumes = simpson(diastole), simpson(systole)
    areas = [_area(_in_pixels(view) if reason else view) for view in pair]
    return Ejection(ejection_fraction(*volumes), share_lost(*areas), *volumes, reason, assumed)


def _why_no_ml(view: View) -> str:
    try:
        _ = view.spacing_mm_yx
    except DataError as error:
        return str(error)
    return ""


def _in_pixels(view: View) -> View:
    return replace(view, scale=Scale((1.0, view.scale.pixel_aspect), "pixels"))


def _area(view: View) -> Measurement:
    shape = measure_mask(view.mask_hw, view.scale).shape
    assert shape is not None, "its volume is known"
    return shape.area
