"""What comes from the process that Ray runs in, and what is said where it ends without a word."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing.connection import Connection

import pytest

from uniultra.batch.ray_process import END, _end, _listen
from uniultra.errors import ClusterError


def heard(*messages: str | ClusterError | None) -> list[str]:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    for message in messages:
        sender.send(message)
    sender.close()
    statuses: list[str] = []
    _listen(receiver, statuses.append)
    return statuses


def test_statuses_are_handed_on_up_to_the_end() -> None:
    assert heard("done", "failed", END) == ["done", "failed"]


def test_what_stopped_a_job_is_said() -> None:
    with pytest.raises(ClusterError, match="no such model there"):
        heard("done", ClusterError("no such model there"))


def test_an_end_without_a_word_is_an_error() -> None:
    with pytest.raises(
        ClusterError, match=r"Ray stopped before the end .* run the same command again to resume"
    ):
        heard("done")


def stubborn(ready: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.send(True)
    time.sleep(600)


def test_a_second_interrupt_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=stubborn, args=(sender,))
    process.start()
    receiver.recv()
    join, waits = process.join, list[float | None]()

    def interrupted(timeout: float | None = None) -> None:
        waits.append(timeout)
        if len(waits) == 1:
            raise KeyboardInterrupt
        join(timeout)

    monkeypatch.setattr(process, "join", interrupted)
    _end(process)
    assert (process.exitcode, len(waits)) == (-signal.SIGKILL, 2)
