"""What is kept of each input, one small file each, and the tables made of them: the state of a batch is these
files and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from types import NoneType
from typing import Any

from uniultra import __version__
from uniultra.batch.coco_file import COCO, CocoFile
from uniultra.batch.hearts import EF, EF_COLUMNS, HEART_FORM, heart_row
from uniultra.batch.job import SCHEMA, Item, Job
from uniultra.batch.rows import RESULT_COLUMNS, blank, result_rows
from uniultra.batch.storage import HIDDEN, Store, is_relative
from uniultra.io.scratch import scratch_folder
from uniultra.io.tables import TableFile
from uniultra.outputs.plan import ARCHIVE_ENDINGS, DICOM_KINDS

RESULTS, FAILURES = "results.csv", "failures.csv"
FAILURE_COLUMNS = ("input", "frame", "reason")
DONE, FAILED = "done", "failed"
MASK_ENDING = "mask.png"
HEAD = f"{HIDDEN}/batch.json"
AT_ONCE = 16
"""Records read at the same time: over a network each takes its time."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Counts:
    """Of the inputs of a call: with a result, failed, and not yet come to; how many objects the results hold;
    and how many frames of inputs with a result couldn't be read.
    """

    done: int
    failed: int
    pending: int
    objects: int
    unreadable: int = 0

    @property
    def complete(self) -> bool:
        """Whether there is a result for all that was requested."""
        return not (self.failed or self.pending or self.unreadable)


def write_head(store: Store, job: Job) -> None:
    """Says what was last asked of a folder of results, and removes a table of it, or coco.json, that isn't
    requested any more. Raises OutputError.
    """
    if not job.ventricle and last_head(store).get("ventricle"):
        store.remove(EF)
    if "coco" not in job.kinds and "coco" in (last_head(store).get("kinds") or ()):
        store.remove(COCO)
    about = {"schema": SCHEMA, **requested(job), "uniultra": __version__}
    store.write(HEAD, json.dumps(about, indent=2).encode("ascii"))


def requested(job: Job) -> Record:
    """What a job asks of all its inputs, as its head has it."""
    return {
        "model": job.model_sha256,
        "masks": job.masks,
        "grid": None if job.grid is None else asdict(job.grid),
        "kinds": sorted(job.kinds),
        "keep_patient": job.keep_patient,
        "labels": list(job.labels),
        "ventricle": job.ventricle,
    }


def last_head(store: Store) -> Record:
    """What `write_head` wrote before; {} where there is nothing of that kind."""
    try:
        head = json.loads(store.read(HEAD) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return head if isinstance(head, dict) else {}


def record_name(item: Item) -> str:
    return f"{HIDDEN}/records/{item.digest[:2]}/{item.digest}.json"


def read_record(store: Store, item: Item) -> Record | None:
    """None where there is none, or what is there is no record of this item, which is then made again."""
    data = store.read(record_name(item))
    try:
        record = json.loads(data) if data is not None else None
    except (ValueError, RecursionError):
        return None
    return record if _is_record(record, item) else None


_FRAME = (int, NoneType)
_FORMS: dict[str, dict[str, Any]] = {
    DONE: {
        **dict.fromkeys(("ask", "run", "sha256", "model", "version"), str),
        "frames": [{"frame": _FRAME, "mask": object}],
        "objects": [
            {
                **dict.fromkeys(("id", "prompt", "area_px", "area_mm2", "quality"), object),
                "frame": _FRAME,
                "box_xyxy": (list, NoneType),
            }
        ],
        "files": [str],
    },
    FAILED: dict.fromkeys(("ask", "run", "reason"), str),
}
"""What a record holds by its status: a type or several, a list of one form, or a form for each key."""


def _fits(value: Any, form: Any) -> bool:
    """Whether a value has a form, as `_FORMS` writes it."""
    if isinstance(form, dict):
        return isinstance(value, dict) and all(
            key in value and _fits(value[key], one) for key, one in form.items()
        )
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(one, form[0]) for one in value)
    return isinstance(value, form)


def _is_record(record: Any, item: Item) -> bool:
    """Whether this is what `write_record` writes of an item: a folder of results may be anybody's."""
    if not isinstance(record, dict) or (record.get("schema"), record.get("input")) != (SCHEMA, item.name):
        return False
    form = _FORMS.get(str(record.get("status")))
    if form is None or not _fits(record, form):
        return False
    if record["status"] == FAILED:
        return True
    faults = record.get("faults", [])  # older records have none
    numbers = [picture["frame"] for picture in record["frames"]]
    return (
        _fits(faults, [{"frame": int, "reason": str}])
        and ("heart" not in record or _fits(record["heart"], HEART_FORM))
        and all(found["frame"] in numbers for found in record["objects"])
        and all(len(found["box_xyxy"]) == 4 for found in record["objects"] if found["box_xyxy"] is not None)
        and all(is_result_of(name, item) for name in record["files"])
    )


def is_result_of(name: str, item: Item) -> bool:
    """Whether a name follows from an item: its own, the frame, and an ending that a batch writes."""
    if not name.startswith(f"{item.name}.") or not is_relative(name):
        return False
    rest = re.sub(r"^frame[0-9]{1,7}\.", "", name.removeprefix(f"{item.name}."))
    return rest == MASK_ENDING or rest in ARCHIVE_ENDINGS.values()


def write_record(store: Store, item: Item, job: Job, content: Record) -> None:
    """Raises OutputError."""
    record = {"schema": SCHEMA, "input": item.name, "ask": job.request_of(item), "run": job.run, **content}
    store.write(record_name(item), json.dumps(record, allow_nan=False).encode("ascii"))


def drop_record(store: Store, item: Item) -> None:
    """Removes an item's record, if there is one, and then the files it names."""
    record = read_record(store, item)
    store.remove(record_name(item))
    for name in (record or {}).get("files", []):
        store.remove(name)


def write_tables(store: Store, items: Sequence[Item], job: Job) -> Counts:
    """Writes the tables, and one coco.json of all images where COCO was requested, from the records of these
    inputs, in their order, for what is asked now. Raises OutputError.
    """
    counts = {DONE: 0, FAILED: 0, "pending": 0, "objects": 0, "unreadable": 0}
    columns = {RESULTS: RESULT_COLUMNS, FAILURES: FAILURE_COLUMNS} | (
        {EF: EF_COLUMNS} if job.ventricle else {}
    )
    annotated = CocoFile(store)
    with scratch_folder() as folder:
        with ExitStack() as stack:
            tables = {
                name: stack.enter_context(TableFile(folder / name, own)) for name, own in columns.items()
            }
            good, bad = tables[RESULTS], tables[FAILURES]
            for item, record in _current(store, items, job):
                counts[record["status"] if record else "pending"] += 1
                if record and record["status"] == FAILED:
                    bad.add([item.name, blank(item.frame), record["reason"]])
                elif record:
                    counts["objects"] += len(record["objects"])
                    faults = record.get("faults", [])
                    counts["unreadable"] += len(faults)
                    for fault in faults:
                        bad.add([item.name, fault["frame"], fault["reason"]])
                    for row in result_rows(record, store):
                        good.add(row)
                    if "coco" in job.kinds:
                        annotated.add(item, record["files"])
                    if EF in tables and "heart" in record:
                        tables[EF].add(heart_row(record))
        for name in columns:
            store.put(name, folder / name)
    if "coco" in job.kinds:
        annotated.write()
    return Counts(counts[DONE], counts[FAILED], counts["pending"], counts["objects"], counts["unreadable"])


def unsent(
    store: Store, items: Sequence[Item], job: Job, archive: str
) -> Iterator[tuple[Item, Record, list[str]]]:
    """Inputs whose DICOM results an archive hasn't got from here: each with its record, and their names in
    OUT. So what an archive couldn't take is sent by a later call.
    """
    endings = tuple(f".{ARCHIVE_ENDINGS[kind]}" for kind in DICOM_KINDS)
    for item, record in _current(store, items, job):
        if record is None or record["status"] != DONE:
            continue
        names = [name for name in record["files"] if name.endswith(endings)]
        if names and store.read(_sent_name(item, archive)) != record["run"].encode():
            yield item, record, names


def mark_sent(store: Store, item: Item, record: Record, archive: str) -> None:
    """Notes that an archive has the results of a record. Raises OutputError."""
    store.write(_sent_name(item, archive), record["run"].encode())


def _sent_name(item: Item, archive: str) -> str:
    return f"{HIDDEN}/sent/{hashlib.sha256(archive.encode()).hexdigest()[:16]}/{item.digest}"


def _current(store: Store, items: Sequence[Item], job: Job) -> Iterator[tuple[Item, Record | None]]:
    """Each item with its record, where that answers what this job asks."""
    for item, record in read_all(store, items):
        yield item, record if record is not None and record["ask"] == job.request_of(item) else None


def read_all(store: Store, items: Sequence[Item]) -> Iterator[tuple[Item, Record | None]]:
    """Each item with its record, whatever that answers."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for start in range(0, len(items), 1000):
            some = items[start : start + 1000]
            yield from zip(some, threads.map(partial(read_record, store), some), strict=True)
