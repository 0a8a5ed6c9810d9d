"""The process that listens for another program, on the terms of `uniultra serve`."""

from __future__ import annotations

from collections.abc import Callable

from uniultra.hosts.nninteractive import create_app
from uniultra.segmenter import Segmenter
from uniultra.web.server import Server, address_of, listening_socket, quieten, uvicorn_config
from uniultra.web.settings import ServeSettings


def serve_nninteractive(settings: ServeSettings, on_ready: Callable[[str, Segmenter], None]) -> None:
    """Serves until SIGINT or SIGTERM, in this one process. `on_ready` hears the address, once the model is
    loaded.

    Raises:
        ServeError: the address can't be listened on. ModelError: the model can't be loaded.
    """
    with listening_socket(settings) as listening:
        segmenter = Segmenter.load(settings.model)
        quieten()
        config = uvicorn_config(create_app(segmenter, settings), settings, lifespan="off")
        on_ready(address_of(listening), segmenter)
        Server(config).run(sockets=[listening])
