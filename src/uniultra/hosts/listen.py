"""The process that listens for another program, on the terms of `uniultra serve`."""

from __future__ import annotations

from collections.abc import Callable

from uniultra.segmenter import Segmenter
from uniultra.web.guard import Guard
from uniultra.web.server import Server, address_of, listening_socket, quieten, uvicorn_config
from uniultra.web.settings import ServeSettings

App = Callable[[Segmenter, ServeSettings], Guard]


def serve_host(create_app: App, settings: ServeSettings, on_ready: Callable[[str, Segmenter], None]) -> None:
    """Serves a protocol's application until SIGINT or SIGTERM, in this one process. `on_ready` hears the
    address, once the model is loaded.

    Raises:
        ServeError: the address can't be listened on. ModelError: the model can't be loaded.
    """
    with listening_socket(settings) as listening:
        segmenter = Segmenter.load(settings.model)
        quieten()
        config = uvicorn_config(create_app(segmenter, settings), settings, lifespan="off")
        on_ready(address_of(listening), segmenter)
        Server(config).run(sockets=[listening])
