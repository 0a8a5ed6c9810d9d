"""Our own splits rebuilt from a set's files: found by looks, under our ids, each line once."""

from __future__ import annotations

import base64
import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from uniultra.data import published
from uniultra.data.duplicates import perceptual_hash
from uniultra.data.importers.registry import SETS, input_file
from uniultra.data.manifest import SPLITS
from uniultra.data.set_import import Imported, ImportSettings, import_set
from uniultra.errors import DataError

HW = (48, 64)
LINES = (("busbra", "x", "test", "7"), ("busbra", "y", "val", "8"), ("camus2", "z", "train", "9"))


def pixels(seed: int) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 255, (6, 8)).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize(HW[::-1], Image.Resampling.BILINEAR))


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Splits of three images, those of seeds 0 to 2."""
    hashes = [base64.b64encode(perceptual_hash(pixels(seed)).tobytes()).decode() for seed in range(3)]
    lines = [",".join((*line, code)) for line, code in zip(LINES, hashes, strict=True)]
    (tmp_path / "splits").mkdir()
    text = "\n".join([",".join(published.COLUMNS), *lines])
    (tmp_path / "splits/small.csv").write_text(text, encoding="utf-8")
    monkeypatch.setattr(published, "FOLDER", tmp_path / "splits")
    return tmp_path


def bus_bra(root: Path, images: dict[str, np.ndarray]) -> Path:
    (root / "Images").mkdir(parents=True)
    (root / "Masks").mkdir()
    mask = np.zeros(HW, np.uint8)
    mask[10:30, 10:40] = 255
    for name, picture in images.items():
        Image.fromarray(picture).save(root / f"Images/bus_{name}.png")
        Image.fromarray(mask).save(root / f"Masks/mask_{name}.png")
    rows = "".join(f"bus_{name},{name},benign\n" for name in images)
    (root / "bus_data.csv").write_text(f"ID,Case,Pathology\n{rows}", encoding="utf-8")
    return root


def run(root: Path, out: Path, **settings: object) -> Imported:
    return import_set(input_file("bus-bra"), root, out, ImportSettings(splits="small", **settings))  # type: ignore[arg-type]


def test_other_names_and_compression_are_found(table: Path) -> None:
    Image.fromarray(pixels(0)).resize((512, 384)).save(table / "a.jpg", quality=70)
    large = np.asarray(Image.open(table / "a.jpg").resize(HW[::-1]))
    imported = run(bus_bra(table / "raw", {"q": pixels(1), "p": large}), table / "out")
    assert imported.written, imported.problems
    found = {(row["id"], row["dataset"], row["split"], row["group"]) for row in imported.rows}
    assert found == {("x", "busbra", "test", "7"), ("y", "busbra", "val", "8")}


def test_what_is_in_no_line_and_copies_are_left_out(table: Path) -> None:
    raw = bus_bra(table / "raw", {"a": pixels(0), "b": pixels(0), "c": pixels(5)})
    assert not run(raw, table / "out").written
    imported = run(raw, table / "out", skip_bad=True)
    assert [row["id"] for row in imported.rows] == ["x"]
    reported = "\n".join(map(str, imported.problems))
    assert "bus_b.png: looks like 'x' of the splits 'small', which another image matches" in reported
    assert "bus_c.png: isn't in the splits 'small'" in reported
    assert sorted(path.name for path in (table / "out/images").iterdir()) == ["bus_a.png"]


def test_of_copies_the_one_with_the_line_s_own_id_is_taken(table: Path) -> None:
    (table / "splits/small.csv").write_text(
        (table / "splits/small.csv").read_text(encoding="utf-8").replace("busbra,x,", "busbra,bus_b,"),
        encoding="utf-8",
    )
    imported = run(bus_bra(table / "raw", {"a": pixels(0), "b": pixels(0)}), table / "out", skip_bad=True)
    assert [(row["id"], row["image"]) for row in imported.rows] == [("bus_b", "images/bus_b.png")]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (ImportSettings(splits="none"), "splits 'none' are unknown; use small"),
        (ImportSettings(splits="small", published_splits=True), "are two ways to split"),
    ],
)
def test_settings_that_cannot_be(table: Path, settings: ImportSettings, says: str) -> None:
    with pytest.raises(DataError, match=says):
        import_set(input_file("bus-bra"), bus_bra(table / "raw", {"a": pixels(0)}), table / "out", settings)
    assert not (table / "out").exists()


def test_a_set_that_has_no_line_is_told(table: Path) -> None:
    with pytest.raises(DataError, match="splits 'small' have no image of set 'tn3k'"):
        published.published_splits("small", "tn3k")


def test_the_published_table_is_whole() -> None:
    path = published.FOLDER / "uniultra.csv"
    assert path.stat().st_size < 500_000
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == published.COLUMNS
    assert len(lines) == len({(line["dataset"], line["id"]) for line in lines}) == 6518
    assert {line["split"] for line in lines} <= set(SPLITS)
    assert {len(base64.b64decode(line["hash"])) for line in lines} == {32}
    homes: dict[tuple[str, str], str] = {}
    for line in lines:
        assert homes.setdefault((line["dataset"], line["group"]), line["split"]) == line["split"]


@pytest.mark.parametrize("name", ["busi", "mmotu", "hc18", "ddti", "cca", "muscle_apo", "camus", "bus-bra"])
def test_every_set_of_our_tables_that_can_be_imported_has_lines(name: str) -> None:
    splits = published.published_splits("uniultra", name)
    assert name in SETS
    assert len(splits.rows) == len(splits.hashes) > 100
