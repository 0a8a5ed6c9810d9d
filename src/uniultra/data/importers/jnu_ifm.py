"""JNU-IFM, pubic symphysis and fetal head, frames of videos (Lu 2022, Data in Brief 41:107904; figshare
14371652).

    20190909T155747/image/20190909T155747_12.png    20190909T155747/mask/20190909T155747_12_mask.png

Mask values: 7 symphysis, 8 head; here 1 and 2. A folder is one video; 78 videos are of 51 patients, which are
not named, so the video is the subject. Layout: the set's own description, as kept in
github.com/lamld203844/Biomedical-Segmentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from uniultra.data.importers.images import labels
from uniultra.data.importers.sample import Finding, pictures, with_mask
from uniultra.errors import DataError

VALUES = (7, 8)


def find(root: Path) -> Iterator[Finding]:
    videos = sorted(
        path.parent for path in root.rglob("image") if path.is_dir() and (path.parent / "mask").is_dir()
    )
    if not videos:
        raise DataError(
            f"'{root}' doesn't hold VIDEO/image and VIDEO/mask; give the folder that the set's own archive "
            "unpacks to"
        )
    for video in videos:
        for image in pictures(video / "image"):
            mask = video / "mask" / f"{image.stem}_mask.png"
            read = partial(labels, values=VALUES)
            yield with_mask(image.stem, image, mask, f"mask/{mask.name}", read, subject=video.name)
