"""What `uniultra data import` says of a set that it has written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from uniultra.data.importers.registry import OWN
from uniultra.data.importers.sample import begin_alike, pattern_for
from uniultra.data.set_import import Imported, ImportSettings
from uniultra.data.splits import fractions_for
from uniultra.data.structure_names import Names
from uniultra.evaluation.report.compare import FEWEST_CLUSTERS
from uniultra.text import count_of


def import_notes(name: str, imported: Imported, settings: ImportSettings) -> Iterator[str]:
    """What may not be as meant in a set imported as `name`: its ids, its patients, its splits."""
    if name in ("folder", "nnunet", "seg"):
        yield from ids_in_pieces(imported.in_pieces, len(imported.rows))
    yield from numbers_cut([row["id"] for row in imported.rows], settings.subject)
    if not any(row["subject"] for row in imported.rows) and name in OWN:
        yield from names_alike([row["id"] for row in imported.rows])
    if not (settings.published_splits or settings.splits):
        yield from own_splits_mixed(imported.own_splits)
        yield from few_patients([(row["group"], row["split"]) for row in imported.rows], settings)


def names_of_other_ids(names: Names, ids: Collection[int]) -> Iterator[str]:
    """Names whose ids no mask has, and ids of masks without a name."""
    absent = ", ".join(f"{number} ({name})" for number, name in names.items() if number not in (None, *ids))
    if absent:
        yield f"no mask has the id {absent}"
    nameless = [] if None in names else [str(number) for number in sorted(ids) if number not in names]
    if nameless:
        yield f"the masks' ids without a name: {', '.join(nameless)}; --structures gives them one"


def ids_in_pieces(count: int, masks: int) -> Iterator[str]:
    """That some masks have an id in several separate pieces, and what to do where each is a structure."""
    if count:
        have = "has" if count == 1 else "have"
        yield (
            f"{count} of {masks} masks {have} an id in several separate pieces, which count as one structure "
            "with one box around it; if each is a structure of its own, import again with --pieces"
        )


def numbers_cut(ids: Sequence[str], pattern: str) -> Iterator[str]:
    """Where a pattern takes some of a number's digits alone, so that p1 and p10 are one patient."""
    whole: dict[str, str] = {}
    for id in ids if pattern else ():
        match = re.search(pattern, id)
        if match is None or not match[first := 1 if match.re.groups else 0]:
            continue
        digits = re.match(r"\d*", id[match.end(first) :]) if match[first][-1].isdigit() else None
        name = match[first] + (digits[0] if digits else "")
        other = whole.setdefault(match[first], name)
        if other != name:
            one, two = sorted((other, name), key=len)
            yield (
                f"--subject '{pattern}' makes one patient, '{match[first]}', of '{one}' and '{two}'; if they "
                "are two, let it take all digits, as \\d+ does"
            )
            return


def few_patients(rows: list[tuple[str, str]], settings: ImportSettings) -> Iterator[str]:
    """Where val or test is of so few patients that no comparison on it will be judged, and what to give
    instead; `rows` are groups and splits.
    """
    groups = [group for group, _ in rows]
    held = Counter(split for _, split in set(rows))
    few = [
        f"{split} holds {held[split]}"
        for split in ("test", "val")
        if settings.fractions.get(split, 0) > 0 and held[split] < FEWEST_CLUSTERS
    ]
    if few:
        better = fractions_for(groups, settings.fractions, FEWEST_CLUSTERS, settings.seed)
        shares = ",".join(f"{split}={share:g}" for split, share in (better or {}).items())
        fix = f"import again with --fractions {shares}" if better else "import images of more patients"
        held_of = (
            f"{' and '.join(few)} of {count_of(len(set(groups)), 'group')} (patients or near-duplicates)"
        )
        yield f"{held_of}; a comparison is judged from {FEWEST_CLUSTERS} on: {fix}"


def own_splits_mixed(own: Mapping[str, int]) -> Iterator[str]:
    """That a set's own test images are among those that teach, unless it is told otherwise."""
    if own:
        counts = ", ".join(f"{count} {split}" for split, count in sorted(own.items()))
        yield (
            f"the set's own splits ({counts}) weren't kept: all its images were split anew; to keep them, "
            "import again with --published-splits"
        )


def names_alike(ids: list[str]) -> Iterator[str]:
    """That names begin alike where the splits are by image, so that they may name the patient."""
    pair = begin_alike(ids)
    if pair is not None:
        yield (
            f"'{pair[0]}' and '{pair[1]}' begin alike but the splits are by image; if that names the "
            f"patient, import again with --subject, as in --subject '{pattern_for(pair, ids)}'"
        )
