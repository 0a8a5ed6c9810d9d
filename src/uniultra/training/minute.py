"""A few images in about a minute on a laptop: what the image encoder says of some views is kept, and the
decoder alone learns on it. docs/adapt.md has what that gives, beside the longer run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from uniultra.data.manifest import read_manifest
from uniultra.registry import DEFAULT
from uniultra.training.adapt import AdaptJob, adapt, with_names
from uniultra.training.config import AdaptConfig, BaseSettings, CacheSettings, FewSettings


def minute(config: AdaptConfig | None = None) -> AdaptConfig:
    """The settings of `uniultra adapt --minute` and configs/adapt/minute.toml; what they don't speak of is
    as in `config`.
    """
    given = config or AdaptConfig()
    return replace(
        given,
        base=replace(given.base, method="decoder"),
        optim=replace(given.optim, steps=340, ema=0.95, save_every=1000, keep="last", patience=0),
        loss=replace(given.loss, rounds=2, quality=0.0),
        data=replace(
            given.data,
            whole_share=0.4,
            box_share=0.45,
            bare_share=0.5,
            anywhere_share=0.5,
            near_share=0.4,
            rotation=8.0,
            mirror_share=0.0,
            calm_share=0.4,
        ),
        few=FewSettings(draws=216),
        cache=CacheSettings(views=24),
    )


def learn(
    manifest: str | Path, out: str | Path, base: str = DEFAULT, shots: int | None = None, named: bool = False
) -> Path:
    """Adapts `base` to the train images of a manifest; returns the run folder, which is a model.

    Args:
        manifest: with rows of `train`; five images are enough to gain something.
        out: the run folder; an interrupted run there goes on.
        base: a published model, or a folder.
        shots: images of each organ that are learned from; None for all.
        named: also learn what the objects are called, as `structures.csv` beside the manifest says.

    Raises:
        ModelError, DataError: as `adapt`.
    """
    config = minute(AdaptConfig(base=BaseSettings(name=base)))
    job = AdaptJob(read_manifest(manifest), Path(out), shots)
    return adapt(with_names(config, job) if named else config, job).parent
