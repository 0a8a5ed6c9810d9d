"""What is wrong with a file or a row of a manifest, and how a list of that is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from uniultra.errors import DataError
from uniultra.text import count_of, printable

MOST_REPORTED = 20
"""Problems that one message lists; the rest are counted."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one file or one row of a manifest: `where` names it, `what` says what, and the
    fix.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return printable(f"{self.where}: {self.what}")


class RowError(DataError):
    """A row whose own image or mask can't be used, while all others can."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("manifest " + "; ".join(map(str, problems)))
        self.problems = tuple(problems)


def refuse(subject: str, problems: Sequence[Problem], fix: str = "fix them") -> None:
    """Passes where there are no problems.

    Raises:
        DataError: a line that counts them, then a line each, the first MOST_TOLD of them.
    """
    if not problems:
        return
    more = [f"and {len(problems) - MOST_REPORTED} more"] if len(problems) > MOST_REPORTED else []
    reported = "\n  ".join([*map(str, problems[:MOST_REPORTED]), *more])
    raise DataError(f"{subject} has {count_of(len(problems), 'problem')}; {fix}:\n  {reported}")
