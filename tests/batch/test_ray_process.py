"""What comes from the process that Ray runs in, and what is said where it ends without a word."""

from __future__ import annotations

import multiprocessing

import pytest

from uniultra.batch.ray_process import END, _listen
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
