"""An Enhanced US Volume (PS3.3 A.59) as the standard has it: parallel planes, each with its place, in a
frame of reference of the probe.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from dicoms import PHI

ENHANCED_US_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"
STEP_MM = 0.5
"""Between two planes."""


def item(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, found in values.items():
        setattr(made, keyword, found)
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def enhanced_us(
    volumes: np.ndarray, spacing_mm_yx: tuple[float, float], volume_s: float = 0.05
) -> FileDataset:
    """A data set of volumes (times, planes, H, W), uint8: the planes of the first time, then of the next."""
    times, planes, height, width = volumes.shape
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ENHANCED_US_VOLUME, generate_uid()
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = ENHANCED_US_VOLUME, meta.MediaStorageSOPInstanceUID
    _about(data)
    _image(data, (height, width), times * planes)
    organisation = generate_uid()
    data.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organisation)]
    data.DimensionOrganizationType = "3D" if times == 1 else "3D_TEMPORAL"
    data.DimensionIndexSequence = [
        item(
            DimensionOrganizationUID=organisation,
            DimensionIndexPointer=pointer,
            FunctionalGroupPointer=group,
            DimensionDescriptionLabel=label,
        )
        for pointer, group, label in (
            (0x00209057, 0x00209111, "In-Stack Position Number"),
            (0x00209128, 0x00209111, "Temporal Position Index"),
        )
    ]
    data.SharedFunctionalGroupsSequence = [_shared(spacing_mm_yx)]
    data.PerFrameFunctionalGroupsSequence = [
        _plane((time, plane), volume_s) for time, plane in product(range(times), range(planes))
    ]
    raw = volumes.tobytes()
    data.PixelData = raw + b"\0" * (len(raw) % 2)
    data["PixelData"].VR = "OB"
    return data


def _about(data: Dataset) -> None:
    """Patient, study, series, equipment and both frames of reference."""
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = PHI, "ID-4711", "19700101", "F"
    data.StudyInstanceUID, data.StudyDate, data.StudyTime = generate_uid(), "20240501", "101500"
    data.ReferringPhysicianName, data.StudyID, data.AccessionNumber = "", "1", ""
    data.Modality, data.SeriesInstanceUID, data.SeriesNumber = "US", generate_uid(), 1
    step = item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.3", ReferencedSOPInstanceUID=generate_uid())
    data.ReferencedPerformedProcedureStepSequence = [step]
    data.PerformedProtocolCodeSequence = [code("P1", "99TEST", "Abdomen, volume")]
    data.PerformedProtocolType = "NON_STAGED"
    data.Manufacturer, data.ManufacturerModelName = "test", "test"
    data.DeviceSerialNumber, data.SoftwareVersions = "1", "1"
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = generate_uid(), ""
    data.VolumeFrameOfReferenceUID = generate_uid()
    data.UltrasoundAcquisitionGeometry, data.ApexPosition = "APEX", [0.0, 0.0, 0.0]
    data.VolumeToTransducerRelationship = "FIXED"
    data.VolumeToTransducerMappingMatrix = np.eye(4).ravel().tolist()
    data.SynchronizationFrameOfReferenceUID, data.SynchronizationTrigger = generate_uid(), "NO TRIGGER"
    data.AcquisitionTimeSynchronized = "N"


def _image(data: Dataset, size_hw: tuple[int, int], frames: int) -> None:
    """Pixels, acquisition, and what the image is."""
    data.InstanceNumber, data.ContentDate, data.ContentTime = 1, "20240501", "101500"
    data.AcquisitionDateTime, data.AcquisitionDuration = "20240501101500", 100.0
    data.AcquisitionContextSequence = []
    data.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    data.Rows, data.Columns = size_hw
    data.NumberOfFrames, data.SamplesPerPixel, data.PhotometricInterpretation = frames, 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PresentationLUTShape, data.RescaleIntercept, data.RescaleSlope = "IDENTITY", 0, 1
    data.LossyImageCompression, data.BurnedInAnnotation = "00", "NO"
    data.PositionMeasuringDeviceUsed, data.PatientOrientation = "RIGID", ""
    data.AnatomicRegionSequence = [code("10200004", "SCT", "Liver")]
    data.ViewCodeSequence = [code("399260004", "SCT", "Medial-lateral")]
    data.TransducerScanPatternCodeSequence = [code("125243", "DCM", "Rotating plane scan pattern")]
    data.TransducerGeometryCodeSequence = [
        code("125252", "DCM", "Curved linear ultrasound transducer geometry")
    ]
    data.TransducerBeamSteeringCodeSequence = [code("125258", "DCM", "Mechanical beam steering")]
    data.TransducerApplicationCodeSequence = [code("125261", "DCM", "External Transducer")]
    data.MechanicalIndex, data.BoneThermalIndex, data.CranialThermalIndex = 0.5, 0.5, 0.5
    data.SoftTissueThermalIndex, data.DepthOfScanField, data.DepthsOfFocus = 0.5, 100, [50.0]


def _shared(spacing_mm_yx: tuple[float, float]) -> Dataset:
    return item(
        PixelMeasuresSequence=[item(PixelSpacing=list(spacing_mm_yx), SliceThickness=STEP_MM)],
        PlaneOrientationVolumeSequence=[item(ImageOrientationVolume=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])],
        FrameVOILUTSequence=[item(WindowCenter=128.0, WindowWidth=256.0)],
        USImageDescriptionSequence=[
            item(
                FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
                VolumetricProperties="VOLUME",
                VolumeBasedCalculationTechnique="NONE",
            )
        ],
        ImageDataTypeSequence=[
            item(DataType="TISSUE_INTENSITY", AliasedDataType="NO", ZeroVelocityPixelValue=0)
        ],
    )


def _plane(at: tuple[int, int], volume_s: float) -> Dataset:
    time, plane = at
    return item(
        FrameContentSequence=[
            item(
                FrameReferenceDateTime=f"20240501101500.{int(1e6 * time * volume_s):06d}",
                FrameAcquisitionDateTime=f"20240501101500.{int(1e6 * time * volume_s):06d}",
                FrameAcquisitionDuration=1000 * volume_s,
                DimensionIndexValues=[plane + 1, time + 1],
                StackID="1",
                InStackPositionNumber=plane + 1,
                TemporalPositionIndex=time + 1,
            )
        ],
        PlanePositionVolumeSequence=[item(ImagePositionVolume=[0.0, 0.0, STEP_MM * plane])],
        TemporalPositionSequence=[item(TemporalPositionTimeOffset=time * volume_s)],
    )
