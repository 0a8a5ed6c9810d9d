"""An archive that takes C-STORE within a test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit


@dataclass
class DimseArchive:
    """What came, with its transfer syntax and who sent it, and the status that is answered."""

    place: str = ""
    held: list[tuple[Dataset, str, str]] = field(default_factory=list)
    status: int = 0


@contextmanager
def dimse_archive(
    syntaxes: Sequence[str] = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit),
    kinds: Sequence[str] | None = None,
    only_from: str | None = None,
) -> Iterator[DimseArchive]:
    """One with the title ARCHIVE; of all storage SOP classes unless `kinds` names some."""
    from pynetdicom import AE, AllStoragePresentationContexts, evt

    archive = DimseArchive()

    def take(event: Any) -> int:
        sent = event.dataset
        sent.file_meta = event.file_meta
        title = event.assoc.requestor.ae_title
        archive.held.append((sent, str(event.context.transfer_syntax), title))
        return archive.status

    entity = AE(ae_title="ARCHIVE")
    entity.require_called_aet = True
    entity.require_calling_aet = [only_from] if only_from else []
    for context in AllStoragePresentationContexts:
        if kinds is None or context.abstract_syntax in kinds:
            entity.add_supported_context(context.abstract_syntax, list(syntaxes))
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
    archive.place = f"dimse://ARCHIVE@127.0.0.1:{server.server_address[1]}"
    try:
        yield archive
    finally:
        server.shutdown()
