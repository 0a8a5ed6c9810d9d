"""What a library says went wrong, within one line of a message."""

from __future__ import annotations

import pytest

from uniultra.io.paths import one_line

RAY = (
    "The current node timed out during startup. This could happen because some of the raylet failed to "
    "startup or the GCS has become overloaded."
)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("not a header"), "not a header"),
        (ValueError("two\nlines\tof  it"), "two lines of it"),
        (ValueError(), "ValueError"),
        (OSError(13, "Permission denied", "a.png"), "Permission denied"),
        (ValueError("Grüße"), "Gr\\xfc\\xdfe"),
        (RuntimeError(RAY), "The current node timed out during startup"),
        (ValueError("a word " * 20), "a word " * 11 + "a ..."),
        (ValueError("No. 3 " + "of many " * 20), "No. 3 " + "of many " * 8 + "of many ..."),
        (ValueError("x" * 100), "x" * 80 + " ..."),
    ],
    ids=["short", "lines", "nothing", "system", "letters", "sentence", "words", "a dot in it", "one word"],
)
def test_it_ends_after_a_sentence_or_a_word(error: Exception, says: str) -> None:
    assert one_line(error) == says
