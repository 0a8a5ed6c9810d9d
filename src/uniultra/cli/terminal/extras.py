"""Says which extra to install, in one line, before an import fails."""

from __future__ import annotations

import importlib.util

from uniultra.errors import ModelError
from uniultra.text import comma_parts

LOGGERS = ("tensorboard", "wandb", "mlflow")
"""What --report-to takes; each is the library's name too."""


def need(extra: str, *libraries: str) -> None:
    """Raises ModelError where a library of an extra is not installed."""
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"this command needs {', '.join(missing)}; install with: pip install 'uniultra[{extra}]'"
        )


def only_permissive(licence: str) -> bool:
    """What --licence says; raises ModelError for another word than any or permissive."""
    if licence not in ("any", "permissive"):
        raise ModelError(f"licence '{licence}' is unknown; use any or permissive")
    return licence == "permissive"


def loggers(text: str) -> tuple[str, ...]:
    """The names in "tensorboard,wandb"; raises ModelError for an unknown one, or one that is not
    installed.
    """
    names = comma_parts(text)
    for name in names:
        if name not in LOGGERS:
            raise ModelError(f"logger '{name}' is unknown; use some of {', '.join(LOGGERS)}")
        need("train", name)
    return names
