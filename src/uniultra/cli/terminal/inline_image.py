"""Pictures within a terminal that can show them: kitty's and iTerm2's protocols, and sixel.

Which of them a terminal knows is read from the environment; the terminal isn't asked, since one that doesn't
know the question prints it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping

import numpy as np

KITTY_CHUNK = 4096
"""Bytes of one escape sequence, the most that kitty's protocol allows."""
SIXEL_COLOURS = 64
SIXEL_SIDE = 1000
"""Sixel shows a pixel as a pixel, so larger pictures are made smaller."""
_SIXEL_TERMS = ("foot", "mlterm", "yaft", "contour")


def protocol_of(environment: Mapping[str, str]) -> str | None:
    """The protocol of the terminal that such an environment belongs to; None where it is unknown, or within
    tmux and screen.
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if term.startswith(("tmux", "screen")) or "TMUX" in environment:
        return None
    if "KITTY_WINDOW_ID" in environment or term in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    if term.split("-")[0] in _SIXEL_TERMS or "sixel" in term:
        return "sixel"
    return None


def encoded(picture: np.ndarray, protocol: str) -> str:
    """The text that shows a picture, uint8 RGB (H, W, 3), in a terminal of a protocol that `protocol_of`
    knows; it ends with a line end.
    """
    writers = {"kitty": _kitty, "iterm": _iterm, "sixel": _sixel}
    return "".join(writers[protocol](picture)) + "\n"


def _png(picture: np.ndarray) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return base64.standard_b64encode(buffer.getvalue()).decode("ascii")


def _kitty(picture: np.ndarray) -> Iterator[str]:
    """Kitty's graphics protocol: a PNG (f=100), sent and shown (a=T), in chunks of which all but the last say
    m=1.
    """
    data = _png(picture)
    for start in range(0, len(data), KITTY_CHUNK):
        head = "a=T,f=100," if start == 0 else ""
        more = int(start + KITTY_CHUNK < len(data))
        yield f"\x1b_G{head}m={more};{data[start : start + KITTY_CHUNK]}\x1b\\"


def _iterm(picture: np.ndarray) -> Iterator[str]:
    yield f"\x1b]1337;File=inline=1:{_png(picture)}\x07"


def _sixel(picture: np.ndarray) -> Iterator[str]:
    """DEC's sixel: bands of six rows; for each colour of a band one character per column, bits from the top
    down.
    """
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((SIXEL_SIDE, SIXEL_SIDE), Image.Resampling.LANCZOS)
    indexed = image.quantize(SIXEL_COLOURS)
    palette = indexed.getpalette() or []
    values = np.asarray(indexed)
    yield f'\x1bPq"1;1;{values.shape[1]};{values.shape[0]}'
    for number in np.unique(values):
        red, green, blue = (round(part * 100 / 255) for part in palette[3 * number : 3 * number + 3])
        yield f"#{number};2;{red};{green};{blue}"
    bits = (1 << np.arange(6))[:, None]
    for top in range(0, values.shape[0], 6):
        band = values[top : top + 6]
        for number in np.unique(band):
            rows = ((band == number) * bits[: len(band)]).sum(axis=0)
            yield f"#{number}{_runs(rows)}$"
        yield "-"
    yield "\x1b\\"


def _runs(sixels: np.ndarray) -> str:
    """Run-length coded: !COUNT before a character that stands for several columns."""
    ends = np.flatnonzero(np.diff(sixels)) + 1
    starts = np.concatenate([[0], ends])
    counts = np.diff(np.concatenate([starts, [len(sixels)]]))
    return "".join(f"!{n}{chr(63 + sixels[i])}" for i, n in zip(starts, counts, strict=True))
