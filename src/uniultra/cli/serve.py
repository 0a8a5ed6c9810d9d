"""`uniultra serve`: the segmenter over HTTP, on this machine alone. Its flags are the fields of
`ServeSettings`.
"""

from __future__ import annotations

import inspect
import logging
import sys
import types
import typing
from dataclasses import fields
from typing import Annotated, Any

import typer

from uniultra.cli.terminal.extras import need
from uniultra.cli.terminal.text import printable
from uniultra.errors import ServeError
from uniultra.web.settings import ServeSettings

HOSTS = {
    "nninteractive": (
        "nnInteractive protocol",
        "blosc2",
        "Serve 3D Slicer, napari and MITK instead, by nnInteractive's protocol.",
    ),
    "itksnap": ("ITK-SNAP protocol", "python_multipart", "Serve ITK-SNAP's deep-learning extension instead."),
}
"""By flag, which is the extra and the module too: the protocol, the library that it needs, and help."""
TRACK = "With --nninteractive: follow what is prompted on one frame through all frames of an image."


def serve(**flags: Any) -> None:
    """Serve segmentation over HTTP on loopback: upload an image once, segment it as often as you like. Needs
    uniultra[web].
    """
    need("web", "fastapi", "uvicorn", "prometheus_client")
    hosts = [host for host in HOSTS if flags.pop(host)]
    if len(hosts) > 1:
        raise ServeError(f"--{' and --'.join(hosts)} are two protocols; serve each with a command of its own")
    tracks = bool(flags.pop("track"))
    if tracks and hosts != ["nninteractive"]:
        raise ServeError("--track applies to --nninteractive only; add that, or leave --track out")
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in flags.items()
    }
    settings = ServeSettings(**given)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("uniultra.web").setLevel(logging.INFO)
    if hosts:
        _serve_host(hosts[0], settings, tracks)
        return
    from uniultra.web.server import serve as run
    from uniultra.web.service import Service

    def ready(address: str, service: Service) -> None:
        model = f"{service.model.name} {service.model.version}, processes: {len(service.lanes)}"
        print(f"{printable(f'{address}/v1 ({model})')}; stop with Ctrl-C. Not a medical device.", flush=True)

    run(settings, ready)


def _serve_host(host: str, settings: ServeSettings, tracks: bool) -> None:
    import importlib
    from functools import partial

    protocol, library, _ = HOSTS[host]
    need(host, library)
    from uniultra.hosts.serving import serve_host
    from uniultra.segmenter import Segmenter

    def ready(address: str, segmenter: Segmenter) -> None:
        model = f"{protocol}, {segmenter.name} {segmenter.version}"
        print(f"{printable(f'{address} ({model})')}; stop with Ctrl-C. Not a medical device.", flush=True)

    create_app = importlib.import_module(f"uniultra.hosts.{host}").create_app
    serve_host(partial(create_app, cines=True) if tracks else create_app, settings, ready)


def _signature() -> inspect.Signature:
    """One option a field, with its default and its help."""
    hints = typing.get_type_hints(ServeSettings)
    parameters = []
    for item in fields(ServeSettings):
        kind, default = hints[item.name], item.default
        if typing.get_origin(kind) is tuple:
            kind, default = types.GenericAlias(list, (typing.get_args(kind)[0],)), []
        option = typer.Option(help=item.metadata["help"])
        parameters.append(
            inspect.Parameter(
                item.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
            )
        )
    texts = {name: text for name, (_, _, text) in HOSTS.items()} | {"track": TRACK}
    for name, text in texts.items():
        flag = Annotated[bool, typer.Option(f"--{name}", help=text)]
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=flag)
        )
    return inspect.Signature(parameters, return_annotation=None)


serve.__signature__ = _signature()  # type: ignore[attr-defined]
serve.__annotations__ = {
    parameter.name: parameter.annotation for parameter in _signature().parameters.values()
}
