"""Many inputs at once: `process_item.do` on Ray Data, on this machine alone or on a cluster.

Ray starts a worker anew that was killed, and gives it its inputs again; `process_item.do` sees to it that
this neither loses nor doubles a result, and that a file that ends its workers again and again is given up.
Nothing is reported to anyone: the usage statistics of Ray are off, its dashboard isn't started, and on one
machine it listens on loopback alone, with a key of its own for each call.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uniultra.batch.job import Item, Job
from uniultra.batch.patience import Patience
from uniultra.batch.process_item import do
from uniultra.errors import ClusterError, ModelError
from uniultra.io.paths import one_line
from uniultra.io.silence import muted_stderr
from uniultra.machine import usable_cores
from uniultra.stages import stage_in

MOST_WORKERS = 4096
AT_ONCE = 16
"""At most so many inputs go to a worker together."""
SHARES = 8
"""At least so many times a worker is given inputs, where there are enough of them."""
_STORE_BYTES = 100_000_000
_LONGEST_TEMP = 30
"""Ray's sockets lie in its temporary folder, and the path of a socket has little room."""
_ALONE = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on every system it makes Ray listen on loopback
    "RAY_AUTH_MODE": "token",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DEDUP_LOGS": "0",
    "RAY_health_check_timeout_ms": "60000",  # a machine that is busy with other work isn't dead
    "RAY_health_check_failure_threshold": "10",
}
_JOINING = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}


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
    """Holds the model; one process of the pool."""

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

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"status": do(Item.from_json(row["item"]), self.job, self.segmenter, self.patience).status}


def run(items: Sequence[Item], job: Job, settings: PoolSettings, done: Callable[[str], None]) -> None:
    """Makes the results of all items; `done` is called for each with its status, in no particular order.

    Raises:
        ClusterError: Ray can't be started or reached, or the job was lost; what is done stays.
        OutputError, ModelError: a worker can't write, or has no such model.
    """
    with _ray(settings) as ray:
        workers = settings.workers or (
            usable_cores() if settings.address is None else int(ray.cluster_resources().get("CPU", 1))
        )
        size = max(1, min(workers, len(items)))
        blocks = max(1, -(-len(items) // max(1, min(AT_ONCE, len(items) // (size * SHARES)))))
        ray.data.DataContext.get_current().enable_progress_bars = False
        pool = (
            ray.data.ActorPoolStrategy(size=size)
            if settings.address is None
            else ray.data.ActorPoolStrategy(min_size=1, max_size=size)
        )
        rows = ray.data.from_items([{"item": item.to_json()} for item in items], override_num_blocks=blocks)
        try:
            for row in rows.map(Worker, fn_constructor_args=(job,), compute=pool, num_cpus=1).iter_rows():
                done(row["status"])
        except Exception as error:  # of Ray, around what a worker raised
            raise _cluster_error(error) from error


@contextlib.contextmanager
def _no_api_server(alone: bool) -> Iterator[None]:
    """Ray on this machine without its API server, which even with statistics and dashboard off asks the
    metadata services of three cloud providers where it runs (Ray 2.60, `UsageStatsHead.run`). Ray goes on as
    where that server can't be started.
    """
    from ray._private import services

    start = getattr(services, "start_api_server", None)
    if not alone or start is None:
        yield
        return
    services.start_api_server = lambda *_, **__: (None, None)
    try:
        yield
    finally:
        services.start_api_server = start


@contextlib.contextmanager
def _ray(settings: PoolSettings) -> Iterator[Any]:
    """Ray, started or joined, without its chatter; shut down at the end, with all that it wrote on this
    machine.
    """
    alone = settings.address is None
    os.environ.update(_ALONE | {"RAY_AUTH_TOKEN": secrets.token_hex(32)} if alone else _JOINING)
    import ray
    import ray.data

    base = tempfile.gettempdir()
    short = base if len(base) <= _LONGEST_TEMP or os.name == "nt" else "/tmp"  # no sockets on Windows
    here: dict[str, Any] = {
        "num_cpus": settings.workers or usable_cores(),
        "object_store_memory": _STORE_BYTES,
        "include_dashboard": False,
    }
    with contextlib.ExitStack() as stack:
        stack.enter_context(_silence())
        if alone:
            here["_temp_dir"] = str(stack.enter_context(stage_in(Path(short))))
            stack.enter_context(_none_left(ray.shutdown))
        else:
            stack.callback(ray.shutdown)
        try:
            with muted_stderr(), _no_api_server(alone):
                ray.init(
                    "local" if alone else settings.address,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                    **(here if alone else {}),
                )
        except Exception as error:  # as many kinds as there are causes
            where = "on this machine" if alone else f"at {settings.address}"
            fix = _remedy(alone, str(error))
            raise ClusterError(
                f"Ray can't be {'started' if alone else 'reached'} {where} ({one_line(error)}); {fix}"
            ) from error
        yield ray


def _remedy(alone: bool, error: str) -> str:
    """What to do where Ray didn't start, or couldn't be joined."""
    if not alone:
        return (
            "run on a node of the cluster, with the same Ray and Python there, and its RAY_AUTH_MODE where "
            "it asks for a token"
        )
    if "timed out" in error:  # Ray 2.60 gives its processes 30 s, which isn't to be set
        return "other work may keep this machine busy: run the same command again when there is less of it"
    return "free memory or disk, or give fewer --workers"


@contextlib.contextmanager
def _none_left(shutdown: Callable[[], None]) -> Iterator[None]:
    """Ends the processes that were started within, by `shutdown` and then by force: Ray's helpers would
    linger for a minute.
    """
    import psutil  # comes with Ray

    before = set(psutil.Process().children(recursive=True))
    try:
        yield
    finally:
        ours = [process for process in psutil.Process().children(recursive=True) if process not in before]
        shutdown()
        for end in ("terminate", "kill"):
            _, ours = psutil.wait_procs(ours, timeout=1)
            for process in ours:
                with contextlib.suppress(psutil.Error):
                    getattr(process, end)()
        psutil.wait_procs(ours, timeout=1)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Ray tells of each killed worker on standard output, and of each data set by logging; both are ours for
    the time being.
    """
    before = logging.root.manager.disable
    with open(os.devnull, "w", encoding="utf-8") as null, contextlib.redirect_stdout(null):
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(before)


def _cluster_error(error: Exception) -> ClusterError:
    """What stopped a job, in one line: our own message, where a worker raised one."""
    text = str(error)
    ours = re.findall(r"uniultra\.errors\.(\w+): (.+)", text)
    if ours:
        return ClusterError(
            f"{ours[-1][1].strip()}; completed work is kept: run the same command again to resume"
        )
    last = ascii(" ".join((text.strip().splitlines() or [type(error).__name__])[-1].split())[:160])[1:-1]
    return ClusterError(
        f"the job was lost ({type(error).__name__}: {last}); what is done stays: run the same command again "
        "to resume"
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
