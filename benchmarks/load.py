"""Many clients on one server: are answers lost or mixed, how long do they take beside one client alone, does
memory grow?

    python benchmarks/load.py --clients 64 --seconds 300 --out benchmarks/load.json

Starts `uniultra serve` in processes of its own. Every client has an image of its own and asks for boxes and
clicks on it, over one kept connection; each answer is compared with what `Segmenter.segment` gives in this
process. A client that is told to come back (429) does so. Aims: nothing lost, nothing mixed, p99 of the
answers under 20 times the median of one client alone, memory flat.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from uniultra.io.coco import compressed, run_lengths
from uniultra.io.output import write_json
from uniultra.segmenter import Segmenter
from uniultra.types import Frame, Prompt

SHAPE = 300, 400
Reply = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Work:
    """One client's image, as a file, and (request, COCO text of the right answer) for each of its prompts."""

    picture: bytes
    asks: tuple[tuple[bytes, str], ...]


@dataclass
class Tally:
    """What happened: milliseconds of each answer, and of each with its refusals and waits; and what must not
    happen.
    """

    answers_ms: list[float] = field(default_factory=list)
    patient_ms: list[float] = field(default_factory=list)
    refused: int = 0
    mixed: int = 0
    lost: int = 0


def works(count: int) -> list[Work]:
    """Images that differ, with the answers that are right for each."""
    segmenter = Segmenter.load(threads=1)
    return [_work(segmenter, number) for number in range(count)]


def _work(segmenter: Segmenter, number: int) -> Work:
    chance = np.random.default_rng(number)
    x, y = float(chance.uniform(100, 300)), float(chance.uniform(90, 210))
    half_x, half_y = float(chance.uniform(30, 80)), float(chance.uniform(25, 70))
    down, right = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside = ((right - x) / half_x) ** 2 + ((down - y) / half_y) ** 2 <= 1
    pixels = np.clip(chance.rayleigh(1.0, SHAPE) * np.where(inside, 12.0, 80.0), 0, 255).astype(np.uint8)
    box = (max(0.0, x - half_x), max(0.0, y - half_y), min(399.0, x + half_x), min(299.0, y + half_y))
    prompts = [
        Prompt(box_xyxy=box),
        Prompt(points_xy=((x, y),), point_labels=(1,)),
        Prompt(box, ((x, y),), (1,)),
    ]
    frame = Frame(pixels)
    asks = [
        (_request(prompt), compressed(run_lengths(segmenter.segment(frame, [prompt])[0].mask_hw)))
        for prompt in prompts
    ]
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return Work(buffer.getvalue(), tuple(asks))


def _request(prompt: Prompt) -> bytes:
    return json.dumps(
        {"prompts": [{"box": prompt.box_xyxy, "points": prompt.points_xy, "labels": prompt.point_labels}]}
    ).encode()


class Connection:
    """One kept connection, opened again where the server closed it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes, kind: str) -> Reply:
        """Status, headers and body. An idle connection may have been closed: then it is tried once more."""
        kept = self.streams is not None
        try:
            return await self._once(method, path, body, kind)
        except (OSError, asyncio.IncompleteReadError):
            self.streams = None
            if not kept:
                raise
            return await self._once(method, path, body, kind)

    async def _once(self, method: str, path: str, body: bytes, kind: str) -> Reply:
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: "
            f"{len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines[1:])
            if value
        }
        content = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            writer.close()
            self.streams = None
        return int(lines[0].split()[1]), headers, content

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()


async def patiently(connection: Connection, tally: Tally, *request: Any) -> tuple[Reply, float]:
    """The answer after as many refusals as there are, and the milliseconds of the last try."""
    while True:
        began = time.perf_counter()
        reply = await connection.ask(*request)
        took = 1000 * (time.perf_counter() - began)
        if reply[0] != 429:
            return reply, took
        tally.refused += 1
        await asyncio.sleep(float(reply[1]["retry-after"]) * random.uniform(1.0, 1.5))


async def client(port: int, work: Work, tally: Tally, go_on: Callable[[], bool]) -> None:
    """Uploads, and asks until it is told to end."""
    connection = Connection(port)
    (status, headers, _), _ = await patiently(
        connection, tally, "POST", "/v1/images", work.picture, "image/png"
    )
    assert status == 201, status
    turn = 0
    while go_on():
        body, expected = work.asks[turn % len(work.asks)]
        turn += 1
        began = time.perf_counter()
        try:
            (status, _, content), took = await patiently(
                connection, tally, "POST", headers["location"] + "/segment", body, "application/json"
            )
        except (OSError, asyncio.IncompleteReadError):
            status, content, took = 0, b"", 0.0
        if status != 200:
            tally.lost += 1
            continue
        tally.answers_ms.append(took)
        tally.patient_ms.append(1000 * (time.perf_counter() - began))
        tally.mixed += json.loads(content)["masks"][0]["rle"]["counts"] != expected
    await patiently(connection, tally, "DELETE", headers["location"], b"", "application/json")
    connection.close()


async def run(port: int, pid: int, items: list[Work], seconds: float) -> dict[str, Any]:
    """One client alone for a while, then all."""
    alone, together, memory = Tally(), Tally(), list[float]()
    ends = time.monotonic() + min(20.0, 0.1 * seconds)
    await client(port, items[0], alone, lambda: time.monotonic() < ends)
    ends = time.monotonic() + seconds
    watching = asyncio.create_task(_watch(pid, memory, seconds / 60))
    await asyncio.gather(*(client(port, work, together, lambda: time.monotonic() < ends) for work in items))
    watching.cancel()
    return _report(alone, together, memory, seconds)


async def _watch(pid: int, memory: list[float], every_s: float) -> None:
    while True:
        memory.append(_memory_mb(pid))
        await asyncio.sleep(every_s)


def _memory_mb(pid: int) -> float:
    """Resident memory of a process and its children."""
    listed = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid), "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return sum(map(int, listed.split())) / 1000


def _report(alone: Tally, together: Tally, memory: list[float], seconds: float) -> dict[str, Any]:
    median, p99 = statistics.median(alone.answers_ms), _p99(together.answers_ms)
    third = max(1, len(memory) // 3)
    return {
        "alone": {
            "answers": len(alone.answers_ms),
            "median_ms": round(median, 1),
            "p99_ms": round(_p99(alone.answers_ms), 1),
        },
        "together": {
            "answers": len(together.answers_ms),
            "answers_per_s": round(len(together.answers_ms) / seconds, 1),
            "median_ms": round(statistics.median(together.answers_ms), 1),
            "p99_ms": round(p99, 1),
            "p99_with_waits_ms": round(_p99(together.patient_ms), 1),
            "refused_429": together.refused,
            "lost": together.lost + alone.lost,
            "mixed": together.mixed + alone.mixed,
        },
        "p99_over_median_alone": round(p99 / median, 1),
        "memory_mb": {
            "second_third": round(statistics.mean(memory[third : 2 * third] or memory), 1),
            "last_third": round(statistics.mean(memory[2 * third :] or memory), 1),
            "most": round(max(memory), 1),
        },
    }


def _p99(values: list[float]) -> float:
    return float(np.quantile(values, 0.99))


def main() -> int:
    """Runs, prints and writes the report; 1 where an answer was lost or mixed, or p99 misses its aim."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--processes", type=int, default=0, help="of the server; 0: one per core")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    items = works(options.clients)
    command = [
        sys.executable,
        "-m",
        "uniultra.cli.main",
        "serve",
        "--port",
        "0",
        "--processes",
        str(options.processes),
    ]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        found = re.match(r"http://127.0.0.1:(\d+)/v1 .*processes: (\d+)", server.stdout.readline())
        assert found, "the server did not start"
        report = asyncio.run(run(int(found[1]), server.pid, items, options.seconds))
    finally:
        server.terminate()
        server.wait(60)
    setting = {
        "clients": options.clients,
        "seconds": options.seconds,
        "processes": int(found[2]),
        "cores": os.cpu_count(),
    }
    report = {
        **setting,
        "load_average": [round(value, 1) for value in os.getloadavg()],
        "machine": platform.processor(),
        **report,
    }
    print(json.dumps(report, indent=2))
    if options.out:
        write_json(options.out, report, force=True)
    return int(
        report["together"]["lost"] + report["together"]["mixed"] > 0 or report["p99_over_median_alone"] >= 20
    )


if __name__ == "__main__":
    sys.exit(main())
