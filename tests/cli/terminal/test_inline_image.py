"""What is sent to a terminal holds the picture: taken apart again as the terminal does."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from uniultra.cli.terminal.inline_image import encoded, protocol_of


def picture_of(height: int = 45, width: int = 70) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def png(data: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data, validate=True))))


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "foot-extra"}, "sixel"),
        ({"TERM": "mlterm"}, "sixel"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, None),
        ({}, None),
    ],
)
def test_terminals_by_their_environment(environment: dict[str, str], protocol: str | None) -> None:
    assert protocol_of(environment) == protocol


def test_kitty_puts_the_chunks_together() -> None:
    picture = picture_of(90, 200)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", encoded(picture, "kitty"))
    assert len(chunks) > 2
    assert chunks[0][0] == "a=T,f=100,m=1"
    assert [keys for keys, _ in chunks[1:]] == ["m=1"] * (len(chunks) - 2) + ["m=0"]
    assert max(len(data) for _, data in chunks) <= 4096
    np.testing.assert_array_equal(png("".join(data for _, data in chunks)), picture)


def test_iterm_gets_a_png() -> None:
    picture = picture_of()
    found = re.fullmatch(r"\x1b]1337;File=inline=1:(.*)\x07\n", encoded(picture, "iterm"))
    assert found is not None
    np.testing.assert_array_equal(png(found[1]), picture)


def decoded_sixel(text: str) -> np.ndarray:
    """The picture of a sixel sequence, uint8 RGB, as a terminal draws it."""
    head = re.match(r'\x1bPq"1;1;(\d+);(\d+)', text)
    assert head is not None
    assert text.endswith("\x1b\\\n")
    width, height = int(head[1]), int(head[2])
    picture = np.zeros((height + 6, width, 3), np.uint8)
    colours: dict[int, tuple[int, ...]] = {}
    row = column = now = 0
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([$-])", text[head.end() : -3]):
        if token[1]:
            colours[int(token[1])] = tuple(round(int(token[i]) * 2.55) for i in (2, 3, 4))
        elif token[5]:
            now = int(token[5])
        elif token[6]:
            for bit in range(6):
                if (ord(token[7]) - 63) >> bit & 1:
                    picture[row + bit, column : column + int(token[6])] = colours[now]
            column += int(token[6])
        else:
            column = 0
            row += 6 * (token[8] == "-")
    return picture[:height]


def test_sixel_draws_the_picture() -> None:
    picture = np.zeros((45, 70, 3), np.uint8)
    picture[5:30, 10:40] = (230, 159, 0)
    picture[44, 69] = (255, 255, 255)
    np.testing.assert_allclose(decoded_sixel(encoded(picture, "sixel")).astype(int), picture, atol=3)


def test_sixel_makes_large_pictures_smaller() -> None:
    head = re.match(r'\x1bPq"1;1;(\d+);(\d+)', encoded(np.zeros((600, 3000, 3), np.uint8), "sixel"))
    assert head is not None
    assert head.groups() == ("1000", "200")
