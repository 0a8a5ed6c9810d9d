#!/usr/bin/env bash
# medcalc-bench 1.7.0 (55 clinical calculators): the due date of a cycle shorter than 28 days is shifted the wrong way, by up to two weeks, under the words "we must subtract".
#
# Expected: add_40_weeks_explanation adds 40 weeks to the last period and, by Naegele's rule, the days by which the cycle is longer than 28, or takes off those by which it is shorter,
# as its own explanation says: from 1 January 2026 with a cycle of 28 days 8 October, of 21 days 1 October, of 35 days 15 October.
# What happens: of 21 days it is 15 October, too, and so for each shorter cycle: the sentence "this means that we must subtract 7 days" is followed by a date 7 days later.
# What fetal biometry is held against, the age at the scan, is then 14 days too low. Its compute_gestational_age_explanation gives a scan that comes before the last period an age, too:
# 8 weeks and 3 days for two months earlier.
# Why it matters: a head circumference or a weight is judged by its age. 14 days turn a fetus on the 50th centile at 32 weeks into one above the 95th, and hide one that doesn't grow.
# The package is handed to language models as a tool, and is what their answers are scored by.
# Seen on 30 November 2026 with medcalc-bench 1.7.0, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "$folder/packages" medcalc-bench==1.7.0
cd "$folder"
cat >run.py <<'PYTHON'
import datetime
import importlib.metadata

from medcalc.estimated_due_date import add_40_weeks_explanation
from medcalc.gestational_age import compute_gestational_age_explanation

print("medcalc-bench", importlib.metadata.version("medcalc-bench"), "- last period 1 January 2026")
last = datetime.date(2026, 1, 1)
wrong = {}
for cycle in (21, 24, 27, 28, 30, 35):
    said = add_40_weeks_explanation({"menstrual_date": "01/01/2026", "cycle_length": cycle})
    due = datetime.datetime.strptime(said["Answer"], "%m/%d/%Y").date()
    right = last + datetime.timedelta(days=280 + cycle - 28)
    wrong[cycle] = (due - right).days
    words = [part for part in said["Explanation"].split(",") if "must" in part]
    print(f"cycle of {cycle} days: due {due}, by the rule {right}, {wrong[cycle]} days off;{words[0].split('from')[0].split('to the')[0] if words else ' no change'}")
    assert ("must subtract" in said["Explanation"]) is (cycle < 28)
assert wrong == {21: 14, 24: 8, 27: 2, 28: 0, 30: 0, 35: 0}, wrong
before = compute_gestational_age_explanation({"current_date": "01/01/2026", "menstrual_date": "03/01/2026"})["Answer"]
print("a scan two months before the last period:", *before)
assert before == ("8 weeks", "3 days")
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
