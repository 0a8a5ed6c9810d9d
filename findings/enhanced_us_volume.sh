#!/usr/bin/env bash
# dcm2niix, SimpleITK and vtk-dicom of an Enhanced US Volume: times interleaved with planes, millimetres lost, flow between tissue.
#
# Expected: a volume of 5 planes, 0.5 mm apart, pixels of 0.25 x 0.4 mm, at 2 times is read as 5 planes x 2 times with these millimetres, or
# refused. Its frames have the dimensions that PS3.3 C.8.24.3.3 demands: time, Image Position (Volume), data type.
# What happens:
#   - dcm2niix 1.0.20260724 writes one volume of 10 planes 0.5 mm apart: plane 1 at time 1, plane 1 at time 2, plane 2 at time 1, ... With
#     tissue and flow velocity of each plane (two data types, one time) 10 planes, too: 5 of tissue, and behind them 5 of velocity.
#     Warnings are about orientation; exit code 0. One time and one type are right.
#   - SimpleITK 2.5.7 (GDCM): 10 planes with spacing 1 x 1 x 1, also where one time and one type are all that there is.
#   - dicomtonifti (vtk-dicom 0.8.14, Debian 12): 10 planes, 0.25 x 0.4 mm, 1 mm apart.
# Why it matters: the volume of a ventricle or a fetus is wrong by a factor of 20 (SimpleITK), 2 (vtk-dicom), or is one that
# beats while one goes through it, twice as tall. Models for 3D see velocity as anatomy.
# Seen on 29 November 2026 with dcm2niix 1.0.20260724, SimpleITK 2.5.7, vtk-dicom-tools 0.8.14-3.1, pydicom 3.0.2, nibabel 5.4.2, numpy 2.4.6,
# Python 3.11; in the files made here dciodvfy (dicom3tools 20220618) finds no error.
# Uses Debian's packages, unpacked in a temporary folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download vtk-dicom-tools libvtkdicom0.8 libvtk9.1 libtbb12 libgdcm3.0 libcharls2 libdouble-conversion3 >/dev/null
for package in *.deb; do dpkg -x "$package" root; done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check dcm2niix==1.0.20260724 SimpleITK==2.5.7 pydicom==3.0.2 nibabel==5.4.2 numpy==2.4.6
LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu venv/bin/python - <<'PYTHON'
import subprocess
from itertools import product
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"
TYPES = ("TISSUE_INTENSITY", "FLOW_VELOCITY")


def item(**values) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def frame(time: int, plane: int, kind: int) -> Dataset:
    moment = f"20260101120000.{time}"
    return item(
        FrameContentSequence=[
            item(
                FrameReferenceDateTime=moment, FrameAcquisitionDateTime=moment, FrameAcquisitionDuration=100.0,
                DimensionIndexValues=[time + 1, plane + 1, kind + 1],
            )
        ],
        PlanePositionVolumeSequence=[item(ImagePositionVolume=[0.0, 0.0, 0.5 * plane])],
        TemporalPositionSequence=[item(TemporalPositionTimeOffset=0.1 * time)],
        ImageDataTypeSequence=[item(DataType=TYPES[kind], AliasedDataType="NO", ZeroVelocityPixelValue=128)],
    )


def written(name: str, times: int, kinds: int) -> None:
    """Plane p (1 to 5) of time t is 10 p + 100 t throughout; its velocities are 5 more."""
    places = list(product(range(times), range(5), range(kinds)))
    data, meta = Dataset(), FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ExplicitVRLittleEndian, VOLUME, generate_uid()
    data.file_meta, data.SOPClassUID, data.SOPInstanceUID = meta, VOLUME, meta.MediaStorageSOPInstanceUID
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "Test^Phantom", "1", "", ""
    data.StudyInstanceUID, data.StudyDate, data.StudyTime = generate_uid(), "20260101", "120000"
    data.ReferringPhysicianName, data.StudyID, data.AccessionNumber = "", "1", ""
    data.Modality, data.SeriesInstanceUID, data.SeriesNumber, data.Laterality = "US", generate_uid(), 1, ""
    step = item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.3", ReferencedSOPInstanceUID=generate_uid())
    data.ReferencedPerformedProcedureStepSequence = [step]
    data.PerformedProtocolCodeSequence, data.PerformedProtocolType = [code("P1", "99TEST", "Volume")], "NON_STAGED"
    data.Manufacturer = data.ManufacturerModelName = "test"
    data.DeviceSerialNumber = data.SoftwareVersions = "1"
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = generate_uid(), ""
    data.VolumeFrameOfReferenceUID, data.VolumeToTransducerRelationship = generate_uid(), "FIXED"
    data.UltrasoundAcquisitionGeometry, data.ApexPosition = "APEX", [0.0, 0.0, 0.0]
    data.VolumeToTransducerMappingMatrix = np.eye(4).ravel().tolist()
    data.SynchronizationFrameOfReferenceUID, data.SynchronizationTrigger, data.AcquisitionTimeSynchronized = generate_uid(), "NO TRIGGER", "N"
    data.InstanceNumber, data.ContentDate, data.ContentTime = 1, "20260101", "120000"
    data.AcquisitionDateTime, data.AcquisitionDuration, data.AcquisitionContextSequence = "20260101120000", 100.0, []
    data.ImageType, data.PatientOrientation, data.BurnedInAnnotation = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], "", "NO"
    data.Rows, data.Columns, data.NumberOfFrames, data.SamplesPerPixel = 24, 36, len(places), 1
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PhotometricInterpretation, data.PresentationLUTShape = "MONOCHROME2", "IDENTITY"
    data.RescaleIntercept, data.RescaleSlope, data.LossyImageCompression, data.PositionMeasuringDeviceUsed = 0, 1, "00", "RIGID"
    data.AnatomicRegionSequence = [code("80891009", "SCT", "Heart")]
    data.ViewCodeSequence = [code("399260004", "SCT", "Medial-lateral")]
    data.TransducerScanPatternCodeSequence = [code("125243", "DCM", "Rotating plane scan pattern")]
    data.TransducerGeometryCodeSequence = [code("125252", "DCM", "Curved linear ultrasound transducer geometry")]
    data.TransducerBeamSteeringCodeSequence = [code("125258", "DCM", "Mechanical beam steering")]
    data.TransducerApplicationCodeSequence = [code("125261", "DCM", "External Transducer")]
    data.MechanicalIndex = data.BoneThermalIndex = data.CranialThermalIndex = data.SoftTissueThermalIndex = 0.5
    data.DepthOfScanField, data.DepthsOfFocus = 100, [50.0]
    organisation = generate_uid()
    data.DimensionOrganizationSequence = [item(DimensionOrganizationUID=organisation)]
    data.DimensionOrganizationType = "3D_TEMPORAL" if times > 1 else "3D"
    data.DimensionIndexSequence = [
        item(DimensionOrganizationUID=organisation, DimensionIndexPointer=pointer, FunctionalGroupPointer=group)
        for pointer, group in ((0x0020930D, 0x00209310), (0x00209301, 0x0020930E), (0x00189808, 0x00189807))
    ]
    about = item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], VolumetricProperties="VOLUME", VolumeBasedCalculationTechnique="NONE")
    data.SharedFunctionalGroupsSequence = [
        item(
            PixelMeasuresSequence=[item(PixelSpacing=[0.4, 0.25], SliceThickness=0.5)],
            PlaneOrientationVolumeSequence=[item(ImageOrientationVolume=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])],
            FrameVOILUTSequence=[item(WindowCenter=128.0, WindowWidth=256.0)],
            USImageDescriptionSequence=[about],
        )
    ]
    data.PerFrameFunctionalGroupsSequence = [frame(*place) for place in places]
    values = [10 * (plane + 1) + 100 * time + 5 * kind for time, plane, kind in places]
    data.PixelData = np.repeat(np.array(values, np.uint8), 24 * 36).tobytes()
    data["PixelData"].VR = "OB"
    data.save_as(name, enforce_file_format=True)


def nifti(*command: str) -> tuple[list, tuple[float, ...]]:
    """What the middle of each plane is, and the spacing in mm."""
    subprocess.run(command, check=True, capture_output=True)
    image = nibabel.load("out.nii")
    planes = np.asanyarray(image.dataobj)[18, 12].T.tolist()
    Path("out.nii").unlink()
    return planes, tuple(round(float(zoom), 3) for zoom in image.header.get_zooms()[:3])


def read_by_all(times: int, kinds: int) -> dict[str, tuple[list, tuple[float, ...]]]:
    written("in.dcm", times, kinds)
    image = SimpleITK.ReadImage("in.dcm")
    return {
        "dcm2niix": nifti("venv/bin/dcm2niix", "-f", "out", "-z", "n", "-o", ".", "in.dcm"),
        "SimpleITK": (SimpleITK.GetArrayFromImage(image)[:, 12, 18].tolist(), image.GetSpacing()),
        "vtk-dicom": nifti("root/usr/bin/dicomtonifti", "-o", "out.nii", "in.dcm"),
    }


one, moving, flow = read_by_all(1, 1), read_by_all(2, 1), read_by_all(1, 2)
for name, found in {"one volume": one, "two times": moving, "tissue and velocity": flow}.items():
    for tool, (planes, spacing) in found.items():
        print(f"{name}, {tool}: planes {planes}, {spacing} mm")
tissue, later = [10, 20, 30, 40, 50], [110, 120, 130, 140, 150]
assert one["dcm2niix"] == (tissue, (0.25, 0.4, 0.5))
assert moving["dcm2niix"] == ([10, 110, 20, 120, 30, 130, 40, 140, 50, 150], (0.25, 0.4, 0.5))
assert flow["dcm2niix"] == ([*tissue, 15, 25, 35, 45, 55], (0.25, 0.4, 0.5))
assert one["SimpleITK"] == (tissue, (1, 1, 1)) and moving["SimpleITK"] == (tissue + later, (1, 1, 1))
assert one["vtk-dicom"] == (tissue, (0.25, 0.4, 1)) and moving["vtk-dicom"] == (tissue + later, (0.25, 0.4, 1))
assert flow["SimpleITK"][0] == flow["vtk-dicom"][0] == [10, 15, 20, 25, 30, 35, 40, 45, 50, 55]
print("as stated")
PYTHON
