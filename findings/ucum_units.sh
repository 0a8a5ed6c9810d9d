#!/usr/bin/env bash
# @atomic-ehr/ucum 0.2.5 (units in FHIR): a flow divided by a velocity is "ml/min/cm/s", a velocity squared an acceleration, mm2 squared mm to the 22nd; in UCUM a neper has 4.34 dB, in acoustics 8.69.
#
# Expected: its quantities are divided and raised with their units: 6000 ml/min over 100 cm/s is an area of 1 cm2, 20 mm[Hg] over 100 ml/s a resistance, (4 m/s)2 are 16 m2/s2, 50 cm/s over
# 1 m/s is the ratio 0.5. Attenuation of 8.686 dB is 1 Np, as where sound is simulated (pint 0.25.3, k-wave-python 0.6.2), and a pressure of 120 dB[SPL] is 20 Pa.
# What happens: units are put one behind the other as text. "ml/min/cm/s" is read as ml/(min.cm.s), so it is no area, and multiplied by the velocity again it has 1/s2; (4 m/s)2 are
# "16 m/s2", an acceleration, which converts to 1600 cm/s2; (4 mm2)2 are "16 mm22". Nothing is raised but for a divisor that begins with "/". The same in @atomic-ehr/fhirpath 0.1.4.
# dB to Np: 8.686 dB are 2 Np in @atomic-ehr/ucum, @lhncbc/ucum-lhc 7.1.10 and by UCUM's own tables, which have B as lg and Np as ln of one and the same ratio. In
# @atomic-ehr/ucum 120 dB[SPL] are 1e54 Pa and 20 dB[V] are 1e9 V, for 20 Pa and 10 V in ucum-lhc.
# Why it matters: orifice areas, resistances and pressures from velocities (4 v2) are quotients and squares; coefficients of attenuation are given in dB/cm or in Np/m.
# Seen on 1 December 2026 with @atomic-ehr/ucum 0.2.5, @atomic-ehr/fhirpath 0.1.4, @lhncbc/ucum-lhc 7.1.10, pint 0.25.3, Node 20.20.2, Python 3.11. Needs node and npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" pint==0.25.3
cd "$folder"
echo '{}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts @atomic-ehr/ucum@0.2.5 @atomic-ehr/fhirpath@0.1.4 @lhncbc/ucum-lhc@7.1.10 >/dev/null 2>&1
cat >run.mjs <<'JS'
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { evaluate } from '@atomic-ehr/fhirpath';
import { ucum } from '@atomic-ehr/ucum';
import lhc from '@lhncbc/ucum-lhc';

const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version;
console.log(['@atomic-ehr/ucum', '@atomic-ehr/fhirpath', '@lhncbc/ucum-lhc'].map((name) => `${name} ${version(name)}`).join(', '));
const quantity = (value, unit) => ucum.quantity(value, unit);
const area = ucum.divide(quantity(6000, 'ml/min'), quantity(100, 'cm/s'));
const resistance = ucum.divide(quantity(20, 'mm[Hg]'), quantity(100, 'ml/s'));
const ratio = ucum.divide(quantity(50, 'cm/s'), quantity(1, 'm/s'));
const square = ucum.pow(quantity(4, 'm/s'), 2);
const fourth = ucum.pow(quantity(4, 'mm2'), 2);
for (const [name, made, meant] of [['ml/min over cm/s', area, 'cm2'], ['mm[Hg] over ml/s', resistance, 'dyn.s/cm5'], ['cm/s over m/s', ratio, '1'], ['(m/s)2', square, 'm2/s2'], ['(mm2)2', fourth, 'mm4']]) {
  console.log(`   ${name}: ${made.value} ${made.unit}, ${ucum.isConvertible(made.unit, meant) ? 'a' : 'no'} ${meant}`);
  assert(!ucum.isConvertible(made.unit, meant) && ucum.validate(made.unit).valid);
}
assert.deepStrictEqual([area, square, fourth].map((made) => made.unit), ['ml/min/cm/s', 'm/s2', 'mm22']);
assert.strictEqual(Math.round(ucum.convert(square.value, square.unit, 'cm/s2')), 1600);
const again = ucum.multiply(area, quantity(100, 'cm/s'));
console.log(`   and the area times the velocity: ${again.value} ${again.unit}, ${ucum.isConvertible(again.unit, 'ml/min') ? 'a' : 'no'} flow`);
assert(!ucum.isConvertible(again.unit, 'ml/min'));
const stroke = await evaluate("100 'ml' / 50 'cm/s'", {});
console.log(`   FHIRPath, 100 ml over 50 cm/s: ${stroke[0].value} ${stroke[0].unit}`);
assert.strictEqual(stroke[0].unit, 'ml/cm/s');

const tables = lhc.UcumLhcUtils.getInstance();
const levels = {};
for (const [value, from, to] of [[8.685889638, 'dB', 'Np'], [120, 'dB[SPL]', 'Pa'], [20, 'dB[V]', 'V']]) {
  levels[from] = [ucum.convert(value, from, to), tables.convertUnitTo(from, value, to).toVal].map((number) => Number(number.toPrecision(4)));
  console.log(`   ${value} ${from} in ${to}: ${levels[from].join('; ')}`);
}
assert.deepStrictEqual(levels, JSON.parse(process.argv[2]));
JS
node run.mjs '{"dB":[2,2],"dB[SPL]":[1e54,20],"dB[V]":[1e9,10]}'
PYTHONPATH=$folder/packages python3 -s - <<'PYTHON'
import importlib.metadata

import pint

found = pint.UnitRegistry(autoconvert_offset_to_baseunit=True).Quantity(8.685889638, "dB").to("Np").magnitude
print(f"pint {importlib.metadata.version('pint')}: 8.686 dB are {found:.3f} Np")
assert round(found, 3) == 1
print("as stated")
PYTHON
