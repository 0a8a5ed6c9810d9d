"""How the command ends when it is signalled: in good order, with nothing half-written left behind."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What a scheduler, `kill` or `systemctl stop` sends; what a terminal sends when it is closed."""

ENDED = tuple(128 + number for number in SIGNALS)
"""The exit codes that these signals lead to."""

HOW_TO_GO_ON = {
    True: "run the same command again to resume",
    False: "no checkpoint was saved yet, so the same command begins anew",
}
"""What is said of interrupted work, by whether some of it is kept."""


def end_in_order() -> None:
    """From now on these signals leave the process as Ctrl-C does, through what cleans up; the exit code is
    128 and the signal's number.

    One that is ignored, as under `nohup`, or handled already is left as it is. A process that was forked from
    this one, whose frames are copies, ends at once.
    """
    owner = os.getpid()

    def end(number: int, _: object) -> None:
        if os.getpid() != owner:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        for each in SIGNALS:  # a second one would cut the cleaning short
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    for each in SIGNALS:
        if signal.getsignal(each) is signal.SIG_DFL:
            signal.signal(each, end)


@contextmanager
def resumable(kept: bool = True, begun: Callable[[], bool] = lambda: True) -> Iterator[None]:
    """Where work that is kept (`kept`) is interrupted or told to end, says on stderr how to resume it; or, as
    long as none is (`begun`, asked then), that it begins anew.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stopped:
        if kept and (isinstance(stopped, KeyboardInterrupt) or stopped.code in ENDED):
            print(f"uniultra: interrupted; {HOW_TO_GO_ON[begun()]}", file=sys.stderr)
        raise
