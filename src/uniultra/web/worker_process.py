"""The computing process behind a lane: loads the model, then answers one job after another.

What reads images, pydicom above all, takes as long to load as the model: it is loaded once the server knows
that the model is ready, while a person's browser or client gets there.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection

from uniultra.backends.open import model_sha256, open_backend
from uniultra.errors import UniUltraError
from uniultra.web.messages import Abandon, Job, Ready
from uniultra.web.worker_pool import SERVERS_OWN


def serve_jobs(pipe: Connection, model: str, cache_bytes: int) -> None:
    """Loads the model, says so, then answers jobs until the server is gone."""
    for number in SERVERS_OWN:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SERVERS_OWN)
    try:
        backend = open_backend(model, threads=1)
        sha256 = model_sha256(model, backend.facts)
    except UniUltraError as error:
        pipe.send(Ready(error=str(error)))
        return
    facts = backend.facts
    pipe.send(Ready(facts.name, facts.version, facts.input_size, sha256, facts.box_fits, facts.structures))
    from uniultra.web.cache import EmbeddingCache
    from uniultra.web.worker import Worker

    worker = Worker(backend, EmbeddingCache(cache_bytes), partial(_is_abandoned, pipe))
    receive: Callable[[], Job | Abandon] = pipe.recv
    while True:
        try:
            job = receive()
            if not isinstance(job, Abandon):  # one that came too late
                pipe.send(worker.run(job))
        except (EOFError, OSError):
            return


def _is_abandoned(pipe: Connection) -> bool:
    """Whether the client of the job under way has gone: nothing else is sent before its answer."""
    if not pipe.poll(0):
        return False
    pipe.recv()
    return True
