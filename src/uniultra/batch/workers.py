"""What a worker process of a batch is, on this machine or on a cluster, and how many there are."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from uniultra.batch.job import Item, Job
from uniultra.batch.patience import Patience
from uniultra.batch.process_item import do
from uniultra.errors import ClusterError, ModelError
from uniultra.io.paths import one_line

MOST_WORKERS = 4096


@dataclass(frozen=True)
class PoolSettings:
    """How many work at once (None: one for each core), and the cluster's address (None: this machine
    alone).
    """

    workers: int | None = None
    address: str | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and not 1 <= self.workers <= MOST_WORKERS:
            raise ClusterError(
                f"--workers {self.workers} is out of range; give 1 to {MOST_WORKERS}, or leave it out "
                "for one per "
                "core"
            )
        if self.address is not None and self.address != "auto":
            _check_address(self.address)


class Worker:
    """Holds the model; one process of a pool."""

    def __init__(self, job: Job) -> None:
        import cv2

        from uniultra.backends.open import model_sha256
        from uniultra.segmenter import Segmenter

        cv2.setNumThreads(1)
        self.job, self.patience = job, Patience()
        self.segmenter = Segmenter.load(job.model, threads=1)
        if model_sha256(job.model, self.segmenter.facts) != job.model_sha256:
            raise ModelError(
                f"model '{job.model}' has other weights or passes (model.json) on {socket.gethostname()}; "
                "install the same everywhere"
            )

    def status_of(self, item: Item) -> str:
        """Makes an input's result; what became of it."""
        return do(item, self.job, self.segmenter, self.patience).status


def stopped_by(text: str) -> ClusterError:
    """What a person is told where a worker of ours said why nothing can go on."""
    return ClusterError(f"{text}; completed work is kept: run the same command again to resume")


def lost(error: Exception) -> ClusterError:
    """The same of an error that isn't ours, in one line."""
    last = ascii(" ".join((str(error).strip().splitlines() or [type(error).__name__])[-1].split())[:160])
    return ClusterError(
        f"the job was lost ({type(error).__name__}: {last[1:-1]}); what is done stays: run the same command "
        "again to resume"
    )


def _check_address(address: str) -> None:
    """Raises ClusterError where nothing answers at an address, before Ray waits for it."""
    host, _, port = address.rpartition(":")
    if not (
        re.fullmatch(r"[A-Za-z0-9.\-_\[\]:]+", host)
        and "://" not in address
        and port.isdigit()
        and 0 < int(port) < 65536
    ):
        raise ClusterError(
            f"--address {ascii(address)[1:-1]} is not an address; give HOST:PORT of the head node, or auto "
            "on a node of the cluster"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError as error:
        raise ClusterError(
            f"--address {address}: nothing answers there ({one_line(error)}); check it, as with: ray status"
        ) from error
