"""Which names and addresses the package asks for: none is right. Linux, root, iproute2; nothing leaves the
machine while it runs.

    python benchmarks/network_silence.py --data manifest.csv --out benchmarks/network_silence.json
    python benchmarks/network_silence.py --data manifest.csv --unsilenced     # as onnxruntime is by itself

It makes a network namespace with nothing in it but loopback, where a resolver on 127.0.0.1 writes down every
name that is looked up and answers that there is none, and where the kernel counts what would have left the
machine (OutNoRoutes of /proc/net/snmp). Each command runs there for a minute, again and again if it is short.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from uniultra.io.output import write_text

EXAMPLES = Path(__file__).parents[1] / "src" / "uniultra" / "examples"
INSIDE = "--inside"
BOX = "60,60,300,300"
PORT = 8123


class Resolver(threading.Thread):
    """Answers every DNS question with "no such name" and remembers the names."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.names: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))

    def run(self) -> None:
        while True:
            question, client = self._socket.recvfrom(4096)
            self.names.append(requested_name(question))
            header = question[:2] + struct.pack(">HHHHH", 0x8183, 1, 0, 0, 0)
            self._socket.sendto(header + question[12:], client)


def requested_name(question: bytes) -> str:
    """The name that a DNS question (RFC 1035 4.1.2) asks for."""
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    return ".".join(labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="A manifest for `adapt`.")
    parser.add_argument("--seconds", type=float, default=60.0, help="Of each command.")
    parser.add_argument("--out", type=Path, help="Write the counts here.")
    parser.add_argument("--only", help="One of the commands.")
    parser.add_argument(
        "--unsilenced", action="store_true", help="Only hold an onnxruntime session, without our setting."
    )
    parser.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.inside:
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv, INSIDE])
    found = listen(options)
    text = json.dumps(found, indent=2)
    print(text)
    if options.out is not None:
        write_text(options.out, text + "\n", force=True)
    sys.exit(any(one["names"] or one["leaving"] for one in found.values()))


def listen(options: argparse.Namespace) -> dict[str, dict[str, object]]:
    """The names asked for, and how often something was to leave, by command."""
    alone()
    resolver = Resolver()
    resolver.start()
    found: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as name:
        steps = {"onnxruntime": hold} if options.unsilenced else STEPS
        if options.only:
            steps = {options.only: STEPS[options.only]}
        for step, run in steps.items():
            before, left, began = len(resolver.names), sent(), time.monotonic()
            runs = 0
            while time.monotonic() - began < options.seconds:
                run(Path(name) / f"{step}{runs}", options)
                runs += 1
            time.sleep(1.0)
            requested = sorted(set(resolver.names[before:]))
            lookups = len(resolver.names) - before
            seconds = round(time.monotonic() - began, 1)
            found[step] = {
                "seconds": seconds,
                "runs": runs,
                "lookups": lookups,
                "names": requested,
                "leaving": sent() - left,
            }
            print(step, found[step], file=sys.stderr)
    return found


def alone() -> None:
    """Loopback, and a resolver on it; of this namespace alone."""
    with tempfile.NamedTemporaryFile("w", delete=False) as resolv:
        resolv.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    for command in ("ip link set lo up", f"mount --bind {resolv.name} /etc/resolv.conf"):
        subprocess.run(command.split(), check=True)


def sent() -> int:
    """How often something was to leave the machine, and found no way (RFC 2011, ipOutNoRoutes)."""
    names, values = (line.split() for line in Path("/proc/self/net/snmp").read_text("ascii").splitlines()[:2])
    return int(dict(zip(names, values, strict=True))["OutNoRoutes"])


def uniultra(*arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uniultra.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"uniultra {arguments[0]} failed: {done.stderr}")


def images() -> list[Path]:
    return sorted(EXAMPLES.glob("*.jpg"))


def segment(out: Path, options: argparse.Namespace) -> None:
    uniultra("segment", *images(), "--box", BOX, "--out", out)


def demo(out: Path, options: argparse.Namespace) -> None:
    uniultra("demo", "--out", out)


def batch(out: Path, options: argparse.Namespace) -> None:
    archive = out / "in"
    archive.mkdir(parents=True)
    for image in images():
        shutil.copy(image, archive)
    uniultra("batch", archive, out / "out", "--grid", "4")


def adapt(out: Path, options: argparse.Namespace) -> None:
    short = ("--set", "optim.steps=2", "--set", "optim.save_every=2", "--set", "optim.workers=0")
    uniultra("adapt", "--data", options.data, "--out", out, "--shots", "2", *short)


def serve(out: Path, options: argparse.Namespace) -> None:
    """A server that is idle but for one upload, for as long as the command is listened to."""
    server = subprocess.Popen(
        [sys.executable, "-m", "uniultra.cli.main", "serve", "--port", str(PORT)], stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            time.sleep(0.1)
            try:
                upload = urllib.request.Request(
                    f"http://127.0.0.1:{PORT}/v1/images", images()[0].read_bytes(), method="POST"
                )
                upload.add_header("Content-Type", "application/octet-stream")
                with urllib.request.urlopen(upload, timeout=30) as answer:
                    assert answer.status == 201
                break
            except OSError:
                continue
        else:
            raise SystemExit("the server did not start")
        time.sleep(options.seconds)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def hold(out: Path, options: argparse.Namespace) -> None:
    """A process that holds a session of onnxruntime and does nothing, without the variable that keeps it
    silent.
    """
    model = EXAMPLES.parent / "weights" / "uniultra-mini" / "encoder.onnx"
    code = (
        f"import time, onnxruntime; s = onnxruntime.InferenceSession({str(model)!r}); "
        f"time.sleep({options.seconds})"
    )
    environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, capture_output=True)


STEPS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "segment": segment,
    "serve": serve,
    "batch": batch,
    "demo": demo,
    "adapt": adapt,
}

if __name__ == "__main__":
    main()
