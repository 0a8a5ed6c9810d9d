"""Files as clients send them: a good one, and bad ones of every sort."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from httpx2 import Response
from PIL import Image
from starlette.testclient import TestClient

from phantoms import ellipse, png_claiming
from uniultra.web.problems import KINDS, TYPES

TRUE = ellipse((120, 160), (85, 55), (35, 25))
BOX = [48, 28, 122, 82]
"""Around TRUE."""
Start = Callable[..., TestClient]
"""Starts a server in this process with the settings given; tests/web/conftest.py."""


def png_of(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def uploaded(client: TestClient, data: bytes, **options: Any) -> str:
    """The id of an uploaded image."""
    done = client.post("/v1/images", content=data, **options)
    assert done.status_code == 201, done.text
    return done.json()["id"]


def refusal(response: Response, name: str) -> str:
    """The detail of a problem, after all that must hold of any was checked."""
    content = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (content["type"], content["status"]) == (TYPES + name, response.status_code)
    assert response.status_code == KINDS[name].status
    assert not re.search(r"Traceback|\.py\b|/proc/|/home/|/tmp/|site-packages", response.text)
    return content["detail"]


def cine() -> bytes:
    buffer = BytesIO()
    frames = [Image.fromarray(np.full((20, 20), value, np.uint8)) for value in (1, 99)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


BAD_FILES = {
    "text": (b"this is not an image", "media-type", "not a known kind of image"),
    "zip": (b"PK\x03\x04" + bytes(500), "media-type", "not a known kind of image"),
    "gzip": (b"\x1f\x8b\x08" + bytes(500), "media-type", "not a known kind of image"),
    "cut": (png_of(TRUE)[:150], "image", "the PNG data is damaged, truncated"),
    "decompression bomb": (png_claiming(100_000, 100_000), "image", "100000 x 100000 pixels; the limit is"),
    "flat bomb": (png_claiming(16_000, 16_000), "image", "16000 x 16000 pixels; the limit is"),
    "claims more than it has": (png_claiming(7_000, 7_000), "image", "the PNG data is damaged, truncated"),
    "tiny": (png_of(np.zeros((3, 3), np.uint8)), "image", "3 x 3 pixels; the smallest legal side is 8"),
    "several frames": (cine(), "image", "2 frames"),
}
