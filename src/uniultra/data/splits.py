"""Two kinds of split that can't be confused: one chooses, the other reports; and splitting by cluster."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from uniultra.data.manifest import Manifest, Row
from uniultra.data.wrong_masks import has_wrong_mask
from uniultra.errors import DataError


@dataclass(frozen=True)
class _Split:
    name: str
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class TrainSplit(_Split):
    """Rows that a model may be trained on."""


class SelectionSplit(_Split):
    """Rows that may choose a checkpoint, a threshold, a setting: `val`, and nothing else."""


class ReportSplit(_Split):
    """Rows that are only reported on: `test` and `external`."""


Split = TypeVar("Split", TrainSplit, SelectionSplit)


def train_split(manifest: Manifest) -> TrainSplit:
    return TrainSplit("train", _rows(manifest, "train"))


def selection_split(manifest: Manifest) -> SelectionSplit:
    return SelectionSplit("val", _rows(manifest, "val"))


def report_split(manifest: Manifest, name: str) -> ReportSplit:
    """`test` or `external`.

    Raises:
        DataError: another name, or no such rows.
    """
    if name not in ("test", "external"):
        raise DataError(f"split '{name}' doesn't report; use test or external")
    return ReportSplit(name, _rows(manifest, name))


def _rows(manifest: Manifest, name: str) -> tuple[Row, ...]:
    """Those of a split but for the images whose published mask is another picture's."""
    rows = tuple(row for row in manifest if row.split == name and not has_wrong_mask(row))
    if not rows:
        raise DataError(
            f"manifest '{manifest.path}' has no rows of split '{name}'; add some, or choose another split"
        )
    return rows


PERMISSIVE = ("cc by", "cc-by", "cc0", "apache", "mit", "public domain")
RESTRICTED = ("nc", "nd", "sa")
"""Parts of a Creative Commons licence that forbid selling, changing, or other terms for what is made from
it.
"""


def permissive(split: Split) -> Split:
    """The rows whose licence allows commercial use of a model trained on them or chosen by them: CC BY, CC0,
    Apache, MIT; never NC, ND, SA or unknown.

    Raises:
        DataError: no row has such a licence.
    """
    rows = tuple(row for row in split if _is_permissive(row.licence))
    if not rows:
        found = ", ".join(sorted({row.licence or "none" for row in split}))
        raise DataError(
            f"no image of {split.name} has a permissive licence such as CC BY 4.0 or Apache-2.0; the column "
            f"says: {found}"
        )
    return type(split)(split.name, rows)


def _is_permissive(licence: str) -> bool:
    text = licence.lower().strip()
    return text.startswith(PERMISSIVE) and not set(re.split(r"[^a-z]+", text)) & set(RESTRICTED)


def few_shot(split: Split, images: int, seed: int = 0) -> Split:
    """At most `images` images of each organ, from as many clusters as there are; in a seeded order, so that 5
    are among 10.

    Raises:
        DataError: fewer than one image is requested.
    """
    if images < 1:
        raise DataError(f"shots {images} must be at least 1 image of each organ, such as 20")
    rng = np.random.default_rng(seed)
    rows = [split.rows[index] for index in rng.permutation(len(split.rows))]
    seen: Counter[tuple[str, str]] = Counter()
    turns: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for row in rows:
        turns[row.organ].append((seen[row.organ, row.cluster], row))
        seen[row.organ, row.cluster] += 1
    chosen = [row for organ in turns.values() for _, row in sorted(organ, key=lambda turn: turn[0])[:images]]
    return type(split)(split.name, tuple(chosen))


def split_by_cluster(clusters: Sequence[str], fractions: dict[str, float], seed: int = 0) -> list[str]:
    """A split name for each item so that no cluster is divided, with item counts as close to `fractions` as
    that allows.

    Clusters are dealt largest first, in a seeded random order among equals, each to the split that lacks
    most. No split stays empty where there are clusters enough: three patients still give train, val and test.
    """
    if abs(sum(fractions.values()) - 1.0) > 1e-6:
        given = ",".join(f"{split}={fraction:g}" for split, fraction in fractions.items())
        raise DataError(f"split fractions {given} sum to {sum(fractions.values()):g}; they must sum to 1")
    names, counts = np.unique(np.asarray(clusters), return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    order = order[np.argsort(-counts[order], kind="stable")]
    quota = {split: fraction * len(clusters) for split, fraction in fractions.items()}
    placed: dict[str, str] = {}
    for index in order:
        split = max(quota, key=lambda name: quota[name])
        placed[str(names[index])] = split
        quota[split] -= int(counts[index])
    _fill_empty(placed, [split for split, fraction in fractions.items() if fraction > 0])
    return [placed[str(cluster)] for cluster in clusters]


def fractions_for(
    clusters: Sequence[str], fractions: dict[str, float], least: int, seed: int = 0
) -> dict[str, float] | None:
    """Fractions, in twentieths, with which val and test, where they are split off, get at least `least`
    clusters each and train half of the items or more; None where these clusters give none.
    """
    chosen = [split for split, share in fractions.items() if split in ("val", "test") and share > 0]
    for twentieths in range(1, 20):
        rest = 20 - twentieths * len(chosen)
        if 2 * rest < 20:
            return None
        tried = {"train": rest / 20, **dict.fromkeys(chosen, twentieths / 20)}
        split_of = dict(zip(clusters, split_by_cluster(clusters, tried, seed), strict=True))
        counts = Counter(split_of.values())
        if all(counts[split] >= least for split in chosen):
            return tried
    return None


def _fill_empty(placed: dict[str, str], splits: Sequence[str]) -> None:
    """Gives each split that got no cluster the last (so the smallest) of the split that has most, in
    place.
    """
    for empty in splits:
        if empty in placed.values():
            continue
        donor, count = Counter(placed.values()).most_common(1)[0]
        if count > 1:
            placed[[cluster for cluster, split in placed.items() if split == donor][-1]] = empty
