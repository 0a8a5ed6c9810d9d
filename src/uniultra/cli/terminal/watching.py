"""`uniultra batch --watch`: the same job, again and again, on what comes into a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from uniultra.cli.terminal.text import printable, tell
from uniultra.errors import ClusterError, FileError, OutputError, PromptError

WATCH_HELP = "Keep running and process each file once it is complete in the folder IN; stop with Ctrl-C."


Run = Callable[[Mapping[str, str], Mapping[str, str]], object]
"""Given the files that are new, and all that were taken so far."""


def watch_folder(folder: str, prompts: object, run: Run) -> None:
    """Gives `run` the names and paths of files that have come and are whole, until Ctrl-C. Where results
    can't be written or sent, or workers can't be started, that is told, and the same files are taken again
    after a minute.

    Raises:
        PromptError: it is no folder, or there are prompts, which can't name files to come. What else `run`
            raises.
    """
    from uniultra.batch.watch import POLL_S, RETRY_S, Watch

    if prompts is not None:
        raise PromptError("--watch goes with --grid or --from-masks; leave out --prompts")
    if not os.path.isdir(folder):
        raise PromptError(f"--watch needs a folder on this machine, not of {printable(folder)}; name one")
    known, taken = Watch(), dict[str, str]()
    tell([f"watching {printable(folder)}; stop with Ctrl-C"])
    try:
        while True:
            wait_s = POLL_S
            files = known.ready(_files(folder))
            taken |= files
            if files:
                try:
                    run(files, taken)
                except (FileError, OutputError, ClusterError) as error:
                    tell([f"{printable(str(error))}; this is tried again in {RETRY_S:.0f} s"])
                    known.again(files)
                    wait_s = RETRY_S
            time.sleep(wait_s)
    except KeyboardInterrupt:
        tell(["stopped watching; run the same command again to resume"])


def _files(folder: str) -> Mapping[str, str]:
    from uniultra.batch.inputs import find_inputs
    from uniultra.outputs.earlier import archive_images

    try:
        return archive_images(find_inputs(folder), folder)
    except FileError:  # nothing is there yet
        return {}
