#!/usr/bin/env bash
# @medplum/core 5.2.13 (FHIR server and client), FHIRPath on measurements: a wall of 8 mm is above its limit of 1.1 cm, and 2 cm + 5 mm is 7 cm; fhirpathrs 0.1.5: 10 mm isn't 1 cm.
#
# Expected: FHIRPath's specification lets an engine convert units or answer "empty" where they differ, and says that it must at least respect them. So a thickness of 8 mm isn't above the
# upper limit of its referenceRange, 1.1 cm, and the sum of 2 cm and 5 mm is 2.5 cm, or empty; fhirpath 5.2.2 (npm) answers all of these.
# What happens: evalFhirPath of @medplum/core compares and computes the bare numbers, and gives the result the unit of the left one. 8 mm are more than 1.1 cm, 10 mm are 10 ml but not
# 1 cm; 2 cm + 5 mm = 7 cm, 5 mm - 2 cm = 3 mm; 3 cm2 x 80 cm/s are 240 cm2, 100 ml over 2 m2 are 50 ml; 1 January + 40 weeks is the string "2026-01-0140". isQuantityEquivalent says
# that 10 mm and 10 cm are. No error, and never an empty answer.
# fhirpathrs orders lengths rightly, but for it 10 mm = 1 cm, 1 cm3 = 1 ml and 1 m/s = 100 cm/s are false, not empty; fhirpathpy 2.2.4 says so of the latter two.
# Why it matters: scanners report lengths in cm, calipers and AI in mm, velocities in cm/s or m/s. With FHIRPath a server's subscriptions, rules and constraints select what is abnormal.
# Seen on 1 December 2026 with @medplum/core 5.2.13, fhirpath 5.2.2, fhirpathrs 0.1.5, fhirpathpy 2.2.4, Node 20.20.2, Python 3.11.
# Needs node and npm. @medplum/core is made for newer Nodes: where there is no WebSocket, an empty class stands for it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" fhirpathrs==0.1.5 fhirpathpy==2.2.4
cd "$folder"
cat >wall.json <<'JSON'
{
  "resourceType": "Observation", "status": "final", "code": { "text": "interventricular septum" },
  "valueQuantity": { "value": 8, "unit": "mm", "system": "http://unitsofmeasure.org", "code": "mm" },
  "referenceRange": [{ "high": { "value": 1.1, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm" } }],
  "component": [
    { "code": { "text": "a" }, "valueQuantity": { "value": 0.9, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm" } },
    { "code": { "text": "b" }, "valueQuantity": { "value": 8, "unit": "mm", "system": "http://unitsofmeasure.org", "code": "mm" } }
  ]
}
JSON
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @medplum/core@5.2.13 fhirpath@5.2.2 >/dev/null 2>&1
cat >run.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';

globalThis.WebSocket ??= class {};
const { evalFhirPath, isQuantityEquivalent } = await import('@medplum/core');
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log(`expression: fhirpath ${version('fhirpath')}; @medplum/core ${version('@medplum/core')}`);
const wall = JSON.parse(readFileSync('wall.json', 'utf8'));
const told = (answer) => JSON.stringify(JSON.parse(JSON.stringify(answer)).map((one) => (one?.unit ? `${one.value} '${one.unit}'` : one)));
const cases = {
  'Observation.valueQuantity > Observation.referenceRange.high': ['[false]', '[true]'],
  "Observation.component.where(valueQuantity > 1 'cm').count()": ['[0]', '[1]'],
  "10 'mm' = 1 'cm'": ['[true]', '[false]'],
  "10 'mm' = 10 'ml'": ['[false]', '[true]'],
  "5 'mm' > 1 'cm'": ['[false]', '[true]'],
  "2 'cm' + 5 'mm'": [`["25 'mm'"]`, `["7 'cm'"]`],
  "5 'mm' - 2 'cm'": [`["-15 'mm'"]`, `["3 'mm'"]`],
  "3 'cm2' * 80 'cm/s'": [null, `["240 'cm2'"]`],
  "100 'ml' / 2 'm2'": [null, `["50 'ml'"]`],
  '@2026-01-01 + 40 weeks': ['["2026-10-08"]', '["2026-01-0140"]'],
};
for (const [expression, [right, seen]] of Object.entries(cases)) {
  const answers = [told(await fhirpath.evaluate(wall, expression, {}, r4)), told(evalFhirPath(expression, wall))];
  console.log(`   ${expression}: ${answers.join('; ')}`);
  if (right) assert.strictEqual(answers[0], right);
  assert.strictEqual(answers[1], seen);
}
assert.strictEqual(isQuantityEquivalent({ value: 10, code: 'mm' }, { value: 10, code: 'cm' }), true);
JS
node run.mjs
cat >run.py <<'PYTHON'
import importlib.metadata
import json

import fhirpathpy
import fhirpathrs
from fhirpathpy.models import models

wall = json.load(open("wall.json"))
print("fhirpathrs", importlib.metadata.version("fhirpathrs"), "- fhirpathpy", importlib.metadata.version("fhirpathpy"))
expected = {
    "10 'mm' = 1 'cm'": (False, [True]),
    "1 'cm3' = 1 'ml'": (False, [False]),
    "1 'm/s' = 100 'cm/s'": (False, [False]),
}
for expression, seen in expected.items():
    answers = fhirpathrs.evaluate(expression, wall), fhirpathpy.evaluate(wall, expression, {}, models["r4"])
    print(f"   {expression}: {answers[0]}; {answers[1]}")
    assert answers == seen, answers
assert fhirpathrs.evaluate("5 'mm' > 1 'cm'", wall) is False
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
