"""What a data set for training draws how often: the settings of its views and prompts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Draws:
    """What is drawn how often, as far as the settings of a run say it.

    Attributes:
        whole_share: share of views that show the whole frame.
        box_share: share of focus views prompted by a box alone; the others have a click, with or without a
            rough box.
        bare_share: share of those with a click that have no box at all.
        exact_share: share of the box prompts that are exact; what the next two leave over is jittered by 0 to
            `box_jitter`.
        margin_share: share of the box prompts with one margin on all sides, `margin_low` to `margin_high` of
            the side along it.
        margin_low, margin_high: the margins' range; below 0 the box is too tight.
        sam2_share: share of the box prompts drawn as SAM 2 does; see `prompt_simulation.sam2_box`.
        box_jitter: largest jitter of a user's box.
        fit_share: share of the user's boxes that are drawn to be tight or loose, one as often as the
            other, and said to be so; the others are drawn as before, so that what the model makes of boxes of
            which nothing is said stays. It counts for nothing with a model that can't hear it.
        named_share: share of the objects with a name that the model learns, of which it is told; see `named`.
        rough_jitter: largest jitter of a box that a coarse answer would give.
        anywhere_share: share of the clicks that fall on any pixel of the object; the others keep to its
            depth.
        near_share: share of the focus views without a user's box that show a square around the click, as the
            closer one of two first looks does, `near_side` of the frame's longer side.
        mask_share: share of views that bring a rough previous mask.
        rotation: largest rotation in degrees.
        mirror_share: share of the views that are mirrored.
        calm_share: share of the views whose appearance stays as it is; see `augmentation.draw_appearance`.
        marks_share: share of the views with calipers and text over them; see `marks`.
        edge_share: share of the objects that an edge of the frame cuts.
    """

    whole_share: float = 0.3
    box_share: float = 0.65
    bare_share: float = 0.2
    exact_share: float = 0.3
    margin_share: float = 0.0
    margin_low: float = -0.08
    margin_high: float = 0.38
    sam2_share: float = 0.0
    box_jitter: float = 0.2
    fit_share: float = 0.0
    named_share: float = 0.0
    rough_jitter: float = 0.35
    anywhere_share: float = 0.0
    near_share: float = 0.0
    mask_share: float = 0.1
    rotation: float = 25.0
    mirror_share: float = 0.5
    calm_share: float = 0.0
    marks_share: float = 0.0
    edge_share: float = 0.0


@dataclass(frozen=True)
class SampleSpec(Draws):
    """The same, and what the model says of its views or nobody changes.

    Attributes:
        image_size: side of the model's input.
        focus_stretch: how much longer a focused region's longer side may be than the other one; 1 for
            squares.
        focus_scale: range of that longer side over the box's.
        near_side: range of the square's side around a click over the frame's longer side.
        alone_share: share of the views with a previous mask that have nothing else: no box and no click.
        structures: the names that the model has or learns, where it is told any.
    """

    image_size: int = 256
    focus_stretch: float = 1.0
    focus_scale: tuple[float, float] = (1.4, 2.2)
    near_side: tuple[float, float] = (0.3, 0.6)
    alone_share: float = 0.3
    structures: tuple[str, ...] = ()
