"""HTTP/1.1 as uvicorn has it, and hard on clients that hold a connection without using it.

The application sees a request only when its header is whole, so what comes before that, and what happens to
an answer after it was given away, is watched here: slow headers, answers that nobody takes, too many
connections, and bytes that are no HTTP.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from uniultra.web.problems import MEDIA_TYPE, Problem, body_of
from uniultra.web.settings import ServeSettings


class GuardedProtocol(H11Protocol):
    """One connection. Abstract in that `settings` is missing: `protocol_of` makes the class to use."""

    settings: ServeSettings
    _waiting: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.settings.connections:
            self._refuse(
                Problem(
                    "stopping",
                    f"{self.settings.connections} connections are open, which is the limit; try again",
                    retry_s=1,
                )
            )
            return
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        self._header_is_here()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._between_requests:
            self._await_header()
        else:
            self._header_is_here()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_later()
        elif self._between_requests and self.conn.trailing_data[0]:
            self._await_header()  # the beginning of another header is here already

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._abort_later()

    def pause_writing(self) -> None:
        """The client takes its answer more slowly than it is written: it has so long to catch up."""
        super().pause_writing()
        self._abort_later()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._taken()

    def send_400_response(self, msg: str) -> None:
        self._refuse(
            Problem(
                "bad-request", "these bytes are not HTTP/1.1, or the header is too long; send a plain request"
            )
        )

    @property
    def _between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _await_header(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.settings.client_s, self._too_slow)

    def _header_is_here(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _too_slow(self) -> None:
        self._waiting = None
        text = f"the header did not arrive within {self.settings.client_s:g} s; send it faster"
        if self._between_requests and not self.transport.is_closing():
            self._refuse(Problem("slow-client", text))

    def _abort_later(self) -> None:
        if self._stuck is None:
            self._stuck = self.loop.call_later(self.settings.client_s, self.transport.abort)

    def _taken(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _refuse(self, problem: Problem) -> None:
        """Writes a problem without the application, and closes."""
        body = body_of(problem)
        headers = [("content-type", MEDIA_TYPE), ("content-length", str(len(body))), ("connection", "close")]
        headers += [(name, value) for name, value in (problem.headers or {}).items() if name != "connection"]
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = h11.Response(
                status_code=problem.kind.status, headers=headers, reason=problem.kind.title.encode()
            )
            for event in (response, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._abort_later()


def protocol_of(settings: ServeSettings) -> type[asyncio.Protocol]:
    """The protocol class of a server with these settings, for uvicorn's `http`."""
    members: dict[str, Any] = {"settings": settings}
    return type("GuardedProtocol", (GuardedProtocol,), members)
