"""JSON bodies to checked values, long ones away from the event loop, and within bounds: what a small body
could make expensive is refused unread.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from uniultra.web.problems import Problem

MOST_QUOTES, MOST_LISTS, MOST_OBJECTS = 8_000, 60_000, 1_000
"""Of one body. A request with 64 prompts of 250 points, each with a mask, has 2,600 quotes, 17,000 lists and
260 objects.
"""
SMALL_BYTES = 32_768
"""So long a body is parsed on the spot: that takes less time than handing it to a thread."""
_SHOWN = 20
"""So many of a body's faults are reported."""
_OTHER_FORM = ("missing", "extra_forbidden")
"""What is also said of the forms of a value that were not meant; the rest is reported first."""
Model = TypeVar("Model", bound=BaseModel)


class Bodies:
    """The JSON bodies that are held at a time: at most `most_bytes` in all, and one of them parsed."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._one = asyncio.Semaphore(1)

    async def read(self, request: Request, model: type[Model], any_shape: bool = False) -> Model:
        """The body of a request as `model`; of `any_shape` where a body may be long, as a page's project is.

        Raises Problem: bad-request, invalid, busy.
        """
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            raise Problem(
                "invalid", "body: send JSON, with Content-Type: application/json; see /v1/openapi.json"
            )
        data = bytearray()
        try:
            async for chunk in request.stream():
                self.bytes += len(chunk)
                data += chunk
                if self.bytes > self.most_bytes:
                    raise Problem(
                        "busy",
                        f"{self.bytes / 1e6:.0f} MB of JSON are held, which is over the limit of "
                        f"{self.most_bytes / 1e6:.0f} MB; try again in 1 s",
                        retry_s=1,
                        close=True,
                    )
            if not any_shape:
                check_shape(data)
            if len(data) <= SMALL_BYTES:
                return parsed(bytes(data), model)
            async with self._one:
                return await asyncio.to_thread(parsed, bytes(data), model)
        finally:
            self.bytes -= len(data)


def check_shape(body: bytes | bytearray) -> None:
    """Passes where a body has no more keys, texts, lists and objects than the largest request. Raises
    Problem: invalid.
    """
    for sign, most, what in (
        (b'"', MOST_QUOTES, "quotes"),
        (b"[", MOST_LISTS, "lists"),
        (b"{", MOST_OBJECTS, "objects"),
    ):
        if body.count(sign) > most:
            raise Problem(
                "invalid",
                f"body: over {most} {what}, more than the largest request has; see /v1/openapi.json",
            )


def parsed(body: bytes, model: type[Model]) -> Model:
    """A body as `model`. Raises Problem: bad-request, invalid."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid(
            [
                item | {"loc": ("body", *item["loc"])}
                for item in error.errors(include_url=False, include_input=False)
            ]
        ) from None
    except (ValueError, RecursionError):
        raise Problem(
            "bad-request", "the body is not JSON; send JSON as /v1/openapi.json describes it"
        ) from None


def invalid(items: list[Any]) -> Problem:
    """Where a request differs from its description; what was sent is not repeated."""
    if any(item["type"] == "json_invalid" for item in items):
        return Problem("bad-request", "the body is not JSON; send JSON as /v1/openapi.json describes it")
    items = sorted(items, key=lambda item: (item["type"] in _OTHER_FORM, -len(item["loc"])))[:_SHOWN]
    found = [
        {"at": ".".join(str(part)[:40] for part in item["loc"][:12]), "problem": str(item["msg"])[:200]}
        for item in items
    ]
    return Problem("invalid", f"{found[0]['at']}: {found[0]['problem']}; see /v1/openapi.json", errors=found)
