"""The settings of training runs: frozen dataclasses, the only source of defaults; `configure` changes fields
by TOML files and --set.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from uniultra.data.draws import Draws
from uniultra.models.adapter import AdapterSpec

MARGIN_SHARE = 0.35
"""Share of the boxes with a margin, as hands draw them, in `distill`, and in `adapt` where it is known what
they mean: by names, or since all that is learned is of one kind. Of structures within each other that nobody
names, a loose box around one is a tight one around another.
"""


@dataclass(frozen=True)
class ModelSettings:
    """Which network: a size of `models.build.SIZES`, its input side in pixels, with or without adapters."""

    size: str = "mini"
    image_size: int = 256
    box_prior: bool = True
    adapters: bool = True
    focus_stretch: float = 0.0
    """How much longer than wide a focused view may be, 1 to 4; it is stretched onto the square input, so thin
    bands are seen larger. 0 is what the start (or the teacher) has, and 1 where there is none.
    """
    decoder_from: str = ""
    """A LiteMedSAM or SAM 1 safetensors file whose prompt encoder and mask decoder are the start; empty for
    fresh weights.
    """
    start_from: str = ""
    """A model, by name or folder, to start from; above, only image_size and focus_stretch then count."""
    box_fits: bool = False
    """Whether a model that can't tell tight and loose boxes apart learns it (`data.fit_share`)."""
    fits_alone: bool = False
    """Only what tight and loose boxes are is learned, 4 x the decoder's width numbers: what the model makes
    of every other prompt stays as it is.
    """
    structures: str = ""
    """Names of structures, separated by commas, that the model learns to be told (`data.named_share`) beside
    those that it knows, as they stand in `structures.csv` or are known of a published set.
    """
    structures_alone: bool = False
    """Only these names are learned, NAME_POINTS x the decoder's width numbers each: what the model makes of
    prompts without them stays as it is.
    """
    widen_from: str = ""
    """A model of half this size's width, by name or folder, whose function is the start; `size` must be twice
    it, such as mini-2x.
    """


@dataclass(frozen=True)
class OptimSettings:
    """AdamW, one cycle (linear warm-up, cosine decay), and a moving average of the weights, which is what is
    kept.

    Attributes:
        batch_size: examples at once on one device; a step takes batch_size * accumulate * devices of them.
        encoder_lr: peak rate of what learns in the image encoder (adapters, low-rank updates, or all of it).
        decoder_lr: of the prompt encoder and mask decoder.
        save_every: steps between checkpoints, each of which looks at val.
        accumulate: batches a step.
        precision: of the forward pass: fp32, bf16 (newer GPUs and CPUs) or fp16 (CUDA alone).
        recompute: trade time for memory: forget activations and compute them again (gradient checkpointing).
        keep: `last`, the average at the end; or `best`, the one that did best on val.
        patience: looks without a better one before the run stops; 0 never stops.
    """

    steps: int = 4200
    batch_size: int = 16
    encoder_lr: float = 1.5e-3
    decoder_lr: float = 5e-4
    weight_decay: float = 0.01
    warmup: float = 0.06
    clip: float = 1.0
    ema: float = 0.998
    workers: int = 1
    save_every: int = 250
    seed: int = 0
    accumulate: int = 1
    precision: str = "fp32"
    recompute: bool = False
    keep: str = "last"
    patience: int = 0


@dataclass(frozen=True)
class LossSettings:
    """Weights of the loss's terms. A batch gets 1 to `rounds` rounds, the later ones of corrections.

    Attributes:
        quality: weight of the predicted IoU's error; with 0 `adapt` leaves what predicts it as it is.
        click: weight of the cross-entropy over the clicked error alone, in rounds of corrections. Without it
            handing back the previous mask, click or not, is nearly free where errors are small.
        cut_share: of the previous masks that are handed on as programs keep them, cut at 0; the others are
            logits.
    """

    rounds: int = 3
    dice: float = 1.0
    bce: float = 1.0
    quality: float = 0.5
    boundary_weight: float = 4.0
    click: float = 0.0
    cut_share: float = 0.0


@dataclass(frozen=True)
class DataSettings(Draws):
    """What is drawn how often, and of which sets."""

    datasets: str = ""
    """Comma-separated names of the sets to train on; empty for all."""
    favour: str = ""
    """Sets to draw more often, as name:factor separated by commas, such as busi:1.5,ddti:1.5."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that a supervised run from the ground depends on beside its data."""

    model: ModelSettings = field(default_factory=ModelSettings)
    adapter: AdapterSpec = field(default_factory=AdapterSpec)
    optim: OptimSettings = field(default_factory=OptimSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    data: DataSettings = field(default_factory=DataSettings)


@dataclass(frozen=True)
class BaseSettings:
    """What is adapted, and how.

    Attributes:
        name: a published model, a folder, or a name on the hub such as facebook/sam2.1-hiera-large.
        method: ch-adapter, lora, decoder or full; see `models.methods`.
        image_size: side of the input, px; 0 for the base's own.
        focus_stretch: how much longer than wide a focused view may be, 1 to 4; 0 for the base's own. More
            shows thin bands larger.
        lora_rank: of method lora.
        structures: names that are learned beside those that the base knows, separated by commas; prompts say
            them in `data.named_share` of the draws.
    """

    name: str = "uniultra-mini"
    method: str = "ch-adapter"
    image_size: int = 0
    focus_stretch: float = 0.0
    lora_rank: int = 8
    structures: str = ""


@dataclass(frozen=True)
class ReplaySettings:
    """Images of other organs, mixed in against forgetting: the share of the examples that come from the
    replay manifest.
    """

    share: float = 0.25


@dataclass(frozen=True)
class FewSettings:
    """Against learning a handful of images by heart: each object is drawn so many times at most, on average,
    and the run has fewer steps than `optim.steps` where that takes fewer. 0: no limit.
    """

    draws: int = 0


@dataclass(frozen=True)
class CacheSettings:
    """So many views of each object (and frame) recur, and what a frozen encoder says of them is kept: by
    `distill` a teacher's maps on disk, by `adapt` with method decoder in memory. 0: endless views.
    """

    views: int = 0


@dataclass(frozen=True)
class AdaptConfig:
    """Everything that adapting depends on beside its data. The defaults suit a laptop."""

    base: BaseSettings = field(default_factory=BaseSettings)
    adapter: AdapterSpec = field(default_factory=AdapterSpec)
    optim: OptimSettings = field(
        default_factory=lambda: OptimSettings(
            steps=300,
            batch_size=8,
            encoder_lr=1e-3,
            decoder_lr=1e-3,
            warmup=0.1,
            ema=0.98,
            workers=0,
            save_every=50,
            keep="best",
            patience=3,
        )
    )
    loss: LossSettings = field(default_factory=LossSettings)
    data: DataSettings = field(
        default_factory=lambda: DataSettings(exact_share=0.4, rotation=15.0, fit_share=0.3)
    )
    replay: ReplaySettings = field(default_factory=ReplaySettings)
    few: FewSettings = field(default_factory=FewSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)


@dataclass(frozen=True)
class DSKDSettings:
    """What the student is held to; the factors of the terms of `training.dskd`.

    Attributes:
        levels: all three after the neck, or only the last.
        whole, hiera, adapter: of the sum and of its two parts, at each level; 0 leaves a term out.
        normalise: errors are divided by the teacher's mean square at that level; the paper doesn't.
        weight: of all these together; 0 leaves the teacher out, and the mask's loss alone teaches.
        mask: of the prompted masks' loss beside them; 0 is distillation from features alone, by which the
            decoder stays the teacher's.
        soft: of the distance to the teacher's answers to the same first prompts.
        corrections: of the distance to its answers to the corrections that follow; where `decoder.width` is
            set.
    """

    levels: str = "all"
    whole: float = 1.0
    hiera: float = 1.0
    adapter: float = 1.0
    normalise: bool = True
    weight: float = 1.0
    mask: float = 1.0
    soft: float = 0.0
    corrections: float = 0.0


@dataclass(frozen=True)
class RetuneSettings:
    """After the features: the decoder learns on the student's features, by prompts. Steps may be 0;
    `encoder_lr` 0 freezes the encoder.
    """

    steps: int = 600
    encoder_lr: float = 0.0
    decoder_lr: float = 2e-4


@dataclass(frozen=True)
class UnlabelledSettings:
    """Frames without masks in the feature stage: their share of the examples; images of `train` without an
    object are always among them.
    """

    share: float = 0.1


@dataclass(frozen=True)
class DecoderSettings:
    """A decoder of another size than the teacher's, on the teacher's own image encoder; see
    `training.distill_decoder`.

    Attributes:
        width: channels, a multiple of 16; 0 keeps the teacher's decoder, and what follows doesn't count.
        mlp: hidden units of the transformer's perceptrons.
        quality: hidden units of the head that predicts a mask's quality.
        fit: prompts by which the start is fitted to the teacher's decoder.
        views: drawn views that recur, with what the teacher says of them kept on disk (250 kB each at
            256 px).
        unnamed: share of the views whose target is a region that no label names (`data.unnamed`); there
            only the teacher's answers teach.
    """

    width: int = 0
    mlp: int = 128
    quality: int = 48
    fit: int = 640
    views: int = 16384
    unnamed: float = 0.0


@dataclass(frozen=True)
class DistillConfig:
    """Everything that a distillation depends on beside its data and its teacher."""

    student: ModelSettings = field(default_factory=ModelSettings)
    adapter: AdapterSpec = field(default_factory=AdapterSpec)
    optim: OptimSettings = field(default_factory=lambda: OptimSettings(steps=3000, decoder_lr=3e-4))
    dskd: DSKDSettings = field(default_factory=DSKDSettings)
    decoder: DecoderSettings = field(default_factory=DecoderSettings)
    retune: RetuneSettings = field(default_factory=RetuneSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    data: DataSettings = field(default_factory=lambda: DataSettings(fit_share=0.3, margin_share=MARGIN_SHARE))
    unlabelled: UnlabelledSettings = field(default_factory=UnlabelledSettings)
    cache: CacheSettings = field(default_factory=CacheSettings)
