"""`uniultra evaluate --protocol track`: our tracker and the baselines on clips and simulated cines, in one
run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from uniultra import __version__
from uniultra.cli.terminal.ending import resumable
from uniultra.cli.terminal.progress import ticks
from uniultra.cli.terminal.text import printable_lines, tell
from uniultra.errors import DataError
from uniultra.text import count_of

if TYPE_CHECKING:
    from uniultra.evaluation.journal import Journal
    from uniultra.evaluation.preflight import Checked
    from uniultra.evaluation.report.provenance import Provenance
    from uniultra.evaluation.tracking.followers import Followed
    from uniultra.segmenter import Segmenter
    from uniultra.types import Frame, Prompt

JOURNAL = "tracking.jsonl"
CINE_FRAMES = 100
CINES_A_SET = 6
"""Simulated cines of each set, unless --limit says otherwise."""


@dataclass(frozen=True)
class OurTracker:
    """`tracking` behind the protocol of the evaluation."""

    segmenter: Segmenter
    name: str = "uniultra track"

    def follow(self, frames: Sequence[Frame], prompt: Prompt) -> Iterator[Followed]:
        from uniultra.evaluation.tracking.followers import Followed
        from uniultra.tracking import begin, step

        answers, state = begin(self.segmenter, frames[0], {1: prompt})
        for number, frame in enumerate(frames):
            if number:
                answers, state = step(self.segmenter, state, frame)
            [answer] = answers
            lost, doubted = answer.status in ("lost", "absent"), answer.status != "sure"
            yield Followed(answer.mask.mask_hw, answer.guess.mask_hw, lost, doubted)


@dataclass(frozen=True)
class TrackRun:
    """What a run under this protocol is given.

    Attributes:
        limit: simulated cines a set, beside all real clips; None for CINES_A_SET.
        out: a JSON, or a folder for one and its journal; None for tables alone.
        skip_bad: frames that can't be read are expected, and no reason for exit code 2.
        true_mask: a clip is prompted with the true mask of its first frame; else with that one's box.
    """

    limit: int | None = None
    out: Path | None = None
    skip_bad: bool = False
    force: bool = False
    true_mask: bool = False

    @property
    def file(self) -> Path | None:
        """The JSON."""
        folder = folder_of(self.out)
        return self.out if folder is None else folder / "tracking.json"


def folder_of(out: Path | None) -> Path | None:
    """Where --out is a folder, and no .json file."""
    return None if out is None or out.suffix.lower() == ".json" else out


def run_track_protocol(segmenter: Segmenter, checked: Checked, run: TrackRun, provenance: Provenance) -> str:
    """Scores, writes a JSON where `run.out` names one, and returns the tables. Frames that can't be read are
    left out of their clips, and named. In a folder, what an interrupted run scored isn't scored again.

    Raises:
        DataError: nothing to follow, or a limit without stills to simulate cines from; the folder holds what
            another run scored. OutputError: the file exists or can't be written.
    """
    from uniultra.evaluation.report.run_report import skipped_table
    from uniultra.evaluation.tracking.clips import LEAST_FRAMES, real_clips, short_clips, simulated_clips
    from uniultra.evaluation.tracking.followers import baselines
    from uniultra.evaluation.tracking.protocol import evaluate_tracking, tracking_markdown, tracking_report
    from uniultra.io.output import check_free, write_json

    if run.file is not None:
        check_free([run.file], run.force)
    rows = checked.rows.rows
    clips = real_clips(rows)
    kept = {clip.name.split("/")[0] for clip in clips}
    stills = [row for row in rows if row.dataset not in kept]
    if short := short_clips(rows):
        tell([f"{count_of(short, 'clip')} not followed: fewer than {LEAST_FRAMES} frames"])
    if run.limit is not None and not stills:
        raise DataError(
            f"--limit {run.limit} is of cines that are simulated from stills, and every image here is of a "
            "real clip, all of which are followed; leave it out"
        )
    clips += simulated_clips(stills, run.limit or CINES_A_SET, CINE_FRAMES)
    about = {**provenance.stated, "split": checked.rows.name, "cines_a_set": run.limit or CINES_A_SET}
    journal = _journal(run, about | {"images_and_masks_sha256": _files_sha256(checked)})
    trackers = [OurTracker(segmenter), *baselines(segmenter)]
    title = f"{segmenter.name} on {checked.rows.name}, tracking"
    with resumable(journal is not None), ticks(title, len(clips)) as tick:
        scores = evaluate_tracking(clips, trackers, tick, run.true_mask, journal)
    if not any(scores.values()):
        raise DataError("no clip begins with a target, so there is nothing to follow; check the masks")
    if run.file is not None:
        skipped = [asdict(each) for each in checked.skipped]
        report = {"uniultra_version": __version__, **about, **tracking_report(scores, run.true_mask)}
        write_json(run.file, report | {"skipped": skipped}, run.force)
    left_out = [skipped_table(checked.skipped)] if checked.skipped else []
    prompt = "true mask" if run.true_mask else "exact box"
    head = f"{title} from the {prompt} of the first frame.\n"
    return "\n".join([head, tracking_markdown(scores), *left_out])


def _journal(run: TrackRun, about: Mapping[str, object]) -> Journal | None:
    from uniultra.evaluation.journal import Journal
    from uniultra.evaluation.tracking.protocol import parse_clip

    folder = folder_of(run.out)
    if folder is None:
        return None
    if run.force:
        (folder / JOURNAL).unlink(missing_ok=True)
    prompt = "mask" if run.true_mask else "box"
    return Journal(folder / JOURNAL, {**about, "prompt": prompt}, parse_clip)


def _files_sha256(checked: Checked) -> str:
    """Of what all images and masks hold that are scored."""
    listed = "\n".join(" ".join((*key, held)) for key, held in sorted(checked.files.items()))
    return hashlib.sha256(listed.encode()).hexdigest()


def by_track(model: str, checked: Callable[[], Checked], run: TrackRun) -> None:
    """The whole of a run under this protocol. Prints its tables.

    Raises:
        typer.Exit: code 2, after everything is done, where frames were left out and nobody requested it.
    """
    from uniultra.cli.work.evaluation import provenance_of
    from uniultra.evaluation.protocol import Limit
    from uniultra.segmenter import Segmenter

    segmenter, found = Segmenter.load(model), checked()
    provenance = provenance_of(model, segmenter, found, Limit(None))
    print(printable_lines(run_track_protocol(segmenter, found, run, provenance)), end="")
    if found.skipped and not run.skip_bad:
        raise typer.Exit(2)
