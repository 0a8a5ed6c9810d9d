#!/usr/bin/env bash
# ultraml 0.2.0 (prepares ultrasound for machine learning): DICOM kept in colour is written with red and blue swapped: flow towards is flow away.
#
# Expected: convert_dicom_to_frames(grayscale=False) writes PNGs with the colours of the file. Of grey in 12 bits, a picture whose brightest pixel is
# bright.
# What happens: of cines and stills in RGB, red (200,20,20) is stored as (20,20,200), and blue as red: OpenCV, which writes them, takes BGR. 12 bits
# stored in 16 are divided by 256: 4095 is 15 of 255, a black picture. Nothing is said.
# Why it matters: colour Doppler says by red and blue which way blood flows; a network that learns from these frames learns it the wrong way round.
# Seen on 29 November 2026 with ultraml 0.2.0, pydicom 3.0.2, numpy 2.4.6, opencv-python-headless 5.0.0.93, Pillow 13.0.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ultraml==0.2.0 pydicom==3.0.2 numpy==2.4.6 opencv-python-headless==5.0.0.93 Pillow==13.0.0
venv/bin/python - <<'PYTHON'
from importlib.metadata import version

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, generate_uid
from ultraml.core.extract import convert_dicom_to_frames


def written(name: str, frames: np.ndarray, **options: bool) -> np.ndarray:
    """The last PNG of what is made of the file."""
    data, bits = Dataset(), 8 if frames.dtype == np.uint8 else 12
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage if len(frames) == 1 else UltrasoundMultiFrameImageStorage
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality = generate_uid(), generate_uid(), "US"
    data.PatientID, data.PatientName, data.StudyDate, data.StudyTime = "1", "Test^Phantom", "20260101", "120000"
    data.Rows, data.Columns = frames.shape[1:3]
    if len(frames) > 1:
        data.NumberOfFrames, data.FrameTime, data.FrameIncrementPointer = len(frames), 40, 0x00181063
    data.SamplesPerPixel, data.PhotometricInterpretation = (3, "RGB") if frames.ndim == 4 else (1, "MONOCHROME2")
    if frames.ndim == 4:
        data.PlanarConfiguration = 0
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8 * frames.itemsize, bits, bits - 1, 0
    data.PixelData = frames.tobytes()
    data["PixelData"].VR = "OB" if bits == 8 else "OW"
    data.save_as(f"{name}.dcm", enforce_file_format=True)
    return np.array(Image.open(convert_dicom_to_frames(f"{name}.dcm", name, **options)[0][-1]))


def main() -> None:
    rng = np.random.default_rng(0)
    frames = np.repeat(rng.integers(60, 200, (8, 96, 128, 1), dtype=np.uint8), 3, axis=3)
    frames[:, 30:60, 20:50] = rng.integers(0, 10, (8, 30, 30, 3), dtype=np.uint8) + np.array((200, 20, 20), np.uint8)
    frames[:, 30:60, 70:100] = rng.integers(0, 10, (8, 30, 30, 3), dtype=np.uint8) + np.array((20, 20, 200), np.uint8)
    print("ultraml", version("ultraml"))
    cine, still = written("cine", frames, grayscale=False, crop=False, apply_filter=False), written("still", frames[:1], grayscale=False)
    boxes = [[np.median(picture[35:55, left : left + 20], axis=(0, 1)).astype(int).tolist() for left in (25, 75)] for picture in (cine, still)]
    print("red and blue of a cine:", *boxes[0], "; of a still:", *boxes[1])
    deep = written("deep", np.linspace(0, 4095, 96 * 128).astype(np.uint16).reshape(1, 96, 128))
    print("12 bits, 0 to 4095:", deep.min(), "to", deep.max())
    for of_red, of_blue in boxes:
        assert of_red[2] > 195 > 40 > of_red[0] and of_blue[0] > 195 > 40 > of_blue[2]
    assert (deep.min(), deep.max()) == (0, 15)
    print("as stated")


if __name__ == "__main__":
    main()
PYTHON
