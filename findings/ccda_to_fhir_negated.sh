#!/usr/bin/env bash
# ccda-to-fhir 0.3 (C-CDA documents to FHIR): a result "no thrombus" becomes Thrombus, final; a fraction of type REAL and a "false" are "not provided in source", less than 5 mm is at most 5.
#
# Expected: an observation with negationInd="true" says that the finding was looked for and is absent, by CDA for every observation. In FHIR it is said so, as the same package does for a
# problem (a Condition that is refuted), or left out with a word. Values of CDA's types REAL and BL are numbers and truth values, and a high with inclusive="false" is "<".
# What happens: of results negationInd is read by the parser and dropped by the converter: Observation.valueCodeableConcept is Thrombus. <value xsi:type="REAL" value="55.5"/> and BL are dropped, with
# the dataAbsentReason "unknown" and the text "Value not provided in source C-CDA document". inclusive isn't read: < 5 mm is <= 5 mm. The list of errors is empty. Quantities, sides
# (qualifier of targetSiteCode) and problems are right, and a ratio (RTO) stops the whole document with an error.
# Why it matters: reports of echocardiography and of veins consist of what wasn't seen. The converter's "unknown" hides a fraction that is in the document.
# Seen on 1 December 2026 with ccda-to-fhir 0.3, lxml 6.1.3, Python 3.11. A document of the least that it takes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" ccda-to-fhir==0.3 lxml==6.1.3
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import logging

logging.disable(logging.CRITICAL)
from ccda_to_fhir import convert_document

LOINC, SNOMED, TEMPLATES = "2.16.840.1.113883.6.1", "2.16.840.1.113883.6.96", "2.16.840.1.113883.10.20.22"
TIME = '<effectiveTime><low value="20260101113000"/></effectiveTime>'
THROMBUS = f'<value xsi:type="CD" code="396339007" codeSystem="{SNOMED}" displayName="Thrombus"/>'
ADDRESS = "<addr><streetAddressLine>1</streetAddressLine><city>B</city><state>MA</state><postalCode>01234</postalCode><country>US</country></addr>"
TELECOM = '<telecom value="tel:1"/>'
KIDNEY = f"""<targetSiteCode code="64033007" codeSystem="{SNOMED}" displayName="Kidney"><qualifier>
  <name code="272741003" codeSystem="{SNOMED}" displayName="Laterality"/><value code="7771000" codeSystem="{SNOMED}" displayName="Left"/></qualifier></targetSiteCode>"""


def result(code, name, value, attributes="", site=""):
    return f"""<component><observation classCode="OBS" moodCode="EVN" {attributes}><templateId root="{TEMPLATES}.4.2" extension="2015-08-01"/><id root="1.2.3.{code}"/>
      <code code="{code}" codeSystem="{LOINC}" displayName="{name}"/><statusCode code="completed"/><effectiveTime value="20260101113000"/>{value}{site}</observation></component>"""


results = (
    result("1", "thrombus", THROMBUS, 'negationInd="true"')
    + result("2", "ejection fraction, REAL", '<value xsi:type="REAL" value="55.5"/>')
    + result("3", "ejection fraction, PQ", '<value xsi:type="PQ" value="55.5" unit="%"/>')
    + result("4", "shunt", '<value xsi:type="BL" value="false"/>')
    + result("5", "wall", '<value xsi:type="IVL_PQ"><high value="5" unit="mm" inclusive="false"/></value>')
    + result("6", "length", '<value xsi:type="PQ" value="110" unit="mm"/>', site=KIDNEY)
)
problem = f"""<act classCode="ACT" moodCode="EVN"><templateId root="{TEMPLATES}.4.3" extension="2015-08-01"/><id root="1.2.4"/><code code="CONC" codeSystem="2.16.840.1.113883.5.6"/>
  <statusCode code="active"/>{TIME}<entryRelationship typeCode="SUBJ"><observation classCode="OBS" moodCode="EVN" negationInd="true"><templateId root="{TEMPLATES}.4.4" extension="2015-08-01"/>
  <id root="1.2.5"/><code code="55607006" codeSystem="{SNOMED}"/><statusCode code="completed"/>{TIME}{THROMBUS}</observation></entryRelationship></act>"""


def section(template, code, entries):
    return f"""<component><section><templateId root="{TEMPLATES}.2.{template}" extension="2015-08-01"/><code code="{code}" codeSystem="{LOINC}"/><title>t</title><text>t</text>
      <entry typeCode="DRIV">{entries}</entry></section></component>"""


organizer = f"""<organizer classCode="BATTERY" moodCode="EVN"><templateId root="{TEMPLATES}.4.1" extension="2015-08-01"/><id root="1.2.6"/><code code="59282-4" codeSystem="{LOINC}"/>
  <statusCode code="completed"/>{results}</organizer>"""
document = f"""<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><realmCode code="US"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="{TEMPLATES}.1.1" extension="2015-08-01"/><id root="1.2.7"/><code code="34133-9" codeSystem="{LOINC}"/><title>Echocardiogram</title><effectiveTime value="20260101120000+0000"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="en-US"/>
<recordTarget><patientRole><id root="1.2.8" extension="42"/>{ADDRESS}{TELECOM}<patient><name><given>Jane</given><family>Doe</family></name>
<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19900101"/></patient></patientRole></recordTarget>
<author><time value="20260101120000+0000"/><assignedAuthor><id root="1.2.9" extension="1"/>{ADDRESS}{TELECOM}<assignedPerson><name><given>A</given><family>B</family></name></assignedPerson></assignedAuthor></author>
<custodian><assignedCustodian><representedCustodianOrganization><id root="1.2.10" extension="1"/><name>H</name>{TELECOM}{ADDRESS}</representedCustodianOrganization></assignedCustodian></custodian>
<component><structuredBody>{section("3.1", "30954-2", organizer)}{section("5.1", "11450-4", problem)}</structuredBody></component></ClinicalDocument>"""

answer = convert_document(document)
print("ccda-to-fhir", importlib.metadata.version("ccda-to-fhir"), "- errors:", answer["metadata"]["errors"])
found = {}
for one in (entry["resource"] for entry in answer["bundle"]["entry"]):
    if one["resourceType"] in ("Observation", "Condition"):
        name = one["code"]["coding"][0].get("display") or one["code"]["coding"][0]["code"]
        kept = ("valueQuantity", "valueCodeableConcept", "dataAbsentReason", "bodySite", "clinicalStatus", "verificationStatus")
        found[one["resourceType"], name] = {key: one[key] for key in kept if key in one}
        print(f"   {one['resourceType']} {name}: {found[one['resourceType'], name]}")
thrombus, condition = found["Observation", "thrombus"], found["Condition", "Thrombus"]
assert thrombus["valueCodeableConcept"]["coding"][0]["display"] == "Thrombus"
assert condition["verificationStatus"]["coding"][0]["code"] == "refuted"
for name in ("ejection fraction, REAL", "shunt"):
    assert found["Observation", name]["dataAbsentReason"]["text"] == "Value not provided in source C-CDA document"
assert found["Observation", "ejection fraction, PQ"]["valueQuantity"]["value"] == 55.5
assert found["Observation", "wall"]["valueQuantity"]["comparator"] == "<="
assert found["Observation", "length"]["bodySite"]["text"] == "Left Kidney" and not answer["metadata"]["errors"]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
