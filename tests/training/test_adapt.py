"""Adapting small models to phantoms: every method, what moves and what doesn't, stopping and going on, and
what is refused.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers.models.sam2.modeling_sam2 import Sam2Model

from commands import command, largest_file, uniultra
from labs import write_manifest
from uniultra.backends.torch import TorchBackend
from uniultra.data.dataset import PromptDataset
from uniultra.data.draws import SampleSpec
from uniultra.data.manifest import read_manifest
from uniultra.data.splits import train_split
from uniultra.errors import DataError, ModelError, OutputError
from uniultra.evaluation.report.compare import Difference
from uniultra.evaluation.summary import ALL_ORGANS
from uniultra.model_facts import read_passes
from uniultra.models.adapted import (
    BASE_FILE,
    AdapterFacts,
    open_adapted,
    open_model,
    read_facts,
    save_plain,
    weights_sha256,
)
from uniultra.models.build import load
from uniultra.models.methods import METHODS
from uniultra.models.promptable import PromptableModel
from uniultra.segmenter import Segmenter
from uniultra.training.adapt import AdaptJob, adapt, make_adaptable, splits_for
from uniultra.training.checkpoints import whole_checkpoint
from uniultra.training.config import AdaptConfig
from uniultra.training.config_io import configured
from uniultra.training.gain import Gain, measure_gain

SHORT = ("optim.steps=4", "optim.save_every=2", "optim.batch_size=2", "loss.rounds=2", "optim.patience=0")


def settings(base: Path, *changes: str) -> AdaptConfig:
    return configured(AdaptConfig(), None, (f"base.name='{base}'", *SHORT, *changes))


@pytest.fixture(scope="module")
def adapted(sam2: Path, lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a finished run, by its method; each is learned once, so who changes one takes a copy."""

    @cache
    def of(method: str) -> Path:
        folder = tmp_path_factory.mktemp(method) / "run"
        adapt(settings(sam2, f"base.method={method}"), AdaptJob(read_manifest(lab), folder))
        return folder

    return of


def frozen_part(model: PromptableModel) -> dict[str, torch.Tensor]:
    return {name: value for name, value in model.state_dict().items() if name.startswith("vision_encoder.")}


@pytest.mark.parametrize("method", METHODS)
def test_only_what_learns_moves_and_the_run_folder_is_the_model(
    sam2: Path, adapted: Callable[[str], Path], method: str
) -> None:
    folder = adapted(method)
    base, model = load(sam2), open_adapted(folder)
    before, after = frozen_part(base), frozen_part(model)
    unmoved = [name for name, value in before.items() if torch.equal(value, after[name])]
    if method in ("ch-adapter", "decoder"):
        assert len(unmoved) == len(before), "the frozen Hiera and neck must be bit-equal"
        assert ("edge_stem" in " ".join(after)) == (method == "ch-adapter")
    elif method == "lora":
        assert set(before) == set(after)
        assert {name.rpartition(".")[0].rpartition(".")[2] for name in set(before) - set(unmoved)} == {
            "qkv",
            "proj",
            "proj_in",
            "proj_out",
        }
    else:
        assert len(unmoved) < len(before) / 2
    moved_decoder = [
        n
        for n, v in base.state_dict().items()
        if n.startswith("mask_decoder.") and not torch.equal(v, model.state_dict()[n])
    ]
    assert moved_decoder
    stored = load_file(folder / "adapter.safetensors")
    assert set(stored) <= {
        n for n, _ in make_adaptable(settings(sam2, f"base.method={method}"))[0].named_parameters()
    }
    assert method == "full" or sum(v.numel() for v in stored.values()) < sum(
        p.numel() for p in base.parameters()
    )
    assert Segmenter.load(folder).name == "run"


def test_an_adapter_goes_onto_our_own_model_whose_adapters_go_on_learning(lab: Path, tmp_path: Path) -> None:
    small = settings(Path("uniultra-mini"), "base.image_size=64", "optim.steps=2")
    adapt(small, AdaptJob(read_manifest(lab), tmp_path / "run"))
    facts = read_facts(tmp_path / "run" / "adapter.safetensors")
    assert (facts.base, facts.adapter, facts.image_size) == ("uniultra-mini", None, 64)
    before, after = load(open_base(), image_size=64), open_model(tmp_path / "run")
    changed = [
        n
        for n, v in before.state_dict().items()
        if n.startswith("vision_encoder.") and not torch.equal(v, after.state_dict()[n])
    ]
    assert changed
    assert all(".adapter." in name or "edge_stem." in name for name in changed)
    assert TorchBackend.open(tmp_path / "run").facts.passes == read_passes(open_base()), (
        "the base's, not the defaults"
    )
    with pytest.raises(ModelError, match="has CH-Adapters of its own"):
        adapt(
            settings(Path("uniultra-mini"), "adapter.edge=false"),
            AdaptJob(read_manifest(lab), tmp_path / "other"),
        )


def open_base() -> Path:
    from uniultra.registry import find

    return find("uniultra-mini").folder


@pytest.mark.parametrize("method", ["ch-adapter", "lora", "decoder"])
def test_merging_gives_the_same_answers_and_a_plain_sam2_where_nothing_was_added(
    adapted: Callable[[str], Path], tmp_path: Path, method: str
) -> None:
    model = open_adapted(adapted(method))
    save_plain(model, tmp_path / "merged")
    merged = load(tmp_path / "merged")
    images, points, labels = (
        torch.rand(1, 64, 64) * 255,
        torch.tensor([[[10.0, 12.0], [40.0, 50.0]]]),
        torch.tensor([[2, 3]]),
    )
    prompt = (points, labels, torch.zeros(1, 1, 16, 16), torch.zeros(1))
    with torch.no_grad():
        torch.testing.assert_close(
            merged.decode(merged.encode(images), *prompt), model.decode(model.encode(images), *prompt)
        )
    if method != "ch-adapter":
        _, found = Sam2Model.from_pretrained(tmp_path / "merged", output_loading_info=True)
        assert not found["missing_keys"]
        assert not found["unexpected_keys"]


def test_the_shape_of_focused_views_is_the_base_s_unless_another_is_asked_for(
    sam2: Path, lab: Path, adapted: Callable[[str], Path], tmp_path: Path
) -> None:
    bands = settings(sam2, "base.focus_stretch=2", "optim.steps=2")
    adapt(bands, AdaptJob(read_manifest(lab), tmp_path / "bands"))
    folders = (adapted("ch-adapter"), tmp_path / "bands")
    assert [open_adapted(folder).focus_stretch for folder in folders] == [1.0, 2.0]
    save_plain(open_adapted(tmp_path / "bands"), tmp_path / "merged")
    assert Segmenter.load(tmp_path / "merged").facts.focus_stretch == 2.0


def test_an_adapter_refuses_another_base(sam2: Path, adapted: Callable[[str], Path], tmp_path: Path) -> None:
    shutil.copytree(adapted("ch-adapter"), tmp_path / "run")
    other = load(sam2)
    with torch.no_grad():
        next(other.parameters()).add_(1e-3)
    save_plain(other, tmp_path / "other")
    with pytest.raises(
        ModelError,
        match=r"was trained on sam2-mini with weights .* but '.*other' has .*; write where it is into",
    ):
        open_adapted(tmp_path / "run", tmp_path / "other")
    for gone in ("/elsewhere/models/base", "/base"):  # as a colleague's; neither is looked for on the hub
        (tmp_path / "run" / BASE_FILE).write_text(json.dumps({"base": gone}))
        for opened in (open_adapted, Segmenter.load):
            with pytest.raises(
                ModelError, match=r"isn't here; write .*base\.json, .*: uniultra merge --adapter"
            ):
                opened(tmp_path / "run")
    (tmp_path / "run" / BASE_FILE).write_text("{}")
    with pytest.raises(ModelError, match="doesn't say where the base is"):
        open_adapted(tmp_path / "run")
    assert weights_sha256(open_adapted(tmp_path / "run", sam2)) != weights_sha256(load(sam2))


def test_a_file_that_is_no_adapter(tmp_path: Path, sam2: Path) -> None:
    (tmp_path / "adapter.safetensors").write_bytes(b"not safetensors at all")
    with pytest.raises(ModelError, match="can't be read as an adapter"):
        open_adapted(tmp_path)
    with pytest.raises(ModelError, match="its metadata doesn't say how it was made"):
        AdapterFacts.from_metadata({}, tmp_path)


def test_a_stopped_run_ends_as_one_that_was_not(
    sam2: Path, lab: Path, adapted: Callable[[str], Path], tmp_path: Path
) -> None:
    config = settings(sam2)
    whole = load_file(adapted("ch-adapter") / "adapter.safetensors")
    shutil.copytree(adapted("ch-adapter"), tmp_path / "again")
    last = whole_checkpoint(tmp_path / "again")
    assert last is not None
    assert last.name == "checkpoint-4"
    (last / "ema.safetensors").unlink()  # as a kill within the saving leaves it
    resumed = load_file(adapt(config, AdaptJob(read_manifest(lab), tmp_path / "again")))
    assert whole.keys() == resumed.keys()
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0, msg=name)
    skills = [
        [line.get("skill") for line in map(json.loads, (run / "log.jsonl").read_text().splitlines())]
        for run in (adapted("ch-adapter"), tmp_path / "again")
    ]
    assert [s for s in skills[0] if s is not None] == [s for s in skills[1] if s is not None]


def arguments(lab: Path, base: Path, out: Path, *more: str) -> list[str]:
    changes = [item for change in (*SHORT, *more) for item in ("--set", change)]
    return ["adapt", "--data", str(lab), "--base", str(base), "--out", str(out), *changes]


def test_kill_9_at_any_moment(sam2: Path, lab: Path, adapted: Callable[[str], Path], tmp_path: Path) -> None:
    whole = adapted("ch-adapter")
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        command(*arguments(lab, sam2, killed)), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while whole_checkpoint(killed) is None and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "adapter.safetensors").exists()
    done = uniultra(*arguments(lab, sam2, killed), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = load_file(whole / "adapter.safetensors"), load_file(killed / "adapter.safetensors")
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.slow
def test_two_processes_see_the_loss_of_one_with_the_same_batch(sam2: Path, lab: Path, tmp_path: Path) -> None:
    changes = ("optim.steps=4", "optim.save_every=2", "optim.keep=last", "optim.ema=0.0")
    alone = arguments(lab, sam2, tmp_path / "one", *changes, "optim.batch_size=4")
    one = uniultra(*alone, "--device", "cpu", cwd=tmp_path)
    halved = command(*arguments(lab, sam2, tmp_path / "two", *changes, "optim.batch_size=2"))[1:]
    two = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
         *halved, "--device", "cpu"],
        capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert one.returncode == 0, one.stderr
    assert two.returncode == 0, two.stderr
    losses = [
        [
            line["loss"]
            for line in map(json.loads, (tmp_path / run / "log.jsonl").read_text().splitlines())
            if "loss" in line
        ]
        for run in ("one", "two")
    ]
    assert len(losses[0]) == 2
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    first, second = (
        load_file(tmp_path / "one" / "adapter.safetensors"),
        load_file(tmp_path / "two" / "adapter.safetensors"),
    )
    assert first.keys() == second.keys()


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_checkpoint(
    sam2: Path, lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def sick(*args: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        return args[0].flatten(1).mean(1) * (float("nan") if len(calls) > 8 else 1.0)

    monkeypatch.setattr("uniultra.training.interactive_loss.dice_loss", sick)
    with pytest.raises(
        ModelError, match=r"the loss is not finite \(NaN or Inf\) at step \d of '.*'; checkpoint-\d is kept\."
    ):
        adapt(settings(sam2, "optim.steps=40"), AdaptJob(read_manifest(lab), tmp_path / "run"))
    with pytest.raises(ModelError, match=r"at step 1 of '.*'; no checkpoint lies there yet\."):
        adapt(settings(sam2, "optim.steps=40"), AdaptJob(read_manifest(lab), tmp_path / "first"))
    kept = whole_checkpoint(tmp_path / "run")
    assert kept is not None
    assert all(torch.isfinite(value).all() for value in load_file(kept / "ema.safetensors").values())
    assert not (tmp_path / "run" / "adapter.safetensors").exists()


def test_a_full_disk_is_one_line(sam2: Path, lab: Path, tmp_path: Path) -> None:
    with largest_file(2_000_000):
        done = uniultra(*arguments(lab, sam2, tmp_path / "run"), cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    said = (
        "can't be written: the disk is full; no checkpoint lies there yet: free some space and run the same"
    )
    assert said in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("step", "kept"), [(2, "no checkpoint lies there yet"), (4, "checkpoint-2 is kept")])
def test_a_disk_that_fills_up_within_a_checkpoint_is_one_line_and_resumed(
    sam2: Path, lab: Path, adapted: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    step: int, kept: str,
) -> None:  # fmt: skip
    """torch's archive is closed on the way out, and what that reports has another kind and no number."""
    job = AdaptJob(read_manifest(lab), tmp_path / "run")
    save = torch.save

    def full(state: object, path: str) -> None:
        if f"checkpoint-{step}" not in str(path):
            return save(state, path)
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OutputError, match=f"the disk is full; {kept}: free some space and run the same"):
        adapt(settings(sam2), job)
    monkeypatch.setattr(torch, "save", save)
    whole, again = (
        load_file(adapted("ch-adapter") / "adapter.safetensors"),
        load_file(adapt(settings(sam2), job)),
    )
    assert all(torch.equal(again[name], value) for name, value in whole.items())


def test_a_run_folder_that_vanishes_or_was_moved_is_one_line(
    sam2: Path, lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        shutil.rmtree(tmp_path / "run")
        (tmp_path / "run" / "log.jsonl").open("a")

    monkeypatch.setattr("uniultra.training.callbacks.Journal.on_save", gone)
    with pytest.raises(OutputError, match=r"can't be written \(No such file .*no checkpoint lies there yet"):
        adapt(settings(sam2), AdaptJob(read_manifest(lab), tmp_path / "run"))


@pytest.mark.parametrize("command", ["adapt", "train", "distill"])
def test_an_out_that_can_be_no_folder_is_refused_first(lab: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").write_text("kept")
    model = ("--teacher", "uniultra-mini", "--student", "uniultra-mini")
    more = model if command == "distill" else ()
    for out, says in (
        ("file", "file is not a folder"),
        ("file/run", "file is not a folder"),
        ("n" * 300, "File name too long"),
    ):
        done = uniultra(command, "--data", lab, "--out", out, *more, cwd=tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
        assert says in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_damaged_config_of_an_earlier_run_is_one_line(
    lab: Path, sam2: Path, adapted: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(adapted("ch-adapter"), tmp_path / "run")
    (tmp_path / "run" / "checkpoint-4.bak").mkdir()
    for text, why in (("{", "Expecting property name"), ("[]", "no JSON object")):
        (tmp_path / "run" / "config.json").write_text(text)
        with pytest.raises(
            ModelError, match=rf"doesn't say which run lies there \({why}.*; give a new --out"
        ):
            adapt(settings(sam2), AdaptJob(read_manifest(lab), tmp_path / "run"))


def test_no_memory_says_what_to_lower(
    sam2: Path, lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*args: object, **kwargs: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(PromptableModel, "encode", out_of_memory)
    monkeypatch.setattr("uniultra.training.callbacks.validate", lambda *_, **__: _no_validation())
    with pytest.raises(
        ModelError, match=r"memory ran out with optim\.batch_size=2 at 64 px; lower optim\.batch_size"
    ):
        adapt(settings(sam2), AdaptJob(read_manifest(lab), tmp_path / "run"))


def _no_validation() -> object:
    import numpy as np

    from uniultra.training.validation import Validation

    return Validation({"box/a": 0.5, "click/a": 0.5, "ellipse/a": 0.5}, np.zeros((8, 8, 3), np.uint8), ())


def test_what_is_refused(sam2: Path, lab: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="device 'cuda' was requested, but torch finds no CUDA"):
        adapt(settings(sam2), AdaptJob(read_manifest(lab), tmp_path / "a", device="cuda"))
    with pytest.raises(ModelError, match=r"optim\.precision 'fp16' needs CUDA"):
        adapt(
            settings(sam2, "optim.precision=fp16"), AdaptJob(read_manifest(lab), tmp_path / "b", device="cpu")
        )
    with pytest.raises(ModelError, match="'nonsense' is neither a folder nor a published model"):
        adapt(settings(Path("nonsense")), AdaptJob(read_manifest(lab), tmp_path / "c"))
    folder = tmp_path / "bert"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ModelError, match="holds a 'bert' model; it must be SAM 2"):
        adapt(settings(folder), AdaptJob(read_manifest(lab), tmp_path / "d"))
    with pytest.raises(DataError, match="shots 0 must be at least 1"):
        adapt(settings(sam2), AdaptJob(read_manifest(lab), tmp_path / "e", shots=0))
    no_val = tmp_path / "noval"
    no_val.mkdir()
    with pytest.raises(DataError, match="has no rows of split 'val', which choose the checkpoint"):
        adapt(settings(sam2), AdaptJob(read_manifest(write_manifest(no_val, ["train"] * 3)), tmp_path / "f"))
    adapt(
        settings(sam2, "optim.keep=last", "optim.steps=2"),
        AdaptJob(read_manifest(no_val / "manifest.csv"), tmp_path / "g"),
    )
    assert not any((tmp_path / name).exists() for name in "cdef")


def test_replay_mixes_the_known_in_and_never_what_is_kept_for_reporting(
    sam2: Path, lab: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "known"
    folder.mkdir()
    known = write_manifest(folder, ["train"] * 3 + ["val"], organ="known")
    adapt(
        settings(sam2, "optim.steps=2"),
        AdaptJob(read_manifest(lab), tmp_path / "run", replay=read_manifest(known)),
    )
    assert json.loads((tmp_path / "run" / "config.json").read_text())["replay_images"] == 3
    own, other = train_split(read_manifest(lab)), train_split(read_manifest(known))
    data = PromptDataset(own, SampleSpec(image_size=64), replay=other)
    weights = data.weights(replay_share=0.25)
    assert weights[data.own :].sum() / weights.sum() == pytest.approx(0.25)
    with pytest.raises(
        DataError, match=r"has no train image that .* doesn't have; give a manifest of what the"
    ):
        adapt(settings(sam2), AdaptJob(read_manifest(lab), tmp_path / "same", replay=read_manifest(lab)))
    assert not (tmp_path / "same").exists()
    text = lab.read_text().replace(",test,", ",train,")
    (lab.parent / "leaky.csv").write_text(text)
    with pytest.raises(DataError, match="replay image 'phantom8' is of split val or test"):
        adapt(
            settings(sam2),
            AdaptJob(read_manifest(lab), tmp_path / "leak", replay=read_manifest(lab.parent / "leaky.csv")),
        )


def test_shots_limit_what_is_learned_from_and_what_chooses(sam2: Path, lab: Path) -> None:
    learning, val = splits_for(read_manifest(lab), settings(sam2), 1)
    assert (len(learning), len(val or ())) == (1, 1)


def test_the_gain_is_paired_and_says_when_it_shows_nothing(sam2: Path, lab: Path) -> None:
    base = load(sam2)
    _, val = splits_for(read_manifest(lab), settings(sam2), None)
    assert val is not None
    gain = measure_gain(base, load(sam2), val, val)
    assert all(cell.difference == 0.0 for organs in gain.own.values() for cell in organs.values())
    assert [line.split(":")[0] for line in gain.warnings] == ["box", "click"]


def test_what_got_worse_on_few_clusters_is_said_to_be_too_few(sam2: Path) -> None:
    """And one organ alone is named once, not as the mean over organs as well."""

    def worse(clusters: int, verdict: str) -> Difference:
        return Difference(9, clusters, 0.8, 0.9, -0.1, (-0.2, -0.05), verdict)

    few, many = worse(3, "not judged"), worse(8, "worse")
    others = {"heart": many, "liver": many, ALL_ORGANS: many}
    gain = Gain({}, {"box": {"heart": few, ALL_ORGANS: few}, "click": others})
    first, *further = gain.warnings
    assert first == (
        "box: heart got worse by 0.100 (-0.200 to -0.050, on 3 clusters of the replay's val, too few to "
        "judge); raise replay.share"
    )
    assert further == [
        f"click: {organ} got worse by 0.100 (-0.200 to -0.050); raise replay.share"
        for organ in ("heart", "liver", ALL_ORGANS)
    ]


def test_patience_ends_a_run_that_no_longer_gets_better(sam2: Path, lab: Path, tmp_path: Path) -> None:
    config = settings(
        sam2,
        "optim.steps=40",
        "optim.save_every=1",
        "optim.patience=2",
        "optim.encoder_lr=0.0",
        "optim.decoder_lr=0.0",
    )
    adapt(config, AdaptJob(read_manifest(lab), tmp_path / "run"))
    last = whole_checkpoint(tmp_path / "run")
    assert last is not None
    assert last.name == "checkpoint-3"
    adapt(config, AdaptJob(read_manifest(lab), tmp_path / "run"))
    assert whole_checkpoint(tmp_path / "run") == last
    assert len(list((tmp_path / "run" / "val").glob("step-*.png"))) == 4


@pytest.mark.parametrize("change", ["optim.precision=bf16", "optim.recompute=true", "optim.accumulate=2"])
def test_ways_to_save_memory_still_learn(sam2: Path, lab: Path, tmp_path: Path, change: str) -> None:
    adapt(settings(sam2, "optim.steps=2", change), AdaptJob(read_manifest(lab), tmp_path / "run"))
    assert load_file(tmp_path / "run" / "adapter.safetensors")


def test_recomputing_changes_no_gradient(sam2: Path, lab: Path, tmp_path: Path) -> None:
    plain, again = (
        load_file(
            adapt(
                settings(sam2, "optim.steps=2", f"optim.recompute={flag}"),
                AdaptJob(read_manifest(lab), tmp_path / flag),
            )
        )
        for flag in ("true", "false")
    )
    for name, value in plain.items():
        torch.testing.assert_close(again[name], value, rtol=1e-4, atol=1e-5, msg=name)
