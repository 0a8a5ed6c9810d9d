"""What a computing process answers a page with: previews at fewer pixels, pictures with and without loss."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from phantoms import ellipse, speckled
from uniultra.backends.open import open_backend
from uniultra.io.coco import mask_of
from uniultra.web.cache import EmbeddingCache
from uniultra.web.messages import PromptRequest
from uniultra.web.workspace.desk import Desk
from uniultra.web.workspace.jobs import QUICK_SIDE, Encoded, OpenFile, Picture, Point, Pointed

HW = (600, 800)
TRUE = ellipse(HW, (430, 280), (180, 120))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    cv2.imwrite(str(path), speckled(TRUE).pixels_hw)
    return path


def test_a_preview_is_the_mask_at_fewer_pixels(image: Path) -> None:
    desk = Desk(open_backend("uniultra-mini", threads=1), EmbeddingCache(100_000_000))
    prompt = PromptRequest(points_xy=((430.0, 280.0),), labels=(1,))
    found = desk.run(Point(image, number=0, prompt=prompt, quick=True))
    assert isinstance(found, Pointed)
    assert found.size_hw == (384, QUICK_SIDE)
    small = mask_of(found.counts, found.size_hw).astype(np.uint8)
    mask_hw = cv2.resize(small, (HW[1], HW[0]), interpolation=cv2.INTER_NEAREST) > 0
    assert 2 * (mask_hw & TRUE).sum() / (mask_hw.sum() + TRUE.sum()) > 0.85


def test_a_still_image_is_sent_without_loss_and_its_stamp_changes_with_the_file(image: Path) -> None:
    desk = Desk(open_backend("uniultra-mini", threads=1), EmbeddingCache(100_000_000))
    before, sent = desk.run(OpenFile(image)), desk.run(Picture(image, number=0))
    assert isinstance(sent, Encoded)
    assert sent.media_type == "image/png"
    pixels = cv2.imdecode(np.frombuffer(sent.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert (pixels == cv2.imread(str(image), cv2.IMREAD_GRAYSCALE)).all()
    cv2.imwrite(str(image), 255 - pixels)
    after, again = desk.run(OpenFile(image)), desk.run(Picture(image, number=0))
    assert before.stamp != after.stamp  # type: ignore[union-attr]
    assert isinstance(again, Encoded)
    shown = cv2.imdecode(np.frombuffer(again.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert (shown == 255 - pixels).all()
