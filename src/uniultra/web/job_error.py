"""Why a job of a computing process gives nothing."""

from __future__ import annotations

from uniultra.web.messages import Failure


class JobError(Exception):
    """A job that gives nothing: the name of the problem, and one line."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.failure = Failure(problem, detail)
