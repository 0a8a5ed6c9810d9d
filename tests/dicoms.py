"""DICOM files built for tests: any photometric interpretation, any transfer syntax that can be encoded
here.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    generate_uid,
)

PHI = "Doe^Jane^Secret"
HEIGHT, WIDTH = 24, 36


def picture(frames: int = 1, channels: int = 1, dtype: str = "u1", seed: int = 0) -> np.ndarray:
    """Smooth frames that differ: (frames, H, W) or (frames, H, W, 3)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    top = np.iinfo(dtype).max
    planes = [
        [(x * (3 + c) + y * 5 + 17 * f + 40 * c + seed) % 200 + 20 for c in range(channels)]
        for f in range(frames)
    ]
    values = np.moveaxis(np.array(planes, dtype=np.float64), 1, -1) / 255 * top
    return (
        np.squeeze(np.rint(values).astype(dtype), axis=-1) if channels == 1 else np.rint(values).astype(dtype)
    )


def region(
    box: tuple[int, int, int, int],
    delta: float | tuple[float, float] = 0.05,
    shape: int = 1,
    units: Any = (3, 3),
    **more: Any,
) -> Dataset:
    """An item of SequenceOfUltrasoundRegions; `delta` in cm, the box with its last pixel."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType, item.RegionFlags = shape, 1, 0
    item.RegionLocationMinX0, item.RegionLocationMinY0, item.RegionLocationMaxX1, item.RegionLocationMaxY1 = (
        box
    )
    item.PhysicalUnitsXDirection, item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX, item.PhysicalDeltaY = delta if isinstance(delta, tuple) else (delta, delta)
    for keyword, found in more.items():
        setattr(item, keyword, found)
    return item


def dataset(
    frames: np.ndarray, photometric: str = "MONOCHROME2", syntax: UID = ExplicitVRLittleEndian, **more: Any
) -> FileDataset:
    """A data set of frames (N, H, W) or (N, H, W, 3), uncompressed unless `encode` is called; with patient
    data in it.
    """
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = (
        UltrasoundMultiFrameImageStorage if len(frames) > 1 else UltrasoundImageStorage
    )
    meta.MediaStorageSOPInstanceUID = generate_uid()
    implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
    data = FileDataset(
        "", {}, file_meta=meta, preamble=b"\0" * 128, is_implicit_VR=implicit, is_little_endian=little
    )
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientName, data.PatientID, data.PatientBirthDate = PHI, "ID-4711", "19700101"
    data.Rows, data.Columns = frames.shape[1:3]
    data.SamplesPerPixel, data.PhotometricInterpretation = (3 if frames.ndim == 4 else 1), photometric
    data.BitsAllocated = data.BitsStored = 8 * frames.dtype.itemsize
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(frames.dtype.kind == "i")
    if len(frames) > 1:
        data.NumberOfFrames = len(frames)
    planar = more.pop("PlanarConfiguration", 0)
    if frames.ndim == 4:
        data.PlanarConfiguration = planar
    stored = np.moveaxis(frames, -1, 1) if planar else frames
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    raw = np.ascontiguousarray(stored.astype(stored.dtype.newbyteorder(order))).tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OW" if frames.dtype.itemsize > 1 else "OB"
    for keyword, found in more.items():
        setattr(data, keyword, found)
    return data


def jpeg(frame: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=97, **options)
    return buffer.getvalue()


def jpeg_2000(frame: np.ndarray, lossy: bool = False, keep_rgb: bool = False) -> bytes:
    buffer, mct = io.BytesIO(), int(frame.ndim == 3 and not keep_rgb)
    Image.fromarray(frame).save(buffer, "JPEG2000", no_jp2=True, irreversible=lossy, mct=mct)
    return buffer.getvalue()


def encapsulated(
    data: FileDataset, syntax: UID, encoded: list[bytes], has_bot: bool = True, fragments: int = 1
) -> FileDataset:
    """The same data set with encoded frames in place of its pixels."""
    data.file_meta.TransferSyntaxUID = syntax
    data.PixelData = encapsulate(encoded, fragments_per_frame=fragments, has_bot=has_bot)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    return data


def save(data: FileDataset, path: Path) -> Path:
    data.save_as(path, enforce_file_format=True)
    return path


NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
