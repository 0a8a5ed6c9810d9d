"""The process that listens: a socket, uvicorn on it, and a graceful end."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable

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
    listening = _listen(settings)
    try:
        service = Service(settings)
    except BaseException:
        listening.close()
        raise
    _quieten()
    config = uvicorn.Config(
        create_app(service, workspace),
        http=protocol_of(settings),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=max(1, int(settings.client_s)),
        timeout_graceful_shutdown=int(settings.stop_s),
        h11_max_incomplete_event_size=32_768,
    )
    server = _Server(config)
    host, port = listening.getsockname()[:2]
    on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", service)
    try:
        server.run(sockets=[listening])
    finally:
        service.stop()


class _Server(uvicorn.Server):
    """uvicorn, which after a graceful end does not send itself the signal once more: to be asked to stop, and
    to stop, is no failure.
    """

    def handle_exit(self, sig: int, frame: object) -> None:
        super().handle_exit(sig, frame)
        self._captured_signals.clear()


def _listen(settings: ServeSettings) -> socket.socket:
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


def _quieten() -> None:
    """uvicorn's own lines: warnings and errors alone, and no traces, which may hold what is private."""

    def untraced(record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True

    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.WARNING)
    logger.addFilter(untraced)
