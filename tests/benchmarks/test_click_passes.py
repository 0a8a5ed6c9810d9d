"""What the script reads off the passes is what the segmenter answers."""

from __future__ import annotations

from pathlib import Path

from commands import script
from phantom_manifest import Phantom, write_manifest
from uniultra.evaluation.settings import EvaluationSettings

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "click_passes.py"


def test_the_first_row_is_what_evaluate_finds(tmp_path: Path) -> None:
    from uniultra.data.manifest import read_manifest
    from uniultra.data.splits import selection_split
    from uniultra.evaluation.protocol import evaluate
    from uniultra.evaluation.summary import ALL_ORGANS, summarise
    from uniultra.segmenter import Segmenter

    manifest = write_manifest(tmp_path, [Phantom("a", group="0"), Phantom("b", group="1", objects=2)])
    done = script(SCRIPT, "--data", manifest, "--limit", "2")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[2].strip("| ").split(" | ")
    split = selection_split(read_manifest(manifest))
    found = evaluate(Segmenter.load(threads=1), split, EvaluationSettings(("click1", "uclick1"), draws=1))
    reported = [summarise(found.records)[kind][ALL_ORGANS].dice for kind in ("click1", "uclick1")]
    assert [float(first[3]), float(first[5])] == [round(dice, 4) for dice in reported]
