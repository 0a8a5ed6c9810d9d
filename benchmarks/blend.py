"""A model folder between two models of one shape: what a model learned, mixed with what it came from, keeps
what the one before did better.

python benchmarks/blend.py --before uniultra-mini --after runs/NAME/model --share 0.8 --out
runs/NAME/blend-0.8

Models of which one went on from the other lie in one valley of the loss: between them both are nearly as good
as each is (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

from uniultra.atomic import check_new
from uniultra.errors import ModelError, UniUltraError
from uniultra.models.promptable import PromptableModel, with_box_fits


@torch.no_grad()
def blend(before: PromptableModel, after: PromptableModel, share: float) -> PromptableModel:
    """`after`, changed in place: every parameter is `share` of its own and the rest of `before`'s. Where only
    `after` can be told how boxes fit, what `before` makes of any box is what it makes of those.

    Raises:
        ModelError: a share outside of 0 to 1, or models of different shapes.
    """
    if not 0.0 <= share <= 1.0:
        raise ModelError(f"share is {share:g}; give 0 (the model before) to 1 (the model after)")
    if after.box_fits:
        before = with_box_fits(before)
    old, new = dict(before.named_parameters()), dict(after.named_parameters())
    odd = [name for name in sorted(old.keys() | new.keys()) if name not in old or name not in new]
    odd = odd or [name for name in old if old[name].shape != new[name].shape]
    if odd:
        raise ModelError(
            f"the models differ in '{odd[0]}'; blend a model with the one that it was trained from"
        )
    for name, parameter in new.items():
        parameter.copy_(torch.lerp(old[name], parameter, share))
    return after


def main(
    before: Annotated[
        str, typer.Option(help="A published model or a model folder: what the other went on from.")
    ],
    after: Annotated[str, typer.Option(help="The same: what was learned.")],
    share: Annotated[float, typer.Option(help="Of `after` in the blend, 0 to 1.")],
    out: Annotated[Path, typer.Option(help="A new folder: config.json, model.safetensors.")],
    image_size: Annotated[int, typer.Option(help="Side of the input in pixels.")] = 256,
) -> None:
    """Write the blend."""
    from uniultra.models.adapted import open_model
    from uniultra.models.stored import save_folder

    check_new(out)
    save_folder(blend(open_model(before, image_size), open_model(after, image_size), share), out, force=False)
    print(f"{out}: {share:g} of {after}, {1 - share:g} of {before}")


if __name__ == "__main__":
    try:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(main)
        app(standalone_mode=False)
    except UniUltraError as error:
        print(f"blend: {error}", file=sys.stderr)
        sys.exit(2)
