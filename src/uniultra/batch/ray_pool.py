"""Many inputs at once on a cluster: `process_item.do` on Ray Data.

Ray starts a worker anew that was killed, and gives it its inputs again; `process_item.do` sees to it that
this neither loses nor doubles a result, and that a file that ends its workers again and again is given up.
Nothing is reported to anyone: the usage statistics of Ray are off here.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from uniultra.batch.job import Item, Job
from uniultra.batch.workers import PoolSettings, Worker, lost, stopped_by
from uniultra.errors import ClusterError
from uniultra.io.paths import one_line
from uniultra.io.silence import muted_stderr

AT_ONCE = 16
"""At most so many inputs go to a worker together."""
SHARES = 8
"""At least so many times a worker is given inputs, where there are enough of them."""
_JOINING = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}


class RayWorker(Worker):
    """As Ray Data calls it."""

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"status": self.status_of(Item.from_json(row["item"]))}


def run(items: Sequence[Item], job: Job, settings: PoolSettings, done: Callable[[str], None]) -> None:
    """Makes the results of all items; `done` is called for each with its status, in no particular order.

    Raises:
        ClusterError: Ray can't be reached, or the job was lost; what is done stays.
    """
    with _ray(settings) as ray:
        workers = settings.workers or int(ray.cluster_resources().get("CPU", 1))
        size = max(1, min(workers, len(items)))
        blocks = max(1, -(-len(items) // max(1, min(AT_ONCE, len(items) // (size * SHARES)))))
        ray.data.DataContext.get_current().enable_progress_bars = False
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=size)
        rows = ray.data.from_items([{"item": item.to_json()} for item in items], override_num_blocks=blocks)
        try:
            for row in rows.map(RayWorker, fn_constructor_args=(job,), compute=pool, num_cpus=1).iter_rows():
                done(row["status"])
        except Exception as error:  # of Ray, around what a worker raised
            raise _cluster_error(error) from error


@contextlib.contextmanager
def _ray(settings: PoolSettings) -> Iterator[Any]:
    """Ray, joined without its chatter, and left at the end."""
    os.environ.update(_JOINING)
    import ray
    import ray.data

    with _silence():
        try:
            with muted_stderr():
                ray.init(settings.address, log_to_driver=False, logging_level=logging.CRITICAL)
        except Exception as error:  # as many kinds as there are causes
            raise ClusterError(
                f"Ray can't be reached at {settings.address} ({one_line(error)}); run on a node of the "
                "cluster, with the same Ray and Python there, and its RAY_AUTH_MODE where it asks for a token"
            ) from error
        try:
            yield ray
        finally:
            ray.shutdown()


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
    ours = re.findall(r"uniultra\.errors\.(\w+): (.+)", str(error))
    return stopped_by(ours[-1][1].strip()) if ours else lost(error)
