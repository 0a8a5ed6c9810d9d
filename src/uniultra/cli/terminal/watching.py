"""`uniultra batch --watch`: the same job, again and again, on what comes into a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from uniultra.cli.terminal.text import printable, tell
from uniultra.errors import FileError, PromptError

WATCH_HELP = "Stay, and take each file that comes into the folder IN once it is whole; Ctrl-C ends."


def watch_folder(folder: str, prompts: object, run: Callable[[Mapping[str, str]], object]) -> None:
    """Gives `run` the names and paths of files that have come and are whole, until Ctrl-C.

    Raises:
        PromptError: it is no folder, or there are prompts, which can't name files to come. What `run` raises.
    """
    from uniultra.batch.inputs import find_inputs
    from uniultra.batch.watch import POLL_S, Watch
    from uniultra.outputs.earlier import archive_images

    if prompts is not None:
        raise PromptError("--watch goes with --grid or --from-masks; leave out --prompts")
    if not os.path.isdir(folder):
        raise PromptError(f"--watch is of a folder on this machine, not of {printable(folder)}; name one")
    known = Watch()
    tell([f"watching {printable(folder)}; Ctrl-C ends"])
    try:
        while True:
            try:
                files = known.ready(archive_images(find_inputs(folder), folder))
            except FileError:  # nothing is there yet
                files = {}
            if files:
                run(files)
            time.sleep(POLL_S)
    except KeyboardInterrupt:
        tell(["watching has ended; the same command goes on where it was"])
