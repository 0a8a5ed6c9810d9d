"""Splits: who may be passed for whom, and clusters that stay whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phantom_manifest import Phantom, phantom_manifest
from uniultra.data.manifest import Manifest, Row
from uniultra.data.splits import (
    ReportSplit,
    SelectionSplit,
    TrainSplit,
    few_shot,
    permissive,
    report_split,
    selection_split,
    split_by_cluster,
    train_split,
)
from uniultra.errors import DataError

FRACTIONS = {"train": 0.7, "val": 0.1, "test": 0.2}
CLUSTERS = st.lists(st.sampled_from([f"c{i}" for i in range(12)]), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    names = ("train", "val", "test", "external")
    phantoms = [Phantom(f"{name}{i}", split=name, group=name) for i in range(2) for name in names]
    return phantom_manifest(tmp_path_factory.mktemp("data"), phantoms)


def test_each_split_holds_its_rows_in_order(manifest: Manifest) -> None:
    splits = [
        train_split(manifest),
        selection_split(manifest),
        report_split(manifest, "test"),
        report_split(manifest, "external"),
    ]
    assert [[row.id for row in split] for split in splits] == [
        [f"{split.name}0", f"{split.name}1"] for split in splits
    ]
    assert [len(split) for split in splits] == [2] * 4


def test_the_kinds_of_split_are_not_one_another(manifest: Manifest) -> None:
    kinds = (TrainSplit, SelectionSplit, ReportSplit)
    splits = (train_split(manifest), selection_split(manifest), report_split(manifest, "test"))
    assert [[isinstance(split, kind) for kind in kinds] for split in splits] == [
        [i == j for j in range(3)] for i in range(3)
    ]


@pytest.mark.parametrize("name", ["val", "train", "tests"])
def test_only_test_and_external_report(manifest: Manifest, name: str) -> None:
    with pytest.raises(DataError, match=f"split '{name}' doesn't report; use test or external"):
        report_split(manifest, name)


def test_a_split_without_rows_is_named(tmp_path: Path) -> None:
    manifest = phantom_manifest(tmp_path, [Phantom("a", split="train")])
    with pytest.raises(DataError, match="has no rows of split 'val'"):
        selection_split(manifest)


@settings(deadline=None)
@given(CLUSTERS, st.integers(0, 99))
def test_no_cluster_is_divided(clusters: list[str], seed: int) -> None:
    names = split_by_cluster(clusters, FRACTIONS, seed)
    assert len(names) == len(clusters)
    assert set(names) <= set(FRACTIONS)
    assert len(set(zip(clusters, names, strict=True))) == len(set(clusters))


@settings(deadline=None)
@given(CLUSTERS, st.integers(0, 99), st.randoms())
def test_the_split_of_a_cluster_does_not_depend_on_order(
    clusters: list[str], seed: int, random: object
) -> None:
    shuffled = list(clusters)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = dict(zip(clusters, split_by_cluster(clusters, FRACTIONS, seed), strict=True))
    other = dict(zip(shuffled, split_by_cluster(shuffled, FRACTIONS, seed), strict=True))
    assert one == other


@settings(deadline=None)
@given(CLUSTERS, st.integers(0, 99))
def test_counts_come_as_close_as_the_largest_cluster_allows(clusters: list[str], seed: int) -> None:
    counts = Counter(split_by_cluster(clusters, FRACTIONS, seed))
    largest = max(Counter(clusters).values())
    assert all(counts[name] - fraction * len(clusters) <= largest for name, fraction in FRACTIONS.items())


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), min_size=3, max_size=8), st.integers(0, 99))
def test_no_split_stays_empty_where_there_are_clusters_enough(sizes: list[int], seed: int) -> None:
    clusters = [str(number) for number, size in enumerate(sizes) for _ in range(size)]
    assert set(split_by_cluster(clusters, FRACTIONS, seed)) == {"train", "val", "test"}
    assert "val" not in split_by_cluster(clusters, {"train": 0.7, "val": 0.0, "test": 0.3}, seed)


def test_single_images_are_split_as_asked() -> None:
    counts = Counter(split_by_cluster([str(i) for i in range(1000)], FRACTIONS))
    assert counts == {"train": 700, "val": 100, "test": 200}


def test_another_seed_deals_otherwise() -> None:
    clusters = [str(i) for i in range(100)]
    assert split_by_cluster(clusters, FRACTIONS, 0) == split_by_cluster(clusters, FRACTIONS, 0)
    assert split_by_cluster(clusters, FRACTIONS, 0) != split_by_cluster(clusters, FRACTIONS, 1)


def test_fractions_sum_to_one() -> None:
    with pytest.raises(DataError, match=r"fractions train=0\.\d,.* sum to 0\.9; they must sum to 1"):
        split_by_cluster(["a"], {"train": 0.7, "test": 0.2})


def _row(index: int, organ: str, group: str, split: str = "train") -> Row:
    return Row(str(index), "set", organ, split, Path("i"), Path("m"), None, group, "")


def test_few_shots_come_from_as_many_clusters_as_there_are_and_fewer_are_among_more() -> None:
    rows = tuple(_row(index, "heart", str(index // 5)) for index in range(20)) + tuple(
        _row(100 + i, "liver", "9") for i in range(3)
    )
    split = TrainSplit("train", rows)
    four = few_shot(split, 4, seed=3)
    hearts = [row for row in four if row.organ == "heart"]
    assert len({row.group for row in hearts}) == len(hearts) == 4
    assert sum(row.organ == "liver" for row in four) == 3
    six = few_shot(split, 6, seed=3)
    assert {row.id for row in four} < {row.id for row in six}
    assert {row.id for row in few_shot(split, 4, seed=4)} != {row.id for row in four}
    with pytest.raises(DataError, match="shots 0 must be at least 1"):
        few_shot(split, 0)


@pytest.mark.parametrize(
    ("licence", "kept"),
    [
        ("CC BY 4.0 (unverified)", True),
        ("CC0", True),
        ("Apache-2.0", True),
        ("cc-by-4.0", True),
        ("CC BY-NC-SA 4.0 (unverified)", False),
        ("CC BY-SA 4.0", False),
        ("CC BY-ND 4.0", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_permissive_licences(licence: str, kept: bool) -> None:
    rows = (replace(_row(0, "heart", "0"), licence=licence), replace(_row(1, "heart", "1"), licence="MIT"))
    assert [row.id for row in permissive(TrainSplit("train", rows))] == (["0", "1"] if kept else ["1"])
    if not kept:
        with pytest.raises(DataError, match=r"no image of train has a permissive licence .* column says: "):
            permissive(TrainSplit("train", rows[:1]))
