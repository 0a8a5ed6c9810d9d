"""The work list: the files that a person works through, in their order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from uniultra.errors import FileError
from uniultra.io.images import find_images
from uniultra.io.input_file import InputFile
from uniultra.text import printable

EXAMPLES = Path(__file__).parents[2] / "examples"
MOST_ITEMS = 20_000


@dataclass(frozen=True)
class Item:
    """A file of the list. `id` is what a page calls it, `name` what a person does."""

    id: str
    name: str
    path: Path


class WorkList:
    """Files by id. A page can name no other file of this machine."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Raises FileError where there are too many."""
        self._items: dict[str, Item] = {}
        for path in paths:
            self.add(path)

    def add(self, path: Path) -> Item:
        """The item of a file, which is put at the end where it is new. Raises FileError."""
        path = path.absolute()
        name = hashlib.blake2b(str(path).encode("utf-8", "surrogateescape"), digest_size=9).hexdigest()
        if name not in self._items and len(self._items) >= MOST_ITEMS:
            raise FileError(f"the work list has {MOST_ITEMS} files, which is the limit; open fewer at a time")
        return self._items.setdefault(name, Item(name, printable(path.name), path))

    def remove(self, item: Item) -> None:
        """A file that can't be opened is no work."""
        self._items.pop(item.id, None)

    def has_namesake(self, item: Item) -> bool:
        """Whether results of another file would have the same names, as those of scan.png and scan.dcm."""
        stem = _stem(item)
        return any(_stem(other) == stem for other in self if other.id != item.id)

    def get(self, item_id: str) -> Item | None:
        return self._items.get(item_id)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items.values())

    def __len__(self) -> int:
        return len(self._items)


def _stem(item: Item) -> str:
    """What the names of a file's results begin with; many disks tell no upper from lower case."""
    return InputFile(item.path).stem.casefold()


def files_of(target: Path | None) -> list[Path]:
    """The files that `uniultra open` was given: one, those of a folder with its videos, or the bundled
    examples for None.

    Raises:
        FileError: there is no such file, or no image in the folder.
    """
    if target is None:
        listed = json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8"))
        return [EXAMPLES / str(example["image"]) for example in listed]
    return find_images([target])
