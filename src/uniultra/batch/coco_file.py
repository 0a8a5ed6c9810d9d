"""One COCO file of all images of a batch, made of those of each: ids run through all of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from uniultra.batch.job import Item
from uniultra.batch.storage import Store, is_url
from uniultra.errors import OutputError
from uniultra.io.paths import path_from, shown
from uniultra.outputs.plan import KINDS

COCO = "coco.json"
_OWN = f".{KINDS['coco']}"


def named_from(item: Item, out: str, beside: bool) -> str:
    """How a COCO or LabelMe file names an input: by the path from the folder of results, or, `beside` its
    other results, from theirs; where one of both is elsewhere than on this machine's disks, by its name in
    the batch, or its file's.
    """
    above, _, name = item.name.rpartition("/")
    if is_url(item.path) or is_url(out):
        return name if beside else item.name
    return path_from(f"{out}/{above}" if beside else out, item.path)


class CocoFile:
    """Gathers the images of a batch, in their order, for `COCO` in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._categories: dict[str, int] = {}
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, item: Item, files: Sequence[str]) -> None:
        """The frames of one input, by the files of its record; one that is gone is made again by the next
        call. Raises OutputError for one that isn't what a batch writes.
        """
        for file in files:
            data = self._store.read(file) if file.endswith(_OWN) else None
            if data is None:
                continue
            try:
                self._take(item, json.loads(data))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise OutputError(
                    f"{shown(file)}: not the COCO file that batch wrote ({type(error).__name__}); remove it, "
                    "and run the same command again"
                ) from error

    def _take(self, item: Item, made: dict[str, Any]) -> None:
        [image] = made["images"]
        names = {one["id"]: str(one["name"]) for one in made["categories"]}
        number, first = len(self._images) + 1, len(self._annotations) + 1
        kinds = {
            key: self._categories.setdefault(name, len(self._categories) + 1) for key, name in names.items()
        }
        own = [
            one | {"id": place, "image_id": number, "category_id": kinds[one["category_id"]]}
            for place, one in enumerate(made["annotations"], start=first)
        ]
        called = named_from(item, self._store.place, beside=False)
        self._images.append(image | {"id": number, "file_name": called})
        self._annotations += own

    def write(self) -> None:
        """Raises OutputError."""
        listed = [{"id": number, "name": name} for name, number in self._categories.items()]
        whole = {"images": self._images, "categories": listed, "annotations": self._annotations}
        self._store.write(COCO, json.dumps(whole, allow_nan=False).encode("ascii"))
