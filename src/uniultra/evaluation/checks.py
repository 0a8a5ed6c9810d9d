"""What can be known to be wrong before anything is computed, told all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from uniultra.data.manifest import Row
from uniultra.errors import DataError

MOST_TOLD = 20


def check_rows(rows: Iterable[Row]) -> None:
    """Passes where every row's image and mask exist and no (dataset, id) comes twice; contents are looked at when their turn comes.

    Raises:
        DataError: with a line a problem, the first MOST_TOLD of them.
    """
    problems = list(_problems(rows))
    if not problems:
        return
    more = [f"and {len(problems) - MOST_TOLD} more"] if len(problems) > MOST_TOLD else []
    told = "\n  ".join([*problems[:MOST_TOLD], *more])
    raise DataError(f"the manifest has {len(problems)} problem(s); mend these rows or take them out:\n  {told}")


def _problems(rows: Iterable[Row]) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.dataset, row.id) in seen:
            yield f"row '{row.id}' of '{row.dataset}' comes twice; ids must differ within a data set"
        seen.add((row.dataset, row.id))
        for what, path in (("image", row.image), ("mask", row.mask)):
            if not path.is_file():
                yield f"row '{row.id}' of '{row.dataset}': no {what} '{path}'"
