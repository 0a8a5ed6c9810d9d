"""What a call would replace: results that were made with other options, which nobody asked it to touch."""

from __future__ import annotations

from collections.abc import Sequence

from uniultra.batch.job import Item, Job
from uniultra.batch.records import DONE, last_head, read_all, requested
from uniultra.batch.storage import Store
from uniultra.errors import OutputError
from uniultra.io.paths import shown
from uniultra.text import count_of

OPTIONS = {
    "model": "--model",
    "masks": "--from-masks",
    "grid": "--grid",
    "kinds": "--write",
    "keep_patient": "--keep-patient",
    "labels": "--label",
    "ventricle": "--lv",
}
"""What a batch is asked of all its inputs, as its head has it, and the options for it."""


def other_options(store: Store, job: Job) -> list[str]:
    """The options in which a job differs from the last one of a folder of results; none of a new folder."""
    head, now = last_head(store), requested(job)
    if isinstance(head.get("kinds"), list):
        head["kinds"] = sorted(map(str, head["kinds"]))  # earlier ones are as they were typed
    return [option for key, option in OPTIONS.items() if key in head and head[key] != now[key]]


def finished_otherwise(store: Store, items: Sequence[Item], job: Job) -> int:
    """How many of these inputs have a result that answers something else than the job asks."""
    return sum(
        record is not None and record["status"] == DONE and record["ask"] != job.request_of(item)
        for item, record in read_all(store, items)
    )


def check_replaced(store: Store, items: Sequence[Item], job: Job) -> None:
    """Raises OutputError where results of other options would be replaced unasked. Rows of a prompts file
    that changed are no other options: what they point at is made anew.
    """
    others = [] if job.force else other_options(store, job)
    count = finished_otherwise(store, items, job) if others else 0
    if count:
        made = "was" if count == 1 else "were"
        raise OutputError(
            f"{count_of(count, 'result')} in {shown(store.place)} {made} made with another "
            f"{' and '.join(others)}; give --force to replace, or another OUT"
        )
