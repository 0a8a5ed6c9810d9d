"""What `uniultra evaluate --against` compares with: an earlier run, or a segmenter that answers now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from uniultra.cli.terminal.text import tell
from uniultra.cli.work.evaluation import evaluated, segmenter_of
from uniultra.data.splits import ReportSplit, SelectionSplit
from uniultra.errors import DataError, PromptError
from uniultra.evaluation.baselines import BASELINES
from uniultra.evaluation.preflight import Checked
from uniultra.evaluation.protocol import Evaluation
from uniultra.evaluation.records import Record
from uniultra.evaluation.report.compare import changed_images, compare, pairs_of
from uniultra.evaluation.report.provenance import Provenance
from uniultra.evaluation.report.run_report import Against, StoredRun, as_stored, read_report
from uniultra.evaluation.settings import KINDS, EvaluationSettings
from uniultra.evaluation.simulated_user import PromptableSegmenter


@dataclass(frozen=True)
class Opponent:
    """What a model is compared to: an earlier run, or a segmenter and what it is asked."""

    run: StoredRun | None = None
    segmenter: PromptableSegmenter | None = None
    kinds: tuple[str, ...] = ()


def opponent(other: str, checked: Checked, settings: EvaluationSettings, split: str) -> Opponent:
    """What --against names, so that a wrong one is refused before anything is computed.

    Raises:
        DataError: a report that can't be read, of another manifest, split or other prompts. ModelError: no
            such model. PromptError: a baseline that takes none of the prompts.
    """
    if Path(other, "report.json").is_file():
        other = str(Path(other, "report.json"))
    if not other.endswith(".json"):
        return Opponent(segmenter=segmenter_of(other), kinds=kinds_for(other, settings.kinds))
    stored = read_report(Path(other))
    same_data = stored.manifest_sha256 == checked.manifest.sha256
    if not same_data or stored.split != split:
        of = f"split '{stored.split}' and not '{split}'" if same_data else "another manifest"
        raise DataError(f"'{other}' is of {of}, so its prompts differ; evaluate on the same")
    rows = {(row.dataset, row.id) for row in checked.rows}
    prompts = {(kind, draw) for kind in settings.kinds for draw in settings.draws_of(KINDS[kind])}
    common = [record for record in stored.records if record.kind in settings.kinds]
    if common and not any(
        (one.kind, one.draw) in prompts and (one.dataset, one.id) in rows for one in common
    ):
        raise DataError(
            f"'{other}' has other images or draws, so no prompt in common; give the --limit, --first, "
            "--draws and --seeds that it was made with"
        )
    if not common:
        raise DataError(
            f"'{other}' has no prompt in common with --kinds {','.join(settings.kinds)}; its kinds are "
            f"{','.join(sorted({record.kind for record in stored.records}))}: give some of them"
        )
    return Opponent(stored)


def compared(
    other: Opponent, rows: SelectionSplit | ReportSplit, evaluation: Evaluation, provenance: Provenance
) -> Against | None:
    """The opponent's answers to the same prompts, run now where it is a segmenter, and the differences.

    Images whose masks were corrected since an earlier run are left out, with a line on stderr; None where
    none is left, since what was scored now mustn't be lost for that.
    """
    own: Sequence[Record] = evaluation.records
    if other.run is not None:
        name, own = other.run.model, as_stored(own)
        changed = changed_images(own, other.run.records)
        records = tuple(one for one in other.run.records if (one.dataset, one.id) not in changed)
        tell(_left_out(len(changed), evaluation.images))
        pairs = pairs_of(own, records)
        if changed and not pairs:
            return None
        tell(_partly([one for one in own if (one.dataset, one.id) not in changed], records, len(pairs)))
        tell(_otherwise_named(evaluation.settings.named, other.run.named))
    else:
        assert other.segmenter is not None
        settings = replace(evaluation.settings, kinds=other.kinds)
        name, records = other.segmenter.name, evaluated(other.segmenter, rows, settings).records
    return Against(name, compare(own, records, provenance.bootstrap_seed, provenance.bootstrap_samples))


def _left_out(changed: int, images: int) -> Iterator[str]:
    if changed:
        left = "are left out of the comparison" if changed < images else "so nothing is compared"
        yield (
            f"{changed} of {images} images have other masks than when the earlier run was made: {left}; "
            "evaluate its model again to compare all"
        )


def _partly(own: Sequence[Record], theirs: Sequence[Record], pairs: int) -> Iterator[str]:
    """Where an earlier run answered fewer prompts than this one, by kinds, draws or images."""
    if pairs == len(own):
        return
    without = {one.kind for one in own} - {one.kind for one in theirs}
    lacking = [kind for kind in KINDS if kind in without]
    missing = f"; it has no {', '.join(lacking)}" if lacking else ""
    yield (
        f"{pairs} of {len(own)} answers are compared, on the prompts that the earlier run answered, too"
        f"{missing}"
    )


def _otherwise_named(ours: bool, theirs: bool) -> Iterator[str]:
    if ours != theirs:
        which = "this run's" if ours else "the earlier run's"
        yield f"{which} prompts alone say what the objects are called: the comparison is of that, too"


def kinds_for(model: str, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """What a segmenter can answer: baselines take boxes alone. Raises PromptError where nothing is left."""
    if model not in BASELINES:
        return kinds
    boxes = tuple(name for name in kinds if name not in KINDS or KINDS[name].is_box)
    if kinds and not boxes:
        legal = ",".join(kind.name for kind in KINDS.values() if kind.is_box)
        raise PromptError(f"the baseline '{model}' takes boxes only; give --kinds some of {legal}")
    return boxes
