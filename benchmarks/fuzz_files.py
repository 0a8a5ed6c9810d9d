"""Reads thousands of damaged files: each must be read, or be refused in one sentence; none may crash, hang or
fill the memory.

    python benchmarks/fuzz_files.py FILE_OR_FOLDER... [--variants 2500] [--seed 0] [--out fuzz.json]

Files are DICOM (all *.dcm of a folder) or video. Every variant is one of them with damage done to it (see
MUTATIONS), written to a temporary folder and read in a process of its own kind: a crash of native code ends
that process, not the run. The same seed gives the same variants.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import struct
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from uniultra.io.output import write_text

LIMIT_S = 20.0
LIMIT_MB = 1000
FRAMES_READ = 3
Seed = tuple[str, bytes]
"""A file's suffix and its bytes."""
Mutation = Callable[[bytearray, np.random.Generator], bytearray]


def flip_bits(data: bytearray, random: np.random.Generator) -> bytearray:
    for at in random.integers(0, len(data), random.integers(1, 40)):
        data[at] ^= 1 << int(random.integers(8))
    return data


def overwrite_header(data: bytearray, random: np.random.Generator) -> bytearray:
    for at in random.integers(128, min(len(data), 4096), random.integers(1, 12)):
        data[at] = int(random.integers(256))
    return data


def cut(data: bytearray, random: np.random.Generator) -> bytearray:
    return data[: int(random.integers(0, len(data)))]


def remove_block(data: bytearray, random: np.random.Generator) -> bytearray:
    at, length = int(random.integers(0, len(data))), int(random.integers(1, 600))
    del data[at : at + length]
    return data


def repeat_block(data: bytearray, random: np.random.Generator) -> bytearray:
    at, length = int(random.integers(0, len(data))), int(random.integers(1, 600))
    return data[:at] + data[at : at + length] * int(random.integers(2, 30)) + data[at:]


def fill_block(data: bytearray, random: np.random.Generator) -> bytearray:
    at, length = int(random.integers(0, len(data))), int(random.integers(1, 2000))
    data[at : at + length] = bytes([int(random.choice([0, 255, 0x7F]))]) * len(data[at : at + length])
    return data


TEXTS = (
    b"-1",
    b"0",
    b"1e30",
    b"nan",
    b"PALETTE COLOR",
    b"YBR_FULL_422",
    b"RGB",
    b"1.2.840.10008.1.2.4.70",
    b"1.2.840.10008.1.2.5",
)
EXTREMES = (0, 1, 2, 7, 8, 0x7FFF, 0x8000, 0xFFFF)
TARGETS = {  # tag -> what an element of it may hold
    (0x0028, 0x0010): EXTREMES,
    (0x0028, 0x0011): EXTREMES,
    (0x0028, 0x0002): (0, 1, 2, 3, 4, 255),
    (0x0028, 0x0006): (0, 1, 2, 65535),
    (0x0028, 0x0100): (0, 1, 8, 12, 16, 32, 64),
    (0x0028, 0x0101): (0, 1, 7, 8, 12, 16, 17),
    (0x0028, 0x0102): (0, 6, 7, 8, 15, 65535),
    (0x0028, 0x0103): (0, 1, 2),
    (0x0018, 0x6012): (0, 1, 2, 3, 99),
    (0x0018, 0x6024): (0, 3, 4, 99),
    (0x0018, 0x6026): (0, 3, 4, 99),
}


def set_number(data: bytearray, random: np.random.Generator) -> bytearray:
    """An unsigned short of the header, such as Rows or BitsStored, becomes a value that it must not have."""
    known = [
        (at, values)
        for (group, element), values in TARGETS.items()
        if (at := data.find(struct.pack("<HH", group, element), 128)) > 0
    ]
    if not known:
        return flip_bits(data, random)
    at, values = known[int(random.integers(len(known)))]
    struct.pack_into("<H", data, min(at + 8, len(data) - 2), int(random.choice(values)))
    return data


def set_text(data: bytearray, random: np.random.Generator) -> bytearray:
    """NumberOfFrames, FrameTime, a window, the photometric interpretation or the transfer syntax becomes
    other text of its length.
    """
    tags = ((0x28, 8), (0x18, 0x1063), (0x28, 0x1050), (0x28, 0x1051), (0x28, 4), (2, 0x10), (0x28, 0x1053))
    known = [at for tag in tags if (at := data.find(struct.pack("<HH", *tag), 128)) > 0]
    if not known:
        return overwrite_header(data, random)
    at = known[int(random.integers(len(known)))]
    length = min(struct.unpack_from("<H", data, at + 6)[0], 64)
    texts = (b"9" * length, *TEXTS)
    data[at + 8 : at + 8 + length] = texts[int(random.integers(len(texts)))][:length].ljust(length)
    return data


def set_length(data: bytearray, random: np.random.Generator) -> bytearray:
    """The length of an element, an item or a fragment becomes another."""
    requested = (b"\xfe\xff\x00\xe0", b"\xe0\x7f\x10\x00", b"\x18\x00\x11\x60", b"\x28\x00")
    marks = [at for mark in requested if (at := data.find(mark, 128)) > 0]
    at = marks[int(random.integers(len(marks)))] if marks else 200
    lengths = (0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, int(random.integers(1 << 20)))
    where = at + int(random.choice([4, 6, 8]))
    if where + 4 <= len(data):
        struct.pack_into("<I", data, where, lengths[int(random.integers(len(lengths)))])
    return data


def drop_preamble(data: bytearray, random: np.random.Generator) -> bytearray:
    return flip_bits(data[132:], random) if len(data) > 200 else data


MUTATIONS: tuple[Mutation, ...] = (
    *(
        flip_bits,
        overwrite_header,
        cut,
        remove_block,
        repeat_block,
        fill_block,
        set_number,
        set_text,
        set_length,
        drop_preamble,
    ),
)


def variant(seeds: Sequence[Seed], seed: int, number: int) -> tuple[str, str, bytes]:
    """The name of the mutation, the file's suffix, and the damaged bytes; one to three mutations of one
    kind.
    """
    random = np.random.default_rng([seed, number])
    suffix, whole = seeds[number % len(seeds)]
    mutation = MUTATIONS[(number // len(seeds)) % len(MUTATIONS)]
    data = bytearray(whole)
    for _ in range(int(random.integers(1, 4))):
        if len(data) > 256:
            data = mutation(data, random)
    return mutation.__name__, suffix, bytes(data)


def read_all(path: Path, secrets: Sequence[str] = ()) -> str:
    """What reading a file ends in: "read", "refused", or what shouldn't be; such as a secret in a message, or
    in facts without `phi`.
    """
    from uniultra.cli.info import describe_file
    from uniultra.errors import UniUltraError
    from uniultra.io.cines import open_cine

    try:
        facts = str(describe_file(path, phi=False))
        if any(secret in facts for secret in secrets):
            return "patient data shown"
        describe_file(path, phi=True)
        cine = open_cine(path)
        for number in {0, cine.count // 2, cine.count - 1}:
            cine.read(number).calibration.at((1, 1, 9, 9))
        return "read"
    except UniUltraError as error:
        message = str(error)
        if any(secret in message for secret in secrets):
            return "patient data in a message"
        return (
            "refused"
            if message.isprintable() and len(message.removeprefix(str(path))) < 400
            else f"a message of {len(message)} characters"
        )
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:80]}"


def _work(channel: Connection, seeds: Sequence[Seed], seed: int) -> None:
    warnings.simplefilter("error")  # a library's warning would quote the header
    with tempfile.TemporaryDirectory() as folder:
        while (number := channel.recv()) is not None:
            kind, suffix, data = variant(seeds, seed, number)
            path = Path(folder) / f"a{suffix}"
            path.write_bytes(data)
            outcome = read_all(path)
            channel.send((kind, outcome, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
            path.unlink()


def run(seeds: Sequence[Seed], variants: int, seed: int) -> dict[str, object]:
    """Counts of outcomes by mutation, the worst time and memory, and each variant that broke the rule."""
    counts: Counter[tuple[str, str]] = Counter()
    broken: list[dict[str, object]] = []
    worst_s = worst_mb = 0.0
    process, channel = _start(seeds, seed)
    for number in range(variants):
        began = time.perf_counter()
        kind = MUTATIONS[(number // len(seeds)) % len(MUTATIONS)].__name__
        channel.send(number)
        outcome = "hung"
        try:
            if channel.poll(LIMIT_S):
                kind, outcome, megabytes = channel.recv()
                worst_mb = max(worst_mb, megabytes)
                if megabytes > LIMIT_MB:
                    outcome = f"{megabytes:.0f} MB"
        except EOFError:
            outcome = "crashed"
        worst_s = max(worst_s, time.perf_counter() - began)
        counts[kind, outcome if outcome in ("read", "refused") else "broken"] += 1
        if outcome not in ("read", "refused"):
            broken.append({"variant": number, "mutation": kind, "outcome": outcome})
            process.kill()
            process.join()
            process, channel = _start(seeds, seed)
        if number % 100 == 99:
            print(
                f"{number + 1} of {variants}: {len(broken)} broken, {worst_s:.1f} s and {worst_mb:.0f} MB "
                "at worst",
                flush=True,
            )
    channel.send(None)
    process.join()
    table = {
        kind.__name__: {end: counts[kind.__name__, end] for end in ("read", "refused", "broken")}
        for kind in MUTATIONS
    }
    worst = {"worst_s": round(worst_s, 2), "worst_mb": round(worst_mb)}
    return {"variants": variants, "seed": seed, "counts": table, **worst, "broken": broken}


def _start(seeds: Sequence[Seed], seed: int) -> tuple[BaseProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, seeds, seed), daemon=True)
    process.start()
    there.close()
    return process, here


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--variants", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    paths = [
        path
        for given in arguments.files
        for path in (sorted(given.glob("*.dcm")) if given.is_dir() else [given])
    ]
    seeds = [(path.suffix, path.read_bytes()) for path in paths]
    report = run(seeds, arguments.variants, arguments.seed) | {"files": [path.name for path in paths]}
    text = json.dumps(report, indent=1)
    if arguments.out:
        write_text(arguments.out, text + "\n", force=True)
    print(text)
    if report["broken"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
