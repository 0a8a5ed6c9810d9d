"""Libraries without their chatter: a broken file makes them warn, log, and write to the process's own
standard error.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()


@contextmanager
def quiet(*loggers: str) -> Iterator[None]:
    """No Python warnings, and no lines of some loggers. One thread at a time: both filters are global."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        levels = {logging.getLogger(name): logging.getLogger(name).level for name in loggers}
        for log in levels:
            log.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for log, level in levels.items():
                log.setLevel(level)


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Drops what C code writes to the standard error of the process: libtiff, GDCM and FFmpeg report their
    faults there.

    One thread at a time: two that save and restore the stream in turn would lose it.
    """
    with _LOCK:
        try:
            saved = os.dup(2)
        except OSError:  # there is none
            yield
            return
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(null)
