"""Pixel sizes, by region: an ultrasound screen may hold several regions, each with its own scale or with
none.

Regions are those of DICOM's US Region Calibration Module (PS3.3 C.8.5.5), with their boxes by outer pixel
EDGES. An answer is in millimetres only where the file is clear about it; otherwise a `Scale` says why not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from uniultra import scale_reasons as reasons
from uniultra.scale_reasons import UNCALIBRATED as UNCALIBRATED

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 by outer pixel edges, so that the whole of a frame is (-0.5, -0.5, width - 0.5, height -
0.5).
"""

PixelSize = float | tuple[float, float]
"""Millimetres of a pixel as a user gives them: (down, right); or down alone, and to the right by the file's
pixel aspect.
"""
SAME = 0.005
"""Relative difference below which two spacings are one."""
LENGTH = "cm"
TWO_D = "2D"
_DRAWN = ("a waveform", "graphics")
"""Shapes whose data type says as much: "ECG trace", "grey bar"."""


@dataclass(frozen=True)
class Scale:
    """The pixel size at one place.

    Attributes:
        spacing_mm_yx: millimetres per pixel (down, right), or None.
        source: what says so: "region 1", "PixelSpacing", "NominalScannedPixelSpacing" or "--spacing"; "" for
            None.
        reason: why there are no millimetres; "" where there are.
        notes: what speaks against trusting it blindly, a sentence each.
        pixel_aspect: where nothing but the size is missing, width over height of a pixel, as far as known.
    """

    spacing_mm_yx: tuple[float, float] | None = None
    source: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    pixel_aspect: float = 1.0


@dataclass(frozen=True)
class ScanRegion:
    """One rectangle of the screen.

    Attributes:
        box_xyxy: by outer pixel edges; may reach beyond the frame.
        shape: spatial format: "2D", "M-mode", "spectral", ...
        data: data type: "tissue", "colour flow", "ECG trace", ...
        units_xy: units of `delta_xy`, to the right and down: "cm", "seconds", ...
        delta_xy: physical step per pixel, to the right and down; below 0 where the axis runs the other way.
        low_priority: whether other regions lie on top of this one (bit 0 of its flags).
        flags: all flags, as stored.
        number: its place in the file, from 1, ignored ones counted; 0 becomes its place in the calibration.
    """

    box_xyxy: Box
    shape: str
    data: str
    units_xy: tuple[str, str]
    delta_xy: tuple[float, float]
    low_priority: bool = False
    flags: int = 0
    number: int = 0

    @property
    def name(self) -> str:
        """What messages and `Scale.source` call it."""
        return f"region {self.number}"

    @property
    def what(self) -> str:
        """What it shows, for a reader: "2D tissue", "M-mode tissue", "PW spectral Doppler", "grey bar"."""
        if reasons.is_unsaid(self.data):
            return "undescribed" if reasons.is_unsaid(self.shape) else self.shape
        names_itself = reasons.is_unsaid(self.shape) or self.shape in (*_DRAWN, *self.data.split())
        return self.data if names_itself else f"{self.shape} {self.data}"

    @property
    def fault(self) -> str:
        """Why nothing in this region has a length in mm; "" where it has."""
        if self.shape != TWO_D:
            return reasons.not_2d(self.shape, self.units_xy)
        if self.units_xy != (LENGTH, LENGTH):
            return reasons.not_cm(self.units_xy)
        if not all(math.isfinite(delta) and delta for delta in self.delta_xy):
            return reasons.no_deltas(self.delta_xy)
        return ""

    @property
    def spacing_mm_yx(self) -> tuple[float, float] | None:
        """Millimetres per pixel (down, right), or None where `fault` says why not."""
        return None if self.fault else (10.0 * abs(self.delta_xy[1]), 10.0 * abs(self.delta_xy[0]))

    def holds(self, box_xyxy: Box) -> bool:
        x0, y0, x1, y1 = self.box_xyxy
        return x0 <= box_xyxy[0] and y0 <= box_xyxy[1] and box_xyxy[2] <= x1 and box_xyxy[3] <= y1

    def touches(self, box_xyxy: Box) -> bool:
        x0, y0, x1, y1 = self.box_xyxy
        return x0 < box_xyxy[2] and box_xyxy[0] < x1 and y0 < box_xyxy[3] and box_xyxy[1] < y1


@dataclass(frozen=True)
class Calibration:
    """All that is known of a frame's scale.

    Attributes:
        regions: in the order of the file, with its numbers.
        fallbacks: (name, spacing_mm_yx), best first; used only where no region has lengths.
        notes: what is odd about it, a sentence each.
        pixel_aspect: width over height of a pixel, where the file says that but no size.
    """

    regions: tuple[ScanRegion, ...] = ()
    fallbacks: tuple[tuple[str, tuple[float, float]], ...] = ()
    notes: tuple[str, ...] = ()
    pixel_aspect: float = 1.0

    def __post_init__(self) -> None:
        numbered = (replace(region, number=region.number or i) for i, region in enumerate(self.regions, 1))
        object.__setattr__(self, "regions", tuple(numbered))

    @classmethod
    def uniform(cls, spacing_mm_yx: tuple[float, float] | None, source: str = "the frame") -> Calibration:
        """One pixel size (down, right) everywhere, and what says so; nothing known for None."""
        return cls() if spacing_mm_yx is None else cls(fallbacks=((source, spacing_mm_yx),))

    def with_aspect(self, name: str, pixel_aspect: float) -> Calibration:
        """The same, knowing from `name` how much wider than high a pixel is; pixels that are not square are
        noted.
        """
        if abs(pixel_aspect - 1.0) <= SAME:
            return self
        note = reasons.not_square(name, pixel_aspect)
        return replace(self, pixel_aspect=pixel_aspect, notes=(*self.notes, note))

    def with_fallback(self, name: str, size_mm: PixelSize) -> Calibration:
        """One more size of a pixel, to be used where nothing before it applies; a conflict with what is known
        becomes a note.

        `name` is what says so.
        """
        spacing_mm_yx = size_mm if isinstance(size_mm, tuple) else (size_mm, size_mm * self.pixel_aspect)
        notes = self.notes
        for known, known_mm_yx in self._sizes[:1]:
            if not same(known_mm_yx, spacing_mm_yx):
                notes = *notes, reasons.conflict(name, _mm(spacing_mm_yx), known, _mm(known_mm_yx))
        return replace(self, fallbacks=(*self.fallbacks, (name, spacing_mm_yx)), notes=notes)

    def overridden(self, name: str, size_mm: PixelSize) -> Calibration:
        """One pixel size everywhere, instead of all that the file says, with a note about it; `name` is its
        source.
        """
        said = [(source, _mm(spacing_mm_yx)) for source, spacing_mm_yx in self._sizes]
        note = reasons.overridden(name, said)
        plain = Calibration(notes=(note,) if said else (), pixel_aspect=self.pixel_aspect)
        return plain.with_fallback(name, size_mm)

    @property
    def _sizes(self) -> list[tuple[str, tuple[float, float]]]:
        """All that says a size of a pixel, best first: regions, then the rest."""
        sizes = [(f"region {region.number}", region.spacing_mm_yx) for region in self.regions]
        return [*((name, size) for name, size in sizes if size is not None), *self.fallbacks]

    def followed_by(self, other: Calibration) -> Calibration:
        """The same, with the sizes and notes of another behind its own."""
        joined = replace(self, notes=(*self.notes, *other.notes))
        for name, spacing_mm_yx in other.fallbacks:
            joined = joined.with_fallback(name, spacing_mm_yx)
        return joined

    @property
    def whole_mm_yx(self) -> tuple[float, float] | None:
        """The one spacing of a frame without regions; None where it is unknown or goes by region."""
        return self.fallbacks[0][1] if self.fallbacks and not self.regions else None

    def at(self, box_xyxy: Box | None) -> Scale:
        """The scale of what lies in a box; of the whole frame for None (an empty answer), which has one only
        without regions.
        """
        if not any(region.spacing_mm_yx for region in self.regions):
            return self._fallback(box_xyxy)
        if box_xyxy is None:
            return Scale(reason=reasons.NOTHING, notes=self.notes)
        touched = [region for region in self.regions if region.touches(box_xyxy)]
        holding = [region for region in touched if region.holds(box_xyxy)]
        if not all(region.low_priority for region in holding):  # what has the priority lies on top
            holding, touched = (
                [region for region in found if not region.low_priority] for found in (holding, touched)
            )
        reason = self._fault(touched, holding)
        if reason:
            return Scale(reason=reason, notes=self.notes)
        return Scale(holding[0].spacing_mm_yx, holding[0].name, notes=self.notes)

    def moved(
        self, origin_xy: tuple[float, float], scale_xy: tuple[float, float] = (1.0, 1.0)
    ) -> Calibration:
        """The calibration of a frame cut at the EDGE `origin_xy` and then made `scale_xy` times as large:
        metadata travels with pixels.
        """
        (ox, oy), (sx, sy) = origin_xy, scale_xy

        def one(region: ScanRegion) -> ScanRegion:
            x0, y0, x1, y1 = region.box_xyxy
            box = ((x0 - ox) * sx - 0.5, (y0 - oy) * sy - 0.5, (x1 - ox) * sx - 0.5, (y1 - oy) * sy - 0.5)
            return replace(region, box_xyxy=box, delta_xy=(region.delta_xy[0] / sx, region.delta_xy[1] / sy))

        fallbacks = tuple((name, (down / sy, right / sx)) for name, (down, right) in self.fallbacks)
        return replace(
            self,
            regions=tuple(map(one, self.regions)),
            fallbacks=fallbacks,
            pixel_aspect=self.pixel_aspect * sy / sx,
        )

    def _fallback(self, box_xyxy: Box | None) -> Scale:
        """Where no region has lengths: another attribute may say more of a 2D region, but a pixel of an
        M-mode has no size.
        """
        touched = [region for region in self.regions if box_xyxy is None or region.touches(box_xyxy)]
        for region in touched:
            if region.shape != TWO_D or not self.fallbacks:
                return Scale(reason=reasons.in_region(region.number, region.fault), notes=self.notes)
        if not self.fallbacks:
            reason = reasons.NO_LENGTHS if self.regions else UNCALIBRATED
            return Scale(reason=reason, notes=self.notes, pixel_aspect=self.pixel_aspect)
        name, spacing = self.fallbacks[0]
        unused = tuple(reasons.unused(region.number, region.fault) for region in touched)
        return Scale(spacing, name, notes=(*self.notes, *unused))

    def _fault(self, touched: list[ScanRegion], holding: list[ScanRegion]) -> str:
        """Why a structure that touches these regions and is held by those has no lengths; "" where it has."""
        if not touched:
            return reasons.OUTSIDE
        if not holding and len(touched) == 1:
            return reasons.beyond(touched[0].number)
        numbers = [region.number for region in touched]
        if not holding:
            return reasons.across(numbers)
        for region in holding:
            if region.spacing_mm_yx is None:
                return reasons.in_region(region.number, region.fault)
        if _one_scale(holding) and not _one_scale(touched):
            return reasons.across(numbers)
        if not _one_scale(holding):
            return reasons.overlapping([region.number for region in holding])
        return ""


UNKNOWN = Calibration()
"""Nothing is known."""
NO_SCALE = Scale(reason=UNCALIBRATED)
"""That of a plain picture."""


def same(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether two spacings agree within `SAME`."""
    return all(abs(p - q) <= SAME * max(abs(p), abs(q)) for p, q in zip(a, b, strict=True))


def _one_scale(regions: list[ScanRegion]) -> bool:
    """Whether all of them, at least one, have lengths, and the same ones: as a colour box has that lies in a
    B-mode image.
    """
    spacings = [region.spacing_mm_yx for region in regions]
    first = spacings[0]
    return first is not None and all(spacing is not None and same(first, spacing) for spacing in spacings)


def _mm(spacing_mm_yx: tuple[float, float]) -> str:
    down, right = spacing_mm_yx
    return f"{right:.4g} mm" if same((down, down), (right, right)) else f"{right:.4g} x {down:.4g} mm"
