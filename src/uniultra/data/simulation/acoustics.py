"""From a scene to what a scanner shows of it: scatterers, a point spread function, compression.

All of it happens in beam space, depth by beams, as in a scanner; scan conversion comes last.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from uniultra.data.simulation.beams import Beams
from uniultra.data.simulation.chance import between, perhaps
from uniultra.data.simulation.tissue import Tissue

ZONES = 4
"""Depths at which the point spread function is computed; between them it is blended."""
FLOOR_DB = -60.0


@dataclass(frozen=True)
class Scanner:
    """How the picture is made.

    Attributes:
        density: share of the samples that hold a scatterer; fewer give coarser speckle.
        axial: Gaussian sigma of a pulse along the beam, samples.
        lateral: of the beam's width at the focus, beams.
        spread: how much wider the beam is one whole depth away from the focus, as a factor less one.
        focus: depth of the focus, 0 to 1.
        loss_db: what is lost over the whole depth, after the time-gain curve.
        noise_db: the receiver's noise, relative to plain tissue; `noise_rise_db` more at the bottom.
        haze_db: clutter that fills dark places, relative to plain tissue; None for none.
        range_db: of the echoes that are shown, from black to white.
        headroom_db: how far white lies above the brightest percent.
        gamma: exponent of the grey map.
        compounded: whether neighbouring beams' envelopes are averaged.
        smoothing: Gaussian sigma on the picture, pixels; 0 for none.
    """

    density: float
    axial: float
    lateral: float
    spread: float
    focus: float
    loss_db: float
    noise_db: float
    noise_rise_db: float
    haze_db: float | None
    range_db: float
    headroom_db: float
    gamma: float
    compounded: bool
    smoothing: float


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Any of a wide range: from fine, noiseless to coarse, hazy pictures."""
    return Scanner(
        density=between(rng, 0.4, 1.0),
        axial=between(rng, 0.8, 2.2),
        lateral=between(rng, 0.5, 1.4),
        spread=between(rng, 0.5, 2.5),
        focus=between(rng, 0.2, 0.9),
        loss_db=between(rng, 0.0, 14.0),
        noise_db=-between(rng, 28.0, 45.0),
        noise_rise_db=between(rng, 0.0, 12.0),
        haze_db=between(rng, -26.0, -14.0) if rng.random() < 0.5 else None,
        range_db=between(rng, 38.0, 68.0),
        headroom_db=between(rng, -4.0, 6.0),
        gamma=between(rng, 0.8, 1.4),
        compounded=rng.random() < 0.6,
        smoothing=perhaps(rng, 0.5, 0.4, 1.1),
    )


def scan(tissue: Tissue, beams: Beams, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """The picture, uint8 (H, W); black where no beam runs."""
    echo_db = beams.to_beams(tissue.echo_db)
    if scanner.haze_db is not None:
        echo_db = np.maximum(echo_db, scanner.haze_db)
    step = beams.frame_hw[0] / beams.samples  # pixels of path a sample
    echo_db = echo_db - step * np.cumsum(beams.to_beams(tissue.loss_db), axis=0, dtype=np.float32)
    envelope_db = _received(_field(echo_db, scanner, rng), scanner, rng)
    picture = beams.to_frame(_shown(envelope_db, scanner))
    if scanner.smoothing:
        picture = cv2.GaussianBlur(picture, (0, 0), scanner.smoothing) * beams.seen()
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def _field(echo_db: np.ndarray, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """The echoes of random scatterers, real and imaginary part; float32 (samples, lines, 2)."""
    shape = echo_db.shape
    amplitude = 10.0 ** (echo_db / 20.0) * (rng.random(shape, dtype=np.float32) < scanner.density)
    scatterers = rng.standard_normal((*shape, 2), dtype=np.float32) * amplitude[..., None]
    depth = np.linspace(0.0, 1.0, shape[0], dtype=np.float32)
    field = np.zeros_like(scatterers)
    for zone in np.linspace(0.0, 1.0, ZONES):
        width = scanner.lateral * (1.0 + scanner.spread * abs(float(zone) - scanner.focus))
        weight = np.clip(1.0 - np.abs(depth - zone) * (ZONES - 1), 0.0, 1.0)
        blurred = cv2.GaussianBlur(scatterers, (0, 0), sigmaX=width, sigmaY=scanner.axial)
        field += (
            blurred * (weight * np.sqrt(width * scanner.axial))[:, None, None]
        )  # the same energy at every width
    return field


def _received(field: np.ndarray, scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """The envelope in dB, with what depth takes and the receiver's noise."""
    envelope = np.hypot(field[..., 0], field[..., 1])
    if scanner.compounded:
        envelope = 0.5 * (envelope + np.roll(envelope, 1, axis=1))
    depth = np.linspace(0.0, 1.0, len(field), dtype=np.float32)[:, None]
    curve = rng.uniform(-3.0, 3.0) * np.sin(depth * rng.uniform(3.0, 9.0))
    power = (envelope + 1e-6) ** 2 * 10.0 ** ((curve - depth * scanner.loss_db) / 10.0)
    noise = rng.standard_normal(envelope.shape, dtype=np.float32) ** 2 * 10.0 ** (
        (scanner.noise_db + depth * scanner.noise_rise_db) / 10.0
    )
    return np.asarray(np.maximum(10.0 * np.log10(power + noise + 1e-12), FLOOR_DB), np.float32)


def _shown(envelope_db: np.ndarray, scanner: Scanner) -> np.ndarray:
    """Log-compressed grey values, 0 to 255, float32."""
    white = float(np.percentile(envelope_db, 99.3)) + scanner.headroom_db
    return np.asarray(
        255.0
        * np.clip((envelope_db - white + scanner.range_db) / scanner.range_db, 0.0, 1.0) ** scanner.gamma,
        np.float32,
    )
