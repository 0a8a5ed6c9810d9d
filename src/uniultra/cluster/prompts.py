"""The former place of `uniultra.prompts.files`."""

from __future__ import annotations

from uniultra.prompts.files import read_prompts as read_prompts
