"""Images that are named by dicomweb://, and results that are stored there."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from uniultra.cli.terminal.text import tell
from uniultra.errors import PromptError
from uniultra.text import count_of

if TYPE_CHECKING:
    from uniultra.batch.job import Item, Job
    from uniultra.batch.storage import Store
    from uniultra.io.input_file import InputFile
    from uniultra.outputs.plan import OutputPlan

STORE_HELP = (
    "Also send DICOM results to this archive, dicomweb://HOST:PORT/PATH or dimse://AET@HOST:PORT; implies "
    "--keep-patient."
)


def fetched(places: Sequence[str]) -> list[str]:
    """The same places, those of an archive as local copies that live as long as the process.

    Raises:
        FileError: the archive can't be reached, or has nothing there. PromptError: not such a place.
        OutputError: dicomweb-client isn't installed.
    """
    from uniultra.io.dicomweb import fetch, instances, is_web
    from uniultra.io.dimse import check_gives
    from uniultra.io.paths import copy_of
    from uniultra.io.scratch import scratch_folder

    for place in places:
        check_gives(place)
    if not any(map(is_web, places)):
        return list(places)
    kept = ExitStack()
    atexit.register(kept.close)
    folder = kept.enter_context(scratch_folder())
    found: list[str] = []
    for place in places:
        if not is_web(place):
            found.append(place)
            continue
        for one in instances(place).values():
            copy = kept.enter_context(copy_of(one, fetch(one, folder)))
            os.utime(copy, (0, 0))  # an instance never changes: `track --resume` sees the file that it began
            found.append(str(copy))
    return found


def fetched_one(place: str) -> str:
    """The same of a place that stands for one file. Raises also PromptError where it stands for several."""
    found = fetched([place])
    if len(found) != 1:
        raise PromptError(f"{len(found)} images are in that series or study; name one with /instances/UID")
    return found[0]


def kept_in(place: str, folder: Path) -> Path:
    """The images of a study or series, or the one instance, kept in a folder of the study's name in `folder`:
    that folder, or the instance's file. What is there already isn't fetched again. Raises as `fetched`, and
    OutputError.
    """
    from uniultra.atomic import whole
    from uniultra.cli.terminal.progress import ticks
    from uniultra.io.dicomweb import fetch, instances, parse_place

    web, listed = parse_place(place), instances(place)
    kept = folder / web.study
    missing = {kept / name: one for name, one in listed.items() if not (kept / name).is_file()}
    with ticks("fetching", len(missing)) as tick:
        for path, one in missing.items():
            with whole(path) as part:
                fetch(one, part.parent)
            tick()
    return kept / next(iter(listed)) if web.instance else kept


def check_store(store: str | None, kinds: Sequence[str] | None, folder: object) -> bool:
    """Whether results are stored. Raises PromptError where none could be, or that is no place of an archive;
    OutputError where the library for it isn't installed. Says where nothing is encrypted.
    """
    from uniultra.io.sending import check_archive, plain_note

    if store is None:
        return False
    if folder is None:
        raise PromptError("--store sends files, and none is written with --json alone; add --out FOLDER")
    check_dicom("--store", kinds)
    check_archive(store)
    if note := plain_note(store):
        tell([note])
    return True


def check_dicom(option: str, kinds: Sequence[str] | None) -> None:
    """Raises PromptError where kinds were named for an option and none is DICOM's."""
    from uniultra.outputs.plan import DICOM_KINDS

    if kinds is not None and not set(kinds) & set(DICOM_KINDS):
        raise PromptError(
            f"{option} applies to DICOM results only; add --write with one of {', '.join(DICOM_KINDS)}, or "
            "leave it out"
        )


NO_DICOM = "applies to DICOM results only, which refer to a DICOM image, and no input is one; leave it out"


def check_patient(kept: bool, plan: OutputPlan, sources: Sequence[InputFile]) -> None:
    """Raises PromptError where the patient's identity is to be kept, and nothing that is written has one."""
    from uniultra.outputs.plan import written_kinds

    if kept and not any(source.is_dicom for source in sources):
        raise PromptError(f"--keep-patient {NO_DICOM}")
    if kept:
        check_dicom("--keep-patient", sorted(written_kinds(plan, sources)))


@dataclass(frozen=True)
class Outgoing:
    """The DICOM results of a call that an archive is to get, and which of these files were there before it:
    by what the disk says of them, not by the time, since a share's clock may be late and its times coarse.
    """

    archive: str | None
    files: tuple[Path, ...] = ()
    before: Mapping[Path, tuple[int, ...]] = field(default_factory=dict)

    def send(self) -> None:
        """Sends those that were made since, and says how many were taken, whatever happens. Raises
        OutputError.
        """
        from uniultra.io.sending import send

        if self.archive is None:
            return
        made = [file for file in self.files if (now := _stamp(file)) and now != self.before.get(file)]
        taken: list[Path] = []
        try:
            send(self.archive, made, taken.append)
        finally:
            _tell_stored(len(taken), self.archive)


def outgoing(archive: str | None, files: Iterable[Path]) -> Outgoing:
    """What a call will make for an archive, asked before it is made.

    Raises:
        PromptError: no input is DICOM, so there will be nothing to store.
    """
    if archive is None:
        return Outgoing(None)
    planned = tuple(files)
    if not planned:
        raise PromptError(f"--store {NO_DICOM}")
    return Outgoing(archive, planned, {file: stamp for file in planned if (stamp := _stamp(file))})


def _stamp(file: Path) -> tuple[int, ...]:
    """What tells a file from the one that replaces it; () where there is none."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


def store_batch(archive: str, store: Store, items: Sequence[Item], job: Job) -> None:
    """Sends the DICOM results of these inputs that this archive hasn't got from here yet, input by input.
    Raises OutputError and FileError; what was sent before that is known to be.
    """
    from uniultra.batch.records import mark_sent, unsent
    from uniultra.batch.storage import local_file
    from uniultra.io.sending import send

    place = store.place.rstrip("/")
    taken: list[Path] = []
    try:
        for item, record, names in unsent(store, items, job, archive):
            with ExitStack() as stack:
                files = [stack.enter_context(local_file(f"{place}/{name}")) for name in names]
                send(archive, files, taken.append)
            mark_sent(store, item, record, archive)
    except BaseException:
        _tell_stored(len(taken), archive, "; the same command sends the others")
        raise
    _tell_stored(len(taken), archive)


def _tell_stored(count: int, archive: str, more: str = "") -> None:
    from uniultra.io.sending import host_of

    are = "is" if count == 1 else "are"
    tell([f"{count_of(count, 'DICOM result')} {are} stored in {host_of(archive)}{more}"])
