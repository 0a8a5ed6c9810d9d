"""Writers that are killed, told to end, or meet each other: what of their results is there afterwards.

    python benchmarks/outputs_kill.py --kills 300 --races 2000

A writer makes sets of five files, one set after the other, and is stopped at a random moment. Counted are
sets of which some files are there and others not, files that aren't whole, and hidden folders that are left:
at once, and after the next writer. In a race two writers, which have both found the names free, write the
same set: counted are sets that are of both, and files of a third that came in between and are gone.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from uniultra.atomic import staged
from uniultra.errors import OutputError

FILES = ("mask.png", "overlay.png", "csv", "seg.dcm", "json")
CONTENT = b"0123456789abcdef" * 2000
WRITER = """
import itertools, sys
from pathlib import Path
try:
    from uniultra.cli.terminal.ending import end_in_order
    end_in_order()
except ImportError:
    pass
from uniultra.io.output import staged

folder = Path(sys.argv[1])
print("ready", flush=True)
for number in itertools.count(int(sys.argv[2])):
    targets = {name: folder / f"{number}.{name}" for name in sys.argv[3:]}
    with staged(targets) as parts:
        for part in parts.values():
            part.write_bytes(b"0123456789abcdef" * 2000)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--races", type=int, default=2000)
    given = parser.parse_args()
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        report = {
            number.name: stopped(Path(folder), number, given.kills, rng)
            for number in (signal.SIGKILL, signal.SIGTERM)
        }
        report |= {"races": races(Path(folder) / "races", given.races)}
    print(json.dumps(report, indent=2))


def stopped(folder: Path, number: signal.Signals, times: int, rng: random.Random) -> dict[str, int]:
    """What a signal leaves, over `times` writers in one folder."""
    out = folder / number.name
    out.mkdir()
    counts = {
        "writers": times,
        "sets": 0,
        "sets in part": 0,
        "files in part": 0,
        "hidden at once": 0,
        "hidden later": 0,
    }
    first, left = 0, set[Path]()
    for _ in range(times):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(out), str(first), *FILES], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(rng.uniform(0.005, 0.05))
        counts["hidden later"] += len(left & hidden(out))
        writer.send_signal(number)
        writer.communicate()
        counts["hidden at once"] += len(hidden(out) - left)
        left = hidden(out)
        first = inspect(out, counts) + 1
    return counts


def inspect(out: Path, counts: dict[str, int]) -> int:
    """Counts and removes the sets; the last one's number."""
    sets: dict[int, list[Path]] = {}
    for path in out.iterdir():
        if not path.name.startswith("."):
            sets.setdefault(int(path.name.partition(".")[0]), []).append(path)
    counts["sets"] += len(sets)
    for files in sets.values():
        counts["sets in part"] += len(files) != len(FILES)
        counts["files in part"] += sum(path.read_bytes() != CONTENT for path in files)
        for path in files:
            path.unlink()
    return max(sets, default=0)


def hidden(out: Path) -> set[Path]:
    return {path for path in out.iterdir() if path.name.startswith(".")}


def races(out: Path, times: int) -> dict[str, int]:
    """Two writers and a third, who makes one file of the set with care, at the same time."""
    out.mkdir()
    counts: dict[str, int] = {"tries": times, "sets of both": 0, "a third's file gone": 0, "sets in part": 0}
    for number in range(times):
        found = race(out, number)
        third = found.pop("third")
        marks = {path.read_text() for path in out.glob(f"{number}.*")} - {"third"}
        counts["sets of both"] += len(marks) > 1
        counts["a third's file gone"] += third and (out / f"{number}.csv").read_text() != "third"
        there = sum(path.read_text() != "third" for path in out.glob(f"{number}.*"))
        counts["sets in part"] += there not in (0, len(FILES))
    return counts


def race(out: Path, number: int) -> dict[str, Any]:
    together = threading.Barrier(3)
    found: dict[str, Any] = {"third": False}

    def write(mark: str) -> None:
        try:
            with staged({name: out / f"{number}.{name}" for name in FILES}) as parts:
                for part in parts.values():
                    part.write_text(mark)
                together.wait(10)
        except OutputError:
            found[mark] = "refused"

    def come_between() -> None:
        together.wait(10)
        try:
            with open(out / f"{number}.csv", "x") as file:
                file.write("third")
            found["third"] = True
        except FileExistsError:
            return

    threads = [threading.Thread(target=write, args=("x",)), threading.Thread(target=write, args=("y",))]
    threads.append(threading.Thread(target=come_between))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


if __name__ == "__main__":
    main()
