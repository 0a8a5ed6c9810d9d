"""Stage 2 of the paper: an adapted model teaches a small one (DSKD), then the decoder is tuned again on what
the small one sees.

A run folder holds config.json, features/ and retune/ (each as `training.loop` leaves it), and at the end
model/, the student.
"""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import torch

from uniultra.backends.torch import passes_beside
from uniultra.data.dataset import PromptDataset
from uniultra.data.distill_dataset import DistillDataset, empty_images, frames_of, pixels_sha256
from uniultra.data.splits import TrainSplit, permissive, train_split
from uniultra.errors import ModelError
from uniultra.models.adapted import open_model, weights_sha256
from uniultra.models.promptable import POINT_TABLE, PromptableModel, with_fits
from uniultra.models.stored import save_folder
from uniultra.named import further_names, joined_names
from uniultra.training import distill_decoder
from uniultra.training.checkpoints import START_HASH, UNLABELLED_HASH
from uniultra.training.config import DistillConfig, TrainConfig
from uniultra.training.distill_job import DistillJob as DistillJob
from uniultra.training.dskd import Distiller
from uniultra.training.loop import Plan, is_first_process, run
from uniultra.training.supervised import (
    check_run_folder,
    chosen_sets,
    describe,
    make_model,
    parse_favour,
    parse_structures,
    run_record,
    sample_spec,
)
from uniultra.training.teacher_cache import TeacherCache, report, size_of_cache


def distill(config: DistillConfig, job: DistillJob) -> Path:
    """Distils, or goes on where an earlier call stopped; returns the student's folder.

    Raises:
        ModelError: no such teacher, a student that can't be compared with it, no memory, another run in the
            folder.
        DataError: no train or val rows, none with such a licence.
        FileError: an unlabelled file can't be read.
        OutputError: the run folder, or the teacher's maps, can't be written.
    """
    if not (config.dskd.weight or config.dskd.mask or config.dskd.soft):
        raise ModelError("nothing teaches: dskd.weight, dskd.mask and dskd.soft are all 0; raise one of them")
    distill_decoder.check(config, job)
    check_run_folder(job.out)
    begun = config.student.start_from
    beside = passes_beside(begun) if begun else None
    torch.manual_seed(config.optim.seed)
    teacher = open_model(job.teacher)
    learning = chosen_sets(train_split(job.manifest), config.data.datasets)
    learning = permissive(learning) if job.only_permissive else learning
    if config.decoder.width:
        student = distill_decoder.start(config, job, teacher, learning)
    else:
        student = make_student(config, teacher)
    val = job.val()  # refused now, not after hours
    compared = config.dskd.weight and not config.decoder.width
    frames = empty_images(learning) + frames_of(job.unlabelled) if compared else []
    described = {
        "teacher": Path(job.teacher).name,
        "teacher_sha256": weights_sha256(teacher),
        "only_permissive": job.only_permissive,
        "train_images": len(learning),
        "unlabelled_frames": len(frames),
        UNLABELLED_HASH: pixels_sha256(frames),
        "student_encoder_parameters": sum(p.numel() for p in student.vision_encoder.parameters()),
    }
    record = run_record(config, job.manifest, [*learning, *val])
    if begun:
        record[START_HASH] = weights_sha256(student)
    describe(job.out, config, record | described)
    if config.decoder.width:
        distill_decoder.learn(config, job, student, teacher, learning)
    else:
        _features(config, job, student, teacher, learning, frames)
    _retune(config, job, student, learning)
    if is_first_process():
        save_folder(student.requires_grad_(True), job.out / "model", beside=beside)
    return job.out / "model"


def make_student(config: DistillConfig, teacher: PromptableModel) -> PromptableModel:
    """The student with its start weights: its own encoder, the teacher's prompt encoder and mask decoder."""
    settings = config.student
    if settings.focus_stretch == 0.0:
        settings = replace(settings, focus_stretch=teacher.focus_stretch)
    names = joined_names(further_names([*teacher.structures, *parse_structures(settings.structures)]))
    settings = replace(settings, box_fits=settings.box_fits or teacher.box_fits, structures=names)
    student = make_model(
        TrainConfig(replace(settings, box_prior=bool(teacher.config.box_prior)), config.adapter, config.optim)
    )
    if student.input_size > teacher.input_size or teacher.input_size % student.input_size:
        raise ModelError(
            f"student.image_size {student.input_size} doesn't fit the teacher's {teacher.input_size}; give "
            "one that divides it, or the same"
        )
    own, shared = (
        student.state_dict(),
        {n: v for n, v in teacher.state_dict().items() if not n.startswith("vision_encoder.")},
    )
    if student.box_fits and not teacher.box_fits:
        shared[POINT_TABLE] = with_fits(shared[POINT_TABLE])
    if student.structures[: len(teacher.structures)] != teacher.structures:
        raise ModelError(
            f"the student's names of structures, {', '.join(student.structures)}, don't begin as the "
            f"teacher's do, {', '.join(teacher.structures)}; begin from a student without names"
        )
    if student.structures != teacher.structures:
        shared[POINT_TABLE] = torch.cat([shared[POINT_TABLE], own[POINT_TABLE][len(shared[POINT_TABLE]) :]])
    odd = next(
        (name for name, value in shared.items() if name not in own or own[name].shape != value.shape), None
    )
    if odd is not None:
        raise ModelError(
            f"the teacher's decoder doesn't fit the student's: '{odd}' differs; a student of fresh weights "
            "has SAM 2's decoder: for a teacher with another one, such as uniultra-mini and what was "
            "adapted from it, give --student uniultra-mini"
        )
    student.load_state_dict(own | shared)
    return student


def _features(
    config: DistillConfig,
    job: DistillJob,
    student: PromptableModel,
    teacher: PromptableModel,
    learning: TrainSplit,
    frames: list,
) -> None:
    """The encoder learns the teacher's levels; with dskd.mask the decoder learns beside it."""
    for name, parameter in student.named_parameters():
        parameter.requires_grad_(
            name.startswith("vision_encoder.") or config.dskd.mask + config.dskd.soft > 0
        )
    drawn_at = replace(sample_spec(config.data, student), image_size=teacher.input_size)
    prompted = PromptDataset(learning, drawn_at, config.optim.seed)
    data = DistillDataset(prompted, frames, config.cache.views)
    weights = data.weights(prompted.weights(parse_favour(config.data.favour)), config.unlabelled.share)
    learner = Distiller(
        student, teacher, config.dskd, config.loss, _cache(config, job, teacher, data, learning)
    )
    out = job.out / "features"
    run(
        Plan(
            student,
            config.optim,
            config.loss,
            data,
            weights,
            job.val(),
            out,
            job.device,
            job.report_to,
            learner,
        )
    )


def _cache(
    config: DistillConfig,
    job: DistillJob,
    teacher: PromptableModel,
    data: DistillDataset,
    learning: TrainSplit,
) -> TeacherCache | None:
    if not config.cache.views or not (config.dskd.weight or config.dskd.soft):
        return None
    views = len(data) * config.cache.views
    size = size_of_cache(teacher, views) / 1e9
    report(f"The teacher's maps of {views} views take {size:.1f} GB in {job.cache}")
    spec = dataclasses.asdict(data.prompted.spec) | {"unlabelled": [str(path) for path in job.unlabelled]}
    made_of = job.made_of(teacher, config.optim.seed, learning) | {
        "data": spec,
        UNLABELLED_HASH: pixels_sha256(data.frames),
    }
    return TeacherCache(job.cache, teacher, views, made_of)


def _retune(config: DistillConfig, job: DistillJob, student: PromptableModel, learning: TrainSplit) -> None:
    """The decoder learns, by prompts, on the features that the student really gives."""
    settings = config.retune
    if not settings.steps:
        return
    for name, parameter in student.named_parameters():
        parameter.requires_grad_(settings.encoder_lr > 0 or not name.startswith("vision_encoder."))
    optim = replace(
        config.optim,
        steps=settings.steps,
        encoder_lr=settings.encoder_lr,
        decoder_lr=settings.decoder_lr,
        save_every=min(config.optim.save_every, settings.steps),
        seed=config.optim.seed + 1,
    )
    data = PromptDataset(learning, sample_spec(config.data, student), optim.seed)
    weights = data.weights(parse_favour(config.data.favour))
    run(
        Plan(
            student,
            optim,
            config.loss,
            data,
            weights,
            job.val(),
            job.out / "retune",
            job.device,
            job.report_to,
        )
    )
