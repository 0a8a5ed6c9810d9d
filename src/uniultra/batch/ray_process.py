"""Ray in a process of its own: it writes to the terminal, and ends its process without a word when it loses
its own parts.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from uniultra.batch.job import Item, Job
from uniultra.batch.local_pool import PATIENCE_S, apart, end
from uniultra.batch.ray_pool import run
from uniultra.batch.workers import PoolSettings
from uniultra.errors import ClusterError, UniUltraError
from uniultra.stages import stage_in

END = None
"""Comes after the status of each input; an error in its place."""


def run_apart(items: Sequence[Item], job: Job, settings: PoolSettings, done: Callable[[str], None]) -> None:
    """As `ray_pool.run`, which it calls in another process; ended with this call, by an interrupt too. Where
    this process is killed, its temporary files, images of patients among them, go with the next call.

    Raises:
        ClusterError: whatever stopped the job; what is done stays.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    with stage_in(Path(tempfile.gettempdir())) as folder:  # goes with all that a killed process left in it
        process = context.Process(
            target=_work, args=(sender, list(items), job, settings, str(folder)), name="uniultra-batch"
        )
        process.start()
        sender.close()
        try:
            _listen(receiver, done)
            process.join(PATIENCE_S)
        finally:
            end([process])


def _listen(receiver: Connection, done: Callable[[str], None]) -> None:
    """Hands on what comes, up to the end."""
    while True:
        try:
            said = receiver.recv()
        except (EOFError, OSError):
            raise ClusterError(
                "Ray stopped before the end (too little memory or processor time, or a part of it was "
                "killed); completed work is kept: run the same command again to resume"
            ) from None
        if said is END:
            return
        if isinstance(said, ClusterError):
            raise said
        done(said)


def _work(sender: Connection, items: Sequence[Item], job: Job, settings: PoolSettings, folder: str) -> None:
    """The other process."""
    with apart(folder):
        try:
            run(items, job, settings, sender.send)
        except UniUltraError as error:
            sender.send(ClusterError(str(error)))
        else:
            sender.send(END)
