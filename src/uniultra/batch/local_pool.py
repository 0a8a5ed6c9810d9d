"""Many inputs at once on this machine: a process for each worker, and one input at a time for each.

A process that dies is started anew, and its input given out again; `process_item.do` sees to it that this
neither loses nor doubles a result, and that a file that ends its processes again and again is given up. They
end with the process that started them, however that ends: nothing comes on their pipes any more.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from uniultra.batch.job import Item, Job
from uniultra.batch.process_item import MOST_TRIES
from uniultra.batch.workers import PoolSettings, Worker, lost, stopped_by
from uniultra.errors import ClusterError, UniUltraError
from uniultra.io.paths import one_line
from uniultra.machine import usable_cores
from uniultra.stages import stage_in

READY, END = "ready", None
"""What a process says once it has its model, and what it is told instead of another input."""
MOST_HERE = 60 if os.name == "nt" else 1000
"""Processes at once: Windows waits for no more pipes together, and others open no more files by default."""
MOST_EARLY = 3
"""So many processes may end before they are ready."""
PATIENCE_S = 60.0
"""For processes to end in good order, before they are ended."""


@dataclass
class _Hand:
    """A process, its end of the pipe here, and what it is at."""

    process: BaseProcess
    pipe: Connection
    item: Item | None = None
    is_ready: bool = False


def run_here(items: Sequence[Item], job: Job, settings: PoolSettings, done: Callable[[str], None]) -> None:
    """Makes the results of all items; `done` is called for each with its status, in no particular order. The
    processes' temporary files, images of patients among them, go at the end; where this process is killed,
    with the next call.

    Raises:
        ClusterError: what stopped the job; what is done stays.
    """
    if not items:
        return
    with stage_in(Path(tempfile.gettempdir())) as folder:
        pool = _Pool(job, str(folder), deque(items), done)
        try:
            pool.run(min(settings.workers or usable_cores(), len(items), MOST_HERE))
            for hand in pool.all:
                hand.process.join(PATIENCE_S)
        finally:
            end(hand.process for hand in pool.all)


class _Pool:
    def __init__(self, job: Job, folder: str, waiting: deque[Item], done: Callable[[str], None]) -> None:
        self.job, self.folder, self.waiting, self.done = job, folder, waiting, done
        self.all: list[_Hand] = []
        self.early, self.ended = 0, Counter[str]()

    def run(self, count: int) -> None:
        """Raises ClusterError."""
        busy = {hand.pipe: hand for hand in (self._start() for _ in range(count))}
        while busy:
            for pipe in wait(list(busy)):
                hand = busy.pop(cast(Connection, pipe))
                if self._hears(hand):
                    hand.item = self.waiting.popleft() if self.waiting else None
                    _tell(hand)  # a process that has ended by now is heard of next
                    if hand.item is not None:
                        busy[hand.pipe] = hand
                else:
                    self._died(hand)
                    if self.waiting:
                        hand = self._start()
                        busy[hand.pipe] = hand

    def _start(self) -> _Hand:
        """Raises ClusterError where the system has no room for another process."""
        context = multiprocessing.get_context("spawn")
        try:
            here, there = context.Pipe()
            process = context.Process(
                target=_work, args=(there, self.job, self.folder), name="uniultra-batch"
            )
            process.start()
        except OSError as error:
            raise stopped_by(
                f"worker {len(self.all) + 1} can't be started ({one_line(error)}); give fewer --workers"
            ) from error
        there.close()  # so that the end of the process is the end of the pipe
        self.all.append(_Hand(process, here))
        return self.all[-1]

    def _hears(self, hand: _Hand) -> bool:
        """Takes what a process says; False where it has ended. Raises ClusterError that it reports."""
        try:
            said = hand.pipe.recv()
        except (EOFError, OSError):
            return False
        if isinstance(said, ClusterError):
            raise said
        hand.is_ready = True
        if said != READY:
            self.done(said)
        return True

    def _died(self, hand: _Hand) -> None:
        """Puts its input back. Raises ClusterError where processes can't even begin, or an input ends them
        before `process_item.do` notes it.
        """
        hand.process.join(PATIENCE_S)
        hand.pipe.close()
        self.early = 0 if hand.is_ready else self.early + 1
        if self.early == MOST_EARLY:
            raise stopped_by(
                f"worker processes end before they begin (exit code {hand.process.exitcode}); free memory, "
                "or give fewer --workers"
            )
        if hand.item is not None:
            self.waiting.appendleft(hand.item)
            self.ended[hand.item.name] += 1
            if self.ended[hand.item.name] > 2 * MOST_TRIES:
                raise stopped_by(f"{hand.item.name}: worker processes end as they read it; take it out")


def _tell(hand: _Hand) -> None:
    """Gives a process its next input, or the word that there is none."""
    with contextlib.suppress(OSError):
        hand.pipe.send(END if hand.item is None else hand.item)


def end(processes: Iterable[BaseProcess]) -> None:
    """Sees processes end, in good order; at once after a second Ctrl-C, or where that takes too long."""
    left = list(processes)
    for stop in ("terminate", "kill"):
        left = [process for process in left if process.is_alive()]
        for process in left:
            getattr(process, stop)()
        with contextlib.suppress(KeyboardInterrupt):
            for process in left:
                process.join(PATIENCE_S)


@contextlib.contextmanager
def apart(folder: str) -> Iterator[None]:
    """Within a process of a pool: its temporary files lie in `folder`, nothing is printed, and Ctrl-C is for
    the process that started it, which then ends this one. Quiet where that one has gone.
    """
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    with contextlib.suppress(KeyboardInterrupt, SystemExit, EOFError, BrokenPipeError, ConnectionResetError):
        yield


def _work(pipe: Connection, job: Job, folder: str) -> None:
    """The other process: what it says is READY, the status of each input, or the error that stops the job."""
    with apart(folder):
        try:
            worker = Worker(job)
        except Exception as error:
            pipe.send(_stop(error))
            return
        pipe.send(READY)
        while (item := pipe.recv()) is not END:
            said: str | ClusterError
            try:
                said = worker.status_of(item)
            except Exception as error:
                said = _stop(error)
            pipe.send(said)


def _stop(error: Exception) -> ClusterError:
    return stopped_by(str(error)) if isinstance(error, UniUltraError) else lost(error)
