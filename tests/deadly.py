"""Files that kill the workers of a pool, by a driver in a process of its own, which prints what it saw.

python -c 'import deadly; deadly.main()' NAMES FOLDER BOX [ADDRESS]
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from archives import BOX, save_archive, save_phantom
from uniultra.backends.open import model_sha256
from uniultra.batch.job import Item, Job
from uniultra.batch.local_pool import run_here
from uniultra.batch.ray_process import run_apart
from uniultra.batch.records import write_tables
from uniultra.batch.storage import Store
from uniultra.batch.workers import PoolSettings
from uniultra.segmenter import Segmenter


class Deadly:
    """Ends its process at poison.png always, and at scan3.png the first time."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, folder: Path, source: Any, result: Any) -> dict[str, Path]:
        once = Path(self.folder) / "killed"
        is_first = source.path.name == "scan3.png" and not once.exists()
        if is_first:
            once.touch()
        if is_first or source.path.name == "poison.png":
            os.kill(os.getpid(), signal.SIGKILL)
        return {}


def main() -> None:
    names, folder, box, *address = sys.argv[1:]
    items = [
        Item(name, f"{folder}/in/{name}", prompts=((json.loads(box), (), ()),)) for name in json.loads(names)
    ]
    weights = model_sha256("uniultra-mini", Segmenter.load(threads=1).facts)
    job = Job(f"{folder}/out", "uniultra-mini", weights, "run", kinds=("deadly",), extras=Deadly(folder))
    statuses: list[str] = []
    heard: set[str] = set()

    def done(status: str) -> None:
        statuses.append(status)
        here = psutil.Process()
        for process in [here, *here.children(recursive=True)]:
            try:
                ports = process.net_connections()
            except psutil.Error:
                continue
            heard.update(one.laddr.ip for one in ports if one.status == psutil.CONN_LISTEN)

    run = run_apart if address else run_here
    run(items, job, PoolSettings(2, *address), done)
    counts = write_tables(Store(job.out, job.run), items, job)
    left = [p.pid for p in psutil.Process().children(recursive=True) if _is_work(p)]
    seen = {"heard": sorted(heard), "left": left, "usage": os.environ["RAY_USAGE_STATS_ENABLED"]}
    print(json.dumps({"statuses": statuses, "counts": vars(counts), **seen}))


def _is_work(process: psutil.Process) -> bool:
    """Neither what has ended nor multiprocessing's own helper, which ends with its process."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in " ".join(
            process.cmdline()
        )
    except psutil.NoSuchProcess:
        return False


def killed_in(folder: Path, *address: str, **more: str) -> dict[str, Any]:
    """One run of six phantoms, of which one kills its first worker, and one file that kills each; what the
    driver saw, and the tables.
    """
    names = [*save_archive(folder / "in", 6), "a/poison.png"]
    save_phantom(folder / "in" / "a" / "poison.png")
    given = [json.dumps(names), str(folder), json.dumps(BOX), *address]
    done = subprocess.run(
        [sys.executable, "-c", "import deadly; deadly.main()", *given],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment(**more),
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    [line] = done.stdout.splitlines()
    tables = {
        name: list(csv.DictReader((folder / "out" / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
        for name in ("results", "failures")
    }
    return {"names": names, "folder": folder, **json.loads(line), **tables}


def check_nothing_is_lost_or_doubled(killed: dict[str, Any]) -> None:
    assert (killed["folder"] / "killed").exists()
    assert sorted(row["input"] for row in killed["results"]) == sorted(killed["names"][:-1])
    assert sorted(killed["statuses"]) == ["done"] * 6 + ["failed"]
    assert killed["counts"] == {"done": 6, "failed": 1, "pending": 0, "objects": 6, "unreadable": 0}
    [row] = killed["failures"]
    assert row["input"] == "a/poison.png"
    assert "its worker ended 3 times while at it" in row["reason"]
    assert killed["left"] == []


def environment(**more: str) -> dict[str, str]:
    """Where processes find the package and this folder."""
    here = Path(__file__).parent
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(here.parent / "src"), str(here)])} | more
