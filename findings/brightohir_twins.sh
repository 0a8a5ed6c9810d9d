#!/usr/bin/env bash
# brightohir 2.1.2 (HL7 v2 to FHIR and back): the weights of twins become two weights of one mother, whose fetus is gone; of three measurements of a head the first is kept; back, "< 5 mm, left" is 5 mm.
#
# Expected: OBX-4 tells of what a number is, in obstetric reports 1 and 2 for the fetuses; its guide has it in the Observation (component or specimen, bodySite), or a converter says that it isn't
# read. Repeated values of OBX-5 are several, "<^5" of type SN is less than 5 in its unit. Back, a comparator, the side and the limits have their places (SN, OBX-4 or OBX-20, OBX-7), volumes
# in components their own OBX, and an amended result is a corrected one.
# What happens: v2_to_r5 drops OBX-4: twin A's 2750 g and twin B's 1890 g are two "Fetal weight" of one mother with nothing to tell them apart. 31.2~31.0~30.8 cm is 31.2. Of "<^5" mm the unit is
# lost and the text "<^5" kept. r5_to_v2 writes the number alone: less than 5 mm is 5 mm, without side and limits; end-diastolic and end-systolic volume are an OBX without a value,
# final; "amended" is F; each OBX has the number 1. No warning, and "OBX" is on its list of what is covered.
# Why it matters: measurements of ultrasound reach the record by ORU. A twin that doesn't grow is found by the difference of the two weights.
# Seen on 1 December 2026 with brightohir 2.1.2, hl7apy 1.3.5, fhir.resources 8.3.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" brightohir==2.1.2 hl7apy==1.3.5 fhir.resources==8.3.0
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata

from brightohir import r5_to_v2, v2_to_r5

print(*(f"{name} {importlib.metadata.version(name)}" for name in ("brightohir", "hl7apy", "fhir.resources")))
report = [
    "MSH|^~\\&|US|ROOM1|HIS|H|20260101120000||ORU^R01^ORU_R01|1|P|2.5.1",
    "PID|1||42^^^H^MR||Doe^Jane||19900101|F",
    "OBR|1|||76811^OB ultrasound^C4|||20260101113000",
    "OBX|1|NM|11727-5^Fetal weight^LN|1|2750|g^gram^UCUM|||||F|||20260101113000",
    "OBX|2|NM|11727-5^Fetal weight^LN|2|1890|g^gram^UCUM|||||F|||20260101113000",
    "OBX|3|NM|11984-2^Head circumference^LN|1|31.2~31.0~30.8|cm^centimeter^UCUM|||||F",
    "OBX|4|SN|18148-8^Wall^LN||<^5|mm^millimeter^UCUM|||||F",
]
bundle = v2_to_r5("\r".join(report))
found = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Observation"]
for one in found:
    print("  ", {key: value for key, value in one.items() if key not in ("resourceType", "id", "status")})
first, second, head, wall = found
assert [one["valueQuantity"]["value"] for one in (first, second, head)] == [2750, 1890, 31.2]
assert {key: value for key, value in first.items() if key not in ("id", "valueQuantity")} == {key: value for key, value in second.items() if key not in ("id", "valueQuantity")}
assert not any("31.0" in str(one) or "30.8" in str(one) for one in found)
assert wall["valueString"] == "<^5" and "mm" not in str(wall)


def observation(text, **rest):
    return {"resourceType": "Observation", "id": text, "status": "final", "code": {"coding": [{"code": text}]}, **rest}


def quantity(value, unit, **rest):
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit, **rest}


limits = [{"low": quantity(0.6, "cm"), "high": quantity(1.1, "cm")}]
side = {"coding": [{"code": "7771000", "display": "left"}]}
thin = observation("wall", valueQuantity=quantity(5, "mm", comparator="<"), bodySite=side, referenceRange=limits)
volumes = observation("volumes", component=[{"code": {"text": name}, "valueQuantity": quantity(value, "ml")} for name, value in (("EDV", 120), ("ESV", 50))])
amended = observation("area", valueQuantity=quantity(12, "cm2")) | {"status": "amended"}
message = r5_to_v2({"resourceType": "Bundle", "type": "message", "entry": [{"resource": one} for one in (thin, volumes, amended)]}, message_type="ORU_R01")
lines = [line for line in message.replace("\n", "\r").split("\r") if line.startswith("OBX")]
print("   back:", *lines, sep="\n      ")
assert [line.rstrip("|") for line in lines] == ["OBX|1|NM|wall||5|mm|||||F", "OBX|1||volumes||||||||F", "OBX|1|NM|area||12|cm2|||||F"], lines
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
