"""A page goes on only with the file that it shows: one that was replaced on the disk must be opened again."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Depends, Request

from uniultra.text import Said
from uniultra.web.problems import Problem
from uniultra.web.workspace.items import Item
from uniultra.web.workspace.stamps import stamp_of, stamp_text
from uniultra.web.workspace.workspace import Workspace

HEADER = "x-uniultra-stamp"
"""What a page sends of the opened file: the `stamp` that opening it gave."""


def same_file(workspace: Workspace) -> Any:
    """What a route of one file depends on. Raises Problem: changed, where a page names another stamp than the
    file has now.
    """

    async def check(item_id: str, request: Request) -> None:
        shown = request.headers.get(HEADER)
        if shown is None:
            return
        if await is_changed(workspace.item(item_id), shown):
            raise Problem("changed", Said("file-changed", "the file changed on the disk; open it again"))

    return Depends(check)


async def is_changed(item: Item, stamp: str) -> bool:
    """Whether a file is another one than when opening it gave this stamp."""
    return stamp_text(await asyncio.to_thread(stamp_of, item.path)) != stamp
