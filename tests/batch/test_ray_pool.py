"""The pool on a Ray cluster, here one of a node on this machine: a worker that dies loses and doubles
nothing, and a file that kills is given up.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadly import check_nothing_is_lost_or_doubled, environment, killed_in
from uniultra.batch.workers import PoolSettings
from uniultra.errors import ClusterError

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs ray: pip install 'uniultra[cluster]'"
)
ON_LOOPBACK = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on every system it makes Ray listen on loopback
    "RAY_health_check_timeout_ms": "60000",  # a machine that is busy with other work isn't dead
    "RAY_health_check_failure_threshold": "10",
}


@pytest.fixture
def cluster() -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a node that admits callers with its token alone, and their variables."""
    about = ON_LOOPBACK | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(
        dir="/tmp", ignore_cleanup_errors=True
    ) as folder:  # sockets' paths are short
        command = [
            sys.executable,
            "-m",
            "ray.scripts.scripts",
            "start",
            "--head",
            "--block",
            f"--port={port}",
        ]
        more = ["--num-cpus=2", "--include-dashboard=false", "--object-store-memory=100000000"]
        node = subprocess.Popen(
            [*command, *more, f"--temp-dir={folder}", "--node-ip-address=127.0.0.1"],
            env=environment(**about),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + 120
        while time.monotonic() < until and node.poll() is None:
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"127.0.0.1:{port}", about
        os.killpg(node.pid, signal.SIGKILL)
        node.wait(60)


@needs_ray
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX: Windows has no groups of processes")
def test_a_killed_worker_loses_nothing_and_a_file_that_kills_them_is_given_up(
    cluster: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    address, about = cluster
    killed = killed_in(tmp_path, address, **about)
    check_nothing_is_lost_or_doubled(killed)
    assert killed["usage"] == "0"


@pytest.mark.parametrize("address", ["", "head", "head:port", "ray://head:10001", "head:70000", "a b:80"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ClusterError, match="is not an address; give HOST:PORT"):
        PoolSettings(address=address)


def test_an_address_where_nothing_answers_is_refused_at_once() -> None:
    with pytest.raises(ClusterError, match=r"127\.0\.0\.1:1: nothing answers there"):
        PoolSettings(address="127.0.0.1:1")


@needs_ray
def test_a_cluster_that_admits_nobody_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    pool = importlib.import_module("uniultra.batch.ray_pool")

    def late(*_: object, **__: object) -> None:
        raise RuntimeError("Authentication failed.\nIt takes a token")

    monkeypatch.setattr(ray, "init", late)
    with pytest.raises(
        ClusterError, match=r"Ray can't be reached at auto .*RAY_AUTH_MODE where it asks for a token"
    ):
        pool._ray(PoolSettings(1, "auto")).__enter__()
