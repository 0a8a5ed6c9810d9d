"""DIMSE C-STORE (PS3.4 B, PS3.7): results to archives that speak no DICOMweb, by pynetdicom (extra `dimse`).

A place is dimse://AET@HOST:PORT with the archive's application entity title; our own is taken from the
environment. DIMSE has no encryption of its own. Messages hold the server and its status, and nothing of the
patient.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from uniultra.errors import OutputError, PromptError
from uniultra.io.paths import shown
from uniultra.io.silence import quiet
from uniultra.machine import is_loopback

SCHEME = "dimse"
FORM = "dimse://AET@HOST:PORT"
OWN_TITLE, DEFAULT_TITLE = "UNIULTRA_AET", "UNIULTRA"
"""The environment variable with our application entity title, and what it is unless set."""
CONNECT_S, ANSWER_S = 5.0, 60.0
_TITLE = re.compile(r"(?=.*[^ ])[ -\[\]-~]{1,16}")
"""VR AE (PS3.5 6.2): 1 to 16 printable characters but the backslash, not blanks alone."""
_WARNINGS = range(0xB000, 0xC000)
_MEANINGS = {
    0xA700: "it is out of resources",
    0xA900: "the data set doesn't match its SOP class",
    0xC000: "it can't understand the data set",
    0x0122: "it takes no objects of this SOP class",
    0x0124: "it isn't allowed",
}
"""Of a refusing status, by its first byte or whole (PS3.4 B.2.3, PS3.7 C)."""


@dataclass(frozen=True)
class Peer:
    """An archive: its title and where it listens."""

    title: str
    address: str
    port: int

    @property
    def host(self) -> str:
        return f"{self.address}:{self.port}"

    @property
    def is_here(self) -> bool:
        """Whether what is sent stays on this machine."""
        return is_loopback(self.address)


def is_dimse(place: object) -> bool:
    return str(place).startswith(f"{SCHEME}://")


def check_gives(place: str) -> None:
    """Raises PromptError for a place of this kind where images are to come from."""
    if is_dimse(place):
        raise PromptError(
            f"{shown(place)}: dimse:// takes results, as --store, and gives no images; read them from "
            "dicomweb://HOST:PORT/PATH, or from files"
        )


def parse_peer(place: str) -> Peer:
    """Raises PromptError where it isn't of this form."""
    parts = urlsplit(place)
    try:
        address, port = parts.hostname, parts.port
    except ValueError:
        address, port = None, None
    title = unquote(parts.username or "")
    if not address or not port or parts.password is not None or parts.path.strip("/") or parts.query:
        raise PromptError(f"{shown(place)}: not an archive that takes C-STORE; give {FORM}")
    if not _TITLE.fullmatch(title):
        raise PromptError(
            f"{shown(place)}: an application entity title has 1 to 16 characters without a backslash; give "
            f"{FORM}"
        )
    return Peer(title, address, port)


def own_title() -> str:
    """Raises PromptError where the environment's isn't legal."""
    title = os.environ.get(OWN_TITLE) or DEFAULT_TITLE
    if not _TITLE.fullmatch(title):
        raise PromptError(f"{OWN_TITLE} is {title!r:.40}; give 1 to 16 characters without a backslash")
    return title


def need_pynetdicom() -> None:
    """Raises OutputError where it isn't installed."""
    if importlib.util.find_spec("pynetdicom") is None:
        raise OutputError("dimse:// needs pynetdicom; install with: pip install 'uniultra[dimse]'")


@quiet("pydicom")
def store(place: str, files: Sequence[Path], taken: Callable[[Path], object] = bool) -> int:
    """Sends results by C-STORE, in one association, in the transfer syntax in which they were written; how
    many it took. Each is given to `taken` once it has.

    Raises:
        OutputError: it can't be reached, or refuses the association or a file. PromptError: `parse_peer`'s.
    """
    need_pynetdicom()
    from pydicom import dcmread

    peer = parse_peer(place)
    if not files:
        return 0
    heads = [dcmread(path, stop_before_pixels=True) for path in files]
    kinds = dict.fromkeys((str(head.SOPClassUID), str(head.file_meta.TransferSyntaxUID)) for head in heads)
    with quiet("pynetdicom", "pydicom"):
        association = _associated(peer, list(kinds))
        try:
            for path in files:
                _send(association, peer, path)
                taken(path)
        finally:
            if association.is_established:
                association.release()
    return len(files)


def _associated(peer: Peer, kinds: Sequence[tuple[str, str]]) -> Any:
    """An association for these SOP classes and transfer syntaxes. Raises OutputError."""
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
    from pynetdicom import AE, evt

    entity = AE(ae_title=own_title())
    entity.connection_timeout, entity.acse_timeout = CONNECT_S, ANSWER_S
    entity.dimse_timeout = entity.network_timeout = ANSWER_S
    for kind, syntax in kinds:
        plain = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
        entity.add_requested_context(kind, plain if syntax == ExplicitVRLittleEndian else syntax)
    opened: list[Any] = []
    watched: list[Any] = [(evt.EVT_CONN_OPEN, lambda event: opened.append(event.assoc.dul.socket.socket))]
    found = entity.associate(peer.address, peer.port, ae_title=peer.title, evt_handlers=watched)
    if found.is_established:
        return found
    if found.is_rejected:
        said = found.acceptor.primitive.reason_str.lower()
        raise OutputError(
            f"{peer.host}: refuses the association ({said}); check the title {peer.title}, and that the "
            f"archive knows ours, {entity.ae_title} ({OWN_TITLE})"
        )
    if found.rejected_contexts:
        names = ", ".join(sorted({context.abstract_syntax.name for context in found.rejected_contexts}))
        raise OutputError(f"{peer.host}: takes none of these: {names}; ask its administrator")
    for connection in opened:
        connection.close()  # pynetdicom leaves one open that the other side closed
    if opened:
        raise OutputError(
            f"{peer.host}: it ended the connection without an association; try again, and check that DIMSE "
            "is spoken there"
        )
    raise OutputError(f"{peer.host}: the archive can't be reached by DIMSE; check host and port")


def _send(association: Any, peer: Peer, path: Path) -> None:
    """Raises OutputError."""
    answer = _answer(association, peer, path)
    status = None if answer is None else answer.get("Status")
    if status is None:
        raise OutputError(f"{peer.host}: no answer to {path.name}; try again")
    if status and status not in _WARNINGS:
        meant = _MEANINGS.get(status) or _MEANINGS.get(status & 0xFF00) or _MEANINGS.get(status & 0xF000, "")
        why = f": {meant}" if meant else ""
        raise OutputError(
            f"{peer.host}: refuses {path.name} (status {status:04X} hex{why}); ask its administrator"
        )


def _answer(association: Any, peer: Peer, path: Path) -> Any:
    """What is said to one file, None for nothing; where the archive wants implicit VR, it is converted.

    Raises OutputError.
    """
    from pydicom import dcmread

    for whole in (False, True):
        try:
            return association.send_c_store(dcmread(path) if whole else str(path))
        except ValueError:  # no accepted presentation context
            continue
        except (RuntimeError, OSError):
            return None
    kind = dcmread(path, stop_before_pixels=True).SOPClassUID.name
    raise OutputError(f"{peer.host}: takes no {kind} as {path.name} is; ask its administrator")
