"""`uniultra batch`: an archive of files in; a mask for each, and tables of all, out; to be interrupted and
resumed at will.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from uniultra.cli.terminal.archives import STORE_HELP, check_dicom, check_store, store_batch
from uniultra.cli.terminal.batch_meter import counted, shown, tell_counts
from uniultra.cli.terminal.extras import need
from uniultra.cli.terminal.options import LABEL_HELP, parse_labels, tell_uncoded
from uniultra.cli.terminal.text import tell
from uniultra.cli.terminal.watching import WATCH_HELP, watch_folder
from uniultra.errors import FileError
from uniultra.outputs.plan import ARCHIVE_ENDINGS, DICOM_KINDS, OWN_STUDY, chosen_extras
from uniultra.registry import DEFAULT

if TYPE_CHECKING:
    from uniultra.batch.job import Item, Job
    from uniultra.batch.workers import PoolSettings

PROMPTS_HELP = "A CSV with one row per object: file, x0,y0,x1,y1 and/or points; see docs/batch.md."
MASKS_HELP = "A folder of previous masks to refine, under their images' relative names."
PATIENT_HELP = "Copy the patient's identity into DICOM results, which then go into the study of their source."
TRACK_HELP = "Track the structures in --prompts (columns frame and object) through each cine."
LV_HELP = "With --track: structure N is a left ventricle; also write OUT/ef.csv, one row per clip."
FRAME_HELP = "Which frame of multi-frame files: first, middle or all."


def batch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="A folder, a file, a pattern such as 'scans/**/*.png', a URL of these, or dicomweb://.",
        ),
    ],
    out: Annotated[
        str,
        typer.Argument(metavar="OUT", help="A folder, or a URL, for masks, results.csv and failures.csv."),
    ],
    prompts: Annotated[Path | None, typer.Option(help=PROMPTS_HELP)] = None,
    from_masks: Annotated[str | None, typer.Option("--from-masks", metavar="FOLDER", help=MASKS_HELP)] = None,
    grid: Annotated[
        int | None,
        typer.Option(metavar="N", help="Prompt with a grid of N x N clicks; keep distinct, confident masks."),
    ] = None,
    quality: Annotated[
        float | None,
        typer.Option(metavar="Q", help="With --grid: the lowest quality to keep.  [default: 0.6]"),
    ] = None,
    frame: Annotated[str | None, typer.Option(metavar="WHICH", help=FRAME_HELP)] = None,
    track: Annotated[bool, typer.Option("--track", help=TRACK_HELP)] = False,
    ventricle: Annotated[int, typer.Option("--lv", metavar="N", min=0, help=LV_HELP)] = 0,
    label: Annotated[list[str], typer.Option(metavar="NAME", help=LABEL_HELP)] = [],  # noqa: B006
    model: Annotated[str, typer.Option(help="A published model, or a model folder.")] = DEFAULT,
    write: Annotated[
        list[str], typer.Option(metavar="KIND", help=f"Also write {', '.join(ARCHIVE_ENDINGS)}.")
    ] = [],  # noqa: B006
    keep_patient: Annotated[bool, typer.Option("--keep-patient", help=PATIENT_HELP)] = False,
    store: Annotated[str | None, typer.Option(metavar="PLACE", help=STORE_HELP)] = None,
    watch: Annotated[bool, typer.Option("--watch", help=WATCH_HELP)] = False,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Worker processes; by default one per core.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Address of a Ray cluster, or auto on one of its nodes."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Recompute existing results.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done without doing it.")
    ] = False,
) -> None:
    """Segment an archive of files on all cores or on a Ray cluster. Run the same command again to resume:
    finished files are skipped.
    """
    if address is not None:
        need("cluster", "ray")
    from uniultra.batch.choice import Choice, grid_of, new_job
    from uniultra.batch.inputs import check_apart, find_inputs
    from uniultra.batch.workers import PoolSettings
    from uniultra.outputs.earlier import archive_images

    choice = Choice(prompts, from_masks, grid_of(grid, quality), frame, track, ventricle)
    kinds = chosen_extras(write)
    keep_patient = check_store(store, kinds, out) or keep_patient
    if keep_patient:
        check_dicom("--keep-patient", kinds)
    settings = PoolSettings(workers, address)
    places = [place if "://" in place else os.path.abspath(place) for place in (source, out)]
    _check_shared(*places, from_masks or "")
    check_apart(*places)
    names = parse_labels(label)
    tell_uncoded(names, kinds)
    job = replace(new_job(places[1], model, choice, (kinds, keep_patient), force), labels=names)
    if watch:

        def take(files: Mapping[str, str], taken: Mapping[str, str]) -> None:
            listed = choice.items(taken, source, _note)
            _run(choice.items(files, source, _note), job.again(), settings, out, archive=store, listed=listed)

        watch_folder(places[0], prompts, take)
        return
    items = choice.items(archive_images(find_inputs(places[0]), source), source, _note)
    if dry_run:
        _tell_plan(items, job)
    elif _run(items, job, settings=settings, out=out, archive=store):
        raise typer.Exit(1)


def _note(text: str) -> None:
    tell([text])


def _check_shared(*places: str) -> None:
    for place in places:
        if place.startswith("memory:"):
            raise FileError(
                f"{place}: memory is each worker's own; give a folder or a URL that all workers share"
            )


def _tell_plan(items: list[Item], job: Job) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from uniultra.batch.process_item import is_pending
    from uniultra.batch.replacing import check_replaced
    from uniultra.batch.storage import Store
    from uniultra.machine import usable_cores

    check_replaced(Store(job.out, job.run), items, job)
    with ThreadPoolExecutor(usable_cores()) as threads:
        pending = sum(threads.map(lambda item: is_pending(item, job), items))
    print(f"{len(items)} inputs: {len(items) - pending} done already, {pending} to do; nothing was done now")


def _run(
    items: list[Item],
    job: Job,
    settings: PoolSettings,
    out: str,
    archive: str | None = None,
    listed: list[Item] | None = None,
) -> bool:
    """Runs, writes the tables whatever happens, of `listed` where these are more, and tells; whether an input
    has no result.
    """
    from uniultra.batch.local_pool import run_here
    from uniultra.batch.ray_process import run_apart
    from uniultra.batch.records import write_head, write_tables
    from uniultra.batch.replacing import check_replaced
    from uniultra.batch.storage import Store

    store = Store(job.out, job.run)
    check_replaced(store, items, job)
    write_head(store, job)  # finds out whether anything can be written there
    run = run_here if settings.address is None else run_apart
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what ends this process ends its workers, too
    stopped: BaseException | None = None
    with shown(len(items)) as meter:
        try:
            run(items, job, settings, meter.add)
        except BaseException as error:
            stopped = error
            if isinstance(error, KeyboardInterrupt | SystemExit):
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is done is in the tables, however often
    covered = items if listed is None else listed
    counts, total = write_tables(store, covered, job), len(covered)
    if isinstance(stopped, KeyboardInterrupt | SystemExit):
        print(
            f"uniultra: interrupted; {counted(counts, total)}; run the same command again to resume",
            file=sys.stderr,
        )
        raise typer.Exit(130)
    if stopped is not None:
        raise stopped
    store.clean()
    # what is done is told before an archive may refuse it
    tell_counts(counts, total, meter, out, bool(job.ventricle))
    if archive is not None:
        store_batch(archive, store, items, job)
    if set(job.kinds) & set(DICOM_KINDS) and not job.keep_patient:
        tell([OWN_STUDY])
    return not counts.complete
