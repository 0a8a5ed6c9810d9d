#!/usr/bin/env bash
# fhr-monitor-analyzer 0.2.2 (fetal heart rate from Doppler ultrasound, categories I to III): gradual falls of the rate after each contraction are "variable" ones, and those of 20 beats aren't there: category I.
#
# Expected: NICHD's definitions, whose categories it reports: a fall whose nadir comes 30 s or more after its onset is gradual, "late" if it follows the contraction's peak, "early" if it
# mirrors it; an abrupt one (below 30 s) of 15 beats is "variable". Late ones have no least depth. With absent variability, recurrent late ones are category III.
# What happens: the onset is taken late in the fall. One of 30 beats over 45 s is measured as 5 to 24 s, one over 60 s as 5 to 23 s, and is "variable", early or late; no late or early one was
# found in any trace. Falls of 20 beats, late after every contraction, aren't seen: "no detected late or variable decelerations", category I, alert "none"; so with a flat rate in between,
# which is category III: the falls are counted as its variability, "moderate". Baseline, contractions and depths are about right. Of the 32 minutes the last 20 are looked at, as it says.
# Why it matters: late decelerations are the sign of a placenta that fails. The output is meant for alarms.
# Seen on 1 December 2026 with fhr-monitor-analyzer 0.2.2, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" fhr-monitor-analyzer==0.2.2
cd "$folder"
cat >run.py <<'PYTHON'
import datetime
import importlib.metadata
import json
import math

from fhr_monitor_analyzer import analyze_json

PERIOD = 200  # seconds from contraction to contraction, whose peak is at 60
begin = datetime.datetime(2026, 1, 1, 12)


def judged(start, onset_to_nadir, depth, swing):
    """32 minutes at one sample a second: a rate of 140 that swings, and a fall after each contraction."""
    samples = []
    for second in range(32 * 60):
        since = second % PERIOD - start
        fall = depth * max(0, 1 - abs(since - onset_to_nadir) / onset_to_nadir) if onset_to_nadir else 0
        rate = 140 + swing * math.sin(2 * math.pi * second / 23 + 0.3 * math.sin(second / 70)) - fall
        pressure = 10 + 60 * math.exp(-(((second % PERIOD - 60) / 18) ** 2))
        samples.append({"t": (begin + datetime.timedelta(seconds=second)).isoformat() + "Z", "hr1": round(rate), "toco": round(pressure)})
    report = json.loads(analyze_json(json.dumps({"episode_id": "a", "sent_at": samples[-1]["t"], "samples": samples})))
    return report["windows"][0]


print("fhr-monitor-analyzer", importlib.metadata.version("fhr-monitor-analyzer"))
cases = {
    "late, 30 beats in 45 s": (65, 45, 30, 5),
    "late, 30 beats in 60 s": (65, 60, 30, 5),
    "late, 40 beats in 45 s": (65, 45, 40, 5),
    "early, 30 beats in 45 s": (15, 45, 30, 5),
    "variable, 40 beats in 12 s": (60, 12, 40, 5),
    "late, 20 beats in 45 s": (65, 45, 20, 5),
    "late, 20 beats in 45 s, flat": (65, 45, 20, 0),
    "late, 12 beats in 45 s": (65, 45, 12, 5),
}
seen = {}
for name, case in cases.items():
    window = judged(*case)
    falls = window["deceleration_events"]
    seconds = [round(fall["onset_to_nadir_seconds"]) for fall in falls]
    kinds = sorted({fall["kind"] for fall in falls})
    seen[name] = window["classification"], window["alert_level"], kinds, seconds
    span = f"{min(seconds)} to {max(seconds)} s" if seconds else "-"
    print(f"   {name}: {len(falls)} falls for {window['features']['contraction_count']} contractions, {', '.join(kinds) or 'none'}, {span}; {window['classification']}, alert {window['alert_level']}, variability {window['variability_class']}")
for name in list(cases)[:5]:
    assert seen[name][2] == ["variable"] and max(seen[name][3]) < 30, seen[name]
for name in list(cases)[5:]:
    assert seen[name][0] == "category_i" and seen[name][1] == "none" and not seen[name][2], seen[name]
print("as stated")
PYTHON
PYTHONPATH=$folder/packages python3 -s run.py
