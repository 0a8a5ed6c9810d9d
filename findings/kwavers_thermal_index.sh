#!/usr/bin/env bash
# kwavers-python 0.1.0 (ultrasound simulation), the thermal index: that of soft tissue falls with the frequency instead of rising, at 5 MHz 25 times too low; that of bone rises with it; a velocity above the Nyquist limit is estimated right.
#
# Expected: TIS of power at the surface = W f / 210, as IEC 62359 and the output display standard have it (mW and MHz): 0.95 of 40 mW at 5 MHz. TIB at the focus has no frequency in it (the smaller of sqrt(W I) / 50 and W / 4.4: at most 9.1). Kasai's
# estimate lies within half the pulse repetition frequency, as it is an angle: 0.9 m/s, with a limit of 0.77, comes back as -0.64 m/s, which is what aliasing is.
# What happens: thermal_index_soft_tissue(40, f) is 0.190 at 1 MHz, 0.038 at 5 and 0.019 at 10: W / (210 f). thermal_index_bone(40, f) is W f / 40: 1.0, 5.0 and 10.0. contrast_agent_doppler_spectrum says that the Kasai estimate is 2922 Hz and 0.9 m/s with a
# Nyquist velocity of 0.77 beside it, while the spectrum that it returns has its peak at -0.64 m/s, and Kasai's estimate of the samples that it returns is -2078 Hz. mechanical_index, cumulative minutes at 43 degrees, decibels and nepers are right.
# Why it matters: above a TIS of 0.7 fetal examinations are limited in time. 40 mW at 5 MHz are 0.04 here, and a linear probe of 10 MHz looks a hundred times safer than it is.
# Seen on 1 December 2026 with kwavers-python 0.1.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check kwavers-python==0.1.0 numpy==2.4.6 2>/dev/null
cat >run.py <<'PYTHON'
import numpy as np
import pykwavers

FREQUENCIES = (1, 5, 10)
soft = [pykwavers.thermal_index_soft_tissue(40, one) for one in FREQUENCIES]
bone = [pykwavers.thermal_index_bone(40, one) for one in FREQUENCIES]
print("40 mW at 1, 5 and 10 MHz: soft tissue", np.round(soft, 3).tolist(), "for", [round(40 * one / 210, 3) for one in FREQUENCIES], "; bone", bone)
assert np.allclose(soft, [40 / 210 / one for one in FREQUENCIES]) and np.allclose(bone, [40 * one / 40 for one in FREQUENCIES])
assert np.isclose(pykwavers.mechanical_index(-1e6, 4e6), 0.5)

PULSES, VELOCITY, ANGLE, FREQUENCY, SPEED = 5000.0, 0.9, np.radians(60), 5e6, 1540.0
for velocity in (0.2, VELOCITY):
    said = pykwavers.contrast_agent_doppler_spectrum(64, 4, PULSES, velocity, ANGLE, FREQUENCY, SPEED, 1.0)
    samples = np.asarray(said["iq_real"]) + 1j * np.asarray(said["iq_imag"])
    kasai = float(np.angle(np.vdot(samples[:-1], samples[1:])) / (2 * np.pi) * PULSES)
    peak = float(np.asarray(said["velocity_m_s"])[np.argmax(said["power"])])
    print(f"{velocity} m/s, limit {said['nyquist_velocity_m_s']:.2f}: estimated {said['estimated_velocity_m_s']:.2f} m/s ({said['estimated_shift_hz']:.0f} Hz); "
          f"peak of its spectrum {peak:.2f} m/s, Kasai's estimate of its samples {kasai:.0f} Hz")
    assert abs(said["estimated_velocity_m_s"] - velocity) < 0.01
assert abs(peak + 0.64) < 0.01 and abs(abs(kasai) - 2078) < 5 and said["estimated_shift_hz"] > PULSES / 2
print("as stated")
PYTHON
venv/bin/python run.py
