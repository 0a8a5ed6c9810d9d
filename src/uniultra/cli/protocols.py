"""What `uniultra evaluate` can do besides its standard questions: damaged images, and the protocol of the
paper.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uniultra.cli.terminal.text import label
from uniultra.errors import PromptError

if TYPE_CHECKING:
    from rich.progress import Progress

    from uniultra.data.splits import ReportSplit, SelectionSplit
    from uniultra.evaluation.journal import Journal
    from uniultra.evaluation.protocol import Evaluation
    from uniultra.evaluation.report.provenance import Provenance
    from uniultra.evaluation.robustness.robustness_protocol import RobustnessSettings
    from uniultra.evaluation.simulated_user import PromptableSegmenter

STANDARD, PAPER, TRACK = "standard", "paper", "track"


def is_paper(protocol: str, given: Mapping[str, bool]) -> bool:
    """Whether it is the paper's protocol; `given` says which options were given that have no meaning under
    it.

    Raises:
        PromptError: an unknown protocol, or such an option.
    """
    if protocol not in (STANDARD, PAPER):
        raise PromptError(f"protocol '{protocol}' is unknown; use {STANDARD}, {PAPER} or {TRACK}")
    wrong = [name for name, was_given in given.items() if was_given]
    if protocol == PAPER and wrong:
        raise PromptError(
            f"--protocol paper has one prompt of its own, exact boxes; leave out {', '.join(wrong)}, or the "
            "protocol"
        )
    return protocol == PAPER


def is_track(protocol: str, given: Mapping[str, bool]) -> bool:
    """Whether it is the protocol of clips; as `is_paper` else. Raises PromptError for options that it doesn't
    know.
    """
    wrong = [name for name, was_given in given.items() if was_given]
    if protocol == TRACK and wrong:
        fix = f"leave out {', '.join(wrong)}, or the protocol"
        raise PromptError(f"--protocol track prompts each clip with the box of its first frame; {fix}")
    return protocol == TRACK


def damage_settings(requested: bool, limit: int | None, workers: int) -> RobustnessSettings | None:
    """The settings of --robustness; None without it. Raises PromptError for a limit below 1, or one without
    --robustness.
    """
    from uniultra.evaluation.robustness.robustness_protocol import RobustnessSettings

    if not requested and limit is not None:
        raise PromptError(
            f"--robustness-limit {limit} has nothing to limit; add --robustness, or leave it out"
        )
    if not requested:
        return None
    return (
        RobustnessSettings(workers=workers) if limit is None else RobustnessSettings(limit, workers=workers)
    )


def open_damaged(folder: Path, provenance: Provenance, split: str, settings: RobustnessSettings) -> Journal:
    """The journal of damaged images in a run's folder. Raises as `Journal`."""

    from uniultra.evaluation.robustness.robustness_protocol import open_robustness
    from uniultra.evaluation.run_folder import DAMAGED_JOURNAL

    return open_robustness(folder / DAMAGED_JOURNAL, settings, {**provenance.stated, "split": split})


def run_robustness(
    segmenter: PromptableSegmenter,
    rows: SelectionSplit | ReportSplit,
    evaluation: Evaluation,
    settings: RobustnessSettings,
    journal: Journal | None = None,
) -> dict[str, Any]:
    """The report's section about damaged images, with a bar on stderr."""
    from uniultra.evaluation.robustness.robustness_protocol import draw_rows, evaluate_robustness
    from uniultra.evaluation.robustness.robustness_summary import build_section

    chosen = draw_rows(rows, evaluation.records, settings.limit)
    with ticks(f"{segmenter.name} on damaged images", len(chosen)) as tick:
        return build_section(evaluate_robustness(segmenter, chosen, settings, journal, tick))


def damage_tables(section: dict[str, Any] | None) -> list[str]:
    """The tables of the section; [] without one."""
    from uniultra.evaluation.robustness.robustness_report import robustness_markdown

    return [] if section is None else [robustness_markdown(section)]


@dataclass(frozen=True)
class PaperRun:
    """A run under the paper's protocol: where its report goes (None, a .json file, or a folder), and how."""

    out: Path | None
    workers: int
    force: bool

    @property
    def folder(self) -> Path | None:
        return None if self.out is None or self.out.suffix.lower() == ".json" else self.out

    def check(self) -> None:
        """Raises PromptError for workers below 1, OutputError where the file can't be written."""
        from uniultra.io.output import check_free

        if self.workers < 1:
            raise PromptError(f"workers is {self.workers}; it must be at least 1")
        if self.out is not None and self.folder is None:
            check_free([self.out], self.force)

    def score(
        self, segmenter: PromptableSegmenter, rows: SelectionSplit | ReportSplit, provenance: Provenance
    ) -> str:
        """Scores, writes, and returns the tables."""
        from uniultra.evaluation.paper.paper_protocol import evaluate_paper
        from uniultra.evaluation.paper.paper_report import (
            build_paper_report,
            open_paper,
            paper_markdown,
            write_paper,
        )
        from uniultra.evaluation.report.run_report import write_report

        journal = None if self.folder is None else open_paper(self.folder, provenance, rows.name, self.force)
        with ticks(f"{segmenter.name} on {rows.name}, by the paper's protocol", len(rows)) as tick:
            images = evaluate_paper(segmenter, rows.rows, self.workers, journal, tick)
        report = build_paper_report(images, provenance, rows.name)
        if self.folder is not None:
            write_paper(self.folder, report, self.force)
        elif self.out is not None:
            write_report(self.out, report, self.force)
        return paper_markdown(report)


def new_bar(hidden: bool = False) -> Progress:
    """A bar on stderr, so that stdout holds the results alone; nothing, not even an empty line, where that is
    no terminal.

    rich would take what is printed meanwhile to stderr as well; it may only where both are the same terminal.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    shown = console.is_terminal and not hidden
    return Progress(console=console, transient=True, disable=not shown, redirect_stdout=sys.stdout.isatty())


@contextmanager
def ticks(name: str, total: int) -> Iterator[Callable[[], None]]:
    """Calls of what it yields move a bar on by one."""
    with new_bar() as bar:
        task = bar.add_task(label(name), total=total)
        yield lambda: bar.advance(task)
