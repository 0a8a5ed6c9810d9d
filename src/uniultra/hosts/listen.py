"""The process that listens for another program, on the terms of `uniultra serve`."""

from __future__ import annotations

from collections.abc import Callable

import uvicorn

from uniultra.hosts.nninteractive import create_app
from uniultra.segmenter import Segmenter
from uniultra.web.protocol import protocol_of
from uniultra.web.server import _listen, _quieten, _Server
from uniultra.web.settings import ServeSettings


def serve_nninteractive(settings: ServeSettings, on_ready: Callable[[str, Segmenter], None]) -> None:
    """Serves until SIGINT or SIGTERM, in this one process. `on_ready` hears the address, once the model is
    loaded.

    Raises:
        ServeError: the address can't be listened on. ModelError: the model can't be loaded.
    """
    with _listen(settings) as listening:
        segmenter = Segmenter.load(settings.model)
        _quieten()
        config = uvicorn.Config(
            create_app(segmenter, settings),
            http=protocol_of(settings),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=max(1, int(settings.client_s)),
            timeout_graceful_shutdown=int(settings.stop_s),
            h11_max_incomplete_event_size=32_768,
        )
        host, port = listening.getsockname()[:2]
        on_ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}", segmenter)
        _Server(config).run(sockets=[listening])
