"""DICOMweb (PS3.18): images from an archive and results back to it, by dicomweb-client.

A place is dicomweb://HOST[:PORT]/PATH/studies/UID[/series/UID[/instances/UID]], and to store
dicomweb://HOST[:PORT]/PATH. dicomweb:// is plain HTTP and therefore for this machine alone; everywhere else
dicomwebs:// is HTTPS with the server's certificate checked. A token is taken from the environment, never from
a place, which may be printed. Messages hold the server and what it answered, and no UID of a patient's images
but those that were given.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from uniultra.errors import FileError, OutputError, PromptError, UniUltraError, UnreachableError
from uniultra.io.paths import MAX_CINE_BYTES, copying, shown
from uniultra.io.silence import quiet
from uniultra.machine import is_loopback

SCHEMES = {"dicomweb": "http", "dicomwebs": "https"}
TOKEN, AUTHORITIES = "UNIULTRA_DICOMWEB_TOKEN", "UNIULTRA_DICOMWEB_CA"
"""Environment variables: a bearer token, and a file of certificates beside the usual ones."""
TIMEOUT_S = (5.0, 60.0)
"""To connect, and between two parts of an answer."""
FORM = "dicomweb://HOST:PORT/PATH/studies/UID[/series/UID[/instances/UID]]"
IMAGES = (
    *("1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.6", "1.2.840.10008.5.1.4.1.1.6.2"),
    *("1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.3"),
)
"""What is taken of a study or series: ultrasound images and cines, today's and retired, and volumes."""
PAGE = 1000
"""Instances of one answer."""
_UID = re.compile(r"(?=.{1,64}$)[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True)
class WebPlace:
    """A server, its base URL, and what of it: study, series and instance, each "" where it isn't named."""

    base: str
    study: str = ""
    series: str = ""
    instance: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc


def is_web(place: object) -> bool:
    return str(place).partition("://")[0] in SCHEMES and "://" in str(place)


def parse_place(place: str, to_store: bool = False) -> WebPlace:
    """A place in parts. Raises PromptError: not of this form, with a password in it, or HTTP beyond this
    machine.
    """
    parts = urlsplit(place)
    try:
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if parts.scheme not in SCHEMES or not host or parts.query or parts.fragment:
        raise PromptError(f"{shown(place)}: not a place in an archive; give {FORM}")
    if parts.username is not None:
        raise PromptError(f"a user in the URL would be printed and logged; put a token into {TOKEN} instead")
    if parts.scheme == "dicomweb" and not is_loopback(host):
        raise PromptError(
            f"{shown(place)}: plain HTTP goes to this machine alone (127.0.0.1, ::1, localhost); give dicomwebs://"
        )
    path, _, rest = parts.path.partition("/studies/")
    base = f"{SCHEMES[parts.scheme]}://{parts.netloc}{path.rstrip('/')}"
    if to_store:
        if "/studies" in parts.path:
            raise PromptError(f"{shown(place)}: results are stored by their own UIDs; leave out /studies/...")
        return WebPlace(base)
    named = rest.rstrip("/").split("/")
    if named[1::2] != ["series", "instances"][: len(named) // 2] or len(named) not in (1, 3, 5) or not rest:
        raise PromptError(f"{shown(place)}: not a study, series or instance; give {FORM}")
    if not all(map(_UID.fullmatch, named[::2])):
        raise PromptError(f"{shown(place)}: a UID has 1 to 64 digits and dots between them; give {FORM}")
    return WebPlace(base, *named[::2])


def instances(place: str) -> dict[str, str]:
    """The ultrasound images and cines of a study or series (or the one instance): file names, to places.

    Raises:
        FileError: the server can't be reached, refuses, or has none there. PromptError: `parse_place`'s.
    """
    web = parse_place(place)
    head = f"{place.partition('://')[0]}://{web.base.partition('://')[2]}/studies/"
    if web.instance:
        return {f"{web.instance}.dcm": f"{head}{web.study}/series/{web.series}/instances/{web.instance}"}
    with _answers(web, FileError):
        found = _search(web)
    listed = {}
    for item in found:
        kind, series, instance = (_text(item, tag) for tag in ("00080016", "0020000E", "00080018"))
        if kind in IMAGES and instance:
            listed[f"{instance}.dcm"] = (
                f"{head}{web.study}/series/{series or web.series}/instances/{instance}"
            )
    if not listed:
        what = "series" if web.series else "study"
        raise FileError(f"{shown(place)}: no ultrasound image is in this {what}; check its UID")
    return listed


def _search(web: WebPlace) -> list[Any]:
    """What QIDO lists, page by page until one brings nothing new: servers cap pages or ignore offsets."""
    client, found = _client(web), dict[str, Any]()
    while True:
        page = client.search_for_instances(
            web.study, web.series or None, fields=["SOPClassUID"], limit=PAGE, offset=len(found)
        )
        new = {uid: item for item in page if (uid := _text(item, "00080018")) and uid not in found}
        if not new:
            return list(found.values())
        found |= new


@quiet("pydicom")  # its warnings quote values
def fetch(place: str, folder: Path) -> Path:
    """Downloads one instance as it is stored, into a file named by its UID. Raises FileError."""
    web = parse_place(place)
    path = folder / f"{web.instance}.dcm"
    with _answers(web, FileError):
        data = _client(web).retrieve_instance(
            web.study, web.series, web.instance, (("application/dicom", "*"),)
        )
        if str(data.get("SOPInstanceUID")) != web.instance:
            raise FileError(f"{web.host}: it gave another instance than was requested; ask its administrator")
        with copying(web.host, folder):
            data.save_as(path, enforce_file_format=True)
    return path


@quiet("pydicom")
def store(place: str, files: Sequence[Path], taken: Callable[[Path], object] = bool) -> int:
    """Sends results to an archive (STOW-RS), one request each; how many it took. Each is given to `taken`
    once it has.

    Raises:
        OutputError: the server can't be reached or refuses one. PromptError: `parse_place`'s.
    """
    from pydicom import dcmread

    web = parse_place(place, to_store=True)
    for path in files:
        with _answers(web, OutputError):
            answer = _client(web).store_instances([dcmread(path)])
            refused = list(answer.get("FailedSOPSequence") or [])
        if refused:
            reason = refused[0].get("FailureReason")
            code = f" (FailureReason {int(reason):04X} hex)" if reason is not None else ""
            raise OutputError(f"{web.host}: refuses {path.name}{code}; ask its administrator")
        taken(path)
    return len(files)


def need_client() -> None:
    """Raises OutputError where dicomweb-client isn't installed."""
    if importlib.util.find_spec("dicomweb_client") is None:
        raise OutputError("dicomweb:// needs dicomweb-client; install with: pip install 'uniultra[dicomweb]'")


def _client(web: WebPlace) -> Any:
    need_client()
    import requests
    from dicomweb_client.web import DICOMwebClient

    session = requests.Session()
    session.trust_env = (
        False  # no proxy and no .netrc of the environment: patient data goes to the named host
    )
    session.max_redirects = 0
    session.verify = os.environ.get(AUTHORITIES) or True
    token = os.environ.get(TOKEN)
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    client = DICOMwebClient(web.base, session, timeout=TIMEOUT_S, callback=_check_length)
    client.set_http_retry_params(retry=False)
    return client


def _check_length(response: Any, *_: Any, **__: Any) -> Any:
    if int(response.headers.get("Content-Length") or 0) > MAX_CINE_BYTES:
        raise FileError(f"an answer of over {MAX_CINE_BYTES / 1e9:.0f} GB; the limit is that of a cine")
    return response


@contextmanager
def _answers(web: WebPlace, kind: type[UniUltraError]) -> Iterator[None]:
    """What goes wrong with a server, in one line that holds nothing of what it sent."""
    with quiet("dicomweb_client", "urllib3", "requests", "pydicom"):
        try:
            yield
        except (UniUltraError, MemoryError):
            raise
        except Exception as error:  # of several libraries, whose messages quote URLs and answers
            away = kind is FileError and _is_away(error)
            raise (UnreachableError if away else kind)(f"{web.host}: {_reason(error)}") from None


def _is_away(error: Exception) -> bool:
    """Whether the archive doesn't run, or is being stopped or started: it may answer soon."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status in (502, 503, 504) or type(error).__name__ in ("ConnectionError", "ChunkedEncodingError")


def _reason(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    name = type(error).__name__
    if status is not None:
        meant = {
            401: f"it requires a token; put one into {TOKEN}",
            403: "this isn't allowed; ask its administrator",
            404: "there is no such thing; check the path and the UIDs",
            409: "it rejects what was sent; ask its administrator",
        }
        return f"the archive answers {status}: {meant.get(status, 'try again, or ask its administrator')}"
    if name == "SSLError":
        return f"its certificate isn't trusted; name a file of authorities in {AUTHORITIES}"
    if "Timeout" in name or "Timeout" in type(next(iter(error.args), None)).__name__:
        return (
            f"no answer within {TIMEOUT_S[0]:.0f} s to connect or {TIMEOUT_S[1]:.0f} s to answer; try again"
        )
    if name == "ConnectionError" and _never_began(error):
        return "the archive can't be reached; check host and port, and that it runs"
    if name in ("ConnectionError", "ChunkedEncodingError"):
        return "the connection ended before the answer was complete; try again, or ask its administrator"
    if name == "TooManyRedirects":
        return "it redirects elsewhere, which isn't followed; give its own address"
    return f"its answer can't be used ({name}); check that the path is that of DICOMweb"


def _never_began(error: Exception) -> bool:
    """Whether there was no connection at all: requests has one name for that and for one that broke."""
    from urllib3.exceptions import NewConnectionError

    return isinstance(getattr(next(iter(error.args), None), "reason", None), NewConnectionError)


def _text(item: Any, tag: str) -> str:
    """The first value of an attribute in DICOM JSON (PS3.18 F.2), where it is a UID."""
    try:
        found = str(item[tag]["Value"][0])
    except (KeyError, IndexError, TypeError):
        return ""
    return found if _UID.fullmatch(found) else ""
