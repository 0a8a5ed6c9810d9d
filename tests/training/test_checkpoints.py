"""By what a run is known again: settings, and what the files hold that it learns from and chooses by."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from labs import write_manifest
from uniultra.data.loading import contents_sha256
from uniultra.data.manifest import Manifest, read_manifest
from uniultra.errors import ModelError
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import build
from uniultra.training.adapt import AdaptJob, adapt
from uniultra.training.checkpoints import FILES_HASH
from uniultra.training.config import AdaptConfig, DistillConfig
from uniultra.training.config_io import configured, load_config
from uniultra.training.distill import DistillJob, distill
from uniultra.training.supervised import train

SHORT = ("optim.steps=1", "optim.save_every=1", "optim.batch_size=2", "optim.workers=0", "loss.rounds=1")
TRAIN = (*SHORT, "model.image_size=64")
CHANGED = r"other settings or data \(images_masks_names_sha256 [0-9a-f]+, now [0-9a-f]+\)"


@pytest.fixture
def own(tmp_path: Path) -> Manifest:
    """A manifest whose files a test may change."""
    (tmp_path / "data").mkdir()
    return read_manifest(write_manifest(tmp_path / "data", ["train", "train", "val", "test"]))


def cleared(mask: Path) -> None:
    """A mask that somebody corrects in its place: the manifest stays as it is."""
    ids = np.array(Image.open(mask))
    ids[:30] = 0
    Image.fromarray(ids).save(mask)


@pytest.mark.parametrize("row", [0, 2])
def test_a_corrected_mask_isn_t_learned_in_a_run_of_the_earlier_one(
    own: Manifest, sam2: Path, tmp_path: Path, row: int
) -> None:
    """Rows 0 and 2 are of train and of val; what test holds is nothing to a run."""
    config = configured(AdaptConfig(), None, (f"base.name='{sam2}'", *SHORT, "base.method='decoder'"))
    adapt(config, AdaptJob(own, tmp_path / "run"))
    cleared(own.rows[3].mask)
    adapt(config, AdaptJob(own, tmp_path / "run"))
    cleared(own.rows[row].mask)
    with pytest.raises(ModelError, match=CHANGED):
        adapt(config, AdaptJob(own, tmp_path / "run"))


def test_a_corrected_mask_isn_t_trained_on_in_a_run_of_the_earlier_one(own: Manifest, tmp_path: Path) -> None:
    config = load_config(None, TRAIN)
    train(config, own.path, tmp_path / "run")
    cleared(own.rows[1].mask)
    with pytest.raises(ModelError, match=CHANGED):
        train(config, own.path, tmp_path / "run")


def test_another_model_to_start_from_isn_t_mixed_in(own: Manifest, tmp_path: Path) -> None:
    """What stands still isn't in a checkpoint, and comes from there again."""
    for seed in (1, 2):
        torch.manual_seed(seed)
        build("mini", AdapterSpec(), 64).save_pretrained(tmp_path / f"start{seed}")
    begun = tmp_path / "start1"
    trained = load_config(None, (*TRAIN, f"model.start_from='{begun}'"))
    student = (f"student.start_from='{begun}'", "student.image_size=64", "retune.steps=0", "dskd.mask=0")
    distilled = configured(DistillConfig(), None, (*SHORT, *student))
    job = DistillJob(tmp_path / "start2", own, tmp_path / "distilled")
    for _ in range(2):
        train(trained, own.path, tmp_path / "trained")
        distill(distilled, job)
    shutil.copy(tmp_path / "start2" / "model.safetensors", begun / "model.safetensors")
    said = r"\(start_sha256 [0-9a-f]+, now [0-9a-f]+\)"
    with pytest.raises(ModelError, match=said):
        train(trained, own.path, tmp_path / "trained")
    with pytest.raises(ModelError, match=said):
        distill(distilled, job)


def test_names_count_where_they_are_said(own: Manifest) -> None:
    rows = own.rows
    (own.path.parent / "structures.csv").write_text("dataset,id,structure\nphantom,,cyst\n")
    named = read_manifest(own.path).rows
    assert contents_sha256(rows) == contents_sha256(named)
    assert contents_sha256(rows, named=True) != contents_sha256(named, named=True)


def test_a_missing_file_is_left_to_who_reads_it(own: Manifest) -> None:
    own.rows[0].mask.unlink()
    assert contents_sha256(own) != contents_sha256(own.rows[1:])


def test_a_finished_run_isn_t_replaced_by_another(own: Manifest, sam2: Path, tmp_path: Path) -> None:
    """Its checkpoints may have been deleted, as docs/adapt.md says one may."""
    run = tmp_path / "run"
    settings = (f"base.name='{sam2}'", *SHORT, "base.method='decoder'")
    file = adapt(configured(AdaptConfig(), None, settings), AdaptJob(own, run))
    before = file.read_bytes()
    shutil.rmtree(run / "checkpoint-1")
    with pytest.raises(ModelError, match=r"holds a run of other settings or data \(optim\.seed 0, now 5\)"):
        adapt(configured(AdaptConfig(), None, (*settings, "optim.seed=5")), AdaptJob(own, run))
    assert file.read_bytes() == before
    train(load_config(None, TRAIN), own.path, tmp_path / "trained")
    shutil.rmtree(tmp_path / "trained" / "checkpoint-1")
    with pytest.raises(ModelError, match=r"\(optim\.seed 0, now 5\)"):
        train(load_config(None, (*TRAIN, "optim.seed=5")), own.path, tmp_path / "trained")


def test_a_run_of_an_earlier_version_goes_on(own: Manifest, tmp_path: Path) -> None:
    config = load_config(None, TRAIN)
    train(config, own.path, tmp_path / "run")
    record = json.loads((tmp_path / "run" / "config.json").read_text())
    assert record.pop(FILES_HASH)
    (tmp_path / "run" / "config.json").write_text(json.dumps(record))
    train(config, own.path, tmp_path / "run")
    assert FILES_HASH in json.loads((tmp_path / "run" / "config.json").read_text())


def test_unlabelled_frames_and_a_teacher_s_maps_are_known_by_what_they_are_of(
    own: Manifest, tmp_path: Path
) -> None:
    torch.manual_seed(7)
    build("mini", AdapterSpec(), 64).save_pretrained(tmp_path / "teacher")
    still = tmp_path / "still.png"
    Image.fromarray(np.full((64, 80), 90, np.uint8)).save(still)

    def job(out: str) -> DistillJob:
        cache = tmp_path / "maps"
        return DistillJob(tmp_path / "teacher", own, tmp_path / out, (still,), cache_folder=cache)

    changes = (*SHORT, "student.image_size=64", "retune.steps=0", "dskd.mask=0", "cache.views=1")
    config = configured(DistillConfig(), None, changes)
    distill(config, job("run"))
    distill(config, job("run"))
    Image.fromarray(np.full((64, 80), 91, np.uint8)).save(still)
    with pytest.raises(ModelError, match=r"\(unlabelled_sha256 [0-9a-f]+, now [0-9a-f]+\)"):
        distill(config, job("run"))
    with pytest.raises(ModelError, match=r"maps with different unlabelled_sha256; give another cache folder"):
        distill(config, job("other"))
    Image.fromarray(np.full((64, 80), 90, np.uint8)).save(still)
    distill(config, job("third"))
    cleared(own.rows[0].mask)
    with pytest.raises(ModelError, match=r"maps with different images_masks_names_sha256"):
        distill(config, job("fourth"))
