"""Lanes: each is one computing process with the jobs that wait for it.

An image belongs to one lane, where its embeddings are. A lane holds a bounded number of jobs; what comes on
top is refused at once. A process that takes too long, or dies of a hostile file, is replaced; the images are
not lost with it, for the server holds them.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import multiprocessing
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection

from uniultra.errors import ModelError
from uniultra.text import Said
from uniultra.web.messages import Abandon, Answer, CacheState, Failure, FileJob, Forget, Job, Read, Ready
from uniultra.web.problems import Problem
from uniultra.web.settings import ServeSettings

_START_S = 120.0
"""A process that hasn't loaded its model by then never will."""
_LATE = "the computing process did not start in time"
_ENDED = (
    "the computing process ended while it loaded the model, as it does where memory runs out; close other "
    "programs, or let `serve` have fewer processes (--processes 1)"
)
_CHANGED = "the model's files have changed since the server was started; start it again to use them"
SERVERS_OWN = (signal.SIGINT, signal.SIGTERM)
"""Signals to the server alone: it ends its processes, after the answers under way."""
_KILL_AFTER = 1.5
"""The process itself looks at the time between prompts; it is killed after this many times the limit."""


_WORKER_LOST = Failure(
    "worker-lost",
    Said("worker-lost", "the process that computed this was lost, and another takes its place; try again"),
)
_NO_MODEL = Failure(
    "no-model",
    Said(
        "no-model",
        "the model's files have changed or are gone since the server was started; put them back, or start "
        "the server again",
    ),
)


class Lane(ABC):
    """What every lane is: jobs in their order, one at a time, at most `most` of them held."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self.cache = CacheState()
        self.mean_ms = 50.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="uniultra-lane")

    @abstractmethod
    def start(self) -> Ready:
        """Gets the model ready. Raises ModelError."""

    @abstractmethod
    def call(self, job: Job) -> Answer | Failure:
        """Does one job; blocks."""

    @abstractmethod
    def reopen(self, model: str) -> Ready:
        """Gets another model ready in the place of this one; blocks. Raises ModelError."""

    async def switch(self, model: str) -> Ready:
        """The same, after the jobs that came before it."""
        return await asyncio.wrap_future(self._thread.submit(self.reopen, model))

    def stop(self) -> None:
        """Ends what runs and what waits."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def check_room(self) -> None:
        """Passes where the lane takes another job. Raises Problem: busy."""
        if self.held >= self.most:
            wait = max(1, math.ceil(self.held * self.mean_ms / 1000))
            raise Problem(
                "busy",
                f"{self.held} requests wait already, which is the limit; try again in {wait} s",
                retry_s=wait,
            )

    async def run(self, job: Job) -> Answer:
        """The answer to a job, after those that came before it. Raises Problem."""
        self.check_room()
        self.held += 1
        try:
            found = await self._called(job)
        finally:
            self.held -= 1
        if isinstance(found, Failure):
            raise _problem_of(found)
        self.cache = found.cache
        self.mean_ms += 0.1 * (found.work_ms - self.mean_ms)
        return found

    async def _called(self, job: Job) -> Answer | Failure:
        """The answer, or what became of it. Cancelled: a job that waits is dropped, one under way stops at
        its next prompt.
        """
        future = self._thread.submit(self.call, job)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancel() and future.running():
                self.abandon()
            raise

    async def drained(self) -> None:
        """Returns once what runs, and what waits by now, has ended."""
        await asyncio.wrap_future(self._thread.submit(lambda: None))

    @abstractmethod
    def abandon(self) -> None:
        """Says that nobody waits for the job under way any more."""

    def forget(self, image_ids: tuple[str, ...]) -> None:
        """Drops embeddings of images that are gone, when their turn comes."""
        self._thread.submit(self.call, Forget(image_ids))


class ProcessLane(Lane):
    """Computes in a process of its own on one core, which is replaced when it is lost."""

    def __init__(self, most: int, model: str, cache_bytes: int, work_s: float) -> None:
        super().__init__(most)
        self._arguments = model, cache_bytes
        self._sha256 = ""  # of the model that the first process loaded: those after it must have the same
        self._work_s = work_s
        self._stopped = False
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def start(self) -> Ready:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        process = context.Process(
            target=compute, args=(other, *self._arguments), daemon=True, name="uniultra-worker"
        )
        with _signals_held():
            process.start()
        self._process = process
        other.close()
        if self._stopped:  # meanwhile
            process.kill()
        try:
            ready = self._pipe.recv() if self._pipe.poll(_START_S) else Ready(error=_LATE)
        except (EOFError, OSError):
            ready = Ready(error=_ENDED)
        changed = not ready.error and self._sha256 not in ("", ready.sha256)
        if ready.error or changed:
            self._end()
            raise ModelError(ready.error or _CHANGED)
        self._sha256 = ready.sha256
        return ready

    def reopen(self, model: str) -> Ready:
        self._end()
        self._arguments, self._sha256 = (model, self._arguments[1]), ""
        return self.start()

    def call(self, job: Job) -> Answer | Failure:
        """Tried once more where the process was lost: it may have been killed while it was idle, by no fault
        of this job.
        """
        lost = _WORKER_LOST
        for _ in range(2):
            found: Answer | Failure | None = self._replaced()
            if found is None:
                found, lost = self._tried(job), _lost(job)
            if found is not None and found is not _WORKER_LOST:
                return found
            if self._stopped:
                return Failure("stopping", "the server is being stopped")
        return lost

    def _replaced(self) -> Failure | None:
        """Starts a process where there is none; what came of it where it can't, which is no fault of a
        job.
        """
        if self._process is not None and self._process.is_alive():
            return None
        try:
            self._end()
            self.start()
        except OSError:
            self._end()
            return _WORKER_LOST
        except ModelError as error:
            return _WORKER_LOST if str(error) in (_LATE, _ENDED) else _NO_MODEL
        return None

    def _tried(self, job: Job) -> Answer | Failure | None:
        """None where the process was lost."""
        assert self._pipe is not None and self._process is not None
        late = threading.Event()
        watch = threading.Timer(_KILL_AFTER * self._work_s, _kill_late, (self._process, late))
        # a process that was stopped takes nothing: sending to it counts towards its time as well
        watch.start()
        try:
            self._pipe.send(job)
            return self._pipe.recv()
        except (EOFError, OSError):
            self._end()
        finally:
            watch.cancel()
        if late.is_set() and not self._stopped:
            return Failure(
                "time-limit",
                f"this took over {self._work_s:g} s, which is the limit; request less at a time, or "
                "shrink the image",
            )
        return None

    def abandon(self) -> None:
        pipe = self._pipe
        with contextlib.suppress(OSError, ValueError):
            if pipe is not None:
                pipe.send(Abandon())

    def stop(self) -> None:
        self._stopped = True
        super().stop()
        if self._process is not None:
            self._process.kill()

    def _end(self) -> None:
        """Ends the process, if there is one; the next job starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None


def lanes_of(settings: ServeSettings) -> list[Lane]:
    """One process lane a core, or as many as the settings say."""
    share = int(settings.cache_mb * 1e6) // settings.workers
    return [
        ProcessLane(settings.queue, settings.model, share, settings.work_s) for _ in range(settings.workers)
    ]


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """What is started meanwhile begins with these signals held back, until it ignores them: a terminal sends
    Ctrl-C to every process, and while a process still loads its libraries that would end it with a trace.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it lets them through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SERVERS_OWN)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def compute(pipe: Connection, model: str, cache_bytes: int) -> None:
    """What a computing process does. The server itself never loads what that needs: it would start later."""
    from uniultra.web.worker_process import serve_jobs

    serve_jobs(pipe, model, cache_bytes)


def _kill_late(process: multiprocessing.process.BaseProcess, late: threading.Event) -> None:
    late.set()
    process.kill()


def _lost(job: Job) -> Failure:
    if isinstance(job, Read | FileJob):
        return Failure(
            "image",
            "the image: reading it crashed the process, so it is damaged or malicious; export it again",
        )
    return _WORKER_LOST


def _problem_of(failure: Failure) -> Problem:
    if failure.problem == "bug":
        return Problem("bug", "the server failed on this request; nothing was changed")
    return Problem(failure.problem, failure.detail, retry_s=1 if failure.problem == "worker-lost" else None)
