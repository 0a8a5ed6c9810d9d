"""A teacher's maps on disk: what comes back, when the teacher is asked, and what is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from commands import largest_file
from labs import write_manifest
from uniultra.data.dataset import PromptDataset
from uniultra.data.distill_dataset import DistillDataset
from uniultra.data.draws import SampleSpec
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import train_split
from uniultra.errors import ModelError, OutputError
from uniultra.models.adapter import AdapterSpec
from uniultra.models.build import build
from uniultra.models.levels import stage_maps
from uniultra.models.promptable import PromptableModel
from uniultra.training import teacher_cache
from uniultra.training.config import DistillConfig
from uniultra.training.config_io import configured
from uniultra.training.distill import DistillJob, distill
from uniultra.training.teacher_cache import TeacherCache, size_of_cache

MADE_OF = {"teacher_sha256": "a"}


@pytest.fixture(scope="module", params=[AdapterSpec(), None], ids=["adapters", "plain"])
def teacher(request: pytest.FixtureRequest) -> PromptableModel:
    torch.manual_seed(4)
    model = build("mini", request.param, 64).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".adapter." in name:
                parameter.normal_(std=0.1)
    return model


def images(seed: int) -> torch.Tensor:
    return torch.randint(
        0, 256, (3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )


def test_maps_come_back_and_are_computed_once(
    teacher: PromptableModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = stage_maps(teacher, images(0))
    cache = TeacherCache(tmp_path / "c", teacher, 7, MADE_OF)
    rows = torch.tensor([5, 0, 2])
    calls = []
    monkeypatch.setattr(
        teacher_cache, "stage_maps", lambda model, seen: calls.append(len(seen)) or stage_maps(model, seen)
    )
    for opened in (cache, cache, TeacherCache(tmp_path / "c", teacher, 7, MADE_OF)):
        found = opened.stages(images(0), rows)
        for ours, theirs in zip(
            (*found.wholes, *found.parts), (*expected.wholes, *expected.parts), strict=True
        ):
            assert (ours is None) == (theirs is None)
            if ours is not None and theirs is not None:
                torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=2e-3)
    cache.stages(images(0)[:2], torch.tensor([5, 6]))
    assert [count for count in calls if count > 1] == [3], "once for the first three"
    assert calls.count(1) == 2, "the shapes when it was opened again, and the one new view"
    assert size_of_cache(teacher, 7) == sum(
        f.stat().st_size - 128 for f in (tmp_path / "c").glob("map-*.npy")
    )


def test_another_teacher_is_refused_and_so_is_a_small_disk(teacher: PromptableModel, tmp_path: Path) -> None:
    TeacherCache(tmp_path / "c", teacher, 7, MADE_OF)
    with pytest.raises(
        ModelError,
        match=r"holds a teacher's maps with different teacher_sha256; give another cache folder, or "
        r"remove it",
    ):
        TeacherCache(tmp_path / "c", teacher, 7, {"teacher_sha256": "b"})
    with pytest.raises(
        OutputError, match=r"maps take \d+\.\d GB and .* GB free; lower cache\.views, or set it to 0"
    ):
        TeacherCache(tmp_path / "d", teacher, 10**9, MADE_OF)
    assert not (tmp_path / "d").exists()


def test_a_disk_that_fills_up_is_one_line_before_anything_is_learned(
    teacher: PromptableModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storing into a mapped file without room would end the process by SIGBUS, so all of it is taken."""
    TeacherCache(tmp_path / "c", teacher, 7, MADE_OF)
    for path in (tmp_path / "c").glob("*.npy"):
        assert path.stat().st_blocks * 512 >= path.stat().st_size, path.name
    says = (
        r"map-0\.npy' can't be written \(File too large\): it takes 0\.0 GB; give --cache a folder with room"
    )
    with largest_file(4096), pytest.raises(OutputError, match=says):
        TeacherCache(tmp_path / "d", teacher, 7, MADE_OF)
    assert list((tmp_path / "d").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"can't be written \((Not a directory|File exists)\)"):
        TeacherCache(tmp_path / "file", teacher, 7, MADE_OF)
    kept = os.posix_fallocate

    def full(opened: int, start: int, size: int) -> None:
        if size > 10_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        kept(opened, start, size)

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OutputError, match="No space left on device"):
        TeacherCache(tmp_path / "e", teacher, 7, MADE_OF)
    assert list((tmp_path / "e").iterdir()) == []


def test_views_recur_and_no_two_share_a_row(tmp_path: Path) -> None:
    split = train_split(read_manifest(write_manifest(tmp_path, ["train"] * 3)))
    data = DistillDataset(
        PromptDataset(split, SampleSpec(image_size=64)), [np.zeros((80, 90), np.uint8)], views=2
    )
    seen = {}
    for draw in range(6):
        for index in range(len(data)):
            example = data[draw * len(data) + index]
            pixels = seen.setdefault(int(example["view"]), example["image"])
            assert torch.equal(pixels, example["image"])
    assert sorted(seen) == list(range(2 * len(data)))
    first = [seen[view] for view in sorted(seen) if view < 2 * len(data.prompted)]
    assert all(not torch.equal(a, b) for i, a in enumerate(first) for b in first[:i])


def test_a_distillation_can_share_a_cache(
    lab: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(1)
    build("mini", AdapterSpec(), 64).save_pretrained(tmp_path / "teacher")
    changes = (
        "student.image_size=64",
        "optim.steps=2",
        "optim.save_every=2",
        "optim.batch_size=2",
        "optim.workers=0",
        "retune.steps=0",
    )
    config = configured(DistillConfig(), None, (*changes, "cache.views=2"))
    for run in ("a", "b"):
        distill(
            config,
            DistillJob(
                tmp_path / "teacher", read_manifest(lab), tmp_path / run, cache_folder=tmp_path / "maps"
            ),
        )
    assert "The teacher's maps of 18 views take 0.0 GB" in capsys.readouterr().err
    assert 1 <= int(np.load(tmp_path / "maps" / "done.npy").sum()) <= 4
    a, b = ((tmp_path / run / "model" / "model.safetensors").read_bytes() for run in ("a", "b"))
    assert a == b, "what is read is what was computed, so the second run is the first"
