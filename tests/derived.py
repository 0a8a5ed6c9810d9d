"""SEG and SR of one source, as data sets and as files hold them."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset

from dicoms import HEIGHT, WIDTH
from uniultra.io.dicom.seg import Segment, segmentation
from uniultra.io.dicom.source import Maker
from uniultra.io.dicom.sr import Finding, report
from uniultra.measure.shape import measure_shape

hd = pytest.importorskip("highdicom", reason="highdicom is of the extra dicom")
MAKER = Maker("uniultra-mini", "0.1.0", "9.9")
MASK = np.zeros((HEIGHT, WIDTH), bool)
MASK[6:16, 8:30] = True


def seg(source: Dataset, label: str = "x") -> Dataset:
    return segmentation(source, [Segment(label, {0: MASK})], MAKER)


def sr(source: Dataset, label: str = "x") -> Dataset:
    shape = measure_shape(MASK, None)
    assert shape is not None
    return report(source, [Finding(label, 0, MASK, shape)], MAKER)


BOTH = pytest.mark.parametrize("make", [seg, sr])
Make = Callable[..., Dataset]


def again(made: Dataset) -> FileDataset:
    """A data set as a file holds it."""
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)
