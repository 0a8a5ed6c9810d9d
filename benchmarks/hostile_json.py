"""Four JSON bodies of 7 MB with nothing but unknown keys: does the server answer others meanwhile, and is its
memory back afterwards?

    python benchmarks/hostile_json.py

Starts `uniultra serve`, sends the bodies at once to an image that it holds, asks for health all the while,
and prints the slowest answer and the memory of the serving process before and after.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

EXAMPLE = next((Path(__file__).parents[1] / "src" / "uniultra" / "examples").glob("*.jpg"))
KEYS = 480_000


def main() -> None:
    command = [sys.executable, "-m", "uniultra.cli.main", "serve", "--port", "0", "--processes", "1"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        found = re.match(r"(http://[^/]+)/v1", server.stdout.readline())
        assert found is not None, "the server did not start"
        print(json.dumps(measure(found[1], server.pid), indent=2))
    finally:
        server.terminate()
        server.wait(30)


def measure(url: str, pid: int) -> dict[str, object]:
    upload = urllib.request.Request(
        f"{url}/v1/images", EXAMPLE.read_bytes(), {"Content-Type": "application/octet-stream"}
    )
    image = json.loads(urllib.request.urlopen(upload).read())["id"]
    body = b"{" + b",".join(b'"key%07d": 1' % i for i in range(KEYS)) + b"}"
    before = resident_mb(pid)
    slowest = 0.0
    with ThreadPoolExecutor(4) as pool:
        posts = [pool.submit(post, f"{url}/v1/images/{image}/segment", body) for _ in range(4)]
        while not all(one.done() for one in posts):
            began = time.perf_counter()
            urllib.request.urlopen(f"{url}/v1/health", timeout=120).read()
            slowest = max(slowest, time.perf_counter() - began)
            time.sleep(0.005)
    time.sleep(2.0)
    return {
        "body_mb": round(len(body) / 1e6, 1),
        "statuses": [one.result()[0] for one in posts],
        "seconds": [round(one.result()[1], 2) for one in posts],
        "slowest_health_ms": round(1000 * slowest, 1),
        "resident_mb": [before, resident_mb(pid)],
    }


def post(url: str, body: bytes) -> tuple[int, float]:
    began = time.perf_counter()
    requested = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        status = urllib.request.urlopen(requested, timeout=120).status
    except urllib.error.HTTPError as error:
        status = error.code
    return status, time.perf_counter() - began


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1e3, 1)
    return 0.0


if __name__ == "__main__":
    main()
