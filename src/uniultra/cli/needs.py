"""Says which extra to install, in one line, before an import fails."""

from __future__ import annotations

import importlib.util

from uniultra.errors import ModelError


def need(extra: str, *libraries: str) -> None:
    """Raises ModelError where a library of an extra is not installed."""
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(f"this command needs {', '.join(missing)}; install with: pip install 'uniultra[{extra}]'")
