#!/usr/bin/env bash
# dicomweb-client 0.61.2, DICOMfileClient (DICOMweb on a folder of files): frames of an ultrasound cine in YBR_FULL_422, and of its SEG, are cut
# at the wrong places; "rendered" frames of MONOCHROME1 are negatives, those of PALETTE COLOR indices.
#
# Expected: retrieve_instance_frames gives each frame's own pixels, retrieve_instance_frames_rendered the picture that a viewer shows.
# What happens: a frame is counted as 3 bytes a pixel, where uncompressed YBR_FULL_422 has 2: of six frames the first four come as one and a
# half frames each, from 1, 2.5, 4, ... on, and two are empty. Frames of single bits (10 x 13, 130 bits) are cut at whole bytes: the
# first has 128 of its bits, and the second begins two bits before its own. Of MONOCHROME1 the stored values go into the PNG, white for
# black, and of PALETTE COLOR the indices as grey. Nothing is raised for any of these; one frame alone, grey, RGB, YBR_FULL and JPEG are right.
# Why it matters: code is tried on a folder before it meets an archive. A cine plays with frames of mixed halves
# and ends early, and masks lie beside what they were drawn on.
# Seen on 29 November 2026 with dicomweb-client 0.61.2, pydicom 3.0.2, numpy 2.4.6, Pillow 13.0.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dicomweb-client==0.61.2 pydicom==3.0.2 numpy==2.4.6 Pillow==13.0.0
cd "$folder"
mkdir files
venv/bin/python - 2>/dev/null <<'PYTHON'
import io
from importlib.metadata import version
from pathlib import Path

import numpy as np
from dicomweb_client.api import DICOMfileClient
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage, UltrasoundMultiFrameImageStorage, generate_uid


def stored(name: str, count: int, size: tuple[int, int], pixels: bytes, **more: object) -> Dataset:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID = SegmentationStorage if more.get("BitsStored") == 1 else UltrasoundMultiFrameImageStorage
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID, data.Modality, data.PatientID = generate_uid(), generate_uid(), "US", "1"
    data.PatientName = data.PatientBirthDate = data.PatientSex = data.StudyDate = data.StudyTime = data.StudyID = ""
    data.AccessionNumber, data.ReferringPhysicianName, data.SeriesNumber, data.InstanceNumber = "", "", 1, 1
    data.NumberOfFrames, data.Rows, data.Columns = count, *size
    data.SamplesPerPixel, data.PixelRepresentation = 1, 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    for keyword, value in more.items():
        setattr(data, keyword, value)
    data.PixelData = pixels + b"\0" * (len(pixels) % 2)
    data["PixelData"].VR = "OB"
    data.save_as(f"files/{name}.dcm", enforce_file_format=True)
    return data


numbered = b"".join(bytes([10 + frame]) * (24 * 36 * 2) for frame in range(6))
subsampled = stored("a", 6, (24, 36), numbered, SamplesPerPixel=3, PlanarConfiguration=0, PhotometricInterpretation="YBR_FULL_422")
masks = np.zeros((5, 10, 13), bool)
masks[:, 3:7, 4:9] = True
bits = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PhotometricInterpretation": "MONOCHROME2"}
segments = stored("b", 5, (10, 13), np.packbits(masks.ravel(), bitorder="little").tobytes(), **bits)
negative = stored("c", 2, (8, 8), bytes([55]) * 128, PhotometricInterpretation="MONOCHROME1")
palette: dict[str, object] = {}
for colour, value in (("Red", 200), ("Green", 100), ("Blue", 50)):
    palette |= {f"{colour}PaletteColorLookupTableDescriptor": [256, 0, 16]}
    palette |= {f"{colour}PaletteColorLookupTableData": np.full(256, value * 257, "<u2").tobytes()}
indexed = stored("d", 2, (8, 8), bytes([7]) * 128, PhotometricInterpretation="PALETTE COLOR", **palette)
client = DICOMfileClient(f"file://{Path.cwd()}/files", update_db=True, in_memory=True)


def frames(data: Dataset) -> list[bytes]:
    numbers = list(range(1, data.NumberOfFrames + 1))
    where = data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID
    return client.retrieve_instance_frames(*where, numbers, media_types=("*/*",))


def shown(data: Dataset) -> list[int]:
    where = data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID
    png = client.retrieve_instance_frames_rendered(*where, [2], media_types=("image/png",))
    return np.atleast_1d(np.asarray(Image.open(io.BytesIO(png)))[4, 4]).tolist()


print("dicomweb-client", version("dicomweb-client"))
cut = [(len(frame) / (24 * 36 * 2), sorted({value - 9 for value in frame})) for frame in frames(subsampled)]
print("YBR_FULL_422, six frames: length in frames and whose pixels", cut)
lost = [130 - 8 * len(frame) for frame in frames(segments)]
second = np.unpackbits(np.frombuffer(frames(segments)[1], np.uint8), bitorder="little")
slip = int(np.flatnonzero(second)[0] - np.flatnonzero(masks[1])[0])
print("SEG, bits missing by frame (below 0: bits of the next):", lost, "; frame 2 displaced by", slip, "pixels")
print("MONOCHROME1, 55 stored, 200 shown by a viewer:", shown(negative), "; PALETTE COLOR, 200, 100, 50:", shown(indexed))
assert cut == [(1.5, [1, 2]), (1.5, [2, 3]), (1.5, [4, 5]), (1.5, [5, 6]), (0, []), (0, [])]
assert lost[:3] == [2, 2, 2] and slip == 2 and shown(negative) == [55] and shown(indexed) == [7]
print("as stated")
PYTHON
