"""NIfTI in, as an image or a cine, and label maps out, by nibabel (extra `nifti`).

Index i of the file runs to the right and j down, as ITK writes pictures. "Dimensions 1, 2, 3 are for space,
dimension 4 is for time" (nifti1.h): frames of a third axis are slices and have no times; a cine is columns x
rows x 1 x frames.
"""

from __future__ import annotations

import gzip
import importlib.util
import weakref
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from uniultra.array_pixels import spread
from uniultra.errors import FileError, OutputError
from uniultra.io.cines import by_frames, check_count
from uniultra.io.output import write_bytes
from uniultra.io.paths import MAX_CINE_BYTES, PathLike, open_file, shown
from uniultra.io.pillow_reader import check_size, span_of
from uniultra.io.place import RAS, Place, place
from uniultra.io.print_size import print_size_notes
from uniultra.io.silence import quiet
from uniultra.pixel_scale import UNKNOWN, Calibration
from uniultra.types import Cine, Frame

_TO_MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}
_TO_S = {"sec": 1.0, "msec": 0.001, "usec": 1e-6}
"""Units of NIfTI-1's xyzt_units; nibabel's names."""
SLICES = (
    "a third axis is space (nifti1.h): its frames are slices and have no times; a cine is columns x rows x "
    "1 x frames"
)
_NO_UNIT = (
    "pixdim is {:.4g} x {:.4g} without a unit (xyzt_units): not used; if it is millimetres, give it with "
    "--spacing, down before right"
)
NO_WAY_UP = (
    "qform_code and sform_code are 0: the file doesn't say which way up its rows lie; dcm2niix writes "
    "ultrasound so, with the bottom row first; if the probe is at the bottom, flip it first"
)
_PLACE = (
    *(
        "qform_code",
        "sform_code",
        "quatern_b",
        "quatern_c",
        "quatern_d",
        "qoffset_x",
        "qoffset_y",
        "qoffset_z",
    ),
    *("srow_x", "srow_y", "srow_z"),
)
_GZIP = b"\x1f\x8b"
_SECOND = 540
"""sizeof_hdr of NIfTI-2; 348 of NIfTI-1."""
_ROUNDING = 1e-3
_MOST_BLUR = 0.1


def open_nifti(path: PathLike) -> Cine:
    """A NIfTI-1 or -2 file, grey, of one slice, several, or one slice at several times.

    Values are spread from the file's smallest to its largest, frame 0 deciding.

    Raises:
        FileError: no nibabel, damaged, of other axes, too large, or of values that are not finite.
    """
    name = shown(path)
    image = _load(path, name)
    shape = tuple(int(side) for side in image.shape)
    axis = _frame_axis(image)
    others = [side for i, side in enumerate(shape[2:], 2) if i != axis and side != 1]
    if len(shape) < 2 or others or axis > 3 or image.header.get_data_dtype().fields is not None:
        raise FileError(
            f"{name}: axes of {' x '.join(map(str, shape))}; legal are columns x rows, with slices as a "
            "third axis or frames as a fourth, grey; take out one slice or one frame"
        )
    check_size((shape[0], shape[1]), name)
    frames = shape[axis] if len(shape) > axis else 1
    check_count(frames, name)
    calibration, times = _sizes(image, frames)
    notes = (SLICES,) if frames > 1 and axis == 2 else ()
    notes = (*notes, *print_size_notes("pixdim", calibration))
    if not _says_where(image):
        notes = (*notes, NO_WAY_UP)
    read = partial(_frame, image, name, calibration, span_of(_plane(image, 0, name)))
    cine = by_frames(name, (shape[1], shape[0]), frames, read, calibration)
    return replace(cine, times_s=times, notes=notes)


def read_labels(path: PathLike) -> tuple[np.ndarray, Calibration]:
    """A label map of one frame: uint8 ids (H, W), and the size of a pixel, which is unknown where its unit
    is.

    Raises:
        FileError: as `open_nifti` does; several frames, or values that are no whole numbers from 0 to 255.
    """
    cine = open_nifti(path)
    if cine.count != 1:
        raise FileError(f"{cine.source}: {cine.count} frames of labels; legal is 1; write one file per frame")
    image = _load(path, cine.source)
    plane = _plane(image, 0, cine.source)
    whole = np.rint(plane)
    if whole.min() < 0 or whole.max() > 255 or np.abs(plane - whole).max() > _blur(image):
        raise FileError(
            f"{cine.source}: values from {plane.min():g} to {plane.max():g}; labels are whole numbers "
            "from 0 to 255; renumber them"
        )
    return np.ascontiguousarray(whole.astype(np.uint8)), cine.calibration


def _blur(image: Any) -> float:
    """How far from a whole number a label may be read: half a step of the storage, where float was spread
    over integers.
    """
    slope = abs(float(image.dataobj.slope))
    spread = image.header.get_data_dtype().kind in "iu" and np.isfinite(slope) and slope != 1
    return min(0.501 * slope, _MOST_BLUR) + _ROUNDING if spread else _ROUNDING


def write_labels(
    path: PathLike,
    ids_hw: np.ndarray,
    spacing_mm_yx: tuple[float, float] | None,
    force: bool = False,
    like: PathLike | None = None,
    number: int = 0,
) -> None:
    """Writes uint8 ids (H, W), or (frames, H, W), as NIfTI-1 labels; pixels of 1 mm, of unit "unknown", where
    no spacing is known.

    `like` is the NIfTI file whose frame `number` the ids belong to: they get its place in space, in the very
    fields of its header.

    Raises:
        FileError: `like` can't be read.
        OutputError: no nibabel, or the file can't be written.
    """
    if importlib.util.find_spec("nibabel") is None:
        raise OutputError(f"{shown(path)}: NIfTI needs nibabel; install with: pip install 'uniultra[nifti]'")
    import nibabel

    assert ids_hw.dtype == np.uint8 and ids_hw.ndim in (2, 3), f"no labels: {ids_hw.dtype} {ids_hw.shape}"
    down, right = spacing_mm_yx or (1.0, 1.0)
    planes = ids_hw[None] if ids_hw.ndim == 2 else ids_hw
    affine = np.diag([-right, -down, 1.0, 1.0]) if like is None else None
    image = nibabel.Nifti1Image(np.ascontiguousarray(planes.transpose(2, 1, 0)), affine)
    if like is None:
        image.header.set_xyzt_units("mm" if spacing_mm_yx else "unknown")
    else:
        _place(image.header, _load(like, shown(like)), number)
    image.header.set_intent("label")
    data = image.to_bytes()
    if str(path).lower().endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    write_bytes(path, data, force)


def place_of(path: PathLike, number: int) -> Place | None:
    """Where frame `number` lies; None where neither qform nor sform says. Raises FileError."""
    image = _load(path, shown(path))
    if len(image.shape) < 3 or not _says_where(image):
        return None
    affine = np.asarray(image.affine, np.float64)
    found = place(RAS, affine[:3, :3].T, affine[:3, 3])
    return found and (found.of_slice(number) if _frame_axis(image) == 2 else found)


def _says_where(image: Any) -> bool:
    """Whether qform or sform says how the axes lie (nifti1.h: 0 is unknown)."""
    return bool(image.header["qform_code"] > 0 or image.header["sform_code"] > 0)


def _place(header: Any, source: Any, number: int) -> None:
    """Copies where a source lies, and how large its pixels are; a slice beyond the first lies along the third
    axis.
    """
    theirs = source.header
    for key in _PLACE:
        header[key] = theirs[key]
    header["pixdim"][:4] = theirs["pixdim"][:4]
    header["xyzt_units"] = theirs["xyzt_units"]
    if number == 0 or _frame_axis(source) != 2:
        return
    for key in ("srow_x", "srow_y", "srow_z"):
        header[key][3] += number * header[key][2]
    if theirs["qform_code"] > 0:
        step = number * theirs.get_qform()[:3, 2]
        for key, along in zip(("qoffset_x", "qoffset_y", "qoffset_z"), step, strict=True):
            header[key] += along


def _frame_axis(image: Any) -> int:
    """The axis that counts frames: the third, slices, or the fourth and later, times, where there is one
    slice.
    """
    beyond = [axis for axis, side in enumerate(image.shape) if axis > 2 and side != 1]
    return beyond[0] if beyond and image.shape[2] == 1 else 2


def _load(path: PathLike, name: str) -> Any:
    """An image, whose file stays open as long as it: nibabel's own would be opened, and inflated from its
    beginning, for every frame.
    """
    if importlib.util.find_spec("nibabel") is None:
        raise FileError(f"{name}: NIfTI needs nibabel; install with: pip install 'uniultra[nifti]'")
    import nibabel

    file = open_file(path, MAX_CINE_BYTES)
    with quiet("nibabel.global"):
        try:
            stream = gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == _GZIP else file
            size = stream.read(4)
            stream.seek(0)
            second = size in (_SECOND.to_bytes(4, "little"), _SECOND.to_bytes(4, "big"))
            image = (nibabel.Nifti2Image if second else nibabel.Nifti1Image).from_stream(stream)
        except Exception as error:  # hostile bytes make nibabel raise almost anything
            file.close()
            raise FileError(
                f"{name}: not a NIfTI file, or damaged ({type(error).__name__}); export it again"
            ) from error
    weakref.finalize(image, file.close)
    return image


def _sizes(image: Any, frames: int) -> tuple[Calibration, tuple[float, ...] | None]:
    zooms = [float(zoom) for zoom in image.header.get_zooms()]
    try:
        length, time = image.header.get_xyzt_units()
    except KeyError:
        length, time = "unknown", "unknown"
    right, down = (zoom * _TO_MM.get(length, 1.0) for zoom in zooms[:2])
    calibration = UNKNOWN
    if length == "unknown" and (right, down) != (1.0, 1.0):  # 1 x 1 is written where nobody knew the size
        calibration = Calibration(notes=(_NO_UNIT.format(right, down),))
    if length in _TO_MM and length != "unknown" and all(np.isfinite([right, down])) and min(right, down) > 0:
        calibration = calibration.with_fallback("pixdim", (down, right))
    step = zooms[3] * _TO_S[time] if _frame_axis(image) == 3 and time in _TO_S else 0.0
    return calibration, tuple(i * step for i in range(frames)) if np.isfinite(step) and step > 0 else None


def _plane(image: Any, number: int, name: str) -> np.ndarray:
    """One frame (H, W), as stored times its slope."""
    try:
        with quiet("nibabel.global"):
            axis = _frame_axis(image)
            rest = [number if i == axis else 0 for i in range(2, len(image.shape))]
            plane = np.asarray(image.dataobj[(slice(None), slice(None), *rest)]).T
    except Exception as error:
        raise FileError(
            f"{name}: frame {number} is truncated or damaged ({type(error).__name__}); copy or export it "
            "again"
        ) from error
    if not np.isrealobj(plane) or not np.isfinite(plane).all():
        raise FileError(
            f"{name}: frame {number} holds values that are NaN, infinite or complex; legal are finite "
            "numbers; replace them"
        )
    return plane


def _frame(image: Any, name: str, calibration: Calibration, span: tuple[float, float], number: int) -> Frame:
    pixels = spread(_plane(image, number, name), *span)
    return Frame(np.ascontiguousarray(pixels), name, calibration)
