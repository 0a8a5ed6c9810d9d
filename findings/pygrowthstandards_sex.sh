#!/usr/bin/env bash
# pygrowthstandards 0.1.3 (WHO and INTERGROWTH-21st): a boy given as "m", or without a sex, is judged as a girl: a head at -2.7 deviations is at -1.6; a child of 27 weeks as one born at term.
#
# Expected: zscore("head_circumference", 40, "m", age_days=180) is that of boys, or an error; of an unknown sex, its default, an error or the mean of both. A child born after 27 weeks is
# judged by the standard for preterm growth, which its page names and its table holds. percentile, by its docstring "0-100", is 40 for 0.4.
# What happens: whatever isn't "M" or "F" is "f", nothing is said. Of a boy of six months with 40 cm -2.68 for "M", which is below the limit of -2, is -1.64 for "m" and "U".
# The age at birth is in days and compared with 28, which are weeks: the tables of the very preterm are never used; at 28 days a child of 27 weeks with 1.3 kg has -7.8 deviations, with or
# without its age at birth, for -0.4 by the table. Of birth weights before 33 weeks there is an error. percentile gives 0.40.
# Why it matters: a head's growth is watched from the ultrasound of the 20th week on, and -2 deviations is where one looks for the cause.
# Seen on 30 November 2026 with pygrowthstandards 0.1.3, pandas 2.3.3, pyarrow 26.0.1, scipy 1.17.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
get=(python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages")
"${get[@]}" pandas==2.3.3 pyarrow==26.0.1 scipy==1.17.1 numpy==2.4.6 matplotlib==3.11.2
"${get[@]}" --no-deps pygrowthstandards==0.1.3
cd "$folder"
cat >run.py <<'PYTHON'
import importlib.metadata
import warnings

warnings.simplefilter("ignore")
from pygrowthstandards import functional
from pygrowthstandards.functional.data import DATA, get_lms, get_table
from pygrowthstandards.utils.stats import calculate_z_score

print("pygrowthstandards", importlib.metadata.version("pygrowthstandards"))
heads = {sex: round(functional.zscore("head_circumference", 40, sex, age_days=180), 2) for sex in ("M", "F", "m", "f", "U", "male")}
default = round(functional.zscore("head_circumference", 40, age_days=180), 2)
print("a head of 40 cm at six months:", heads, "- without a sex:", default)
assert heads == {"M": -2.68, "F": -1.64, "m": -1.64, "f": -1.64, "U": -1.64, "male": -1.64} and default == -1.64

born, days, kilograms = 27 * 7, 28, 1.3
term = functional.zscore("weight", kilograms, "M", age_days=days)
given = functional.zscore("weight", kilograms, "M", age_days=days, gestational_age=born)
preterm = get_table(DATA, ("very_preterm_growth", "weight", "m", "age"))
by_table = calculate_z_score(kilograms, *get_lms(preterm, born + days))
print(f"{kilograms} kg {days} days after birth at 27 weeks: {given:.1f}, without the age at birth {term:.1f}, by its own table of the very preterm {by_table:.1f}")
assert given == term < -5 and abs(by_table) < 1
try:
    functional.zscore("weight", kilograms, "M", age_days=0, gestational_age=born)
    raise SystemExit("answered")
except Exception as error:
    print("at birth:", type(error).__name__)
share = functional.percentile("head_circumference", 34, "M", age_days=0, gestational_age=280)
print(f"percentile of a newborn boy's 34 cm: {share:.2f}")
assert round(share, 2) == 0.40
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
