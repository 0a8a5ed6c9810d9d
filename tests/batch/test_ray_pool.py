"""The pool on Ray: a worker that dies loses and doubles nothing; a file that kills is given up; nothing
listens beyond this machine.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archives import BOX, save_archive, save_phantom
from uniultra.batch.ray_pool import PoolSettings
from uniultra.errors import ClusterError

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="needs ray: pip install 'uniultra[cluster]'"
)

DRIVER = """
import json, os, signal, sys
from pathlib import Path
import psutil
from uniultra.backends.open import model_sha256
from uniultra.batch.job import Item, Job
from uniultra.batch.ray_pool import PoolSettings, run
from uniultra.batch.records import write_tables
from uniultra.batch.storage import Store
from uniultra.segmenter import Segmenter

class Deadly:
    def __call__(self, folder, source, result):
        if source.path.name == "poison.png":
            os.kill(os.getpid(), signal.SIGKILL)
        once = Path(sys_argv[2]) / "killed"
        if source.path.name == "scan3.png" and not once.exists():
            once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return {}

sys_argv = sys.argv
names, box = json.loads(sys.argv[1]), json.loads(sys.argv[3])
folder = sys.argv[2]
items = [Item(name, f"{folder}/in/{name}", prompts=((box, (), ()),)) for name in names]
weights = model_sha256("uniultra-mini", Segmenter.load(threads=1).facts)
job = Job(f"{folder}/out", "uniultra-mini", weights, "run", kinds=("deadly",), extras=Deadly())
statuses, heard, programs = [], set(), set()

def done(status):
    statuses.append(status)
    here = psutil.Process()
    for process in [here, *here.children(recursive=True)]:
        try:
            programs.update(Path(word).name for word in process.cmdline())
            heard.update(c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN)
        except psutil.Error:
            pass

run(items, job, PoolSettings(2), done)
counts = write_tables(Store(job.out, job.run), items, job)
left = [p.pid for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]
usage = os.environ["RAY_USAGE_STATS_ENABLED"]
seen = {"heard": sorted(heard), "programs": sorted(programs), "left": left, "usage": usage}
print(json.dumps({"statuses": statuses, "counts": vars(counts), **seen}))
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of six phantoms, of which one kills its first worker, and one file that kills each; what the
    driver saw, and the tables.
    """
    folder = tmp_path_factory.mktemp("killed")
    names = [*save_archive(folder / "in", 6), "a/poison.png"]
    save_phantom(folder / "in" / "a" / "poison.png")
    (folder / "driver.py").write_text(DRIVER, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, "driver.py", json.dumps(names), str(folder), json.dumps(BOX)]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=400
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    [line] = done.stdout.splitlines()
    tables = {
        name: list(csv.DictReader((folder / "out" / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
        for name in ("results", "failures")
    }
    return {"names": names, "folder": folder, **json.loads(line), **tables}


@needs_ray
def test_a_killed_worker_loses_nothing_and_doubles_nothing(killed: dict[str, Any]) -> None:
    assert (killed["folder"] / "killed").exists()
    assert sorted(row["input"] for row in killed["results"]) == sorted(killed["names"][:-1])
    assert sorted(killed["statuses"]) == ["done"] * 6 + ["failed"]
    assert killed["counts"] == {"done": 6, "failed": 1, "pending": 0, "objects": 6, "unreadable": 0}


@needs_ray
def test_a_file_that_kills_its_workers_ends_among_the_failures(killed: dict[str, Any]) -> None:
    [row] = killed["failures"]
    assert row["input"] == "a/poison.png"
    assert "its worker ended 3 times while at it" in row["reason"]


@needs_ray
def test_nothing_listens_beyond_this_machine_or_stays_or_is_reported(killed: dict[str, Any]) -> None:
    assert killed["heard"]
    assert {address.removeprefix("::ffff:") for address in killed["heard"]} == {"127.0.0.1"}
    assert killed["left"] == []
    assert killed["usage"] == "0"
    assert "raylet" in killed["programs"]
    assert "dashboard.py" not in killed["programs"]  # which asks cloud providers' hosts where it runs


@pytest.mark.parametrize("workers", [0, -2, 5000])
def test_workers_out_of_range_are_refused(workers: int) -> None:
    with pytest.raises(ClusterError, match=f"--workers {workers} is out of range; give 1 to 4096"):
        PoolSettings(workers)


@pytest.mark.parametrize("address", ["", "head", "head:port", "ray://head:10001", "head:70000", "a b:80"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ClusterError, match="is not an address; give HOST:PORT"):
        PoolSettings(address=address)


def test_an_address_where_nothing_answers_is_refused_at_once() -> None:
    with pytest.raises(ClusterError, match=r"127\.0\.0\.1:1: nothing answers there"):
        PoolSettings(address="127.0.0.1:1")


def test_a_start_that_timed_out_blames_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Ray 2.60 says it on a machine that others keep busy, with one worker and memory free."""
    ray = pytest.importorskip("ray", reason="needs ray: pip install 'uniultra[cluster]'")
    pool = importlib.import_module("uniultra.batch.ray_pool")

    def late(*_: object, **__: object) -> None:
        raise Exception("The current node timed out during startup. This could happen because ...")

    monkeypatch.setattr(ray, "init", late)
    with pytest.raises(ClusterError, match=r"timed out during startup.* keep this machine busy: run"):
        pool._ray(PoolSettings(1, None)).__enter__()
