"""`--frame`: one frame's number, as it is typed."""

from __future__ import annotations

from uniultra.errors import PromptError


def one_frame(text: str) -> int:
    """A frame's number, from 0. Raises PromptError, which names what takes several frames."""
    if text.strip().isascii() and text.strip().isdigit():
        return int(text)
    if any(sign in text.strip() for sign in "-,:") or text.strip().lower() == "all":
        several = "give one number from 0; `uniultra segment` takes several frames with --frames"
        raise PromptError(f"--frame '{text}' is not one frame; {several}, as in --frames 1-5 or --frames all")
    raise PromptError(f"--frame '{text}' is not a frame's number; give a whole number from 0")
