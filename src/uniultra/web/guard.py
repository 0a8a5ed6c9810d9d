"""The first and last thing that a request meets: who may ask, how much and how slowly, one shape of refusal,
and what is noted of it.

Of a request nothing is logged but its method, the template of its route, the status, and the milliseconds.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect

from uniultra.web.metrics import Metrics
from uniultra.web.problems import Problem, response_of
from uniultra.web.service import ClientDisconnected
from uniultra.web.settings import ServeSettings
from uniultra.web.workspace.access import HEADERS, PageAccess

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOADS = (("POST", "/v1/images"), ("POST", "/v1/cines"), ("POST", "/v1/workspace/files"))
OPEN_PATHS = frozenset({"/v1/health"})
"""Asked without a token, by what watches over the server."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LINGER_S, _LINGER_BYTES = 2.0, 8_000_000
"""How much of the rest of a refused body is read and thrown away, so that the client gets to see the
refusal.
"""
SAFETY = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, POST, DELETE"),
    (b"access-control-allow-headers", b"Authorization, Content-Type"),
    (b"access-control-max-age", b"600"),
]
_GONE = 499
"""Noted where the client went away before its request was whole; nobody is notified."""
log = logging.getLogger("uniultra.web")


@dataclass
class Seen:
    """What is noted of one request."""

    status: int = 0
    started: bool = False
    body_done: bool = False
    read: int = 0
    origin: str = ""
    ends: float = 0.0
    began: float = field(default_factory=time.perf_counter)


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(
        self, app: App, settings: ServeSettings, metrics: Metrics, page: PageAccess | None = None
    ) -> None:
        self.app, self.settings, self.metrics, self.page = app, settings, metrics, page
        self.token = settings.token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        seen = Seen(ends=time.monotonic() + self.settings.client_s)
        sent = self._noting(seen, send)
        try:
            headers = _headers(scope)
            seen.origin = headers["origin"] if headers.get("origin") in self.settings.allow_origin else ""
            self._check(scope, headers)
            if seen.origin and _is_preflight(scope, headers):
                await sent({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
                await sent({"type": "http.response.body", "body": b""})
                return
            limit = self._limit(scope)
            _check_length(headers, limit)
            await self.app(scope, self._limited(seen, receive, limit), sent)
        except Problem as problem:
            await self._refuse(problem, seen, scope, receive, sent)
        except (ClientDisconnect, ClientDisconnected):
            seen.status = _GONE
        except asyncio.CancelledError:
            stopped = Problem(
                "stopping", "the server is being stopped; try again when it is back", close=True
            )
            await self._refuse(stopped, seen, scope, receive, sent)
            raise
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            # its text may hold what is private
            log.error("%s in %s, line %d", type(error).__name__, at.name, at.lineno)
            bug = Problem("bug", "the server failed on this request; nothing was changed", close=True)
            await self._refuse(bug, seen, scope, receive, sent)
        finally:
            self._note(scope, seen)

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        """Raises Problem for a Host, an Origin or a token that isn't right."""
        host = _target_host(scope) or headers.get("host", "")
        if host_name(host) not in self.settings.hosts:
            raise Problem(
                "host",
                "this server answers to the names of its own machine alone; the operator adds others with "
                "--allow-host",
            )
        origin = headers.get("origin")
        if origin is not None and origin not in (
            f"http://{host}",
            f"https://{host}",
            *self.settings.allow_origin,
        ):
            raise Problem(
                "origin",
                "pages of another origin are refused; the operator can allow one with --allow-origin",
            )
        if self.page is not None:
            self.page.check(scope, headers)
            return
        if self.token is None or scope["path"] in OPEN_PATHS or _is_preflight(scope, headers):
            return
        given = headers.get("authorization", "").partition(" ")
        if given[0].lower() != "bearer" or not hmac.compare_digest(
            given[2].strip().encode(), self.token.encode()
        ):
            raise Problem("token", "send the operator's token as: Authorization: Bearer TOKEN")

    def _limit(self, scope: Scope) -> int:
        is_upload = (scope["method"], scope["path"]) in UPLOADS
        return self.settings.upload_bytes if is_upload else self.settings.body_bytes

    def _limited(self, seen: Seen, receive: Receive, limit: int) -> Receive:
        """`receive` that ends a body which is too long or too slow."""

        async def limited() -> Message:
            if seen.body_done:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, seen.ends - time.monotonic()))
            except TimeoutError:
                raise Problem(
                    "slow-client",
                    f"the body did not arrive within {self.settings.client_s:g} s; send it faster, or less "
                    "of it",
                    close=True,
                ) from None
            seen.body_done = not message.get("more_body", False)
            seen.read += len(message.get("body", b""))
            if seen.read > limit:
                raise _too_large(limit)
            return message

        return limited

    def _noting(self, seen: Seen, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.started, seen.status = True, message["status"]
                page = () if self.page is None else HEADERS
                message["headers"] = [*message.get("headers", ()), *SAFETY, *page, *_shared_with(seen.origin)]
            await send(message)

        return noting

    async def _refuse(self, problem: Problem, seen: Seen, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends a problem, where no answer was begun; reads on for a moment where the client is still
        sending.
        """
        if seen.started:
            return
        response = response_of(problem)
        await send(
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": list(response.raw_headers),
            }
        )
        body = b"" if scope["method"] == "HEAD" else response.body
        waits = any(name == b"expect" for name, _ in scope["headers"])  # it sends only when it is told to
        lingering = not seen.body_done and not waits and _announces_body(scope)
        await send({"type": "http.response.body", "body": body, "more_body": lingering})
        if lingering:
            await _drain(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _note(self, scope: Scope, seen: Seen) -> None:
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", None) or "(none)"
        seconds = time.perf_counter() - seen.began
        self.metrics.request(method, route, seen.status, seconds)
        log.info("%s %s %d %.1f ms", method, route, seen.status, 1000 * seconds)


def host_name(host: str) -> str:
    """The name in a Host header (RFC 9110 7.2), lower case, without port and brackets; "" where it isn't one
    name and one port.
    """
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:@/?#\s]+))(?::[0-9]{0,5})?", host)
    return "" if found is None else (found[1] or found[2]).lower()


def _target_host(scope: Scope) -> str:
    """The authority of a target in absolute form (RFC 9112 3.2.2), which counts in place of the Host header;
    the scope's path is then what follows it. "" for the usual form.
    """
    found = re.match(r"https?://([^/?#]*)(.*)", scope["path"], re.IGNORECASE | re.DOTALL)
    if found is None:
        return ""
    scope["path"] = found[2] or "/"
    scope["raw_path"] = scope["path"].encode("utf-8", errors="replace")
    return found[1]


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by lower-case name. Raises Problem where one that decides is there twice."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        if key in found and key in ("host", "origin", "authorization", "content-length", "content-type"):
            raise Problem("bad-request", f"the header {key} appears twice; send it once", close=True)
        found[key] = value.decode("latin-1")
    return found


def _is_preflight(scope: Scope, headers: dict[str, str]) -> bool:
    return scope["method"] == "OPTIONS" and "access-control-request-method" in headers


def _shared_with(origin: str) -> list[tuple[bytes, bytes]]:
    """The headers by which a browser shows the answer to a page of another origin; none for no origin."""
    if not origin:
        return []
    allowed = (b"access-control-allow-origin", origin.encode("latin-1"))
    return [allowed, (b"access-control-expose-headers", b"Location, Retry-After"), (b"vary", b"Origin")]


def _check_length(headers: dict[str, str], limit: int) -> None:
    """Raises Problem where the body is announced to be too long, or is compressed, which nothing here
    expands.
    """
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(
            "media-type", "bodies with a Content-Encoding are not read; send it uncompressed", close=True
        )
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Problem(
            "bad-request", "Content-Length is not a number; leave it to the HTTP library", close=True
        )
    if int(length[:20]) > limit:
        raise _too_large(limit)


def _announces_body(scope: Scope) -> bool:
    """Whether a body follows the head, which the client may still be sending."""
    return any(
        name in (b"content-length", b"transfer-encoding") and value != b"0"
        for name, value in scope["headers"]
    )


def _too_large(limit: int) -> Problem:
    return Problem(
        "too-large",
        f"the body is over {limit / 1e6:g} MB, which is the limit here; crop or compress it",
        close=True,
    )


async def _drain(receive: Receive) -> None:
    ends, read = time.monotonic() + _LINGER_S, 0
    while (left := ends - time.monotonic()) > 0 and read < _LINGER_BYTES:
        try:
            message = await asyncio.wait_for(receive(), left)
        except TimeoutError:
            return
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
        read += len(message.get("body", b""))
