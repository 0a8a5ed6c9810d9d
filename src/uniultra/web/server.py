"""The process that listens: a socket, uvicorn on it, and a graceful end."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from typing import Any, Literal

import uvicorn

from uniultra.errors import ServeError
from uniultra.web.app import create_app
from uniultra.web.protocol import protocol_of
from uniultra.web.service import Service
from uniultra.web.settings import ServeSettings
from uniultra.web.workspace.workspace import Workspace


def serve(
    settings: ServeSettings, on_ready: Callable[[str, Service], None], workspace: Workspace | None = None
) -> None:
    """Serves until SIGINT or SIGTERM; answers under way are finished first. `on_ready` hears the address,
    once the model is loaded.

    With a `workspace` the page is served, too.

    Raises:
        ServeError: the address can't be listened on.
        ModelError: the model can't be loaded.
    """
    with listening_socket(settings) as listening:
        service = Service(settings)
        try:
            quieten()
            server = Server(uvicorn_config(create_app(service, workspace), settings))
            server.run_on(listening, lambda: on_ready(address_of(listening), service))
        finally:
            service.stop()


def uvicorn_config(
    app: Any, settings: ServeSettings, lifespan: Literal["on", "off"] = "on"
) -> uvicorn.Config:
    """How uvicorn runs an application within the limits of the settings, in silence."""
    return uvicorn.Config(
        app,
        http=protocol_of(settings),
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=max(1, int(settings.client_s)),
        timeout_graceful_shutdown=int(settings.stop_s),
        h11_max_incomplete_event_size=32_768,
    )


def address_of(listening: socket.socket) -> str:
    """The address that a client connects to."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """uvicorn, which after a graceful end does not send itself the signal once more: stopping on
    request is no failure.
    """

    def handle_exit(self, sig: int, frame: object) -> None:
        super().handle_exit(sig, frame)
        self._captured_signals.clear()

    def run_on(self, listening: socket.socket, on_ready: Callable[[], None]) -> None:
        """Says that it is ready, and serves until a signal. One that comes as soon as that is said ends it
        in the same order.
        """
        with self.capture_signals():
            on_ready()
            self.run(sockets=[listening])


def listening_socket(settings: ServeSettings) -> socket.socket:
    """A socket on the settings' host and port. Raises ServeError where there can be none."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
        # With its protocol: asyncio sends small answers at once (TCP_NODELAY) only where a socket says TCP.
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ServeError(
            f"--host {settings.host} is not an address of this machine ({error.strerror}); give 127.0.0.1"
        ) from error
    try:
        if hasattr(signal, "SIGHUP"):  # elsewhere than on Unix the option means something else
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise ServeError(
            f"port {settings.port} on {settings.host} can't be used ({error.strerror}); give another with "
            "--port"
        ) from error
    return listening


def quieten() -> None:
    """uvicorn's own lines: warnings and errors alone, and no traces, which may hold what is private."""

    def untraced(record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return not record.getMessage().startswith("Traceback")  # starlette's, after a second Ctrl-C

    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.WARNING)
    logger.addFilter(untraced)
