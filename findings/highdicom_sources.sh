#!/usr/bin/env bash
# highdicom 0.28.2 refuses valid ultrasound sources, and moved SegmentIdentificationSequence between 0.27 and 0.28.
#
# Expected: the patient's name of a Japanese or Korean file goes into a SEG; any stored image can be evidence of an SR; a release
# keeps where functional groups lie.
# Seen (2026-11-28, Python 3.11, pydicom 3.0.1):
#   - SpecificCharacterSet "\ISO 2022 IR 87", the form of PS3.5 H.3.1, and "ISO_IR 13\ISO 2022 IR 87" of H.3.2: ValueError
#     (0.27.0 doesn't look);
#   - StudyTime 14:04:38, the form of ACR-NEMA that older files have (PS3.5 table 6.2-1): ValueError;
#   - a ComprehensiveSR on a retired Ultrasound Image Storage (1.2.840.10008.5.1.4.1.1.6): KeyError. pydicom-data's own
#     color-pl.dcm names it;
#   - a SEG of one segment has SegmentIdentificationSequence in the shared groups with 0.28.2, in the per-frame groups with 0.27.0;
#     who adds frames then has it in both, which PS3.3 C.7.6.16.1.1 forbids;
#   - a SEG that 0.28.2 makes fails its own check_required_attributes: the table asks for DerivationImageSequence in the shared
#     groups, where it may as well lie in the per-frame ones.
# Why it matters: a clinical tool meets such files; the exception isn't about the segmentation at all.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cat >"$folder/try.py" <<'PY'
import json
import logging
import sys
import warnings

import highdicom as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UltrasoundImageStorage, generate_uid

warnings.simplefilter("ignore")
logging.disable()


def source(**more: object) -> Dataset:
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = UltrasoundImageStorage, generate_uid()
    data.StudyInstanceUID, data.SeriesInstanceUID = generate_uid(), generate_uid()
    data.PatientName, data.PatientID, data.PatientBirthDate, data.PatientSex = "Test^Phantom", "1", "", ""
    data.StudyDate, data.StudyTime, data.AccessionNumber, data.StudyID = "20200101", "120000", "", ""
    data.ReferringPhysicianName, data.Modality, data.Rows, data.Columns = "", "US", 8, 8
    for keyword, value in more.items():
        if keyword == "StudyTime":
            data[keyword]._value = value
        else:
            setattr(data, keyword, value)
    return data


ABOUT = {"series_number": 1, "instance_number": 1, "manufacturer": "Test"}


def seg(image: Dataset) -> Dataset:
    algorithm = hd.AlgorithmIdentificationSequence(name="a", version="1", family=codes.DCM.ArtificialIntelligence)
    one = hd.seg.SegmentDescription(
        1, "a", codes.SCT.AnatomicalStructure, codes.SCT.AnatomicalStructure, "AUTOMATIC", algorithm
    )
    return hd.seg.Segmentation(
        [image], np.ones((1, 8, 8), bool), "BINARY", [one], hd.UID(), sop_instance_uid=hd.UID(),
        manufacturer_model_name="m", software_versions="1", device_serial_number="1", **ABOUT,
    )


def sr(image: Dataset) -> Dataset:
    root = hd.sr.ContainerContentItem(codes.DCM.ImagingMeasurementReport, template_id="1500")
    root.ContentSequence = hd.sr.ContentSequence()
    return hd.sr.ComprehensiveSR([image], root, hd.UID(), sop_instance_uid=hd.UID(), **ABOUT)


def tried(make, **more: object) -> str:
    try:
        make(source(**more))
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return "written"


found = {
    "plain": tried(seg),
    "Japanese": tried(seg, SpecificCharacterSet=["", "ISO 2022 IR 87"]),
    "Japanese half width": tried(seg, SpecificCharacterSet=["ISO_IR 13", "ISO 2022 IR 87"]),
    "old time": tried(seg, StudyTime="14:04:38"),
    "plain SR": tried(sr),
    "retired SR": tried(sr, SOPClassUID="1.2.840.10008.5.1.4.1.1.6"),
}
made = seg(source())
groups = {"shared": made.SharedFunctionalGroupsSequence[0], "per frame": made.PerFrameFunctionalGroupsSequence[0]}
found["identification"] = "".join(name for name, group in groups.items() if "SegmentIdentificationSequence" in group)
try:
    from highdicom._standard_utils import check_required_attributes

    check_required_attributes(made, "segmentation-multi-frame-functional-groups")
    found["its own table"] = "complete"
except (AttributeError, ImportError) as error:
    found["its own table"] = str(error)
print("highdicom", hd.__version__)
for name, said in found.items():
    print(f"  {name}: {said}")
json.dump(found, open(sys.argv[1], "w"))
PY
for version in 0.28.2 0.27.0; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet --disable-pip-version-check "highdicom==$version" pydicom==3.0.1
    "$folder/$version/bin/python" "$folder/try.py" "$folder/$version.json"
done
"$folder/0.28.2/bin/python" - "$folder" <<'PY'
import json
import sys

new, old = (json.load(open(f"{sys.argv[1]}/{version}.json")) for version in ("0.28.2", "0.27.0"))
assert new["plain"] == new["plain SR"] == "written"
assert all(new[name].startswith("ValueError") for name in ("Japanese", "Japanese half width", "old time"))
assert new["retired SR"].startswith("KeyError")
assert old["Japanese"] == "written"
assert "'DerivationImageSequence' at path ['SharedFunctionalGroupsSequence']" in new["its own table"]
assert (new["identification"], old["identification"]) == ("shared", "per frame")
print("as stated")
PY
