"""Masks in, and id images out: the integers that say which pixel belongs to which object."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PIL import Image

from uniultra.errors import FileError, PromptError
from uniultra.io.images import decode, kind_of
from uniultra.io.paths import PathLike, shown
from uniultra.io.pillow_reader import finite, flatten, is_wide
from uniultra.types import Mask

MAX_IDS = 255
"""Objects that one id image can tell apart; 0 is background."""

MAX_SPARSE_IDS = 32
"""More values than this with gaps between them are grey levels, not ids."""

_PICTURE = 0.2
"""With more ids than that, an image is a picture where this share of the neighbouring pixels other than 0
differ: masks have up to 0.01, ultrasound 0.36 and more (25 images of each of nine sets, train).
"""

MISSING = 0.5
"""Share of the ids 1, 2, ... N of an answer that may be absent, where answers lie over each other or aren't
on a frame.
"""

_LOSSY = "JPEG"
LOSSY_INSIDE = 128
_DARK, _BRIGHT, _MOST_BETWEEN = 48, 208, 0.5
"""A JPEG in which more than this share of what isn't black is grey is a picture: masks have up to 0.01,
ultrasound 0.6 and more.
"""
_FLAT = 0.95
"""A colour picture whose 32 most frequent colours fill less than this share of what isn't black is no mask;
ultrasound has up to 0.92.
"""


def read_mask(path: PathLike, frame_hw: tuple[int, int]) -> np.ndarray:
    """One object's mask for a frame of (height, width): bool (H, W), True where the file is not black.

    Grey levels that can't be ids are refused: half of a soft edge is outside, and the file doesn't say which
    half.

    Transparent pixels are outside. In a JPEG, which smears edges, a pixel is inside from grey 128 on.

    Raises:
        FileError: the file is not a readable image.
        PromptError: the mask is empty, or of another size than the frame.
    """
    lossy = kind_of(path).name == _LOSSY
    mask_hw = decode(path, partial(_inside, name=shown(path), lossy=lossy))
    if mask_hw.shape != tuple(frame_hw):
        raise PromptError(
            f"{shown(path)}: the mask is {mask_hw.shape[1]} x {mask_hw.shape[0]} pixels but the frame is "
            f"{frame_hw[1]} x {frame_hw[0]}; save the mask at the frame's own size"
        )
    if not mask_hw.any():
        raise PromptError(
            f"{shown(path)}: the mask is empty; at least 1 pixel must be above 0; paint the structure white"
        )
    return mask_hw


def read_ids(path: PathLike) -> np.ndarray:
    """A data set's label image: uint8 (H, W), 0 background, 1..N as stored. Palette images give their
    indices, not their colours. A single value above 255 beside 0, of 16 bits, is 255.

    Raises:
        FileError: not a readable image, a JPEG, colour, transparent, or a value outside 0..255.
    """
    if kind_of(path).name == _LOSSY:
        raise FileError(
            f"{shown(path)}: a JPEG doesn't keep ids exactly; save the label image as an 8-bit grey PNG"
        )
    return decode(path, partial(_ids, name=shown(path)))


def check_ids(ids_hw: np.ndarray, name: str, missing: float = 0.0) -> np.ndarray:
    """A label image, uint8 (H, W), as it is, where its values can be ids: one beside 0, 255 included, or
    several below 255.

    Args:
        missing: share of 1, 2, ... N that may be absent where there are more than MAX_SPARSE_IDS.

    Raises:
        FileError: grey levels, as soft edges leave them: 255 beside other values, or more than MAX_SPARSE_IDS
            with more gaps; or a picture: more than MAX_SPARSE_IDS that change from pixel to pixel.
    """
    values = np.flatnonzero(np.bincount(ids_hw.ravel(), minlength=MAX_IDS + 1)[1:]) + 1
    few = len(values) <= MAX_SPARSE_IDS
    if len(values) < 2 or (values[-1] < MAX_IDS and (few or len(values) >= (1.0 - missing) * values[-1])):
        if few or _changes(ids_hw) < _PICTURE:
            return ids_hw
        raise FileError(
            f"{name}: a picture, not a mask: {len(values)} grey values that change from pixel to pixel; give "
            "NAME.mask.png, or a label image with one value per structure"
        )
    raise FileError(
        f"{name}: {len(values)} grey values up to {values[-1]} (soft edges?); one object is 0 and one "
        "other value, several are 1, 2, ...; cut it at 128, or renumber it, and save it as PNG"
    )


def _changes(ids_hw: np.ndarray) -> float:
    """Share of the pairs of neighbouring pixels, neither of them 0, whose values differ."""
    pairs = ((ids_hw[:, 1:], ids_hw[:, :-1]), (ids_hw[1:], ids_hw[:-1]))
    inside = sum(int(np.count_nonzero((one > 0) & (other > 0))) for one, other in pairs)
    differing = sum(int(np.count_nonzero((one > 0) & (other > 0) & (one != other))) for one, other in pairs)
    return differing / max(inside, 1)


def read_previous(path: PathLike, frame_hw: tuple[int, int]) -> list[np.ndarray]:
    """A previous answer to continue from: one bool mask (H, W) for each id of an id image, or one of a black
    and white picture.

    Raises:
        FileError: the file is not a readable image, or its grey levels are no ids.
        PromptError: the mask is empty, or of another size than the frame.
    """
    inside = read_mask(path, frame_hw)
    try:
        ids = read_ids(path)
    except FileError:
        return [inside]
    return [ids == value for value in np.unique(ids) if value > 0]


def ids_of(masks: Sequence[Mask]) -> np.ndarray:
    """One id image of several masks of one frame: uint8 (H, W), 1..N in their order, 0 background.

    Where masks overlap the higher logit wins, and the first of equals.

    Raises:
        PromptError: no masks, or more than 255.
    """
    if not 1 <= len(masks) <= MAX_IDS:
        raise PromptError(
            f"{len(masks)} masks for one id image; legal are 1 to {MAX_IDS}; write them in several runs"
        )
    shape = masks[0].mask_hw.shape
    assert all(mask.mask_hw.shape == shape for mask in masks), "the masks are not of one frame"
    ids_hw = np.zeros(shape, dtype=np.uint8)
    best_hw = np.full(shape, -np.inf, dtype=np.float32)
    for number, mask in enumerate(masks, start=1):
        wins_hw = mask.mask_hw & ((ids_hw == 0) | (mask.logits_hw > best_hw))
        ids_hw[wins_hw] = number
        best_hw[wins_hw] = mask.logits_hw[wins_hw]
    return ids_hw


def _inside(image: Image.Image, name: str, lossy: bool) -> np.ndarray:
    """bool (H, W)."""
    if is_wide(image):
        values = finite(np.asarray(image), name)
        if len(np.unique(values[values != 0])) > 1:  # one value beside 0, or ids
            check_ids(_small_integers(values, name), name, MISSING)
        return np.asarray(values != 0)
    if lossy:
        grey = np.asarray(flatten(image).convert("L"))
        bright = int(np.count_nonzero(grey >= _DARK))
        between = np.count_nonzero((grey >= _DARK) & (grey < _BRIGHT)) / max(bright, 1)
        if between > _MOST_BETWEEN:
            raise _not_a_mask(name, f"{between:.0%} of what isn't black is grey")
        return grey >= LOSSY_INSIDE
    values = np.asarray(flatten(image))
    if values.ndim == 2 or (values == values[..., :1]).all():
        levels = values if values.ndim == 2 else values[..., 0]
        return check_ids(levels.astype(np.uint8), name, MISSING) != 0
    packed = values.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
    counts = np.sort(np.unique(packed[packed > 0], return_counts=True)[1])[::-1]
    if counts[:MAX_SPARSE_IDS].sum() < _FLAT * counts.sum():
        raise _not_a_mask(name, f"it has {len(counts)} colours")
    return np.asarray(packed > 0)


def _not_a_mask(name: str, why: str) -> FileError:
    return FileError(
        f"{name}: a picture, not a mask: {why}; a mask has one colour per structure, on black; give "
        "NAME.mask.png"
    )


def _ids(image: Image.Image, name: str) -> np.ndarray:
    """uint8 (H, W)."""
    if image.mode == "P":
        return np.array(image)
    if is_wide(image):
        values = finite(np.asarray(image), name)
        levels = np.unique(values)
        if len(levels) == 2 and levels[0] == 0 and levels[1] > MAX_IDS:  # black and white in 16 bits
            return np.where(values != 0, MAX_IDS, 0).astype(np.uint8)
        return _small_integers(values, name)
    if image.mode == "1":
        return np.array(image).astype(np.uint8)
    if image.has_transparency_data and np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
        raise FileError(f"{name}: has transparent pixels, so its ids are not certain; save an 8-bit grey PNG")
    values = np.array(flatten(image))
    if values.ndim == 2:
        return values
    if (values != values[..., :1]).any():
        raise FileError(
            f"{name}: coloured, so its values are not ids; the channels must be equal; save an 8-bit grey "
            "or palette PNG"
        )
    return values[..., 0].copy()


def _small_integers(values: np.ndarray, name: str) -> np.ndarray:
    wrong = values[(values < 0) | (values > MAX_IDS) | (values != np.floor(values))]
    if wrong.size:
        raise FileError(
            f"{name}: holds the value {wrong[0]:g}; ids are whole numbers from 0 to {MAX_IDS}; renumber them"
        )
    return values.astype(np.uint8)
