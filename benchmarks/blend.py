"""A model folder between two models of one shape: `models.blend`.

python benchmarks/blend.py --before uniultra-mini --after runs/NAME/model --share 0.8 --out
runs/NAME/blend-0.8
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from uniultra.atomic import check_new
from uniultra.errors import UniUltraError


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
    from uniultra.models.blend import blend
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
