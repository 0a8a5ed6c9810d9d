"""A lane of the server that computes in the test's own process."""

from __future__ import annotations

import threading

from uniultra.backends.open import open_backend
from uniultra.backends.protocol import Backend
from uniultra.web.cache import EmbeddingCache
from uniultra.web.messages import Answer, Failure, Job, Ready
from uniultra.web.worker import Worker
from uniultra.web.worker_pool import Lane


class ThreadLane(Lane):
    """Computes in this process. Nothing is killed: the time is looked at between prompts alone."""

    def __init__(self, most: int, backend: Backend, cache_bytes: int) -> None:
        super().__init__(most)
        self._gone = threading.Event()
        self._cache_bytes = cache_bytes
        self._worker = Worker(backend, EmbeddingCache(cache_bytes), self._gone.is_set)

    def start(self) -> Ready:
        backend = self._worker.backend
        facts = backend.facts
        return Ready(
            facts.name,
            facts.version,
            facts.input_size,
            box_fits=facts.box_fits,
            structures=facts.structures,
        )

    def reopen(self, model: str) -> Ready:
        backend = open_backend(model, threads=1)
        self._worker = Worker(backend, EmbeddingCache(self._cache_bytes), self._gone.is_set)
        return self.start()

    def call(self, job: Job) -> Answer | Failure:
        self._gone.clear()
        return self._worker.run(job)

    def abandon(self) -> None:
        self._gone.set()
